import fastifyOtel from '@fastify/otel';
import { DiagLogLevel, diag, propagation, type Span, SpanStatusCode } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Facts } from '../runtime/question.ts';
import { name, version } from '../version.ts';
import { OTHER } from './metrics.ts';

/*
 * Spans over OTLP. Nothing imports this file but where OTEL_EXPORTER_OTLP_ENDPOINT is set: the SDK is heavy.
 */

/** A collector that is not there may hold neither an export nor the end of the process for longer. */
const EXPORT_MS = 2000;

/** Makes the spans of an answer's stages, once it is there. */
export type TraceAnswer = (request: FastifyRequest, reply: FastifyReply, facts: Facts, receivedMs: number) => void;

/** A span for each request, until its reply begins to be sent. Call it before the first hook and the first route. */
export async function traceRequests(app: FastifyInstance, endpoint: string): Promise<TraceAnswer> {
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const warn = (message: string) => app.log.warn({ message }, 'spans');
  diag.setLogger({ error: warn, warn, info() {}, debug() {}, verbose() {} }, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces`, timeoutMillis: EXPORT_MS });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': name, 'service.version': version }),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: EXPORT_MS })],
  });
  app.addHook('onClose', () => provider.shutdown());
  const instrumentation = new fastifyOtel.FastifyOtelInstrumentation({
    instrumentHooks: false,
    instrumentHandler: false,
    recordExceptions: false,
    requestHook: begin,
  });
  instrumentation.setTracerProvider(provider);
  await app.register(instrumentation.plugin());
  app.addHook('onSend', (request, reply, payload, done) => {
    const { span } = request.opentelemetry();
    if (span && reply.statusCode >= 500) failed(span);
    done(null, payload);
  });
  return traceAnswer;
}

function begin(span: Span, { method, url, is404, routeOptions }: FastifyRequest): void {
  span.updateName(`${method} ${is404 ? OTHER : (routeOptions.url ?? OTHER)}`);
  span.setAttribute('url.path', url.split('?', 1)[0] ?? '');
  // The plugin would put the words of a failure here, which may repeat what a request held; and what a client did wrong
  // is no error of a server's span (OpenTelemetry's conventions for HTTP).
  span.setStatus = () => span;
}

function failed(span: Span): void {
  Reflect.deleteProperty(span, 'setStatus');
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** The stages one after the other, from the time when the request came. */
const traceAnswer: TraceAnswer = (request, reply, { kind, sizes, work, where, stages }, receivedMs) => {
  const { span, tracer, context } = request.opentelemetry();
  if (!span) return;
  span.setAttributes({ 'attention.kind': kind, 'attention.work': work, 'attention.where': where });
  for (const [axis, length] of Object.entries(sizes)) span.setAttribute(`attention.size.${axis}`, length);
  let at = performance.timeOrigin + performance.now() - reply.elapsedTime;
  for (const [stage, ms] of Object.entries({
    receive: receivedMs,
    queue: stages.queue,
    decode: stages.decode,
    compute: stages.compute,
    encode: stages.encode,
  })) {
    const part = tracer.startSpan(stage, { startTime: at }, context);
    at += ms;
    part.end(at);
  }
};
