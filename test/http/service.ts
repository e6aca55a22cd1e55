import type { AddressInfo } from 'node:net';
import { type Dispatcher, request } from 'undici';
import { afterAll, beforeAll } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import type { Pending } from '../../src/runtime/pending.ts';
import { JSON_CODEC } from '../codec.ts';

/** The service as production builds it, on a free port, asked over real sockets. */
export interface Service {
  readonly url: string;
  readonly port: number;
  /** POSTs `body` (an object as JSON, text as it is) and reads the answer. */
  ask(body: unknown, options?: { path?: string; headers?: Record<string, string> }): Promise<Answer>;
  get(path: string, method?: Dispatcher.HttpMethod): Promise<Answer>;
  drain(): void;
  /** What is under way in it. */
  pending(): Pending;
  /** How many connections are open. */
  connections(): number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly bytes: Buffer;
  readonly text: string;
  /** The body as JSON; reading it fails where it is none. */
  readonly json: Json;
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads any member of any answer
export type Json = any;

/** Starts the service before the tests of a file (or of a describe), with one thread where the settings do not say how many, and stops it after them. */
export function useService(settings: Record<string, string> = {}): Service {
  let running: { app: Awaited<ReturnType<typeof buildApp>>; port: number } | undefined;
  const started = () => {
    if (!running) throw new Error('the service has not started');
    return running;
  };
  beforeAll(async () => {
    const app = await buildApp(readConfig({ LOG_LEVEL: 'silent', PORT: '0', THREADS: '1', JSON_CODEC, ...settings }));
    await app.listen({ port: 0, host: '127.0.0.1' });
    running = { app, port: (app.server.address() as AddressInfo).port };
  });
  afterAll(async () => running?.app.close());
  const service: Service = {
    get url() {
      return `http://127.0.0.1:${started().port}`;
    },
    get port() {
      return started().port;
    },
    ask: (body, { path = '/attention', headers = {} } = {}) =>
      answer(`${service.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
      }),
    get: (path, method = 'GET') => answer(`${service.url}${path}`, { method }),
    drain: () => started().app.lifecycle.drain(),
    pending: () => started().app.pending(),
    connections: () => started().app.connections.count,
  };
  return service;
}

async function answer(url: string, options: Parameters<typeof request>[1]): Promise<Answer> {
  const { statusCode, headers, body } = await request(url, options);
  const bytes = Buffer.from(await body.bytes());
  const text = bytes.toString('utf8');
  return {
    status: statusCode,
    headers,
    bytes,
    text,
    get json(): Json {
      return JSON.parse(text);
    },
  };
}
