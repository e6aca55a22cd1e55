import { METHODS } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { Failure } from '../engine/failure.ts';
import { answerPreflight, isPreflight } from './cors.ts';
import { httpFault } from './server.ts';

/** What is no good HTTP, and a missing route, is said before the body is looked at. Call it after the hooks whose headers a failure has too. */
export function answerMissingRoutes(app: FastifyInstance, base: string): void {
  const notFound = () => new Failure('not-found', noRoute(base));
  app.addHook('onRequest', (request, _reply, done) => done(httpFault(request.raw) ?? (request.is404 ? notFound() : undefined)));
  app.setNotFoundHandler(() => {
    throw notFound();
  });
}

/** What is said where no route has the path. */
export function noRoute(base: string): string {
  return `no route has this path; ${base}/docs lists them`;
}

/**
 * For each path of the app, the methods that it does not take answer 405 with Allow; but for OPTIONS where a browser
 * asks what a page may send, and there are pages that may. Call it after the last route.
 */
export function answerOtherMethods(
  app: FastifyInstance,
  methodsOf: ReadonlyMap<string, ReadonlySet<string>>,
  { preflights }: { preflights: boolean },
): void {
  for (const [url, methods] of methodsOf) {
    const others = METHODS.filter((method) => !methods.has(method) && !app.hasRoute({ method: method as HTTPMethods, url }));
    if (others.length === 0) continue;
    const allow = [...methods].sort().join(', ');
    const answer = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
      if (preflights && isPreflight(request)) return answerPreflight(request, reply, allow);
      reply.header('allow', allow);
      throw new Failure('method-not-allowed', `${request.method} is not taken here; this address takes ${allow}`);
    };
    app.route({
      method: others as HTTPMethods[],
      url: url.slice(app.prefix.length),
      prefixTrailingSlash: 'slash',
      schema: { hide: true },
      onRequest: async (request, reply) => answer(request, reply),
      handler: answer,
    });
  }
}

/** The methods of each path, filled as routes are added, of all methods that Node's parser knows. Call it before the first route. */
export function collectMethods(app: FastifyInstance): ReadonlyMap<string, ReadonlySet<string>> {
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  const methodsOf = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set<string>();
    for (const one of Array.isArray(method) ? method : [method]) methods.add(one);
    methodsOf.set(url, methods);
  });
  return methodsOf;
}
