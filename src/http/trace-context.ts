/** Where a request stands in a trace: the trace, and the caller's span. */
export interface TraceContext {
  readonly trace_id: string;
  readonly span_id: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/** The traceparent header (W3C Trace Context, level 1, 3.2); undefined where there is none, or none that is valid. */
export function readTraceparent(header: unknown): TraceContext | undefined {
  if (typeof header !== 'string') return undefined;
  const [, version, trace_id, span_id, more] = TRACEPARENT.exec(header) ?? [];
  if (trace_id === undefined || span_id === undefined || trace_id === NO_TRACE || span_id === NO_SPAN) return undefined;
  // Later versions may say more at the end; this one may not, and ff is none.
  return version === 'ff' || (version === '00' && more !== undefined) ? undefined : { trace_id, span_id };
}
