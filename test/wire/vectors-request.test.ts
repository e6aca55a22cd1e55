import { describe, expect, test } from 'vitest';
import { readVectorsRequest } from '../../src/wire/vectors-request.ts';
import { faultsOf } from './refused.ts';

type Matrix = readonly (readonly number[])[];

/** The request that sizes become. */
const filled = (sizes: object, seed = 0, magnitude = 1) => readVectorsRequest(sizes).instance(seed, magnitude).request;
const size = (matrix: unknown) => [(matrix as Matrix).length, ...new Set((matrix as Matrix).map((row) => row.length))];
/** The sizes of what a request has instead of sizes. */
const sizes = (request: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(request)
      .filter(([, value]) => Array.isArray(value))
      .map(([name, value]) => [name, Array.isArray((value as unknown[])[0]) ? size(value) : (value as unknown[]).length]),
  );

const TOKENS = { rows: 5, columns: 6 };

describe('sizes', () => {
  test('become matrices of those sizes, and vectors as long as what they are added to', () => {
    expect(
      sizes(
        filled({
          tokens: TOKENS,
          queries: { rows: 3, columns: 7 },
          values: { columns: 9 },
          heads: 4,
          kv_heads: 2,
          w_query: { columns: 8 },
          w_key: { columns: 4 },
          w_value: { columns: 6 },
          w_output: { columns: 10 },
          b_query: true,
          b_key: true,
          b_value: true,
          b_output: true,
          mask: true,
          bias: true,
          sink: true,
        }),
      ),
    ).toEqual({
      tokens: [5, 6],
      queries: [3, 7],
      values: [5, 9],
      w_query: [7, 8],
      w_key: [6, 4],
      w_value: [9, 6],
      w_output: [12, 10],
      b_query: 8,
      b_key: 4,
      b_value: 6,
      b_output: 10,
      mask: [3, 5],
      bias: [3, 5],
      sink: 4,
    });
  });

  test('that are not given follow from the tokens', () => {
    const added = { b_query: true, b_key: true, b_value: true };
    expect(sizes(filled({ tokens: TOKENS, ...added, w_output: { columns: 2 }, b_output: true, mask: true, bias: true }))).toEqual({
      tokens: [5, 6],
      b_query: 6,
      b_key: 6,
      b_value: 6,
      w_output: [6, 2],
      b_output: 2,
      mask: [5, 5],
      bias: [5, 5],
    });
    expect(sizes(filled({ tokens: TOKENS, values: { columns: 4 }, b_value: true, b_output: true }))).toMatchObject({ b_value: 4, b_output: 4 });
  });

  test('may have rows of their own where they fit', () => {
    const request = { tokens: TOKENS, values: { rows: 5, columns: 2 }, w_query: { rows: 6, columns: 3 }, w_key: { columns: 3 } };
    expect(sizes(filled(request))).toMatchObject({ values: [5, 2], w_query: [6, 3], w_key: [6, 3] });
    expect(faultsOf(() => readVectorsRequest({ ...request, values: { rows: 4, columns: 2 } }))).toEqual([['/values', expect.any(String)]]);
  });

  test('of a mask and a bias have a row a query: one, those of a list, or every token', () => {
    expect(sizes(filled({ tokens: TOKENS, query: 2, mask: true, bias: true }))).toMatchObject({ mask: [1, 5], bias: [1, 5] });
    expect(sizes(filled({ tokens: TOKENS, query: [2, 0, 1], mask: true, bias: true }))).toMatchObject({ mask: [3, 5], bias: [3, 5], query: 3 });
  });
});

describe('options', () => {
  test('stay as they are, and what is not there stays away', () => {
    const options = { query: 1, causal: true, scale: '1/sqrt(d_k)', softcap: 2, dtype: 'float32' };
    const { tokens: _, ...rest } = filled({ tokens: TOKENS, ...options, mask: false, bias: false, b_key: false, sink: false });
    expect(rest).toEqual(options);
  });

  test('are understood in float64, whatever the dtype', () => {
    for (const dtype of ['float32', 'float64', undefined])
      expect(readVectorsRequest({ tokens: TOKENS, dtype }).instance(0, 1).order.attention.precision).toBe('float64');
  });

  test('have a sink: one without heads, one a head, or those that are given', () => {
    expect(filled({ tokens: TOKENS, sink: true })['sink']).toEqual(expect.any(Number));
    expect(filled({ tokens: TOKENS, heads: 2, sink: true })['sink']).toHaveLength(2);
    expect(filled({ tokens: TOKENS, sink: 0.5 })['sink']).toBe(0.5);
    expect(filled({ tokens: TOKENS, heads: 2, sink: [1, 2] })['sink']).toEqual([1, 2]);
  });
});

describe('the numbers', () => {
  const all = (request: Readonly<Record<string, unknown>>, name: string) => (request[name] as Matrix).flat();
  const FULL = { tokens: { rows: 32, columns: 16 }, queries: { rows: 32, columns: 16 }, values: { columns: 16 }, bias: true, mask: true };

  test('are the same for the same seed, and others for another', () => {
    expect(filled(FULL, 3)).toEqual(filled(FULL, 3));
    expect(filled(FULL, 3)).not.toEqual(filled(FULL, 4));
    expect(filled({ tokens: { rows: 2, columns: 3 }, query: 0, b_key: true })).toEqual({
      tokens: [
        [0.25, -0.99, 0.05],
        [0.96, 0.94, -0.44],
      ],
      query: 0,
      b_key: [0.23, 0.44, -0.15],
    });
  });

  test('have two decimals, lie on both sides of 0, and are of the size that is asked for: tokens and queries by the magnitude, a bias up to 2', () => {
    const request = filled(FULL, 1, 5);
    for (const [name, most] of [
      ['tokens', 5],
      ['queries', 5],
      ['values', 1],
      ['bias', 2],
    ] as const) {
      const numbers = all(request, name);
      expect(Math.max(...numbers)).toBeLessThanOrEqual(most);
      expect(Math.max(...numbers)).toBeGreaterThan(0.9 * most);
      expect(Math.min(...numbers)).toBeGreaterThanOrEqual(-most);
      expect(Math.min(...numbers)).toBeLessThan(-0.9 * most);
      for (const value of numbers) expect(Math.abs(value * 100 - Math.round(value * 100))).toBeLessThan(1e-9);
    }
  });

  test('leave about two of three keys to each query; no row is without a key but the last one of odd seeds', () => {
    const mask = (seed: number) => filled(FULL, seed)['mask'] as readonly (readonly boolean[])[];
    const share = mask(2).flat().filter(Boolean).length / 32 ** 2;
    expect(share).toBeGreaterThan(0.6);
    expect(share).toBeLessThan(0.74);
    expect(mask(3).map((row) => row.includes(true))).toEqual(Array.from({ length: 32 }, (_, i) => i < 31));
    // One key a row: a third of the rows would have none.
    const narrow = { tokens: { rows: 1, columns: 1 }, queries: { rows: 32, columns: 1 }, mask: true };
    expect((filled(narrow, 2)['mask'] as boolean[][]).flat()).toEqual(Array(32).fill(true));
    // Two keys: a row that has none gets the one at its own index, modulo the two.
    const two = filled({ tokens: { rows: 2, columns: 1 }, queries: { rows: 32, columns: 1 }, mask: true }, 2)['mask'] as boolean[][];
    expect(two.every((row) => row.includes(true))).toBe(true);
  });
});

describe('a fault points at its place', () => {
  test.each([
    [null, '', 'must be'],
    [{}, '/tokens', 'is required: the size of the matrix of tokens'],
    [{ tokens: TOKENS, labels: [] }, '/labels', 'is not a field'],
    [{ tokens: { rows: 33, columns: 1 } }, '/tokens/rows', '32'],
    [{ tokens: { rows: 1, columns: 65 } }, '/tokens/columns', '64'],
    [{ tokens: TOKENS, mask: 1 }, '/mask', 'must be'],
    [{ tokens: TOKENS, heads: 4 }, '/heads', '4'],
    [{ tokens: TOKENS, heads: 0 }, '/heads', '0'],
    [{ tokens: TOKENS, heads: 'two' }, '/heads', 'two'],
    [{ tokens: TOKENS, heads: 2.5, sink: true }, '/heads', '2.5'],
    [{ tokens: TOKENS, sink: 'yes' }, '/sink', 'must be'],
    [{ tokens: TOKENS, dtype: 'float16' }, '/dtype', 'must be one of'],
  ])('%j', (body, pointer, detail) => {
    expect(faultsOf(() => readVectorsRequest(body))).toEqual([[pointer, expect.stringContaining(detail)]]);
  });

  test('sizes and options that are wrong are found before any instance is made', () => {
    expect(faultsOf(() => readVectorsRequest({ tokens: TOKENS, w_query: { columns: 4 } })).map(([pointer]) => pointer)).toEqual(['/w_query']);
  });
});
