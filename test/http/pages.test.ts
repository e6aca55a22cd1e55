import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { leaveBodiesToRoutes } from '../../src/http/body.ts';
import { answerFailures } from '../../src/http/failures.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { asProblems } from '../../src/http/printing.ts';
import { playgroundRoutes } from '../../src/http/routes/playground.ts';
import { problemRoutes } from '../../src/http/routes/problems.ts';
import { useSmall } from './small.ts';

const plain = useSmall(async (app) => {
  answerFailures(app, asProblems('/ai'), new Metrics());
  app.setSerializerCompiler(() => JSON.stringify);
  leaveBodiesToRoutes(app);
  await app.register(playgroundRoutes);
  await app.register(problemRoutes, { base: '/ai' });
});
const framed = useSmall((app) => app.register(playgroundRoutes, { framers: ['https://school.example', 'http://127.0.0.1:3000'] }));
const prefixed = useSmall((app) => app.register(playgroundRoutes, { prefix: '/ai' }));

describe('the playground’s files', () => {
  const file = (name: string) => readFileSync(new URL(`../../src/playground/${name}`, import.meta.url));
  const FILES: [string, string, string][] = [
    ['/', 'index.html', 'text/html; charset=utf-8'],
    ['/playground/playground.js', 'built/playground.js', 'text/javascript; charset=utf-8'],
    ['/playground/playground.css', 'built/playground.css', 'text/css; charset=utf-8'],
    ['/playground/icon.svg', 'icon.svg', 'image/svg+xml'],
  ];
  const get = async (path: string, headers: Record<string, string> = {}, { port } = plain) => {
    const reply = await request(`http://127.0.0.1:${port}${path}`, { headers });
    return { status: reply.statusCode, headers: reply.headers, bytes: Buffer.from(await reply.body.arrayBuffer()) };
  };

  test.each(FILES)('%s is %s, as %s', async (path, name, type) => {
    const { status, headers, bytes } = await get(path);
    expect(status).toBe(200);
    expect(bytes.equals(file(name))).toBe(true);
    expect(headers).toMatchObject({ 'content-type': type, 'cache-control': 'no-cache', vary: 'accept-encoding' });
    expect(headers['etag']).toMatch(/^"[\w-]{22}"$/);
    expect(headers['content-encoding']).toBeUndefined();
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/);
  });

  test('may be framed by the origins that are listed, and by nobody where none is', async () => {
    const { headers } = await get('/', {}, framed);
    expect(headers['content-security-policy']).toMatch(/; frame-ancestors https:\/\/school\.example http:\/\/127\.0\.0\.1:3000$/);
  });

  test.each(FILES)('%s may come packed, as another version of the same', async (path, name) => {
    const { headers, bytes } = await get(path, { 'accept-encoding': 'br;q=0.4, GZIP;q=0.5' });
    expect(headers['content-encoding']).toBe('gzip');
    expect(headers['etag']).toMatch(/^"[\w-]{22}-gzip"$/);
    expect(gunzipSync(bytes).equals(file(name))).toBe(true);
  });

  test.each([
    ['gzip', true],
    ['gzip;q=0.001', true],
    ['gzip; q=0.0, deflate', false],
    ['gzip;q=0', false],
    ['gzip ; q=0.000 , deflate', false],
    ['deflate', false],
    ['xgzipx', false],
    ['', false],
  ])('Accept-Encoding %j: packed %s', async (encoding, packed) => {
    expect((await get('/', { 'accept-encoding': encoding })).headers['content-encoding']).toBe(packed ? 'gzip' : undefined);
  });

  test('are not sent again to whoever has them, packed or not', async () => {
    const etag = String((await get('/')).headers['etag']);
    for (const known of [etag, `W/${etag}, "other"`, `${etag.slice(0, -1)}-gzip"`, '*', ' * ']) {
      const { status, bytes, headers } = await get('/', { 'if-none-match': known });
      expect([known, status, bytes.length]).toEqual([known, 304, 0]);
      expect(headers['etag']).toBe(etag);
    }
    for (const other of ['"other"', etag.slice(1, -1), '"*"']) expect((await get('/', { 'if-none-match': other })).status).toBe(200);
  });

  test('are below the prefix, whose own address leads there', async () => {
    const { status, headers } = await get('/ai', {}, prefixed);
    expect([status, headers['location']]).toEqual([308, '/ai/']);
    expect((await get('/ai/', {}, prefixed)).bytes.equals(file('index.html'))).toBe(true);
    expect((await get('/ai/playground/icon.svg', {}, prefixed)).headers['content-type']).toBe('image/svg+xml');
    expect((await get('/', {}, prefixed)).status).toBe(404);
  });
});

describe('the page of a problem', () => {
  test('says its title, its code, its status and what to do, and brings its own style alone', async () => {
    const { status, headers, text } = await plain.ask('/problems/not-found');
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const style = /<style>(.*)<\/style>/.exec(text)?.[1] ?? '';
    expect(style).toMatch(/^body\{.+\}$/);
    expect(headers['content-security-policy']).toBe(
      `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(text.replace(style, '')).toBe(
      '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>There is nothing at this address</title><style></style><h1>There is nothing at this address</h1><p><code>not-found</code>, status 404</p><p>No route has this path. The routes are listed at /ai/docs and in /ai/openapi.json.</p></html>\n',
    );
  });

  test.each(['nope', 'toString', '__proto__'])('of no such name (%s) is not there', async (name) => {
    const { status, text } = await plain.ask(`/problems/${name}`);
    expect(status).toBe(404);
    expect(JSON.parse(text).detail).toMatch(/^there is no problem of this name; they are malformed-json, malformed-http, .*, deadline-exceeded/);
  });
});
