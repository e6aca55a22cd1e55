import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';
import { readAttentionRequest } from '../../src/wire/attention-request.ts';

/** The pointers of a body's faults. */
function faultsAt(body: unknown): readonly string[] {
  try {
    readAttentionRequest(body);
    return [];
  } catch (error) {
    if (error instanceof Failure && error.faults) return error.faults.map(({ pointer }) => pointer);
    throw error;
  }
}

describe('a float32', () => {
  const greatest = 3.4028234663852886e38;
  // Half a unit further on, a number rounds to infinity.
  const justFits = 3.4028235677973362e38;
  const justTooGreat = 3.4028235677973366e38;

  test.each([greatest, 3.4028235e38, justFits])('%s rounds to the greatest one', (value) => {
    for (const sign of [1, -1]) {
      const { attention } = readAttentionRequest({ tokens: [[1, sign * value]], scale: sign * value, sink: [sign * value], bias: [sign * value] });
      expect([attention.tokens.data[1], attention.scale, attention.sink?.[0], attention.bias?.data[0]]).toEqual(Array(4).fill(sign * greatest));
    }
  });

  test('beyond it nothing fits', () => {
    for (const value of [justTooGreat, -justTooGreat, 3.5e38])
      expect(faultsAt({ tokens: [[1, value]], scale: value, sink: [value], bias: [value] })).toEqual(['/tokens/0/1', '/scale', '/bias/0', '/sink/0']);
  });

  test('a softcap or a base that is not 0 but too small for it is refused where float32 counts', () => {
    expect(faultsAt({ tokens: [[1, 2]], softcap: 1e-60, position: { type: 'rope', base: 1e-60 } })).toEqual(['/softcap']);
    expect(faultsAt({ tokens: [[1, 2]], softcap: 1e-60, dtype: 'float64' })).toEqual([]);
  });
});

test('where the dtype is refused, numbers are held against the wider one', () => {
  expect(faultsAt({ tokens: [[1e39]], dtype: 'float16' })).toEqual(['/dtype']);
});

describe('the width of rows', () => {
  test('is that of the first; after an empty one the others have none to keep to', () => {
    expect(faultsAt({ tokens: [[], [1], [1, 2]] })).toEqual(['/tokens/0']);
    expect(faultsAt({ tokens: [[1], [], [1, 2], [2]] })).toEqual(['/tokens/1', '/tokens/2']);
    expect(faultsAt({ tokens: [0, [1], [1, 2]] })).toEqual(['/tokens/0']);
  });
});

describe('a width that does not fit is said at the member that would be mended', () => {
  const tokens = [[1, 2]];
  const narrow = [[1], [2]];
  const wide = [
    [1, 2, 3],
    [4, 5, 6],
  ];

  test.each<[string, object, string]>([
    ['w_key, where it alone is given', { w_key: narrow }, '/w_key'],
    ['w_query, where it alone is given', { w_query: narrow }, '/w_query'],
    ['w_key, where both are', { w_query: narrow, w_key: wide }, '/w_key'],
    ['queries, where no matrix is', { queries: [1, 2, 3] }, '/queries'],
    ['w_query before queries', { queries: [1, 2], w_query: narrow }, '/w_query'],
    ['kv_heads, where there is nothing else', { tokens: [[1, 2, 3, 4]], heads: 2, kv_heads: 1 }, '/kv_heads'],
  ])('for queries and keys: %s', (_name, options, pointer) => {
    expect(faultsAt({ tokens, ...options })).toEqual([pointer]);
  });

  test.each<[string, object, string[]]>([
    ['the matrix of the queries', { w_query: narrow, w_key: narrow, w_value: wide.map((row) => row.slice(1)) }, ['/w_query', '/w_key']],
    ['the matrix of the values', { w_value: narrow }, ['/w_value']],
    ['the values', { values: [[1]] }, ['/values']],
    ['heads, for all three at once', { tokens: [[1, 2, 3]] }, ['/heads']],
  ])('for what 2 heads can’t split: %s', (_name, options, pointers) => {
    expect(faultsAt({ tokens, heads: 2, ...options })).toEqual(pointers);
  });

  test('for what 2 key heads can’t split: kv_heads', () => {
    expect(
      faultsAt({
        tokens: [[1, 2, 3]],
        heads: 4,
        kv_heads: 2,
        w_query: [
          [1, 1, 1, 1],
          [1, 1, 1, 1],
          [1, 1, 1, 1],
        ],
      }),
    ).toEqual(['/kv_heads']);
  });

  test('is not looked for where a member that gives a width can’t be read', () => {
    expect(faultsAt({ tokens, w_key: 'x', w_query: narrow, sink: [1, 2] })).toEqual(['/w_key']);
    expect(faultsAt({ tokens, heads: 0, w_query: narrow, sink: [1, 2] })).toEqual(['/heads']);
    expect(faultsAt({ tokens, kv_heads: 1, w_query: narrow })).toEqual(['/kv_heads']);
  });
});

describe('what an absent option means', () => {
  test('is as its schema says', () => {
    const { attention, printing, labels } = readAttentionRequest({ tokens: [[1, 2]] });
    expect(attention).toMatchObject({ precision: 'float32', similarity: 'dot', scale: 1, heads: 1, kvHeads: 1, causal: false, window: {} });
    expect(attention.queries).toEqual({ from: 'tokens', positions: Int32Array.of(0) });
    expect([...attention.include]).toEqual(['scores', 'weights', 'context']);
    expect(printing).toEqual({ include: ['scores', 'weights', 'context'], decimals: undefined, oneRow: false, headAxis: false });
    expect(labels).toBeUndefined();
    expect(readAttentionRequest({ tokens: [[1, 2]], position: { type: 'rope' } }).attention.position).toEqual({
      type: 'rope',
      base: 10_000,
      interleaved: false,
    });
    expect(readAttentionRequest({ tokens: [[1, 2]], heads: 2 }).attention.kvHeads).toBe(2);
  });
});

describe('a request becomes an order', () => {
  const eye = [
    [1, 0],
    [0, 1],
  ];
  const whole = {
    tokens: eye,
    queries: [[1, 2]],
    queries_start: -3,
    values: [[5], [6]],
    labels: ['a', 'b'],
    similarity: 'cosine',
    scale: '1/sqrt(d_k)',
    w_query: eye,
    b_query: [1, 2],
    w_key: [[3], [4]],
    b_key: [3],
    w_value: [[7]],
    b_value: [4],
    w_output: [[8], [9]],
    b_output: [5],
    heads: 2,
    kv_heads: 1,
    causal: true,
    window: { left: 1 },
    mask: [true, false],
    bias: [0.5, 1],
    softcap: 2,
    sink: 3,
    position: { type: 'alibi', slopes: [1, 2] },
    dtype: 'float64',
    include: ['trace', 'context', 'lse'],
    decimals: 3,
  };
  const of = (rows: number, columns: number, ...data: number[]) => ({ data: Float64Array.from(data), rows, columns });

  test('each option in its place', () => {
    expect(readAttentionRequest(whole)).toEqual({
      attention: {
        precision: 'float64',
        tokens: of(2, 2, 1, 0, 0, 1),
        queries: { from: 'queries', vectors: of(1, 2, 1, 2), start: -3 },
        values: of(2, 1, 5, 6),
        similarity: 'cosine',
        scale: '1/sqrt(d_k)',
        projections: {
          query: { weight: of(2, 2, 1, 0, 0, 1), bias: Float64Array.of(1, 2) },
          key: { weight: of(2, 1, 3, 4), bias: Float64Array.of(3) },
          value: { weight: of(1, 1, 7), bias: Float64Array.of(4) },
          output: { weight: of(2, 1, 8, 9), bias: Float64Array.of(5) },
        },
        heads: 2,
        kvHeads: 1,
        causal: true,
        window: { left: 1, right: undefined },
        mask: { data: Uint8Array.of(1, 0), rank: 1, shape: [2] },
        bias: { data: Float64Array.of(0.5, 1), rank: 1, shape: [2] },
        softcap: 2,
        sink: Float64Array.of(3, 3),
        position: { type: 'alibi', slopes: Float64Array.of(1, 2) },
        include: new Set(['context', 'lse']),
      },
      printing: { include: ['context', 'lse', 'trace'], decimals: 3, oneRow: false, headAxis: true },
      labels: ['a', 'b'],
    });
  });

  test('the answer has no axis of query rows where one asks, by its position or as a vector', () => {
    const oneRow = (options: object) => readAttentionRequest({ tokens: eye, ...options }).printing.oneRow;
    expect(oneRow({ query: 1 })).toBe(true);
    expect(oneRow({ query: [1] })).toBe(false);
    expect(oneRow({ queries: [1, 2] })).toBe(true);
    expect(oneRow({ queries: [[1, 2]] })).toBe(false);
    expect(readAttentionRequest({ tokens: eye, query: [1, 0] }).attention.queries).toEqual({ from: 'tokens', positions: Int32Array.of(1, 0) });
  });

  test('a sink may be one for each head', () => {
    expect(readAttentionRequest({ tokens: eye, heads: 2, sink: [1, 2] }).attention.sink).toEqual(Float32Array.of(1, 2));
    expect(readAttentionRequest({ tokens: eye }).attention.sink).toBeUndefined();
    expect(readAttentionRequest({ tokens: eye, sink: 0 }).attention.sink).toEqual(Float32Array.of(0));
    expect(readAttentionRequest({ tokens: eye, heads: 1 }).printing.headAxis).toBe(true);
  });

  test('what is no object is refused as a whole', () => {
    expect(faultsAt([])).toEqual(['']);
    expect(faultsAt({})).toEqual(['/tokens']);
    expect(faultsAt({ tokens: null, mask: [1] })).toEqual(['/tokens', '/mask/0']);
  });
});

describe('company', () => {
  test('what is false asks for nothing, and needs nothing', () => {
    expect(faultsAt({ tokens: [[1]], queries: [1], causal: false })).toEqual([]);
    expect(faultsAt({ tokens: [[1]], queries: [1], causal: true })).toEqual(['/causal']);
    expect(faultsAt({ tokens: [[1]], queries: [1], causal: true, queries_start: 0 })).toEqual([]);
    expect(faultsAt({ tokens: [[1]], causal: true, window: { left: 0 }, position: { type: 'alibi' } })).toEqual([]);
  });

  test('a member at fault is not at fault again for its company', () => {
    expect(faultsAt({ tokens: [[1]], queries: [1], causal: 1 })).toEqual(['/causal']);
  });
});
