import { describe, expect, test } from 'vitest';
import { fullyMaskedRows, hasKey, keyRangesOf } from '../../src/engine/mask.ts';
import { randomCall } from './calls.ts';

const NONE = Number.NEGATIVE_INFINITY;
const perRow = <Data>(data: Data) => ({ data, batchStride: 0, headStride: 0, rowStride: 2, keyStride: 1 });

describe('a row that has every key excluded is listed', () => {
  const sizes = { M: 3, N: 2 };

  test('by a bias of −∞ alone', () => {
    const bias = perRow(Float32Array.of(NONE, NONE, NONE, 0, 0, NONE));
    expect(fullyMaskedRows(randomCall(sizes, 'float32', { bias }))).toEqual([0]);
  });

  test('by a mask alone', () => {
    const mask = perRow(Uint8Array.of(1, 0, 0, 0, 0, 1));
    expect(fullyMaskedRows(randomCall(sizes, 'float32', { mask }))).toEqual([1]);
  });

  test('by a mask and a bias, each of which leaves it one', () => {
    const mask = perRow(Uint8Array.of(1, 0, 1, 0, 1, 1));
    const bias = perRow(Float32Array.of(0, NONE, NONE, 0, 0, 0));
    expect(fullyMaskedRows(randomCall(sizes, 'float32', { mask, bias }))).toEqual([1]);
  });

  test('by its key range, and by a bias that excludes what the range leaves', () => {
    const keyRanges = keyRangesOf([-1, 0, 1], [2], {}, true);
    expect(fullyMaskedRows(randomCall(sizes, 'float32', { keyRanges }))).toEqual([0]);
    const bias = perRow(Float32Array.of(0, 0, NONE, 0, NONE, 0));
    expect(fullyMaskedRows(randomCall(sizes, 'float32', { keyRanges, bias }))).toEqual([0, 1]);
  });

  test('but not for the lowest finite number', () => {
    const bias = perRow(new Float32Array(6).fill(-3.4028234663852886e38));
    const call = randomCall(sizes, 'float32', { bias });
    expect([fullyMaskedRows(call), hasKey(call, 0, 0, 0)]).toEqual([[], true]);
  });
});
