import type { FastifyInstance } from 'fastify';

const SLOW_MS = 1000;

/** A line for each request that was slow; at debug, for every request. Shapes and sizes are logged, never tensors. */
export function logRequests(app: FastifyInstance, level: string): void {
  app.decorateRequest('answerFacts', undefined);
  const everyRequest = level === 'debug' || level === 'trace';
  app.addHook('onResponse', (request, reply, done) => {
    const ms = reply.elapsedTime;
    if (everyRequest || ms >= SLOW_MS) {
      const line = {
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(ms * 1000) / 1000,
        bytes: request.headers['content-length'],
        ...request.answerFacts,
      };
      if (ms >= SLOW_MS) request.log.info(line, 'slow request');
      else request.log.debug(line, 'request');
    }
    done();
  });
}
