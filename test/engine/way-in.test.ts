import { describe, expect, test } from 'vitest';
import { ZeroVectors } from '../../src/engine/errors.ts';
import type { Matrix } from '../../src/engine/tensor.ts';
import { type Vectors, vectorsBySteps, WAY_IN, type WayIn, type WayInStep } from '../../src/engine/way-in.ts';

const matrix = (rows: readonly (readonly number[])[]): Matrix => ({
  data: Float64Array.from(rows.flat()),
  rows: rows.length,
  columns: rows[0]?.length ?? 0,
});

const TOKENS = matrix([
  [3, 4, 0, 2],
  [0, 1, 5, 12],
]);

const way = (options: Partial<WayIn> = {}): WayIn => ({
  precision: 'float64',
  tokens: TOKENS,
  queries: { from: 'tokens', positions: Int32Array.of(1, 0) },
  similarity: 'dot',
  projections: { query: {}, key: {}, value: {}, output: {} },
  heads: 2,
  kvHeads: 2,
  ...options,
});

/** The names of the steps, with those of the three that a step made anew. */
function changes(options: Partial<WayIn>): string[] {
  const seen: string[] = [];
  let before: Vectors | undefined;
  vectorsBySteps(way(options), WAY_IN, ({ name }, vectors) => {
    const made = (['queries', 'keys', 'values'] as const).filter((one) => before && vectors[one].data !== before[one].data);
    seen.push([name, ...made].join(' '));
    before = vectors;
  });
  return seen;
}

const ACROSS = [0, 2, 1, 3];

describe('the way in, step by step', () => {
  test('is position, project, split, rotate, normalise, and changes nothing that is not asked for', () => {
    expect(changes({})).toEqual(['position', 'project', 'split', 'rotate', 'normalise']);
  });

  test('each step changes what it is for', () => {
    const projections = { query: {}, key: { bias: Float64Array.of(1, 1, 1, 1) }, value: {}, output: {} };
    const rope = { type: 'rope', base: 10_000, interleaved: false } as const;
    expect(changes({ projections, position: rope, similarity: 'cosine' })).toEqual([
      'position',
      'project keys',
      'split',
      'rotate queries keys',
      'normalise queries keys',
    ]);
  });

  test('splits columns into heads, so that lengths are those of a head', () => {
    const { queries, keys } = vectorsBySteps(way({ similarity: 'cosine' }));
    expect([queries.heads, keys.heads]).toEqual([2, 2]);
    expect([...keys.data]).toEqual([0.6, 0.8, 0, 1, 0, 1, 5 / 13, 12 / 13]);
    expect([...queries.data]).toEqual([0, 1, 5 / 13, 12 / 13, 0.6, 0.8, 0, 1]);
  });

  test('takes the values with the positions of their tokens, and leaves values of their own alone', () => {
    const values = matrix([[1], [2]]);
    const own = vectorsBySteps(way({ values, kvHeads: 1, heads: 1, position: { type: 'sinusoidal' } }));
    expect([...own.values.data]).toEqual([1, 2]);
    const shared = vectorsBySteps(way({ position: { type: 'sinusoidal' } }));
    expect(shared.values.data).toBe(shared.keys.data);
    expect([...shared.keys.data.subarray(0, 4)]).toEqual([3, 5, 0, 3]);
  });

  test('adds positions to vectors from outside where they stand, and to no others', () => {
    const vectors = matrix([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
    const asked = (start: number | undefined) =>
      vectorsBySteps(way({ queries: { from: 'queries', vectors, start }, position: { type: 'sinusoidal' } })).queries;
    expect(asked(undefined)).toEqual({ ...vectors, heads: 2 });
    const data = [1, 2].flatMap((at, r) => [Math.sin(at), Math.cos(at), Math.sin(at / 100), Math.cos(at / 100)].map((x, c) => 4 * r + c + 1 + x));
    expect([...asked(1).data]).toEqual(data);
  });

  test('turns neither queries nor keys by rope where the queries stand nowhere, and both where they stand', () => {
    const vectors = matrix([[1, 2, 3, 4]]);
    const asked = (start: number | undefined) =>
      vectorsBySteps(way({ queries: { from: 'queries', vectors, start }, position: { type: 'rope', base: 10, interleaved: true } }));
    expect([asked(undefined).queries.data, asked(undefined).keys.data]).toEqual([vectors.data, TOKENS.data]);
    expect([...asked(2).queries.data.subarray(0, 2)]).toEqual([Math.cos(2) - 2 * Math.sin(2), Math.sin(2) + 2 * Math.cos(2)]);
    expect([...asked(2).keys.data.subarray(0, 4)]).toEqual([3, 4, 0, 2]);
    expect([...asked(2).keys.data.subarray(4, 6)]).toEqual([-Math.sin(1), Math.cos(1)]);
  });

  test('projects what has a weight or a bias, row by row, and nothing else', () => {
    let rows = 0;
    const projections = { query: {}, key: { weight: matrix([[1], [1], [1], [1]]) }, value: { bias: Float64Array.of(1, 2, 3, 4) }, output: {} };
    const { queries, keys, values } = vectorsBySteps(way({ projections, heads: 1, kvHeads: 1 }), WAY_IN, undefined, () => rows++);
    expect([queries.columns, keys.columns, values.columns, rows]).toEqual([4, 1, 4, 2]);
    expect([[...keys.data], [...values.data]]).toEqual([
      [9, 18],
      [4, 6, 3, 6, 1, 3, 8, 16],
    ]);
  });

  test('names the vector without a length: the token that a query is, or the query from outside', () => {
    const zero = matrix([
      [1, 0, 0, 0],
      [1, 2, 3, 4],
    ]);
    const refused = (queries: WayIn['queries'], tokens = TOKENS) => {
      try {
        vectorsBySteps(way({ similarity: 'cosine', queries, tokens }));
        return undefined;
      } catch (error) {
        return (error as ZeroVectors).rows;
      }
    };
    expect(refused({ from: 'queries', vectors: zero, start: 1 })).toEqual([{ vectors: 'queries', row: 0, head: 1 }]);
    const projections = { query: { weight: matrix([[0], [1], [1], [1]].map(([x = 0]) => [x, 1])) }, key: {}, value: {}, output: {} };
    expect(() => vectorsBySteps(way({ similarity: 'cosine', tokens: zero, projections, heads: 1, kvHeads: 1 }))).not.toThrow();
    expect(refused({ from: 'tokens', positions: Int32Array.of(1, 0) }, zero)).toEqual([{ vectors: 'tokens', row: 0, head: 1 }]);
  });

  test('names the token of a query that its projection made 0', () => {
    const weight = matrix([[0], [0], [1], [0]]);
    const projections = { query: { weight }, key: { weight: matrix([[1], [1], [1], [1]]) }, value: {}, output: {} };
    const asked = way({ similarity: 'cosine', projections, heads: 1, kvHeads: 1, queries: { from: 'tokens', positions: Int32Array.of(1, 0) } });
    expect(() => vectorsBySteps(asked)).toThrow(ZeroVectors);
    try {
      vectorsBySteps(asked);
    } catch (error) {
      expect((error as ZeroVectors).rows).toEqual([{ vectors: 'tokens', row: 0, head: 0 }]);
    }
  });

  test('can have a step replaced: heads cut across instead of side by side', () => {
    const across: WayInStep['run'] = (_, { queries, keys, values }) => {
      const cut = <Of extends Vectors['keys']>(of: Of): Of => ({
        ...of,
        heads: 2,
        data: of.data.map((_, k) => of.data[k - (k % 4) + (ACROSS[k % 4] ?? 0)] ?? 0),
      });
      return { queries: cut(queries), keys: cut(keys), values: cut(values) };
    };
    const steps = WAY_IN.map((step) => (step.name === 'split' ? { ...step, run: across } : step));
    expect([...vectorsBySteps(way({ similarity: 'cosine' }), steps).keys.data.subarray(0, 4)]).toEqual([
      1,
      0,
      4 / Math.hypot(4, 2),
      2 / Math.hypot(4, 2),
    ]);
  });
});
