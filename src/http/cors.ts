import type { FastifyReply, FastifyRequest } from 'fastify';
import { varyBy } from './vary.ts';

/*
 * Pages of other origins (CORS, as the Fetch standard has it). @fastify/cors answers a preflight at any path, refuses one
 * of an origin that may not ask, and does not reach replies that no hook sees; the contract wants all three otherwise.
 */

/** The headers of a reply to a request that names this origin, or none. */
export type OriginHeaders = (origin: string | undefined) => Readonly<Record<string, string>>;

const EXPOSED = 'x-request-id, retry-after, server-timing, inference-header-content-length';
const ALLOWED = 'access-control-allow-origin';
/** For so long a browser need not ask again. */
const PREFLIGHT_SECONDS = '600';
const NOTHING = {};

/** What replies say to pages, where those of `origins` may ask: none, some, or all (`*`). */
export function originHeaders(origins: readonly string[]): OriginHeaders {
  if (origins.length === 0) return () => NOTHING;
  const exposed = { 'access-control-expose-headers': EXPOSED };
  if (origins[0] === '*') {
    const everyone = { [ALLOWED]: '*', ...exposed };
    return () => everyone;
  }
  // A cache must not give the reply for one origin to another.
  const others = { vary: 'origin' };
  const known = new Map(origins.map((origin) => [origin, { [ALLOWED]: origin, ...exposed, ...others }]));
  return (origin) => (origin === undefined ? others : (known.get(origin) ?? others));
}

/** Does a browser ask whether a page may send what it is about to send? */
export function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/** Answers a preflight; the reply says already whether its origin may ask at all. */
export function answerPreflight(request: FastifyRequest, reply: FastifyReply, methods: string): FastifyReply {
  if (reply.hasHeader(ALLOWED)) {
    reply.header('access-control-allow-methods', methods).header('access-control-max-age', PREFLIGHT_SECONDS);
    const wanted = request.headers['access-control-request-headers'];
    // There are no cookies here that a page could misuse, so whatever header it wants to send, it may.
    if (wanted !== undefined) reply.header('access-control-allow-headers', wanted);
    varyBy(reply, 'access-control-request-headers');
  }
  return reply.code(204).send();
}
