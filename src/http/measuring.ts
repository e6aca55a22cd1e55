import type { FastifyInstance } from 'fastify';
import { type Metrics, methodLabel, OTHER } from './metrics.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** When its answer was handed over to be sent, in milliseconds since the request began. */
    answerSentAt: number | undefined;
    /** When all of its reply was out, in the same way, where the connection was held open after it. */
    repliedAt: number | undefined;
  }
}

/** Counts each request when the last byte of its reply is out. */
export function measureRequests(app: FastifyInstance, metrics: Metrics): void {
  app.decorateRequest('answerSentAt', undefined);
  app.decorateRequest('repliedAt', undefined);
  app.addHook('onResponse', (request, reply, done) => {
    const ms = request.repliedAt ?? reply.elapsedTime;
    const { url = OTHER } = request.routeOptions;
    // What a route for all that is below an address does not find has no route either.
    const unknown = request.is404 || (reply.statusCode === 404 && url.endsWith('*'));
    metrics.request(unknown ? OTHER : url, methodLabel(request.method), reply.statusCode, ms);
    if (request.answerSentAt !== undefined) metrics.stages.send.add(ms - request.answerSentAt);
    done();
  });
}
