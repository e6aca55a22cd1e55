import { describe, expect, test } from 'vitest';
import { answerPreflight, isPreflight, originHeaders } from '../../src/http/cors.ts';
import { useSmall } from './small.ts';

const HOME = 'https://page.example';
const OTHER = 'http://127.0.0.1:3000';
const EXPOSED = 'x-request-id, retry-after, server-timing, inference-header-content-length';

describe('what replies say to pages', () => {
  test('is nothing where no origin is set', () => {
    for (const origin of [undefined, HOME, '*']) expect(originHeaders([])(origin)).toEqual({});
  });

  test('is the same to all where everyone may ask', () => {
    const everyone = { 'access-control-allow-origin': '*', 'access-control-expose-headers': EXPOSED };
    for (const origin of [undefined, HOME]) expect(originHeaders(['*'])(origin)).toEqual(everyone);
  });

  test('is to each origin that may ask its own name, and to others that the reply varies', () => {
    const headersFor = originHeaders([HOME, OTHER]);
    for (const origin of [HOME, OTHER])
      expect(headersFor(origin)).toEqual({ 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED, vary: 'origin' });
    for (const origin of [undefined, 'null', `${HOME}:1`]) expect(headersFor(origin)).toEqual({ vary: 'origin' });
  });
});

describe('a preflight', () => {
  const small = useSmall((app) => {
    app.route({
      method: ['OPTIONS', 'GET'],
      url: '/',
      handler: (request, reply) => {
        if (!isPreflight(request)) return reply.send('none');
        reply.headers(originHeaders([HOME])(request.headers.origin));
        return answerPreflight(request, reply, 'GET, POST');
      },
    });
  });
  const ask = async (headers: Record<string, string>, method: 'OPTIONS' | 'GET' = 'OPTIONS') => {
    const { status, headers: got, text } = await small.ask('/', { method, headers });
    const said = Object.fromEntries(
      Object.entries(got).filter(([name]) => name.startsWith('access-control-allow') || name.endsWith('max-age') || name === 'vary'),
    );
    return { status, said, text };
  };
  const WANTED = { origin: HOME, 'access-control-request-method': 'POST' };

  test('says what a page may send, and for how long that holds', async () => {
    const { status, said, text } = await ask({ ...WANTED, 'access-control-request-headers': 'authorization, x' });
    expect([status, text]).toEqual([204, '']);
    expect(said).toEqual({
      'access-control-allow-origin': HOME,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization, x',
      'access-control-max-age': '600',
      vary: 'origin, access-control-request-headers',
    });
  });

  test('of a page that sends no headers of its own allows none', async () => {
    const { said } = await ask(WANTED);
    expect(said).not.toHaveProperty('access-control-allow-headers');
    expect(said['vary']).toBe('origin, access-control-request-headers');
  });

  test('of an origin that may not ask allows nothing', async () => {
    expect(await ask({ ...WANTED, origin: OTHER })).toEqual({ status: 204, said: { vary: 'origin' }, text: '' });
  });

  test.each([
    ['without an origin', { 'access-control-request-method': 'POST' }, 'OPTIONS'],
    ['without the method that is to come', { origin: HOME }, 'OPTIONS'],
    ['by another method', WANTED, 'GET'],
  ] as const)('%s is none', async (_what, headers, method) => {
    expect((await ask(headers as Record<string, string>, method)).text).toBe('none');
  });
});
