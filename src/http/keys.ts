import bearerAuth from '@fastify/bearer-auth';
import type { FastifyInstance } from 'fastify';
import { Failure } from '../engine/failure.ts';

/** What a client without a key is told. */
export const WANTED = 'this service wants a key: Authorization: Bearer, and one of its keys';

/** Looks at the bearer of every POST that a route takes, before anything else of it. Call it before the first route. */
export async function requireKeys(app: FastifyInstance, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  // rfc6749: the scheme in any case, as RFC 9110, 11.1 has it. The comparison takes the same time for every key of a length.
  await app.register(bearerAuth, { keys: new Set(keys), addHook: false, specCompliance: 'rfc6749', verifyErrorLogLevel: 'silent' });
  const { verifyBearerAuth } = app;
  if (!verifyBearerAuth) throw new Error('@fastify/bearer-auth gives no function to verify with');
  app.addHook('onRoute', (route) => {
    // A path's other methods, POST among them where no route takes it, come as a list.
    if (route.method !== 'POST') return;
    const others = route.onRequest === undefined ? [] : [route.onRequest].flat();
    route.onRequest = [
      (request, reply, done) =>
        verifyBearerAuth.call(app, request, reply, (error?: Error) => {
          if (error) reply.header('www-authenticate', 'Bearer');
          done(error && new Failure('unauthorized', WANTED));
        }),
      ...others,
    ];
  });
}
