import accepts from '@fastify/accepts';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';
import { Answerer, type Pending } from '../runtime/answerer.ts';
import { chooseEngine } from '../runtime/kernel.ts';
import { AttentionRequest } from '../schemas/attention.ts';
import { AttentionReply } from '../schemas/attention-reply.ts';
import { InferenceError, InferenceRequest, InferenceResponse } from '../schemas/inference.ts';
import { MergeReply, MergeRequest } from '../schemas/merge.ts';
import { ProblemDetails } from '../schemas/problem.ts';
import { answerMissingRoutes, answerOtherMethods, collectMethods } from './absent.ts';
import { leaveBodiesToRoutes } from './body.ts';
import { documentRoute, documentRoutes } from './documentation.ts';
import { answerFailures } from './failures.ts';
import { followLifecycle, Lifecycle } from './lifecycle.ts';
import { logRequests } from './logging.ts';
import { asProblems, INFERENCE_PATH } from './printing.ts';
import { dropUnreadBodies } from './rest.ts';
import { attentionRoutes } from './routes/attention.ts';
import { healthRoutes } from './routes/health.ts';
import { inferenceRoutes } from './routes/inference.ts';
import { infoRoutes } from './routes/info.ts';
import { playgroundRoutes } from './routes/playground.ts';
import { problemRoutes } from './routes/problems.ts';
import { headEveryReply } from './security.ts';
import { StreamRooms } from './stream-room.ts';

export interface ServiceOptions {
  readonly config: Config;
  /** Where whoever hosts the service says that it drains; its own where absent. */
  readonly lifecycle?: Lifecycle;
  /** Gets, at the start, a way to see what is under way. */
  readonly watch?: (pending: () => Pending) => void;
  /** Whether /docs and /openapi.* are served: not in an app that has @fastify/swagger already. */
  readonly documents?: boolean;
  /** Whether the playground is served. */
  readonly page?: boolean;
}

const SCHEMAS = [AttentionRequest, AttentionReply, MergeRequest, MergeReply, InferenceRequest, InferenceResponse, InferenceError, ProblemDetails];

/**
 * The whole service as a plugin. Everything is encapsulated: beside another app's routes, under any prefix, its parser,
 * hooks and failures act on its own routes alone, and all its addresses follow the prefix. Plugins come first, then
 * routes, in the order in which they act.
 */
export async function attentionService(app: FastifyInstance, options: ServiceOptions): Promise<void> {
  const { config, lifecycle = new Lifecycle(), documents = true, page = true } = options;
  const base = app.prefix;
  const engine = chooseEngine(config.ENGINE);
  const limits = { work: config.MAX_WORK, replyNumbers: config.MAX_REPLY_NUMBERS };
  const most = { bytes: config.MAX_PENDING_BYTES, work: config.MAX_PENDING_WORK };
  const answerer = new Answerer({ engine, limits, most, threads: config.THREADS, timeoutMs: config.REQUEST_TIMEOUT_MS });
  options.watch?.(() => answerer.pending);
  lifecycle.tell(() => answerer.refuseWaiting());
  app.addHook('onClose', () => answerer.close());
  const answering = {
    answerer,
    bodies: { maxBytes: config.MAX_BODY_BYTES, timeoutMs: config.REQUEST_TIMEOUT_MS },
    base,
    streams: new StreamRooms(most.bytes),
  };

  app.setSerializerCompiler(() => JSON.stringify);
  leaveBodiesToRoutes(app);
  headEveryReply(app);
  followLifecycle(app, lifecycle);
  answerFailures(app, asProblems(base));
  logRequests(app, config.LOG_LEVEL);
  dropUnreadBodies(app);
  answerMissingRoutes(app, base);
  if (!app.hasRequestDecorator('accepts')) await app.register(accepts);
  for (const schema of SCHEMAS) app.addSchema(schema);

  const methodsOf = collectMethods(app);
  if (documents) await documentRoutes(app, base);
  await app.register(attentionRoutes, { answering });
  await app.register(inferenceRoutes, { prefix: INFERENCE_PATH, answering });
  await app.register(healthRoutes);
  await app.register(infoRoutes, { config, engine });
  await app.register(problemRoutes, { base });
  if (page) await app.register(playgroundRoutes);
  if (documents) await app.register(documentRoute);
  answerOtherMethods(app, new Map(methodsOf));
}
