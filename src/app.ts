import accepts from '@fastify/accepts';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Config } from './config.ts';
import { answerMissingRoutes, answerOtherMethods, collectMethods } from './http/absent.ts';
import { leaveBodiesToRoutes } from './http/body.ts';
import { answerBrokenHttp } from './http/broken.ts';
import { originHeaders } from './http/cors.ts';
import { documentRoute, documentRoutes } from './http/documentation.ts';
import { answerFailures, failureOf, sendFailure } from './http/failures.ts';
import { requireKeys } from './http/keys.ts';
import { followLifecycle } from './http/lifecycle.ts';
import { logRequests } from './http/logging.ts';
import { asProblems, INFERENCE_PATH, printerAt } from './http/printing.ts';
import { requestId } from './http/request-id.ts';
import { dropUnreadBodies } from './http/rest.ts';
import { attentionRoutes } from './http/routes/attention.ts';
import { healthRoutes } from './http/routes/health.ts';
import { inferenceRoutes } from './http/routes/inference.ts';
import { infoRoutes } from './http/routes/info.ts';
import { playgroundRoutes } from './http/routes/playground.ts';
import { problemRoutes } from './http/routes/problems.ts';
import { headEveryReply, headReply } from './http/security.ts';
import { makeServer } from './http/server.ts';
import { Answerer } from './runtime/answerer.ts';
import { chooseEngine } from './runtime/kernel.ts';
import { AttentionRequest } from './schemas/attention.ts';
import { AttentionReply } from './schemas/attention-reply.ts';
import { InferenceError, InferenceRequest, InferenceResponse } from './schemas/inference.ts';
import { MergeReply, MergeRequest } from './schemas/merge.ts';
import { ProblemDetails } from './schemas/problem.ts';

/** The service, ready to listen. This page is the map: plugins first, then routes, in the order in which they act. */
export async function buildApp(config: Config): Promise<FastifyInstance> {
  const origins = originHeaders(config.origins);
  const app = Fastify({
    logger: { level: config.LOG_LEVEL },
    logController: new LogController({ disableRequestLogging: true }),
    return503OnClosing: false,
    bodyLimit: config.MAX_BODY_BYTES,
    serverFactory: (handler) => makeServer(handler, config.REQUEST_TIMEOUT_MS),
    genReqId: requestId,
    clientErrorHandler: answerBrokenHttp(printerAt(''), origins),
    frameworkErrors: (error, request, reply) => {
      headReply(reply, origins);
      sendFailure(failureOf(error), printerAt('')(request.url), request, reply);
    },
  });
  const engine = chooseEngine(config.ENGINE);
  const limits = { work: config.MAX_WORK, replyNumbers: config.MAX_REPLY_NUMBERS };
  const answerer = new Answerer({ engine, limits, threads: config.THREADS, timeoutMs: config.REQUEST_TIMEOUT_MS });
  app.addHook('onClose', () => answerer.close());

  app.setSerializerCompiler(() => JSON.stringify);
  leaveBodiesToRoutes(app);
  headEveryReply(app, origins);
  followLifecycle(app);
  answerFailures(app, asProblems(''));
  logRequests(app, config.LOG_LEVEL);
  dropUnreadBodies(app);
  answerMissingRoutes(app);
  await app.register(accepts);
  for (const schema of [
    AttentionRequest,
    AttentionReply,
    MergeRequest,
    MergeReply,
    InferenceRequest,
    InferenceResponse,
    InferenceError,
    ProblemDetails,
  ])
    app.addSchema(schema);

  await requireKeys(app, config.keys);
  const methodsOf = collectMethods(app);
  await documentRoutes(app);
  await app.register(attentionRoutes, { config, answerer });
  await app.register(inferenceRoutes, { prefix: INFERENCE_PATH, config, answerer });
  await app.register(healthRoutes);
  await app.register(infoRoutes, { config, engine });
  await app.register(problemRoutes);
  await app.register(playgroundRoutes);
  await app.register(documentRoute);
  answerOtherMethods(app, new Map(methodsOf), { preflights: config.origins.length > 0 });
  return app;
}
