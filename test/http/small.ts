import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { type Dispatcher, request } from 'undici';
import { afterAll, beforeAll } from 'vitest';
import { Lifecycle } from '../../src/http/lifecycle.ts';

/** An app of a few routes on a free port: for one part of the service at a time, over real sockets. */
export interface Small {
  readonly port: number;
  readonly lifecycle: Lifecycle;
  ask(path: string, options?: Parameters<typeof request>[1]): Promise<{ status: number; headers: Dispatcher.ResponseData['headers']; text: string }>;
}

export function useSmall(build: (app: FastifyInstance) => unknown): Small {
  const app = Fastify({ forceCloseConnections: true });
  const lifecycle = new Lifecycle();
  app.decorate('attentionLifecycle', lifecycle);
  let port = 0;
  beforeAll(async () => {
    await build(app);
    await app.listen({ port: 0, host: '127.0.0.1' });
    ({ port } = app.server.address() as AddressInfo);
  });
  afterAll(() => app.close());
  return {
    get port() {
      return port;
    },
    lifecycle,
    ask: async (path, options) => {
      const { statusCode, headers, body } = await request(`http://127.0.0.1:${port}${path}`, options);
      return { status: statusCode, headers, text: await body.text() };
    },
  };
}
