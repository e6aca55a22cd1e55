import { describe, expect, test } from 'vitest';
import { reference } from '../../src/engine/kernels/reference.ts';
import { costOf, type Load, mostRedone, PRINTED_BYTES, paceOf, readingCost, tokenHolds, tokenLoad } from '../../src/runtime/cost.ts';
import { chooseEngine, kernelOf } from '../../src/runtime/kernel.ts';
import { attentionOf, EVERY_AXIS, rows } from './asked.ts';

const loadOf = (request: object, printed = 0, decimals?: number) => tokenLoad(attentionOf(request), printed, decimals);
/** 3 query rows of 5 tokens with 4 numbers. */
const PLAIN = { tokens: rows(5, 4), query: [0, 1, 0], include: ['lse'] };

describe('the load of attention over tokens', () => {
  test('is pairs and rows, and what moves, where nothing else is asked for', () => {
    expect(loadOf(PLAIN, 7)).toEqual({
      work: 3 * 5 * (4 + 4),
      pairs: 3 * 5,
      row: 3,
      masked: 0,
      projected: 0,
      projectedIn: 0,
      projectedOut: 0,
      sine: 0,
      rotated: 0,
      unitNumber: 0,
      unitBlock: 0,
      movedRow: 3,
      moved: (3 + 5) * 4 + 5 * 4 + 3 * 4 + 7,
      printed: 7,
      rounded: 0,
    });
  });

  test('counts each axis where it takes part', () => {
    expect(loadOf({ ...EVERY_AXIS, mask: Array(5).fill(true), include: ['lse'] }, 11)).toEqual({
      work: 4 * 3 * 5 * (2 + 3),
      pairs: 4 * 3 * 5,
      row: 4 * 3,
      masked: 4 * 3 * 5,
      projected: 3 * 7 * 8 + 5 * 6 * 4 + 5 * 9 * 6 + 3 * 12 * 10,
      projectedIn: 3 * 7 + 5 * 6 + 5 * 9 + 3 * 12,
      projectedOut: 3 * 4 * 2 + 5 * 2 * 2 + 5 * 2 * 3 + 3 * 10,
      sine: 0,
      rotated: 0,
      unitNumber: 0,
      unitBlock: 0,
      movedRow: 0,
      moved: (3 * 4 + 5 * 2) * 2 + 5 * 2 * 3 + 4 * 3 * 3 + 11,
      printed: 11,
      rounded: 0,
    });
  });

  test('a bias is looked up for each pair, like a mask', () => {
    expect(loadOf({ ...PLAIN, bias: Array(5).fill(1) }).masked).toBe(15);
  });

  test.each([
    ['b_query', 3 * 4],
    ['b_key', 5 * 4],
    ['b_value', 5 * 4],
    ['b_output', 3 * 4],
  ])('%s alone makes fresh rows, and no products', (member, projectedOut) => {
    expect(loadOf({ ...PLAIN, [member]: [1, 2, 3, 4] })).toMatchObject({ projected: 0, projectedIn: 0, projectedOut });
  });

  test('values of their own are projected from their own width', () => {
    expect(loadOf({ ...PLAIN, w_value: rows(4, 2) }).projected).toBe(5 * 4 * 2);
    expect(loadOf({ ...PLAIN, values: rows(5, 9), w_value: rows(9, 2) }).projected).toBe(5 * 9 * 2);
  });

  test('sinusoids are added to every number of queries and keys', () => {
    expect(loadOf({ ...PLAIN, position: { type: 'sinusoidal' } })).toMatchObject({ sine: (3 + 5) * 4, rotated: 0 });
  });

  test('rotary positions take a sine for each pair of columns, and turn each pair', () => {
    expect(loadOf({ ...PLAIN, heads: 2, position: { type: 'rope' } })).toMatchObject({ sine: ((3 + 5) * 2) / 2, rotated: ((3 + 5) * 4) / 2 });
  });

  test('other positions take neither', () => {
    expect(loadOf({ ...PLAIN, position: { type: 'alibi' } })).toMatchObject({ sine: 0, rotated: 0 });
  });

  test('cosine similarity divides every number that enters a dot product, block by block', () => {
    expect(loadOf({ ...EVERY_AXIS, similarity: 'cosine' })).toMatchObject({ unitNumber: (3 * 4 + 5 * 2) * 2, unitBlock: 3 * 4 + 5 * 2 });
  });

  test.each([
    ['queries', 4 * 3],
    ['keys', 2 * 5],
    ['values', 2 * 5],
  ])('%s that are given back are copied row by row', (output, movedRow) => {
    expect(loadOf({ ...EVERY_AXIS, include: [output] }).movedRow).toBe(movedRow);
  });

  test('numbers are rounded where `decimals` is there, 0 included', () => {
    expect(loadOf(PLAIN, 7, 0).rounded).toBe(7);
    expect(loadOf(PLAIN, 7, 3).rounded).toBe(7);
  });
});

describe('the price of a load', () => {
  const NONE: Load = { work: 0, pairs: 0 };
  const SOME: Load = {
    work: 1e6,
    pairs: 2e6,
    row: 3e6,
    masked: 4e6,
    projected: 5e6,
    projectedIn: 6e6,
    projectedOut: 7e6,
    sine: 8e6,
    rotated: 9e6,
    unitNumber: 10e6,
    unitBlock: 11e6,
    movedRow: 12e6,
    moved: 13e6,
    converted: 14e6,
    merged: 15e6,
    printed: 16e6,
    rounded: 17e6,
    copied: 18e6,
  };
  const PACES = ['tiled float32', 'tiled float64', 'float32', 'float64'] as const;

  test.each(PACES)('%s: is the sum of the prices of its parts, each by how much there is of it', (pace) => {
    const parts = Object.entries(SOME).map(([unit, count]) => costOf({ ...NONE, [unit]: count }, pace));
    expect(Math.min(...parts)).toBeGreaterThan(0);
    expect(costOf(SOME, pace)).toBeCloseTo(
      parts.reduce((sum, part) => sum + part, 0),
      6,
    );
    for (const [unit, count] of Object.entries(SOME))
      expect(costOf({ ...NONE, [unit]: 3 * count }, pace)).toBeCloseTo(3 * costOf({ ...NONE, [unit]: count }, pace), 6);
  });

  test('a multiply-add in tiles takes less than a nanosecond, by steps some microseconds; a pair more than a multiply-add', () => {
    for (const pace of PACES) {
      const [one, pair] = [costOf({ ...NONE, work: 1e6 }, pace), costOf({ ...NONE, pairs: 1e6 }, pace)];
      expect(pair).toBeGreaterThan(one);
      const [least, most] = pace.startsWith('tiled') ? [0.01, 1] : [1, 10];
      expect(one).toBeGreaterThan(least);
      expect(one).toBeLessThan(most);
      expect(pair).toBeLessThan(pace.startsWith('tiled') ? 10 : 1000);
    }
  });

  test('what JavaScript prints alone takes longer than what WebAssembly does, with decimals too; nothing else depends on it', () => {
    const { printed = 0, rounded = 0, ...others } = SOME;
    for (const load of [
      { ...NONE, printed },
      { ...NONE, rounded },
    ])
      expect(costOf(load, 'float32', 'portable')).toBeGreaterThan(1.5 * costOf(load, 'float32', 'wasm'));
    expect(costOf(others, 'float32', 'portable')).toBe(costOf(others, 'float32', 'wasm'));
    expect(readingCost(1e6, 'portable')).toBeGreaterThan(readingCost(1e6, 'wasm'));
  });

  test('what is no part of the operator takes the same at every pace', () => {
    const others = { ...SOME, ...NONE };
    for (const pace of PACES) expect(costOf(others, pace)).toBe(costOf(others, 'float64'));
  });
});

describe('who computes', () => {
  test('the tiled kernel, where softmax has the precision of the call', () => {
    const simd = kernelOf(chooseEngine('simd'));
    expect(paceOf(simd, 'float32')).toBe('tiled float32');
    expect(paceOf(simd, 'float64')).toBe('tiled float64');
    expect(paceOf(simd, 'float64', 'float64')).toBe('tiled float64');
  });

  test('the reference elsewhere', () => {
    const simd = kernelOf(chooseEngine('simd'));
    expect(paceOf(simd, 'float32', 'bfloat16')).toBe('float32');
    expect(paceOf(simd, 'float64', 'float32')).toBe('float64');
    expect(paceOf(reference, 'float32')).toBe('float32');
  });
});

describe('what is held on the way', () => {
  const vectors = 3 * 4 * (2 + 3) + 5 * 2 * (2 + 3) + 3 * 10;

  test('is vectors and results twice in their precision, and what is printed', () => {
    expect(tokenHolds(attentionOf(EVERY_AXIS), 0)).toBe(2 * 4 * vectors);
    expect(tokenHolds(attentionOf(EVERY_AXIS), 100)).toBe(2 * 4 * (vectors + 100) + PRINTED_BYTES * 100);
    expect(tokenHolds(attentionOf({ ...EVERY_AXIS, dtype: 'float64' }), 100)).toBe(2 * 8 * (vectors + 100) + PRINTED_BYTES * 100);
  });
});

test('a worker redoes a 60th of MAX_WORK, and ten million multiply-adds however low that is', () => {
  expect(mostRedone({ work: 6e9 + 59, replyNumbers: 1 })).toBe(1e8);
  expect(mostRedone({ work: 6e8 + 60, replyNumbers: 1 })).toBe(1e7 + 1);
  expect(mostRedone({ work: 1, replyNumbers: 1 })).toBe(1e7);
});
