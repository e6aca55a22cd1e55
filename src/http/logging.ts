import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import { type DestinationStream, pino } from 'pino';
import type { Failure, FailureCode } from '../engine/failure.ts';
import { readTraceparent, type TraceContext } from './trace-context.ts';

const SLOW_MS = 1000;
/** What load is refused with comes in thousands, and just then a line each is too dear; the metrics count them. */
const OF_LOAD: ReadonlySet<string> = new Set(['too-many-requests', 'overloaded']);

/** The log, as JSON, on standard output unless it is said where. Nothing here logs headers; should a library do it, keys stay out. */
export function makeLog(level: string, destination?: DestinationStream): FastifyBaseLogger {
  // No wildcard at the root: with one, the log of every request would be made through the redaction.
  const secrets = ['authorization', 'headers.authorization', 'req.headers.authorization', 'err.headers.authorization'];
  const options = { level, redact: { paths: secrets, remove: true } };
  return destination ? pino(options, destination) : pino(options);
}

/**
 * A line for each failure and each request that was slow; at debug, for every request. Shapes and sizes are logged, never
 * tensors. Lines of a request that stands in a trace say where.
 */
export function logRequests(app: FastifyInstance, level: string): void {
  app.decorateRequest('answerFacts', undefined);
  const traced = app.hasRequestDecorator('opentelemetry');
  app.addHook('onRequest', (request, _reply, done) => {
    const trace = (traced ? spanOf(request) : undefined) ?? readTraceparent(request.headers['traceparent']);
    if (trace) request.log = request.log.child(trace);
    done();
  });
  const everyRequest = level === 'debug' || level === 'trace';
  app.addHook('onResponse', (request, reply, done) => {
    const ms = request.repliedAt ?? reply.elapsedTime;
    if (everyRequest || ms >= SLOW_MS) {
      const line = { ...whatOf(request), status: reply.statusCode, ms: Math.round(ms * 1000) / 1000, ...request.answerFacts };
      if (ms >= SLOW_MS) request.log.info(line, 'slow request');
      else request.log.debug(line, 'request');
    }
    done();
  });
}

/** Defects are logged with their cause; of what a client did wrong the places, and nothing of what it sent. */
export function logFailure({ code, cause, faults }: Failure, request: FastifyRequest, status: number): void {
  const line = { ...whatOf(request), status, code };
  if (code === 'internal') request.log.error({ ...line, err: cause }, 'request failed');
  else request.log[OF_LOAD.has(code) ? 'debug' : 'info']({ ...line, pointers: faults?.map(({ pointer }) => pointer) }, 'request refused');
}

/** What a stream of lines was refused, in one line: a client may send millions. */
export class LineFailures {
  /** Lines that were answered, well or not. */
  lines = 0;
  readonly #counts = new Map<FailureCode, number>();
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest) {
    this.#request = request;
  }

  note({ code, cause, faults }: Failure, line: number): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    if (code === 'internal') this.#request.log.error({ code, line, err: cause }, 'line failed');
    else this.#request.log.debug({ code, line, pointers: faults?.map(({ pointer }) => pointer) }, 'line failed');
  }

  log(): void {
    if (this.#counts.size === 0) return;
    this.#request.log.info({ ...whatOf(this.#request), lines: this.lines, refused: Object.fromEntries(this.#counts) }, 'lines refused');
  }
}

function whatOf({ method, routeOptions, headers }: FastifyRequest): object {
  return { method, route: routeOptions.url, bytes: headers['content-length'] };
}

function spanOf(request: FastifyRequest): TraceContext | undefined {
  const context = request.opentelemetry().span?.spanContext();
  return context && { trace_id: context.traceId, span_id: context.spanId };
}
