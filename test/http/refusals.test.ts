import { Readable } from 'node:stream';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { PROBLEMS } from '../../src/http/problems.ts';
import { INVALID, TOKENS } from './invalid-requests.ts';
import { open, raw } from './raw.ts';
import { useService } from './service.ts';

const service = useService({ MAX_BODY_BYTES: '2000', MAX_WORK: '1000', MAX_REPLY_NUMBERS: '50' });
const hurried = useService({ REQUEST_TIMEOUT_MS: '300' });

describe('invalid-request', () => {
  test.each(INVALID)('%s', async (_name, body, faults) => {
    const { status, headers, json } = await service.ask(typeof body === 'string' ? body : JSON.stringify(body));
    expect(status).toBe(422);
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(json).toMatchObject({ type: '/problems/invalid-request', status: 422, title: PROBLEMS['invalid-request'].title });
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(faults.map(([pointer]) => pointer));
    faults.forEach(([, words], i) => {
      expect(json.errors[i].detail).toContain(words);
    });
  });

  test('all faults at once, and at most 20', async () => {
    const { json } = await service.ask({ tokens: TOKENS, query: 9, scale: 'x', causal: 2, decimals: -1 });
    expect(json.errors).toHaveLength(4);
    const many = await service.ask({ tokens: Array.from({ length: 100 }, () => [null]) });
    expect(many.json.errors).toHaveLength(20);
  });

  test('of a member given twice the last counts', async () => {
    expect((await service.ask('{"tokens":[["x"]],"tokens":[[1]],"include":["lse"]}')).text).toBe('{"lse":[1]}');
  });
});

describe('malformed-json', () => {
  test.each([
    ['a comma too many', '{"tokens": [[1,2],}', 1, 19],
    ['a body cut short', '{"tokens":\n  [[1, 2', 2, 9],
    ['an empty body', '', 1, 1],
    ['a bare word', '{"tokens":\n\n[[NaN]]}', 3, 3],
    ['a control character', '{"tok\nens":1}', 1, 6],
    ['something after the end', '{"tokens":[[1]]} x', 1, 18],
    ['a comment', '{"tokens":[[1]]} // x', 1, 18],
    ['single quotes', "{'tokens':[[1]]}", 1, 2],
    ['a leading zero', '{"tokens":[[01]]}', 1, 14],
    ['nesting without an end', '['.repeat(1900), 1, 65],
  ])('%s gets its line and column', async (_name, body, line, column) => {
    const { status, json } = await service.ask(body);
    expect(status).toBe(400);
    expect(json).toMatchObject({ type: '/problems/malformed-json', status: 400 });
    expect(json.detail).toContain(`line ${line}, column ${column}:`);
  });

  test('bytes that are not UTF-8 are said where they stand', async () => {
    const { status, json } = await service.ask(Buffer.concat([Buffer.from('{"tokens":[[1]],\n"é":"'), Buffer.from([0xff]), Buffer.from('"}')]));
    expect(status).toBe(400);
    expect(json.detail).toContain('line 2, column 6: a byte that is not UTF-8');
  });

  test('a byte order mark is left out', async () => {
    expect((await service.ask('\ufeff{"tokens":[[1]],"include":["lse"]}')).text).toBe('{"lse":[1]}');
  });
});

describe('types and addresses', () => {
  test.each([
    ['no Content-Type', undefined, {}],
    ['a form', 'application/x-www-form-urlencoded', {}],
    ['another charset', 'application/json; charset=latin1', {}],
    ['what is no media type', 'json', {}],
    ['a Content-Encoding', 'application/json', { 'content-encoding': 'compress' }],
    ['two Content-Encodings', 'application/json', { 'content-encoding': 'gzip, br' }],
    ['text', 'text/plain', {}],
  ])('%s is a 415', async (_name, type, headers) => {
    const { statusCode, body } = await request(`${service.url}/attention`, {
      method: 'POST',
      body: Buffer.from('{"tokens":[[1]]}'),
      headers: { ...(type && { 'content-type': type }), ...headers },
    });
    expect(statusCode).toBe(415);
    expect(await body.json()).toMatchObject({ type: '/problems/unsupported-media-type' });
  });

  test('a representation that is not offered is a 406 that lists what is', async () => {
    const { status, json } = await service.ask({ tokens: TOKENS }, { headers: { accept: 'image/png' } });
    expect([status, json.type]).toEqual([406, '/problems/not-acceptable']);
    expect(json.detail).toContain('application/json');
  });

  test.each([
    ['text/markdown; charset=utf-8', 'text/markdown; charset=utf-8'],
    ['image/svg+xml;version="1.1";q=0.9, application/json;q=0.1', 'image/svg+xml; charset=utf-8'],
    ['text/markdown;q=0.2, application/json;charset=utf-8;q=0.9', 'application/json; charset=utf-8'],
  ])('of Accept: %s only the types and their q count', async (accept, type) => {
    const { status, headers } = await service.ask({ tokens: [[1]] }, { headers: { accept } });
    expect([status, headers['content-type']]).toEqual([200, type]);
  });

  test.each(['*/*', 'application/json', 'text/html, application/*;q=0.5', 'application/json;q=0.1'])('Accept: %s gets JSON', async (accept) => {
    expect((await service.ask({ tokens: TOKENS }, { headers: { accept } })).status).toBe(200);
  });

  test('no route is a 404, whatever the body is', async () => {
    for (const path of ['/nope', '/attention/', '/%zz', '/problems/nope']) {
      const { status, json, headers } = await service.get(path);
      expect([status, json.type]).toEqual([404, '/problems/not-found']);
      expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
    }
    expect((await service.ask('{', { path: '/nope', headers: { 'content-type': 'nonsense' } })).status).toBe(404);
  });

  test('another method is a 405 with Allow', async () => {
    for (const [path, method, allow] of [
      ['/attention', 'GET', 'POST'],
      ['/attention', 'DELETE', 'POST'],
      ['/livez', 'POST', 'GET, HEAD'],
      ['/docs', 'PUT', 'GET, HEAD'],
    ] as const) {
      const { status, json, headers } = await service.get(path, method);
      expect([status, json.type]).toEqual([405, '/problems/method-not-allowed']);
      expect(headers['allow']).toBe(allow);
    }
  });
});

describe('limits', () => {
  test('a body over MAX_BODY_BYTES is a 413, announced or not', async () => {
    const announced = await service.ask(' '.repeat(2001));
    expect([announced.status, announced.json.type]).toEqual([413, '/problems/body-too-large']);
    expect(announced.json.detail).toBe('the body has 2001 bytes; MAX_BODY_BYTES is 2000');
    async function* chunks() {
      for (let i = 0; i < 30; i++) yield Buffer.alloc(100, ' ');
    }
    const { statusCode, body } = await request(`${service.url}/attention`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Readable.from(chunks()),
    });
    expect(statusCode).toBe(413);
    expect(await body.json()).toMatchObject({ detail: expect.stringContaining('MAX_BODY_BYTES is 2000') });
  });

  test('work over MAX_WORK is a 413 with the limit and the figure', async () => {
    const { status, json } = await service.ask({ tokens: Array.from({ length: 16 }, () => [1, 2]), include: ['lse'] });
    expect([status, json.type]).toEqual([413, '/problems/work-too-large']);
    expect(json.detail).toContain('1024 multiply-adds');
    expect(json.detail).toContain('MAX_WORK is 1000');
  });

  test('a reply over MAX_REPLY_NUMBERS is a 413 with the limit and the figure', async () => {
    const { status, json } = await service.ask({ tokens: Array.from({ length: 8 }, () => [1]), include: ['weights'] });
    expect([status, json.type]).toEqual([413, '/problems/work-too-large']);
    expect(json.detail).toContain('64 numbers; MAX_REPLY_NUMBERS is 50');
  });

  test('projections count as work, what enters the dot product as numbers of the reply, and a merge as both', async () => {
    const wide = Array.from({ length: 8 }, () => Array(60).fill(0));
    expect((await service.ask({ tokens: [Array(8).fill(1), Array(8).fill(2)], w_value: wide, include: ['lse'] })).json.detail).toContain(
      'MAX_WORK is 1000',
    );
    expect((await service.ask({ tokens: Array(30).fill([1, 2]), query: 0, include: ['keys'] })).json.detail).toContain(
      '60 numbers; MAX_REPLY_NUMBERS is 50',
    );
    // The context is as wide as w_output makes it, in attention and in a merge.
    const widened = { tokens: [[1], [2], [3]], include: ['context'] };
    expect((await service.ask({ ...widened, w_output: [Array(20).fill(1)] })).json.detail).toContain('60 numbers; MAX_REPLY_NUMBERS is 50');
    expect((await service.ask({ ...widened, w_output: [Array(16).fill(1)] })).status).toBe(200);
    const thin = { parts: [{ context: [[1], [2], [3]], lse: [0, 0, 0] }], w_output: [Array(16).fill(1)] };
    expect((await service.ask(thin, { path: '/attention/merge' })).json.detail).toContain('51 numbers; MAX_REPLY_NUMBERS is 50');
    const part = { context: Array(60).fill([1]), lse: Array(60).fill(0) };
    expect((await service.ask({ parts: [part] }, { path: '/attention/merge' })).json.detail).toContain('120 numbers; MAX_REPLY_NUMBERS is 50');
    const projected = { parts: [{ context: Array(10).fill(Array(6).fill(1)), lse: Array(10).fill(0) }], w_output: Array(6).fill(Array(20).fill(1)) };
    expect((await service.ask(projected, { path: '/attention/merge' })).json.detail).toContain('1260 multiply-adds');
  });

  test('vectors that are held whole are bounded, whatever is included', async () => {
    const { status, json } = await service.ask({ tokens: [[1, 2]], query: Array(150).fill(0), include: ['lse'], w_value: [[1], [1]], heads: 1 });
    expect([status, json.type]).toEqual([413, '/problems/work-too-large']);
  });

  test('a body that does not arrive is a 408', async () => {
    const connection = open(
      hurried.port,
      'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"tokens"',
    );
    const reply = await connection.until('"detail"');
    connection.socket.destroy();
    expect(reply).toMatch(/^HTTP\/1\.1 408 /);
    expect(reply).toContain('"type":"/problems/timeout"');
    expect(reply).toContain('9 bytes are here');
  });

  test('headers that do not arrive are a 408', async () => {
    expect(await raw(hurried.port, 'POST /attention HTTP/1.1\r\nhost: x\r\n')).toMatch(/^HTTP\/1\.1 408 [\s\S]*"type":"\/problems\/timeout"/);
  });

  test('what is not HTTP is a 400', async () => {
    expect(await raw(service.port, 'this is not HTTP\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"status":400/);
  });
});

test('finite inputs that overflow on the way are an arithmetic-overflow that says which output', async () => {
  const overflow = await service.ask({ tokens: [[1], [1e30]] });
  expect([overflow.status, overflow.json.type]).toEqual([422, '/problems/arithmetic-overflow']);
  expect(overflow.json.detail).toContain('scores of query row 1');
  expect((await service.ask({ tokens: [[1], [1e30]], dtype: 'float64', include: ['lse'] })).json.lse).toEqual([1e30, 1e30 * 1e30]);
});

test('an overflow says the output, the row and the head', async () => {
  const logits = await service.ask({
    tokens: [
      [3e19, 0],
      [0, 1],
    ],
    heads: 2,
    query: [1, 0],
    bias: [3e38, 3e38],
  });
  expect([logits.status, logits.json.detail]).toEqual([422, 'scores of query row 1 in head 0 is not finite, though all inputs are']);
  const biased = await service.ask({ tokens: [[1.5e19]], bias: [3e38], include: ['context'] });
  expect([biased.status, biased.json.detail]).toEqual([422, 'logits of query row 0 is not finite, though all inputs are']);
});

test.each(Object.entries(PROBLEMS))('/problems/%s explains itself', async (code, { title, help }) => {
  const { status, headers, text } = await service.get(`/problems/${code}`);
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(text).toContain(`<h1>${title}</h1>`);
  expect(text).toContain(help.slice(0, 40));
});
