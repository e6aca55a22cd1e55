import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { attentionService } from '../../src/http/plugin.ts';

/** An app of somebody else's, with its own parser, hooks, failures and routes, and the service at /ai. */
let host: FastifyInstance;
let url = '';

beforeAll(async () => {
  host = Fastify();
  host.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) => done(null, { text: body }));
  host.setErrorHandler((error, _request, reply) => reply.code(418).send({ host: (error as Error).message }));
  host.setNotFoundHandler((_request, reply) => reply.code(404).send({ host: 'nothing here' }));
  host.post('/echo', async (incoming) => ({ host: incoming.body }));
  host.post('/broken', async () => {
    throw new Error('of the host');
  });
  await host.register(attentionService, { prefix: '/ai', config: readConfig({ LOG_LEVEL: 'silent', THREADS: '1' }) });
  host.get('/after', async () => ({ host: 'registered later' }));
  await host.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(host.server.address() as AddressInfo).port}`;
});
afterAll(() => host.close());

async function ask(path: string, body?: string, type = 'application/json') {
  const reply = await request(`${url}${path}`, body === undefined ? {} : { method: 'POST', headers: { 'content-type': type }, body });
  const text = await reply.body.text();
  const { status, headers } = { status: reply.statusCode, headers: reply.headers };
  return { status, headers, text, json: () => JSON.parse(text) };
}

const LESSON = '{"tokens":[[0.2,0.1,0.5],[0.9,0.1,0.3],[0.4,0.8,0.2]],"query":2,"decimals":4}';

describe('beside another app’s routes, the service', () => {
  test('answers under its prefix, as JSON, words, pictures and lines', async () => {
    expect((await ask('/ai/attention', LESSON)).json().scores).toEqual([0.26, 0.5, 0.84]);
    expect((await ask('/ai/attention', `${LESSON}\n${LESSON}\n`, 'application/x-ndjson')).text.split('\n')).toHaveLength(3);
    expect((await ask('/ai/attention/merge', '{"parts":[{"context":[1],"lse":0}]}')).json()).toEqual({ context: [1], lse: 0 });
    for (const path of ['/ai/livez', '/ai/readyz', '/ai/info', '/ai/metrics', '/ai/v2', '/ai/v2/', '/ai/v2/models/attention'])
      expect((await ask(path)).status, path).toBe(200);
  });

  test('prints failures as problems, whose types are pages under the prefix', async () => {
    const refused = await ask('/ai/attention', '{"tokens":[]}');
    expect([refused.status, refused.json().type]).toEqual([422, '/ai/problems/invalid-request']);
    const { status, text } = await ask(refused.json().type);
    expect([status, text]).toEqual([200, expect.stringContaining('JSON pointer')]);
    const missing = await ask('/ai/nope');
    expect([missing.status, missing.json().type, missing.json().detail]).toEqual([
      404,
      '/ai/problems/not-found',
      expect.stringContaining('/ai/docs'),
    ]);
    expect((await ask('/ai/problems/not-found')).text).toContain('/ai/openapi.json');
    const line = await ask('/ai/attention', '{"tokens":[]}\n', 'application/x-ndjson');
    expect([line.status, line.json().type, line.json().line]).toEqual([200, '/ai/problems/invalid-request', 1]);
    const other = await ask('/ai/livez', '{}');
    expect([other.status, other.headers['allow'], other.json().type]).toEqual([405, 'GET, HEAD', '/ai/problems/method-not-allowed']);
  });

  test('prints failures of the inference protocol in its clients’ shape', async () => {
    for (const [path, body, status] of [
      ['/ai/v2/models/attention/infer', '{}', 400],
      ['/ai/v2/models/attention/infer', undefined, 405],
      ['/ai/v2/models/bert', undefined, 404],
    ] as const) {
      const refused = await ask(path, body);
      expect([refused.status, refused.headers['content-type'], refused.json()], path).toEqual([
        status,
        'application/json',
        { error: expect.any(String) },
      ]);
    }
  });

  test('has its documents and its page there', async () => {
    const { paths } = (await ask('/ai/openapi.json')).json();
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/ai/attention', '/ai/v2/models/attention/infer', '/ai/problems/{code}']));
    const { examples } = paths['/ai/attention'].post.responses[422].content['application/problem+json'];
    expect(examples['invalid-request'].value.type).toBe('/ai/problems/invalid-request');
    for (const path of ['/ai/docs', '/ai/docs/']) {
      const { text } = await ask(path);
      const [, sheet = ''] = /<link rel="stylesheet"[^>]*href="([^"]+)"/.exec(text) ?? [];
      expect((await ask(new URL(sheet, `${url}${path}`).pathname)).status, path).toBe(200);
    }
    expect((await ask('/ai')).headers['location']).toBe('/ai/');
    const [, script = ''] = /src="([^"]+)"/.exec((await ask('/ai/')).text) ?? [];
    expect((await ask(`/ai/${script}`)).headers['content-type']).toContain('javascript');
  });
});

describe('beside the service, the other app', () => {
  test('keeps its parsers', async () => {
    expect((await ask('/echo', 'plain', 'text/plain')).json()).toEqual({ host: { text: 'plain' } });
    expect((await ask('/echo', '{"a":1}')).json()).toEqual({ host: { a: 1 } });
  });

  test('keeps its failures, for routes that are missing too', async () => {
    const broken = await ask('/broken', '{}');
    expect([broken.status, broken.json()]).toEqual([418, { host: 'of the host' }]);
    for (const path of ['/nope', '/aix', '/problems/internal', '/docs', '/livez'])
      expect([(await ask(path)).status, (await ask(path)).json()], path).toEqual([404, { host: 'nothing here' }]);
    expect((await ask('/after', '{}')).json()).toEqual({ host: 'nothing here' });
  });

  test('gets no headers and no methods from it', async () => {
    const { headers, json } = await ask('/after');
    expect(json()).toEqual({ host: 'registered later' });
    expect(headers).not.toHaveProperty('content-security-policy');
    expect(headers).not.toHaveProperty('x-request-id');
  });
});
