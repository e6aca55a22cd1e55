import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import helmet from 'helmet';
import type { OriginHeaders } from './cors.ts';

/**
 * Headers for replies that are data: nothing may be loaded from them or framed. The policy is written out, since the
 * ready-made one upgrades requests to https, which breaks hosts on plain http; HSTS is for the proxy that ends TLS.
 */
const protect = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
  },
  xFrameOptions: { action: 'deny' },
  strictTransportSecurity: false,
  // These speak of pages and plug-ins of browsers long gone.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
});

/**
 * Helmet's headers. They are the same each time, so helmet is asked once, at start: asked anew for each request it took
 * an eighth of the time of a small one (bench/README.md).
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = recorded();

/** The headers of every reply: helmet's, the request's id, and what pages of other origins are told. */
export function headEveryReply(app: FastifyInstance, origins: OriginHeaders): void {
  app.addHook('onRequest', (_request, reply, done) => {
    headReply(reply, origins);
    done();
  });
}

/** For a reply to a request that no hook has seen. */
export function headReply(reply: FastifyReply, origins: OriginHeaders): void {
  const { id, headers } = reply.request;
  reply.headers(SECURITY_HEADERS).headers(origins(headers.origin)).header('x-request-id', id);
}

function recorded(): Record<string, string> {
  const headers: Record<string, string> = {};
  const recorder = {
    setHeader: (name: string, value: string) => {
      headers[name.toLowerCase()] = value;
    },
    removeHeader: () => undefined,
  };
  protect({} as IncomingMessage, recorder as unknown as ServerResponse, (error) => {
    if (error) throw error;
  });
  return headers;
}
