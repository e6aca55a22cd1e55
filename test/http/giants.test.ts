import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endWhatWasStarted, start } from '../started.ts';

/*
 * Small requests that name large numbers, asked of the real process: each gets an answer, and the process lives.
 */

endWhatWasStarted(afterAll);
let url = '';

beforeAll(async () => {
  ({ url } = await start({ THREADS: '1' }).listening);
});

/** Generous for a busy machine, and far below what a loop over 2³¹ takes. */
const PATIENCE_MS = 30_000;

async function ask(path: string, body: Buffer | string, headers: Record<string, string> = {}) {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const reply = await request(`${url}${path}`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers }, signal });
  return { status: reply.statusCode, text: await reply.body.text() };
}

const infer = (body: object) => ask('/v2/models/attention/infer', JSON.stringify(body));
const empty = (name: string, shape: readonly number[], datatype = 'FP32') => ({ name, shape, datatype, data: [] });

describe('empty tensors with a giant axis are a 413', () => {
  const same = (shape: readonly number[]) => ({ inputs: ['Q', 'K', 'V'].map((name) => empty(name, shape)) });
  test.each<[string, object]>([
    ['heads', same([1, 9e15, 0, 1])],
    ['batch', same([9e15, 1, 0, 1])],
    ['batch within 2³¹', same([5e8, 1, 0, 1])],
    ['heads of rank 3', { ...same([1, 0, 2e9]), parameters: { q_num_heads: 2e9, kv_num_heads: 2e9 } }],
    ['width', same([1, 1, 0, 2 ** 31])],
    ['past', { inputs: [...same([1, 1, 0, 1]).inputs, empty('past_key', [1, 1, 9e15, 0]), empty('past_value', [1, 1, 9e15, 0])] }],
    ['queries over no key', { inputs: [empty('Q', [1, 1, 0, 1]), empty('K', [1, 1, 9e15, 1]), empty('V', [1, 1, 9e15, 1])] }],
    ['a mask', { inputs: [...same([1, 1, 0, 1]).inputs, empty('attn_mask', [9e15, 0])] }],
    [
      'Y’s width',
      { inputs: [empty('Q', [1, 0, 1e6]), empty('K', [1, 0, 1]), empty('V', [1, 0, 2e9])], parameters: { q_num_heads: 1e6, kv_num_heads: 1 } },
    ],
    ['two to the 53', same([2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1, 0])],
  ])('%s', async (_name, body) => {
    const { status, text } = await infer(body);
    expect(status, text).toBe(413);
  });

  test('those within the limits are answered', async () => {
    const { status, text } = await infer({ ...same([1000, 1000, 0, 1]), outputs: [{ name: 'Y' }, { name: 'lse' }, { name: 'present_key' }] });
    expect([status, JSON.parse(text).outputs[0]]).toEqual([200, { name: 'Y', datatype: 'FP32', shape: [1000, 1000, 0, 1], data: [] }]);
  });
});

test('random shapes with zeros and giants get an answer, and never a 5xx', async () => {
  const size = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(0, 1, 1, 2, 3) },
    { weight: 1, arbitrary: fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, 5e8, 2 ** 24, 1e6, 70_000) },
  );
  const shape = fc.array(size, { minLength: 1, maxLength: 4 });
  const heads = fc.option(
    size.filter((count) => count > 0),
    { nil: undefined },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        Q: fc.array(size, { minLength: 3, maxLength: 4 }),
        K: fc.option(shape, { nil: undefined }),
        V: fc.option(shape, { nil: undefined }),
        attn_mask: fc.option(shape, { nil: undefined }),
        past: fc.option(shape, { nil: undefined }),
        nonpad_kv_seqlen: fc.option(shape, { nil: undefined }),
        q: heads,
        kv: heads,
        outputs: fc.subarray(['Y', 'present_key', 'present_value', 'qk_matmul_output', 'lse']),
        datatype: fc.constantFrom('FP32', 'FP16', 'BF16', 'FP64'),
      }),
      async ({ Q, K = Q, V = K, attn_mask, past, nonpad_kv_seqlen, q, kv = q, outputs, datatype }) => {
        const tensor = (name: string, of: readonly number[] | undefined, type: string = datatype) => {
          if (!of) return [];
          const count = of.reduce((product, axis) => product * axis, 1);
          return [{ name, shape: of, datatype: type, data: Array(count <= 64 ? count : 0).fill(1) }];
        };
        const { status, text } = await infer({
          inputs: [
            ...tensor('Q', Q),
            ...tensor('K', K),
            ...tensor('V', V),
            ...tensor('attn_mask', attn_mask),
            ...tensor('past_key', past),
            ...tensor('past_value', past),
            ...tensor('nonpad_kv_seqlen', nonpad_kv_seqlen, 'INT64'),
          ],
          parameters: { ...(q !== undefined && { q_num_heads: q }), ...(kv !== undefined && { kv_num_heads: kv }) },
          outputs: outputs.map((name) => ({ name })),
        });
        expect([200, 400, 413], text).toContain(status);
      },
    ),
    { numRuns: 400 },
  );
});

describe('a lesson', () => {
  test.each<[string, object, number]>([
    ['with 9e15 heads', { tokens: [[1]], heads: 9e15, sink: 1 }, 422],
    ['with 9e15 key heads', { tokens: [[1]], heads: 1, kv_heads: 9e15 }, 422],
    ['with a window of 9e15', { tokens: [[1]], window: { left: 9e15, right: 9e15 } }, 200],
    ['with a query at 9e15', { tokens: [[1]], query: 9e15 }, 422],
    ['with queries that start at 2³⁰', { tokens: [[1]], queries: [[1]], queries_start: 2 ** 30, causal: true, position: { type: 'alibi' } }, 200],
    ['with 1e308 decimals', { tokens: [[1]], decimals: 1e308 }, 422],
  ])('%s is answered at once', async (_name, body, wanted) => {
    const { status, text } = await ask('/attention', JSON.stringify(body));
    expect(status, text).toBe(wanted);
  });
});

describe('deep nesting, packed', () => {
  const deep = gzipSync('['.repeat(30_000_000));
  test.each([
    ['/attention', 'application/json'],
    ['/attention/merge', 'application/json'],
    ['/v2/models/attention/infer', 'application/json'],
    ['/attention', 'application/x-ndjson'],
  ])('of 30 million brackets is refused before it is parsed: %s as %s', async (path, type) => {
    const { status, text } = await ask(path, deep, { 'content-encoding': 'gzip', 'content-type': type });
    expect(status).toBe(type === 'application/json' ? 400 : 200);
    expect(text).toContain('line 1, column 65: nested deeper than 64 levels');
  });

  test('of objects too, and the process lives', async () => {
    const { status } = await ask('/attention', gzipSync('{"a":'.repeat(6_000_000)), { 'content-encoding': 'gzip' });
    expect(status).toBe(400);
    expect((await ask('/attention', '{"tokens":[[1]],"include":["lse"]}')).text).toBe('{"lse":[1]}');
  });
});
