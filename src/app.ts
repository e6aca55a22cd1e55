import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Config } from './config.ts';
import { answerBrokenHttp } from './http/broken.ts';
import { closeInTime } from './http/connections.ts';
import { originHeaders } from './http/cors.ts';
import { answerFailure } from './http/failures.ts';
import { Lifecycle } from './http/lifecycle.ts';
import { makeLog } from './http/logging.ts';
import { Metrics, methodLabel, OTHER } from './http/metrics.ts';
import { attentionService } from './http/plugin.ts';
import { printerAt } from './http/printing.ts';
import { requestId } from './http/request-id.ts';
import { headReply } from './http/security.ts';
import { makeServer } from './http/server.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly lifecycle: Lifecycle;
    /** What has /metrics and /info where METRICS_PORT is set, ready to listen there. */
    readonly operations: FastifyInstance | undefined;
  }
}

/** The service on a server of its own, ready to listen: here stands what only the owner of the server can settle. */
export async function buildApp(config: Config): Promise<FastifyInstance> {
  const metrics = new Metrics();
  const lifecycle = new Lifecycle();
  const app = bareApp(config, metrics);
  const operations = config.METRICS_PORT === undefined ? undefined : bareApp(config, new Metrics());
  app.decorate('lifecycle', lifecycle);
  app.decorate('operations', operations);
  app.addHook('onClose', async () => operations?.close());
  await app.register(attentionService, { config, lifecycle, metrics, operations });
  return app;
}

/** An app without routes, whose every failure is printed, that of a request which no route sees, too. */
function bareApp(config: Config, metrics: Metrics): FastifyInstance {
  const printer = printerAt('');
  const origins = originHeaders(config.origins);
  const app = Fastify({
    loggerInstance: makeLog(config.LOG_LEVEL),
    logController: new LogController({ disableRequestLogging: true }),
    return503OnClosing: false,
    bodyLimit: config.MAX_BODY_BYTES,
    serverFactory: (handler) => makeServer(handler, config.REQUEST_TIMEOUT_MS),
    genReqId: requestId,
    clientErrorHandler: answerBrokenHttp({ printerAt: printer, origins, metrics }),
    frameworkErrors: (error, request, reply) => {
      headReply(reply, origins);
      answerFailure(error, printer(request.url), request, reply, metrics);
      metrics.tally(OTHER, methodLabel(request.method), reply.statusCode);
    },
  });
  app.addHook('preClose', closeInTime(app.server));
  return app;
}
