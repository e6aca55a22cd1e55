import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { open, raw } from './raw.ts';
import { type Json, type Service, useService } from './service.ts';

const HOME = 'https://page.example';
const OTHER = 'http://127.0.0.1:3000';
const listed = useService({ CORS_ORIGIN: `${HOME}, ${OTHER}`, API_KEY: 'secret' });
const everyone = useService({ CORS_ORIGIN: '*' });
const closed = useService();
const EXPOSED = 'x-request-id, retry-after, server-timing, inference-header-content-length';
const PREFLIGHT = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' };

interface Sent {
  readonly path?: string;
  readonly method?: 'OPTIONS' | 'POST' | 'GET';
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

async function ask(service: Service, { path = '/attention', method = 'POST', body, headers = {} }: Sent): Promise<{ status: number; headers: Json }> {
  const reply = await request(`${service.url}${path}`, { method, headers, body: body ?? null });
  await reply.body.dump();
  return { status: reply.statusCode, headers: reply.headers };
}

const corsOf = (headers: Json) => Object.keys(headers).filter((name) => name.startsWith('access-control-'));

describe('an origin that may', () => {
  test.each([HOME, OTHER])('%s reads the replies, and the headers that say something to it', async (origin) => {
    const headers = { origin, authorization: 'Bearer secret', 'content-type': 'application/json' };
    const reply = await ask(listed, { headers, body: '{"tokens":[[1]]}' });
    expect(reply.status).toBe(200);
    expect(reply.headers['access-control-allow-origin']).toBe(origin);
    expect(reply.headers['access-control-expose-headers']).toBe(EXPOSED);
    expect(reply.headers['vary']).toBe('origin, accept');
    expect(reply.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  test.each([
    ['no key', { body: '{}' }, 401],
    ['no such path', { path: '/nope', method: 'GET' }, 404],
    ['an address that can’t be read', { path: '/%ff', method: 'GET' }, 404],
    ['another method', { method: 'GET' }, 405],
    ['a type that is not read', { body: '{}', headers: { authorization: 'Bearer secret', 'content-type': 'text/csv' } }, 415],
    ['a field that is none', { body: '{"a":1}', headers: { authorization: 'Bearer secret', 'content-type': 'application/json' } }, 422],
    ['no such model', { path: '/v2/models/bert', method: 'GET' }, 404],
  ] as const)('reads the failure too: %s', async (_, sent: Sent, status) => {
    const reply = await ask(listed, { ...sent, headers: { ...sent.headers, origin: HOME } });
    expect([reply.status, reply.headers['access-control-allow-origin'], reply.headers['vary']]).toEqual([status, HOME, 'origin']);
  });

  test.each([
    ['too many headers', `x: ${'x'.repeat(20_000)}\r\n`, 431],
    ['a header that is none', 'no header\r\n', 400],
  ])('reads what is said of broken HTTP: %s', async (_, line, status) => {
    const said = await raw(listed.port, `POST /attention HTTP/1.1\r\nhost: x\r\nOrigin: ${HOME}\r\n${line}\r\n`);
    expect(said).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(said).toContain(`access-control-allow-origin: ${HOME}\r\n`);
    expect(said).toContain('vary: origin\r\n');
  });

  test('reads that a connection without Host is refused', async () => {
    expect(await raw(listed.port, `GET /livez HTTP/1.1\r\norigin: ${HOME}\r\n\r\n`)).toContain(`access-control-allow-origin: ${HOME}\r\n`);
  });
});

describe('an origin that may not', () => {
  test.each([undefined, 'https://evil.example', 'https://page.example.evil', `${HOME}:8443`, 'null', HOME.toUpperCase()])(
    '%s is told nothing',
    async (origin) => {
      const reply = await ask(listed, { path: '/info', method: 'GET', ...(origin !== undefined && { headers: { origin } }) });
      expect([reply.status, corsOf(reply.headers), reply.headers['vary']]).toEqual([200, [], 'origin']);
    },
  );

  test('nor by broken HTTP', async () => {
    const said = await raw(listed.port, 'POST /attention HTTP/1.1\r\nhost: x\r\norigin: https://evil.example\r\nno header\r\n\r\n');
    expect(said).toMatch(/^HTTP\/1\.1 400 /);
    expect(said).not.toContain('access-control-');
  });
});

describe('a preflight', () => {
  test.each([
    ['/attention', 'POST'],
    ['/attention/merge', 'POST'],
    ['/v2/models/attention/infer', 'POST'],
    ['/v2', 'GET, HEAD'],
    ['/livez', 'GET, HEAD'],
    ['/problems/internal', 'GET, HEAD'],
  ])('of %s is a 204, without a key', async (path, methods) => {
    const reply = await ask(listed, { path, method: 'OPTIONS', headers: { origin: HOME, ...PREFLIGHT } });
    expect(reply.status).toBe(204);
    expect(reply.headers['access-control-allow-origin']).toBe(HOME);
    expect(reply.headers['access-control-allow-methods']).toBe(methods);
    expect(reply.headers['access-control-allow-headers']).toBe('authorization,content-type');
    expect(reply.headers['vary']).toBe('origin, access-control-request-headers');
  });

  test('of an origin that may not is a 204 that allows nothing', async () => {
    const reply = await ask(listed, { method: 'OPTIONS', headers: { origin: 'https://evil.example', ...PREFLIGHT } });
    expect([reply.status, corsOf(reply.headers)]).toEqual([204, []]);
  });

  test('is a 204 to everyone where everyone may', async () => {
    const reply = await ask(everyone, { method: 'OPTIONS', headers: { origin: 'https://any.example', ...PREFLIGHT } });
    expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([204, '*']);
  });

  test.each([
    ['without Origin', listed, '/attention', PREFLIGHT, 405],
    ['without the method that is to come', listed, '/attention', { origin: HOME }, 405],
    ['of a path that no route has', listed, '/nope', { origin: HOME, ...PREFLIGHT }, 404],
    ['of a path that /v2 does not have', listed, '/v2/nope', { origin: HOME, ...PREFLIGHT }, 404],
    ['where no origin is set', closed, '/attention', { origin: HOME, ...PREFLIGHT }, 405],
  ] as const)('%s is none', async (_, service, path, headers, status) => {
    const reply = await ask(service, { path, method: 'OPTIONS', headers: { ...headers } });
    expect(reply.status).toBe(status);
    expect(reply.headers).not.toHaveProperty('access-control-allow-methods');
  });

  test('leaves its connection usable', async () => {
    const connection = open(listed.port, `OPTIONS /attention HTTP/1.1\r\nhost: x\r\norigin: ${HOME}\r\naccess-control-request-method: POST\r\n\r\n`);
    await connection.until(/^HTTP\/1\.1 204 [\s\S]*\r\n\r\n/);
    connection.socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await connection.until('"ok"')).toContain('HTTP/1.1 200 ');
    connection.socket.destroy();
  });
});

test('everyone may where the setting says so, and replies do not differ by origin', async () => {
  const reply = await ask(everyone, { path: '/livez', method: 'GET' });
  expect(reply.headers['access-control-allow-origin']).toBe('*');
  expect(reply.headers).not.toHaveProperty('vary');
  expect(await raw(everyone.port, '!\r\n\r\n')).toContain('access-control-allow-origin: *\r\n');
});

test('no reply says anything of origins where none is set', async () => {
  for (const path of ['/livez', '/nope']) expect(corsOf((await closed.get(path)).headers)).toEqual([]);
  expect(await raw(closed.port, `POST /attention HTTP/1.1\r\nhost: x\r\norigin: ${HOME}\r\nno header\r\n\r\n`)).not.toContain('access-control-');
});
