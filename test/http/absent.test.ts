import { METHODS } from 'node:http';
import { describe, expect, test } from 'vitest';
import { answerMissingRoutes, answerOtherMethods, collectMethods, noRoute } from '../../src/http/absent.ts';
import { originHeaders } from '../../src/http/cors.ts';
import { answerFailures } from '../../src/http/failures.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { asProblems } from '../../src/http/printing.ts';
import { headEveryReply } from '../../src/http/security.ts';
import { raw, statuses } from './raw.ts';
import { useSmall } from './small.ts';

const HOME = 'https://page.example';
const PREFLIGHT = { origin: HOME, 'access-control-request-method': 'POST' };

/** A service below /ai with a few routes, whose pages may ask where `preflights` says so. */
function useRoutes(preflights: boolean) {
  const methods: { of?: ReadonlyMap<string, ReadonlySet<string>> } = {};
  const small = useSmall((app) =>
    app.register(
      async (scope) => {
        headEveryReply(scope, originHeaders([HOME]));
        answerFailures(scope, asProblems('/ai'), new Metrics());
        answerMissingRoutes(scope, '/ai');
        const methodsOf = collectMethods(scope);
        scope.get('/both', async () => 'got');
        scope.post('/both', async () => 'posted');
        scope.route({ method: ['PUT', 'DELETE'], url: '/list', handler: async () => 'listed' });
        scope.all('/all', async () => 'all');
        scope.get('/body', { exposeHeadRoute: false }, async () => 'body');
        methods.of = new Map([...methodsOf].map(([path, of]) => [path, new Set(of)]));
        answerOtherMethods(scope, new Map(methodsOf), { preflights });
      },
      { prefix: '/ai' },
    ),
  );
  return { small, methods };
}

const { small, methods } = useRoutes(true);
const closed = useRoutes(false);

describe('another method of a path', () => {
  test.each([
    ['/ai/both', 'PUT', 'GET, HEAD, POST'],
    ['/ai/list', 'GET', 'DELETE, PUT'],
    ['/ai/body', 'HEAD', 'GET'],
    ['/ai/body', 'OPTIONS', 'GET'],
    ['/ai/body', 'PROPFIND', 'GET'],
  ] as const)('%s: %s is a 405 that allows %s', async (path, method, allow) => {
    const { status, headers, text } = await small.ask(path, { method: method as 'GET' });
    expect([status, headers['allow']]).toEqual([405, allow]);
    if (method !== 'HEAD')
      expect(JSON.parse(text)).toMatchObject({
        type: '/ai/problems/method-not-allowed',
        detail: `${method} is not taken here; this address takes ${allow}`,
      });
  });

  test('is refused before its body is looked at', async () => {
    const said = await raw(small.port, 'PUT /ai/both HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: ?\r\ncontent-length: 0\r\n\r\n');
    expect(statuses(said)).toEqual([405]);
  });

  test.each([
    ['/ai/both', 'GET', 'got'],
    ['/ai/both', 'POST', 'posted'],
    ['/ai/list', 'DELETE', 'listed'],
    ['/ai/all', 'PROPFIND', 'all'],
  ] as const)('%s: %s, which it takes, is answered', async (path, method, text) => {
    expect((await small.ask(path, { method: method as 'GET' })).text).toBe(text);
  });

  test('is whichever Node’s parser knows', () => {
    expect([...(methods.of?.get('/ai/both') ?? [])].sort()).toEqual(['GET', 'HEAD', 'POST']);
    expect([...(methods.of?.get('/ai/list') ?? [])].sort()).toEqual(['DELETE', 'PUT']);
    expect(METHODS.every((method) => methods.of?.get('/ai/all')?.has(method))).toBe(true);
  });
});

describe('what a page may send', () => {
  test('is said at every path, where there are pages that may', async () => {
    const { status, headers } = await small.ask('/ai/body', { method: 'OPTIONS', headers: PREFLIGHT });
    expect([status, headers['access-control-allow-methods']]).toEqual([204, 'GET']);
  });

  test('is not said where there are none', async () => {
    const { status, headers } = await closed.small.ask('/ai/body', { method: 'OPTIONS', headers: PREFLIGHT });
    expect([status, headers['allow']]).toEqual([405, 'GET']);
  });

  test('is said of the method OPTIONS alone', async () => {
    expect((await small.ask('/ai/body', { method: 'DELETE', headers: PREFLIGHT })).status).toBe(405);
  });
});

describe('a path that no route has', () => {
  test('is a 404 that says where the routes are listed, whatever the body', async () => {
    expect(noRoute('/ai')).toBe('no route has this path; /ai/docs lists them');
    for (const method of ['GET', 'POST'] as const) {
      const { status, text } = await small.ask('/ai/nope', { method, headers: method === 'POST' ? { 'content-type': '?' } : {} });
      expect([status, JSON.parse(text).type, JSON.parse(text).detail]).toEqual([404, '/ai/problems/not-found', noRoute('/ai')]);
    }
  });

  test('beside the service is not its business', async () => {
    expect(JSON.parse((await small.ask('/nope')).text)).not.toHaveProperty('type');
  });
});

test('what is no good HTTP is said first', async () => {
  for (const path of ['/ai/both', '/ai/nope'])
    expect(await raw(small.port, `GET ${path} HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n`)).toContain('/ai/problems/malformed-http');
});
