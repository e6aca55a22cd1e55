import accepts from '@fastify/accepts';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import { Answerer } from '../runtime/answerer.ts';
import { chooseCodec } from '../runtime/codec.ts';
import { chooseEngine } from '../runtime/kernel.ts';
import type { Pending } from '../runtime/pending.ts';
import { AttentionRequest } from '../schemas/attention.ts';
import { AttentionReply } from '../schemas/attention-reply.ts';
import { DiagnoseReply, DiagnoseRequest } from '../schemas/diagnose.ts';
import { InferenceError, InferenceRequest, InferenceResponse } from '../schemas/inference.ts';
import { MergeReply, MergeRequest } from '../schemas/merge.ts';
import { ProblemDetails } from '../schemas/problem.ts';
import { VectorsReply, VectorsRequest } from '../schemas/vectors.ts';
import { answerOtherMethods, collectMethods } from './absent.ts';
import { layBasis } from './basis.ts';
import { originHeaders } from './cors.ts';
import { documentRoute, documentRoutes } from './documentation.ts';
import { expose } from './exposition.ts';
import { requireKeys } from './keys.ts';
import { Lifecycle } from './lifecycle.ts';
import { Metrics } from './metrics.ts';
import { INFERENCE_PATH } from './printing.ts';
import { attentionRoutes } from './routes/attention.ts';
import { diagnoseRoutes } from './routes/diagnose.ts';
import { healthRoutes } from './routes/health.ts';
import { inferenceRoutes } from './routes/inference.ts';
import { infoRoutes } from './routes/info.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { playgroundRoutes } from './routes/playground.ts';
import { problemRoutes } from './routes/problems.ts';
import { StreamRooms } from './stream-room.ts';
import type { TraceAnswer } from './tracing.ts';
import { Traffic } from './traffic.ts';

export interface ServiceOptions {
  readonly config: Config;
  /** Where whoever hosts the service says that it drains; its own where absent. */
  readonly lifecycle?: Lifecycle;
  /** Where whoever hosts the service counts what never reaches it; its own where absent. */
  readonly metrics?: Metrics;
  /** Another app, on another port, that has /metrics and /info instead. */
  readonly operations?: FastifyInstance | undefined;
  /** Gets, at the start, a way to see what is under way. */
  readonly watch?: (pending: () => Pending) => void;
  /** Whether /docs and /openapi.* are served: not in an app that has @fastify/swagger already. */
  readonly documents?: boolean;
  /** Whether the playground is served. */
  readonly page?: boolean;
}

/** The SDK of spans is heavy: where nobody wants them, it is not even loaded. */
async function tracing(app: FastifyInstance, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }: Config): Promise<TraceAnswer | undefined> {
  if (endpoint === undefined) return undefined;
  const { traceRequests } = await import('./tracing.ts');
  return traceRequests(app, endpoint);
}

const SCHEMAS = [
  AttentionRequest,
  AttentionReply,
  MergeRequest,
  MergeReply,
  DiagnoseRequest,
  DiagnoseReply,
  VectorsRequest,
  VectorsReply,
  InferenceRequest,
  InferenceResponse,
  InferenceError,
  ProblemDetails,
];

/**
 * The whole service as a plugin. Everything is encapsulated: beside another app's routes, under any prefix, its parser,
 * hooks and failures act on its own routes alone, and all its addresses follow the prefix. Plugins come first, then
 * routes, in the order in which they act. What only a server's owner can settle stands in `app.ts`, so another app has to
 * bring its own: the bound on connections, the pace of readers of single replies, one answer at a time a connection, and
 * replies to HTTP that does not parse.
 */
export async function attentionService(app: FastifyInstance, options: ServiceOptions): Promise<void> {
  const { config, lifecycle = new Lifecycle(), metrics = new Metrics(), operations, documents = true, page = true } = options;
  const base = app.prefix;
  const origins = originHeaders(config.origins);
  const preflights = config.origins.length > 0;
  const engine = chooseEngine(config.ENGINE);
  const codec = chooseCodec(config.JSON_CODEC);
  const limits = { work: config.MAX_WORK, replyNumbers: config.MAX_REPLY_NUMBERS };
  const most = { bytes: config.MAX_PENDING_BYTES, work: config.MAX_PENDING_WORK };
  const answerer = new Answerer({ engine, codec, limits, most, threads: config.THREADS, timeoutMs: config.REQUEST_TIMEOUT_MS });
  options.watch?.(() => answerer.pending);
  lifecycle.tell(() => answerer.refuseWaiting());
  app.addHook('onClose', () => answerer.close());
  const trace = await tracing(app, config);
  const answering = {
    answerer,
    bodies: { maxBytes: config.MAX_BODY_BYTES, timeoutMs: config.REQUEST_TIMEOUT_MS },
    base,
    streams: new StreamRooms(most.bytes),
    metrics,
    trace,
  };

  layBasis(app, { config, lifecycle, metrics, origins, base });
  if (!app.hasRequestDecorator('accepts')) await app.register(accepts);
  for (const schema of SCHEMAS) app.addSchema(schema);

  await requireKeys(app, config.keys);
  const traffic = new Traffic(app.server);
  const text = expose(metrics, { kernel: engine.name, threads: config.THREADS, traffic, pending: () => answerer.pending });
  const operationsRoutes = async (scope: FastifyInstance): Promise<void> => {
    await scope.register(infoRoutes, { config, engine, codec });
    await scope.register(metricsRoutes, { text });
  };
  await operations?.register(async (scope) => {
    layBasis(scope, { config, lifecycle, metrics: new Metrics(), origins, base: '' });
    const methodsOf = collectMethods(scope);
    await scope.register(operationsRoutes);
    answerOtherMethods(scope, new Map(methodsOf), { preflights });
  });
  const methodsOf = collectMethods(app);
  if (documents) await documentRoutes(app, base);
  await app.register(attentionRoutes, { answering });
  await app.register(diagnoseRoutes, { answering });
  await app.register(inferenceRoutes, { prefix: INFERENCE_PATH, answering, preflights });
  await app.register(healthRoutes);
  if (!operations) await app.register(operationsRoutes);
  await app.register(problemRoutes, { base });
  if (page) await app.register(playgroundRoutes, { framers: config.framers });
  if (documents) await app.register(documentRoute);
  answerOtherMethods(app, new Map(methodsOf), { preflights });
}
