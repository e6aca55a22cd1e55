import { Readable } from 'node:stream';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { PROBLEMS } from '../../src/http/problems.ts';
import { raw } from './raw.ts';
import { useService } from './service.ts';

const service = useService({ MAX_BODY_BYTES: '2000', REQUEST_TIMEOUT_MS: '300', MAX_WORK: '1000', MAX_REPLY_NUMBERS: '50' });
const TOKENS = [
  [1, 2],
  [3, 4],
];

/** Each refusal: the body, and the pointers with words that its errors must hold. */
const INVALID: readonly [name: string, body: unknown, faults: readonly [pointer: string, words: string][]][] = [
  ['a body that is no object', [], [['', 'must be a JSON object, got an empty array']]],
  ['null', null, [['', 'got null']]],
  ['no tokens', {}, [['/tokens', 'is required']]],
  ['an unknown field', { tokens: TOKENS, tolkens: 1 }, [['/tolkens', 'is not a field']]],
  ['__proto__', '{"tokens":[[1]],"__proto__":{"query":0}}', [['/__proto__', 'is not a field']]],
  ['constructor', '{"tokens":[[1]],"constructor":{"prototype":{}}}', [['/constructor', 'is not a field']]],
  ['a field whose name needs escapes', { tokens: TOKENS, 'a/b~c': 1 }, [['/a~1b~0c', 'is not a field']]],
  ['a field that the contract does not have', { tokens: TOKENS, dropout: 2 }, [['/dropout', 'is not a field']]],
  ['a string for a number', { tokens: [[1, '2']] }, [['/tokens/0/1', 'must be a number, got the string "2"']]],
  ['null for a number', { tokens: [[1, null]] }, [['/tokens/0/1', 'got null']]],
  ['a boolean for a number', { tokens: [[true]] }, [['/tokens/0/0', 'got the boolean true']]],
  ['an object for a number', { tokens: [[{}]] }, [['/tokens/0/0', 'got an object']]],
  ['ragged rows', { tokens: [[1, 2], [3]] }, [['/tokens/1', 'has 1 number, but row 0 has 2']]],
  [
    'faults inside ragged rows',
    { tokens: [[1, '2'], [3]] },
    [
      ['/tokens/1', 'has 1 number'],
      ['/tokens/0/1', 'the string "2"'],
    ],
  ],
  ['an empty row', { tokens: [[]] }, [['/tokens/0', 'is empty']]],
  ['no rows', { tokens: [] }, [['/tokens', 'is empty']]],
  ['a row that is no array', { tokens: [[1], 2] }, [['/tokens/1', 'must be a row']]],
  ['tokens that are no matrix', { tokens: 'x' }, [['/tokens', 'must be an array']]],
  ['a number outside float32', { tokens: [[1e39]] }, [['/tokens/0/0', 'outside the range of float32']]],
  ['a literal outside double precision', '{"tokens":[[1e999]],"dtype":"float64"}', [['/tokens/0/0', 'outside the range of float64']]],
  ['a query past the last token', { tokens: TOKENS, query: 2 }, [['/query', 'from 0 to 1 for 2 tokens, got 2']]],
  ['a query in a list past the last token', { tokens: TOKENS, query: [0, 5] }, [['/query/1', 'got 5']]],
  ['a negative query', { tokens: TOKENS, query: -1 }, [['/query', 'got -1']]],
  ['a fractional query', { tokens: TOKENS, query: 0.5 }, [['/query', 'must be an integer']]],
  ['an empty query', { tokens: TOKENS, query: [] }, [['/query', 'is empty']]],
  ['query and queries', { tokens: TOKENS, query: 0, queries: [1, 2] }, [['/queries', 'together with `query`']]],
  ['queries of another width', { tokens: TOKENS, queries: [[1, 2, 3]] }, [['/queries', 'gives queries 3 wide and keys 2 wide']]],
  ['causal with queries', { tokens: TOKENS, queries: [1, 2], causal: true }, [['/causal', 'needs `queries_start`']]],
  ['values of another length', { tokens: TOKENS, values: [[1]] }, [['/values', 'has 1 row, but there are 2 tokens']]],
  ['labels of another length', { tokens: TOKENS, labels: ['a'] }, [['/labels', 'has 1 label, but there are 2 tokens']]],
  ['a label that is no string', { tokens: TOKENS, labels: ['a', 1] }, [['/labels/1', 'must be a string']]],
  ['an unknown similarity', { tokens: TOKENS, similarity: 'Dot' }, [['/similarity', '"dot", "cosine", got the string "Dot"']]],
  ['an unknown scale', { tokens: TOKENS, scale: '1/sqrt(d)' }, [['/scale', '1/sqrt(d_k)']]],
  ['causal as a number', { tokens: TOKENS, causal: 1 }, [['/causal', 'must be true or false, got 1']]],
  [
    'a mask of numbers',
    { tokens: TOKENS, mask: [1, 0] },
    [
      ['/mask/0', 'must be true'],
      ['/mask/1', 'got 0'],
    ],
  ],
  ['a mask of too many keys', { tokens: TOKENS, mask: [true, true, true] }, [['/mask', 'covers 3 keys, but there are 2 tokens']]],
  [
    'a mask of too many rows',
    {
      tokens: TOKENS,
      query: 0,
      mask: [
        [true, true],
        [true, true],
      ],
    },
    [['/mask', 'has 2 rows, but there is 1 asking row']],
  ],
  ['a mask of rank 3 without heads', { tokens: [[1]], mask: [[[true]]] }, [['/mask', 'needs `heads`']]],
  [
    'a mask for other heads',
    {
      tokens: TOKENS,
      heads: 2,
      mask: [
        [
          [true, true],
          [true, true],
        ],
      ],
    },
    [['/mask', 'is for 1 head, but `heads` is 2']],
  ],
  ['a mask whose heads differ', { tokens: [[1, 2]], heads: 2, mask: [[[true]], [[true], [true]]] }, [['/mask/1', 'is 2 × 1, but /mask/0 is 1 × 1']]],
  ['a ragged bias', { tokens: TOKENS, bias: [[0, 0], [0]] }, [['/bias/1', 'has 1 number, but row 0 has 2']]],
  ['a bias of booleans', { tokens: TOKENS, bias: [true, 0] }, [['/bias/0', 'must be a number, got the boolean true']]],
  ['a bias of too few rows', { tokens: TOKENS, bias: [[0, 0]] }, [['/bias', 'has 1 row, but there are 2 asking rows']]],
  ['heads that do not divide the width', { tokens: TOKENS, heads: 3 }, [['/heads', 'makes queries, keys, values 2 wide, which 3 heads']]],
  ['no heads', { tokens: TOKENS, heads: 0 }, [['/heads', 'must be an integer of at least 1, got 0']]],
  ['kv_heads without heads', { tokens: TOKENS, kv_heads: 1 }, [['/kv_heads', 'needs `heads`']]],
  ['kv_heads that do not divide the heads', { tokens: [[1, 2, 3]], heads: 3, kv_heads: 2 }, [['/kv_heads', 'is 2, which does not divide 3 heads']]],
  [
    'kv_heads with widths that do not fit',
    { tokens: [[1, 2, 3, 4]], heads: 2, kv_heads: 1 },
    [['/kv_heads', 'gives queries 2 wide (4 in 2 heads) and keys 4 wide']],
  ],
  ['w_query of other rows', { tokens: TOKENS, w_query: [[1, 2]] }, [['/w_query', 'has 1 row, but tokens are 2 wide']]],
  ['w_key that makes keys of another width', { tokens: TOKENS, w_key: [[1], [2]] }, [['/w_key', 'gives queries 2 wide and keys 1 wide']]],
  ['w_value of other rows', { tokens: TOKENS, values: [[1], [2]], w_value: [[1], [2]] }, [['/w_value', 'has 2 rows, but values are 1 wide']]],
  ['w_value that heads can’t split', { tokens: TOKENS, heads: 2, w_value: [[1], [2]] }, [['/w_value', 'makes values 1 wide, which 2 heads']]],
  ['w_output of other rows', { tokens: TOKENS, w_output: [[1]] }, [['/w_output', 'has 1 row, but the context, heads side by side, is 2 wide']]],
  ['b_query of another length', { tokens: TOKENS, b_query: [1] }, [['/b_query', 'has 1 number, but is added to rows that are 2 wide']]],
  [
    'b_output of another length',
    { tokens: TOKENS, w_output: [[1], [2]], b_output: [1, 2] },
    [['/b_output', 'has 2 numbers, but is added to rows that are 1 wide']],
  ],
  ['an empty window', { tokens: TOKENS, window: {} }, [['/window', 'needs `left` or `right`']]],
  ['a negative window', { tokens: TOKENS, window: { left: -1 } }, [['/window/left', 'at least 0, got -1']]],
  ['an unknown side', { tokens: TOKENS, window: { up: 1, left: 0 } }, [['/window/up', 'is not a field']]],
  ['a softcap of 0', { tokens: TOKENS, softcap: 0 }, [['/softcap', 'must be greater than 0, got 0']]],
  ['a softcap that float32 can’t hold', { tokens: TOKENS, softcap: 1e-60 }, [['/softcap', 'greater than 0 as a float32']]],
  ['sinks for other heads', { tokens: TOKENS, heads: 2, sink: [1] }, [['/sink', 'has 1 number, but there are 2 heads']]],
  ['a sink as text', { tokens: TOKENS, sink: '0' }, [['/sink', 'must be a number']]],
  ['an unknown position', { tokens: TOKENS, position: { type: 'learned' } }, [['/position/type', '"rope", "alibi", "sinusoidal"']]],
  ['a position without a type', { tokens: TOKENS, position: {} }, [['/position/type', 'got nothing']]],
  ['a member of another position', { tokens: TOKENS, position: { type: 'alibi', base: 2 } }, [['/position/base', 'is not a field']]],
  ['rope over an odd width', { tokens: [[1, 2, 3]], position: { type: 'rope' } }, [['/position', 'd_k must be even']]],
  ['a rope base of 0', { tokens: TOKENS, position: { type: 'rope', base: 0 } }, [['/position/base', 'greater than 0']]],
  [
    'alibi slopes for other heads',
    { tokens: TOKENS, heads: 2, position: { type: 'alibi', slopes: [1] } },
    [['/position/slopes', 'has 1 number, but there are 2 heads']],
  ],
  ['queries_start without queries', { tokens: TOKENS, queries_start: 1 }, [['/queries_start', 'there are none']]],
  ['a fractional queries_start', { tokens: TOKENS, queries: [1, 2], queries_start: 0.5 }, [['/queries_start', 'must be an integer']]],
  [
    'window and position of queries that stand nowhere',
    { tokens: TOKENS, queries: [1, 2], window: { left: 1 }, position: { type: 'alibi' } },
    [
      ['/window', 'needs `queries_start`'],
      ['/position', 'needs `queries_start`'],
    ],
  ],
  [
    'cosine of a vector that a projection makes zero',
    {
      tokens: TOKENS,
      similarity: 'cosine',
      w_key: [
        [0, 0],
        [0, 0],
      ],
    },
    [
      ['/tokens/0', 'length 0'],
      ['/tokens/1', 'length 0'],
    ],
  ],
  ['an unknown dtype', { tokens: TOKENS, dtype: 'float16' }, [['/dtype', '"float32", "float64"']]],
  ['an empty include', { tokens: TOKENS, include: [] }, [['/include', 'is empty']]],
  ['an include twice', { tokens: TOKENS, include: ['lse', 'lse'] }, [['/include/1', 'names "lse" again']]],
  ['too many decimals', { tokens: TOKENS, decimals: 16 }, [['/decimals', 'from 0 to 15']]],
  ['cosine of a zero vector among the tokens', { tokens: [[1], [0]], query: 0, similarity: 'cosine' }, [['/tokens/1', 'length 0']]],
  ['cosine of a zero vector among the queries', { tokens: [[1]], queries: [[1], [0]], similarity: 'cosine' }, [['/queries/1', 'length 0']]],
];

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
    ['a control character', '{"tok\nens":1}', 1, 2],
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
    const reply = await raw(
      service.port,
      'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"tokens"',
    );
    expect(reply).toMatch(/^HTTP\/1\.1 408 /);
    expect(reply).toContain('"type":"/problems/timeout"');
    expect(reply).toContain('9 bytes are here');
  });

  test('headers that do not arrive are a 408', async () => {
    expect(await raw(service.port, 'POST /attention HTTP/1.1\r\nhost: x\r\n')).toMatch(/^HTTP\/1\.1 408 [\s\S]*"type":"\/problems\/timeout"/);
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
