import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readQuestion } from '../../src/runtime/answers.ts';
import { costOf, INLINE_COST, INLINE_HELD, type Load } from '../../src/runtime/cost.ts';
import { chooseEngine, kernelOf } from '../../src/runtime/kernel.ts';
import type { Task } from '../../src/runtime/question.ts';
import { codec } from '../codec.ts';

const means = { kernel: kernelOf(chooseEngine('simd')), codec, limits: { work: 2e11, replyNumbers: 2 ** 24 } };
const task = (body: object): Task => readQuestion({ kind: 'attention', body: [Buffer.from(JSON.stringify(body))] }, means);
const inference = (body: object): Task => readQuestion({ kind: 'inference', body: [Buffer.from(JSON.stringify(body))] }, means);
const rows = (count: number, columns: number) => Array.from({ length: count }, () => Array<number>(columns).fill(0.5));

/** Small bodies that say a little and mean much. */
const DEAR = {
  'wide projections': { tokens: rows(4400, 1), w_query: rows(1, 4400), w_key: rows(1, 4400), query: 0, include: ['lse'] },
  'a bias that spreads': { tokens: rows(3000, 1), w_value: rows(1, 3000), b_value: Array(3000).fill(1), query: 0, include: ['lse'] },
  'an output projection': { tokens: rows(2000, 1), w_output: rows(1, 2000), include: ['context'], query: Array(2000).fill(0) },
  'rotary positions': { tokens: rows(2000, 64), position: { type: 'rope' }, query: 0, include: ['lse'] },
  sinusoids: { tokens: rows(1000, 64), position: { type: 'sinusoidal' }, query: 0, include: ['lse'] },
  'cosine of narrow heads': { tokens: rows(1000, 64), similarity: 'cosine', heads: 64, query: 0, include: ['lse'] },
  'rows under a mask': { tokens: rows(700, 1), mask: Array(700).fill(false), include: ['lse'] },
  'rows taken again and again': { tokens: rows(1, 1), query: Array(32_000).fill(0), include: ['lse'] },
  'numbers printed': { tokens: rows(400, 1), include: ['scores'] },
  'numbers printed with decimals': { tokens: rows(300, 1), include: ['scores'], decimals: 7 },
};

/** Every kind of work, named here so that the compiler misses one that is not. */
const UNITS: Readonly<Record<keyof Omit<Load, 'work' | 'pairs'>, true>> = {
  row: true,
  masked: true,
  projected: true,
  projectedIn: true,
  projectedOut: true,
  sine: true,
  rotated: true,
  unitNumber: true,
  unitBlock: true,
  movedRow: true,
  moved: true,
  converted: true,
  merged: true,
  printed: true,
  rounded: true,
  copied: true,
};

test.each(Object.keys(UNITS))('each kind of work has its price: %s', (unit) => {
  const idle = { work: 0, pairs: 0 };
  expect(costOf(idle, 'float64')).toBe(0);
  expect(costOf({ ...idle, [unit]: 1e6 }, 'float64')).toBeGreaterThanOrEqual(1);
});

describe('what small bodies ask for is priced above what the event loop takes', () => {
  test.each(Object.entries(DEAR))('%s', (_name, body) => {
    expect(task(body).cost).toBeGreaterThan(INLINE_COST);
  });

  test('rows of empty tensors', () => {
    const empty = (name: string, shape: number[]) => ({ name, shape, datatype: 'FP32', data: [] });
    const { cost } = inference({
      inputs: [empty('Q', [4e6, 1, 0, 1]), empty('K', [4e6, 1, 0, 1]), empty('V', [4e6, 1, 0, 1])],
      outputs: [{ name: 'lse' }],
    });
    expect(cost).toBeGreaterThan(INLINE_COST);
  });

  test('what the seed asks for is far below', () => {
    const { cost, holds } = task({
      tokens: [
        [0.2, 0.1, 0.5],
        [0.9, 0.1, 0.3],
        [0.4, 0.8, 0.2],
      ],
      query: 2,
      decimals: 4,
    });
    expect(cost).toBeLessThan(INLINE_COST / 100);
    expect(holds).toBeLessThan(INLINE_HELD / 1000);
  });
});

test('keys that a projection widens are counted as held, though little else is', () => {
  expect(task(DEAR['wide projections']).holds).toBeGreaterThan(4400 * 4400 * 4);
  expect(task(DEAR['wide projections']).holds).toBeGreaterThan(INLINE_HELD);
});

test('nothing that is asked for besides makes a lesson cheaper', () => {
  const n = fc.integer({ min: 1, max: 40 });
  const extras = [
    { w_key: rows(4, 4) },
    { b_key: [1, 2, 3, 4] },
    { similarity: 'cosine' },
    { position: { type: 'rope' } },
    { position: { type: 'sinusoidal' } },
    { decimals: 3 },
    { include: ['scores', 'weights', 'context', 'queries', 'keys', 'values', 'lse'] },
    { dtype: 'float64' },
  ];
  fc.assert(
    fc.property(n, fc.subarray(extras), fc.constantFrom(...extras), (count, others, extra) => {
      const plain = { tokens: rows(count, 4), ...Object.assign({}, ...others) };
      fc.pre(!Object.keys(extra).some((name) => name in plain));
      expect(task({ ...plain, ...extra }).cost).toBeGreaterThanOrEqual(task(plain).cost);
    }),
    { numRuns: 200 },
  );
});
