import { describe, expect, test } from 'vitest';
import type { Call } from '../../../src/engine/call.ts';
import { attendsToAny, cleaned } from '../../../src/engine/kernels/poison.ts';
import { randomCall } from '../calls.ts';

const SIZES = { B: 2, H: 4, G: 2, M: 3, N: 5, D: 2, E: 3 };
const call = (options: Partial<Call> = {}) => randomCall(SIZES, 'float32', options);

/** Row j of key or value head g of batch entry b, as [B, G, N, width]. */
const rowOf = (width: number, b: number, g: number, j: number) => ((b * SIZES.G + g) * SIZES.N + j) * width;

describe('a call cleaned of NaN and infinities', () => {
  test('is none where every key and value is finite', () => {
    expect(cleaned(call())).toBeUndefined();
  });

  test('knows the poisoned keys of each key head, whether their key or their value is not finite, ascending', () => {
    const asked = call();
    asked.key.data[rowOf(2, 1, 0, 4) + 1] = Number.NaN;
    asked.value.data[rowOf(3, 1, 0, 2) + 2] = Number.NEGATIVE_INFINITY;
    asked.value.data[rowOf(3, 1, 0, 4)] = Number.POSITIVE_INFINITY;
    asked.value.data[rowOf(3, 0, 1, 0)] = Number.POSITIVE_INFINITY;
    expect(cleaned(asked)?.poisoned).toEqual([[], [0], [2, 4], []]);
  });

  test('has 0 where a number was not finite, and every other number as it was', () => {
    const asked = call();
    const key = asked.key.data.slice();
    asked.key.data[rowOf(2, 1, 1, 3)] = Number.NaN;
    key[rowOf(2, 1, 1, 3)] = 0;
    const clean = cleaned(asked)?.call;
    expect(clean?.key).toEqual({ data: key, offset: 0, batchStride: 20, headStride: 10, rowStride: 2 });
    expect(clean?.value).toEqual({ data: asked.value.data, offset: 0, batchStride: 30, headStride: 15, rowStride: 3 });
    expect(clean?.query).toBe(asked.query);
  });

  test('reads heads that lie side by side, from where they begin', () => {
    const given = call();
    // [offset 1][B, N, G · width]
    const data = Float32Array.from({ length: 1 + 40 }, (_, n) => n);
    const asked = { ...given, key: { data, offset: 1, batchStride: 20, headStride: 2, rowStride: 4 } };
    data[0] = Number.NaN;
    expect(cleaned(asked)).toBeUndefined();
    data[1 + 20 + 2 + 3 * 4 + 1] = Number.NaN; // batch entry 1, head 1, key 3, column 1
    const clean = cleaned(asked);
    expect(clean?.poisoned).toEqual([[], [], [], [3]]);
    expect([...(clean?.call.key.data.subarray(0, 10) ?? [])]).toEqual([1, 2, 5, 6, 9, 10, 13, 14, 17, 18]);
    expect([...(clean?.call.key.data.subarray(rowOf(2, 1, 1, 2)) ?? [])]).toEqual([31, 32, 35, 0, 39, 40]);
  });
});

describe('a row attends to a poisoned key', () => {
  const ranges = { first: Int32Array.of(0, 2, 0, 1, 3, 5), end: Int32Array.of(5, 4, 0, 5, 5, 5) };
  const any = (b: number, i: number, keys: readonly number[], options: Partial<Call> = {}) =>
    attendsToAny(call({ keyRanges: ranges, ...options }), b, 0, i, keys);

  test('where the key is in the row’s range', () => {
    expect([[1], [2], [3], [4], [0, 1], [0, 2], [0, 3], [0, 4], [1, 4], [0, 1, 3, 4], []].map((keys) => any(0, 1, keys))).toEqual([
      false,
      true,
      true,
      false,
      false,
      true,
      true,
      false,
      false,
      true,
      false,
    ]);
    expect(any(0, 2, [0, 1, 2, 3, 4])).toBe(false);
    expect([any(1, 1, [0, 1, 2]), any(1, 1, [0, 1, 2, 3]), any(1, 2, [0, 4])]).toEqual([false, true, false]);
  });

  test('where the mask lets it, by one key at least', () => {
    const mask = { data: Uint8Array.of(1, 1, 0, 0, 1), batchStride: 0, headStride: 0, rowStride: 0, keyStride: 1 };
    expect([any(0, 0, [2, 3], { mask }), any(0, 0, [2, 3, 4], { mask }), any(0, 1, [2, 3, 4], { mask })]).toEqual([false, true, false]);
  });
});
