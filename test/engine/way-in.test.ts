import { describe, expect, test } from 'vitest';
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
