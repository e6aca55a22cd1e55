import Fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Config } from './config.ts';
import { answerBrokenHttp } from './http/broken.ts';
import { Connections } from './http/connections.ts';
import { failureOf, sendFailure } from './http/failures.ts';
import { Lifecycle } from './http/lifecycle.ts';
import { paceReaders } from './http/pace.ts';
import { attentionService } from './http/plugin.ts';
import { printerAt } from './http/printing.ts';
import { requestId } from './http/request-id.ts';
import { headReply } from './http/security.ts';
import { makeServer } from './http/server.ts';
import type { Pending } from './runtime/answerer.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly lifecycle: Lifecycle;
    /** The open connections of the server. */
    readonly connections: Connections;
    /** What is under way now. */
    readonly pending: () => Pending;
  }
}

/** The service on a server of its own, ready to listen: here stands what only the owner of the server can settle. */
export async function buildApp(config: Config): Promise<FastifyInstance> {
  const printer = printerAt('');
  const connections = new Connections(config.MAX_CONNECTIONS);
  const app = Fastify({
    logger: { level: config.LOG_LEVEL },
    logController: new LogController({ disableRequestLogging: true }),
    return503OnClosing: false,
    bodyLimit: config.MAX_BODY_BYTES,
    serverFactory: (handler) => makeServer(handler, config.REQUEST_TIMEOUT_MS, connections),
    genReqId: requestId,
    clientErrorHandler: answerBrokenHttp(printer),
    frameworkErrors: (error, request, reply) => {
      headReply(reply);
      sendFailure(failureOf(error), printer(request.url), request, reply);
    },
  });
  const lifecycle = new Lifecycle();
  app.decorate('lifecycle', lifecycle);
  app.decorate('connections', connections);
  const stopPacing = paceReaders(connections, config.REQUEST_TIMEOUT_MS);
  app.addHook('onClose', async () => stopPacing());
  app.addHook('preClose', async () => connections.closeInTime(app.server));
  await app.register(attentionService, {
    config,
    lifecycle,
    watch: (pending) => app.decorate('pending', pending),
  });
  return app;
}
