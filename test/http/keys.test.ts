import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { requireKeys } from '../../src/http/keys.ts';
import { open, statuses } from './raw.ts';
import { useService } from './service.ts';
import { useSmall } from './small.ts';

const folder = mkdtempSync(join(tmpdir(), 'keys-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'keys');
writeFileSync(file, 'of-the-file\r\nnext~in.line+/=\n');

const service = useService({ API_KEY: 'first-key, second_key', API_KEY_FILE: file });
const unlocked = useService();
const QUESTION = { tokens: [[1]], include: ['lse'] };
const TENSORS = { inputs: ['Q', 'K', 'V'].map((name) => ({ name, shape: [1, 1, 1, 1], datatype: 'FP32', data: [1] })) };
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const DETAIL = 'this service wants a key: Authorization: Bearer, and one of its keys';

describe('with keys set', () => {
  test.each(['first-key', 'second_key', 'of-the-file', 'next~in.line+/='])('%s opens every POST route', async (key) => {
    const headers = bearer(key);
    expect((await service.ask(QUESTION, { headers })).text).toBe('{"lse":[1]}');
    expect((await service.ask({ parts: [{ context: [1], lse: 0 }] }, { path: '/attention/merge', headers })).status).toBe(200);
    expect((await service.ask(TENSORS, { path: '/v2/models/attention/infer', headers })).status).toBe(200);
    expect((await service.ask({}, { path: '/v2/repository/index', headers })).status).toBe(200);
  });

  test.each([
    ['none', {}],
    ['another key', bearer('third-key')],
    ['the beginning of a key', bearer('first-ke')],
    ['a key and more', bearer('first-keys')],
    ['all keys at once', bearer('first-key, second_key')],
    ['no key after the scheme', { authorization: 'Bearer ' }],
    ['a key without its scheme', { authorization: 'first-key' }],
    ['a key under another scheme', { authorization: 'Basic first-key' }],
    ['letters of another alphabet', bearer('ﬁrst-key')],
  ])('%s is a 401', async (_, headers) => {
    const encoded = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]));
    const { status, json, headers: got } = await service.ask(QUESTION, { headers: encoded });
    expect([status, got['www-authenticate'], got['content-type']]).toEqual([401, 'Bearer', 'application/problem+json; charset=utf-8']);
    expect(json).toEqual({ type: '/problems/unauthorized', title: 'A key is wanted', status: 401, detail: DETAIL });
  });

  test('the scheme is read in any case, as HTTP has it', async () => {
    expect((await service.ask(QUESTION, { headers: { authorization: 'bearer first-key' } })).status).toBe(200);
  });

  test.each(['/v2/models/attention/infer', '/v2/models/attention/versions/1/infer', '/v2/repository/index'])(
    '%s says it in the protocol’s shape',
    async (path) => {
      const { status, text, headers } = await service.ask(TENSORS, { path });
      expect([status, text]).toEqual([401, JSON.stringify({ error: `unauthorized: ${DETAIL}` })]);
      expect([headers['content-type'], headers['www-authenticate']]).toEqual(['application/json', 'Bearer']);
    },
  );

  test.each([
    ['a type that is not read', { 'content-type': 'text/csv' }],
    ['a type that is none', { 'content-type': '???' }],
    ['a representation that is not offered', { accept: 'text/csv' }],
    ['a packing that is not read', { 'content-encoding': 'lzma' }],
    ['a body that is no JSON', {}],
    ['a body that announces too much', { 'content-length': '9999999999' }],
  ])('it is said before %s', async (_, headers) => {
    const lines = Object.entries({ 'content-type': 'application/json', 'content-length': '1', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    const answered = open(service.port, `POST /attention HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${lines.join('')}\r\n{`);
    expect(await answered.until('"type"')).toMatch(/^HTTP\/1\.1 401 [\s\S]*www-authenticate: Bearer[\s\S]*\/problems\/unauthorized/i);
    answered.socket.destroy();
  });

  test('it is the only answer to a client that asks before it sends', async () => {
    const asked = 'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n';
    const answered = open(service.port, asked);
    expect(statuses(await answered.until('"detail"'))).toEqual([401]);
    answered.socket.destroy();
  });

  test.each(['/', '/docs', '/openapi.json', '/livez', '/readyz', '/info', '/problems/unauthorized', '/v2', '/v2/models/attention'])(
    'GET %s wants none',
    async (path) => {
      expect([200, 302]).toContain((await service.get(path)).status);
    },
  );

  test.each([
    ['/nope', 404],
    ['/v2/models/bert/infer', 404],
    ['/livez', 405],
    ['/v2/models', 405],
  ])('a POST to %s, where no route takes it, is a %i as ever', async (path, status) => {
    expect((await service.ask({}, { path })).status).toBe(status);
  });

  test('a stream of lines needs one too', async () => {
    const headers = { 'content-type': 'application/x-ndjson' };
    expect((await service.ask('{"tokens":[[1]]}\n', { headers })).status).toBe(401);
    const opened = await service.ask('{"tokens":[[1]],"include":["lse"]}\n', { headers: { ...headers, ...bearer('first-key') } });
    expect(opened.text).toBe('{"lse":[1]}\n');
  });
});

test('without keys the service is open, whatever a client sends', async () => {
  expect((await unlocked.ask(QUESTION, { headers: bearer('anything') })).status).toBe(200);
});

describe('a route’s own first hook', () => {
  const seen: string[] = [];
  const small = useSmall(async (app) => {
    await requireKeys(app, ['a-key']);
    const note = (name: string) => async () => void seen.push(name);
    app.post('/one', { onRequest: note('one') }, async () => 'one');
    app.post('/two', { onRequest: [note('first'), note('second')] }, async () => 'two');
    app.post('/none', async () => 'none');
    app.get('/one', async () => 'got');
  });
  const post = (path: string, headers: Record<string, string> = {}) => small.ask(path, { method: 'POST', headers });

  test('comes after the look at the key, and not at all without one', async () => {
    expect((await post('/one', bearer('a-key'))).text).toBe('one');
    expect((await post('/two', bearer('a-key'))).text).toBe('two');
    expect((await post('/none', bearer('a-key'))).text).toBe('none');
    expect(seen).toEqual(['one', 'first', 'second']);
    for (const path of ['/one', '/two', '/none']) expect((await post(path)).headers['www-authenticate']).toBe('Bearer');
    expect(seen).toHaveLength(3);
  });

  test('says nothing of keys where the key was right, or where none is asked for', async () => {
    expect((await post('/one', bearer('a-key'))).headers).not.toHaveProperty('www-authenticate');
    const { text, headers } = await small.ask('/one');
    expect([text, headers['www-authenticate']]).toEqual(['got', undefined]);
  });
});
