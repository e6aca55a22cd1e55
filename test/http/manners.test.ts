import { METHODS } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { raw, statuses } from './raw.ts';
import { useService } from './service.ts';

const service = useService({ MAX_BODY_BYTES: '2000' });
const send = (bytes: string) => raw(service.port, bytes);
const SECURE = [
  "content-security-policy: default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
  'x-content-type-options: nosniff',
  'x-frame-options: DENY',
];

describe('methods', () => {
  const others = METHODS.filter((method) => method !== 'POST');

  test.each(others)('%s is a 405 with Allow at a known path, and a 404 elsewhere', async (method) => {
    const known = await send(`${method} /attention HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    expect(statuses(known)).toEqual([405]);
    expect(known).toContain('\r\nallow: POST\r\n');
    if (method !== 'HEAD') expect(known).toContain('"type":"/problems/method-not-allowed"');
    for (const header of SECURE) expect(known).toContain(header);
    expect(statuses(await send(`${method} /nope HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`))).toEqual([404]);
  });

  test.each(['/', '/docs', '/docs/static/swagger-ui.css', '/openapi.json', '/livez', '/problems/timeout', '/v2', '/v2/models/attention'])(
    'PROPFIND %s is a 405',
    async (path) => {
      const reply = await send(`PROPFIND ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      expect(statuses(reply)).toEqual([405]);
      expect(reply).toContain('\r\nallow: GET, HEAD\r\n');
    },
  );
});

describe('HTTP that is broken', () => {
  const get = 'GET /livez HTTP/1.1\r\n';
  test.each([
    ['no Host', `${get}\r\n`, 400, 'malformed-http', 'got none'],
    ['two Hosts', `${get}host: a\r\nHost: b\r\n\r\n`, 400, 'malformed-http', 'got 2'],
    ['two Hosts in HTTP/1.0', 'GET /livez HTTP/1.0\r\nhost: a\r\nHost: b\r\n\r\n', 400, 'malformed-http', 'got 2'],
    [
      'gzip, chunked',
      'POST /attention HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
      400,
      'malformed-http',
      'gzip, chunked',
    ],
    ['chunked twice', 'POST /attention HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n', 400, 'malformed-http', ''],
    ['gzip alone', 'POST /attention HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n', 400, 'malformed-http', 'HPE_INVALID_TRANSFER_ENCODING'],
    [
      'a length and chunks',
      'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      400,
      'malformed-http',
      'HPE_',
    ],
    [
      'a chunk without a size',
      'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
      400,
      'malformed-http',
      'HPE_INVALID_CHUNK_SIZE',
    ],
    ['an unknown method', 'BREW / HTTP/1.1\r\nhost: x\r\n\r\n', 400, 'malformed-http', 'HPE_INVALID_METHOD'],
    ['what is not HTTP', 'this is not HTTP\r\n\r\n', 400, 'malformed-http', 'HPE_'],
    ['headers too large', `${get}host: x\r\na: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large', '16 KiB'],
    ['an address too long', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431, 'headers-too-large', '16 KiB'],
    ['an unknown expectation', `${get}host: x\r\nexpect: tea\r\n\r\n`, 417, 'expectation-failed', 'tea'],
    ['an expectation beside 100-continue', `${get}host: x\r\nexpect: tea, 100-continue\r\n\r\n`, 417, 'expectation-failed', 'tea'],
  ])('%s closes the connection after a problem', async (_name, bytes, status, code, words) => {
    const reply = await send(bytes);
    expect(statuses(reply)).toEqual([status]);
    const [head = '', body = ''] = reply.split('\r\n\r\n');
    expect(head).toContain('content-type: application/problem+json; charset=utf-8');
    expect(head.toLowerCase()).toContain('\r\nconnection: close');
    expect(head).toMatch(/\r\nx-request-id: [\w.-]{1,128}\r\n/);
    for (const header of SECURE) expect(head).toContain(header);
    expect(JSON.parse(body)).toMatchObject({ type: `/problems/${code}`, status });
    expect(JSON.parse(body).detail).toContain(words);
  });

  test.each([
    'GET /v2/health/live HTTP/1.1\r\n\r\n',
    'GET /v2/health/live HTTP/1.1\r\nhost: x\r\nexpect: tea\r\n\r\n',
    'GET /v2 HTTP/3.9\r\nhost: x\r\n\r\n',
    `GET /v2/models HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(20_000)}\r\n\r\n`,
    'POST /v2/models/attention/infer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
  ])('under /v2 it is an error of the protocol: %s', async (bytes) => {
    const [head, body = ''] = (await send(bytes)).split('\r\n\r\n');
    expect(head).toContain('application/json');
    expect(Object.keys(JSON.parse(body))).toEqual(['error']);
  });

  test('HTTP/1.0 needs no Host, and has no expectations', async () => {
    expect(statuses(await send('GET /livez HTTP/1.0\r\nexpect: tea\r\n\r\n'))).toEqual([200]);
  });

  test('the answers to what came before it come first', async () => {
    const body = JSON.stringify({ tokens: [[1]], include: ['lse'] });
    const post = `POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    expect(statuses(await send(`${post}${post}this is not HTTP\r\n\r\n`))).toEqual([200, 200, 400]);
  });
});

describe('x-request-id', () => {
  test.each(['a', 'A.b-c_9', 'x'.repeat(128)])('is the request’s own: %s', async (id) => {
    const ask = (path: string, status: number) =>
      send(`GET ${path} HTTP/1.1\r\nhost: x\r\nx-request-id: ${id}\r\nconnection: close\r\n\r\n`).then((reply) => {
        expect(statuses(reply)).toEqual([status]);
        expect(reply).toContain(`\r\nx-request-id: ${id}\r\n`);
      });
    await Promise.all([ask('/livez', 200), ask('/nope', 404), ask('/attention', 405), ask('/%zz', 404), ask('/docs', 200)]);
  });

  test.each(['', 'a b', 'é', 'x'.repeat(129), 'a;b', 'a\r\nx-request-id: b'])('is a new one instead of %j', async (id) => {
    const ask = () => send(`GET /livez HTTP/1.1\r\nhost: x\r\nx-request-id: ${id}\r\nconnection: close\r\n\r\n`);
    const ids = [await ask(), await ask()].map((reply) => /\r\nx-request-id: ([\w.-]{1,128})\r\n/.exec(reply)?.[1]);
    expect(ids[0]).toBeDefined();
    expect(ids[0]).not.toBe(ids[1]);
    expect(ids).not.toContain(id);
  });
});

describe('addresses', () => {
  test.each([
    '%00',
    'a%00b',
    '%2e%2e',
    '.',
    '..',
    '%5c',
    '%ff',
    '%2fetc%2fpasswd',
    '..%2f..%2fpackage.json',
    '.git',
    'swagger-ui.css/',
    'a'.repeat(3000),
  ])('/docs/static/%s is a 404', async (name) => {
    const reply = await send(`GET /docs/static/${name} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    expect(statuses(reply)).toEqual([404]);
    expect(reply).toContain('"type":"/problems/not-found"');
  });

  test('no path makes a 5xx', async () => {
    const parts = [
      'docs',
      'static',
      'v2',
      'models',
      'attention',
      'problems',
      'playground',
      'openapi.json',
      '..',
      '.',
      '%2e%2e',
      '%00',
      '%2f',
      '%5c',
      '*',
      ':code',
      '__proto__',
      '%',
      '%zz',
      '%f0%9f%98%80',
      '?a=%00',
      '#',
      ';',
      '//',
      'a'.repeat(200),
    ];
    const path = fc
      .array(fc.oneof(fc.constantFrom(...parts), fc.string({ maxLength: 8 })), { maxLength: 6 })
      .map((some) => `/${some.join('/')}`.replaceAll(/[^\x21-\x7e]/g, '~'));
    await fc.assert(
      fc.asyncProperty(path, fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'TRACE'), async (url, method) => {
        const [status] = statuses(await send(`${method} ${url} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`));
        expect(status).toBeGreaterThanOrEqual(200);
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 500 },
    );
  });
});

test('many headers are read to the last', async () => {
  const filler = Array.from({ length: 2500 }, () => 'a:\r\n').join('');
  expect(statuses(await send(`GET /livez HTTP/1.1\r\nhost: x\r\n${filler}host: y\r\n\r\n`))).toEqual([400]);
});
