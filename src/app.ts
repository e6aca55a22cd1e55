import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Config } from './config.ts';
import { answerBrokenHttp } from './http/broken.ts';
import { Connections } from './http/connections.ts';
import { originHeaders } from './http/cors.ts';
import { answerFailure } from './http/failures.ts';
import { Lifecycle } from './http/lifecycle.ts';
import { makeLog } from './http/logging.ts';
import { Metrics, methodLabel, OTHER } from './http/metrics.ts';
import { paceReaders } from './http/pace.ts';
import { attentionService } from './http/plugin.ts';
import { printerAt } from './http/printing.ts';
import { requestId } from './http/request-id.ts';
import { headReply } from './http/security.ts';
import { makeServer } from './http/server.ts';
import type { Pending } from './runtime/pending.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly lifecycle: Lifecycle;
    /** The open connections of the server. */
    readonly connections: Connections;
    /** What is under way now. */
    readonly pending: () => Pending;
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
  await app.register(attentionService, { config, lifecycle, metrics, operations, watch: (pending) => app.decorate('pending', pending) });
  return app;
}

/** An app without routes, whose every failure is printed, that of a request which no route sees, too. */
function bareApp(config: Config, metrics: Metrics): FastifyInstance {
  const printer = printerAt('');
  const connections = new Connections(config.MAX_CONNECTIONS);
  const origins = originHeaders(config.origins);
  const app = Fastify({
    loggerInstance: makeLog(config.LOG_LEVEL),
    logController: new LogController({ disableRequestLogging: true }),
    return503OnClosing: false,
    // How long a start may take is for whoever watches the process to say.
    pluginTimeout: 0,
    bodyLimit: config.MAX_BODY_BYTES,
    serverFactory: (handler) => makeServer(handler, config.REQUEST_TIMEOUT_MS, connections),
    genReqId: requestId,
    clientErrorHandler: answerBrokenHttp({ printerAt: printer, origins, metrics }),
    frameworkErrors: (error, request, reply) => {
      headReply(reply, origins);
      answerFailure(error, printer(request.url), request, reply, metrics);
      metrics.tally(OTHER, methodLabel(request.method), reply.statusCode);
    },
  });
  app.decorate('connections', connections);
  const stopPacing = paceReaders(connections, config.REQUEST_TIMEOUT_MS);
  app.addHook('onClose', async () => stopPacing());
  app.addHook('preClose', async () => connections.closeInTime(app.server));
  return app;
}
