import { describe, expect, test } from 'vitest';
import { contextLayout, multiplyAdds } from '../../src/engine/call.ts';
import { columnBlocks, firstNotFinite, floats, headMajor, positionsOf, rounded, takeRows } from '../../src/engine/tensor.ts';
import { randomCall } from './calls.ts';

/** [3, 4]: element (r, c) is 10 r + c. */
const numbers = [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23];
const matrix = { data: Float64Array.from(numbers), rows: 3, columns: 4 };
const single = { data: Float32Array.from(numbers), rows: 3, columns: 4 };

describe('numbers', () => {
  test('are of either precision', () => {
    expect([floats('float32', 2), floats('float64', 3)]).toEqual([new Float32Array(2), new Float64Array(3)]);
    expect([rounded('float32', 0.1), rounded('float64', 0.1), rounded('float32', 1e39)]).toEqual([Math.fround(0.1), 0.1, Number.POSITIVE_INFINITY]);
  });
});

describe('a matrix', () => {
  test('is seen as blocks of columns', () => {
    expect(columnBlocks(matrix, 2)).toEqual({ data: matrix.data, offset: 0, batchStride: 0, headStride: 2, rowStride: 4 });
  });

  test('has its rows at 0, 1, 2', () => {
    expect(positionsOf(matrix)).toEqual(Int32Array.of(0, 1, 2));
  });

  test.each([
    ['float64', matrix, Float64Array],
    ['float32', single, Float32Array],
  ] as const)('gives rows in any order, in %s', (_precision, of, Kind) => {
    expect(takeRows(of, Int32Array.of(2, 0, 2, 1))).toEqual({
      data: Kind.of(20, 21, 22, 23, 0, 1, 2, 3, 20, 21, 22, 23, 10, 11, 12, 13),
      rows: 4,
      columns: 4,
    });
  });

  test.each([
    ['float64', matrix, Float64Array],
    ['float32', single, Float32Array],
  ] as const)('gives its heads one after the other, in %s', (_precision, of, Kind) => {
    expect(headMajor(of, 2)).toEqual(Kind.of(0, 1, 10, 11, 20, 21, 2, 3, 12, 13, 22, 23));
    expect(headMajor(of, 4)).toEqual(Kind.of(0, 10, 20, 1, 11, 21, 2, 12, 22, 3, 13, 23));
    expect(headMajor(of, 1)).toBe(of.data);
  });
});

describe('a call', () => {
  test('has B · H · M · N · (D + E) multiply-adds', () => {
    expect(multiplyAdds({ B: 2, H: 3, G: 1, M: 5, N: 7, D: 11, E: 13 })).toBe(2 * 3 * 5 * 7 * (11 + 13));
  });

  test('writes its context as [B, M, H · E], unless it says otherwise', () => {
    const call = randomCall({ B: 2, H: 3, M: 5, E: 7 }, 'float32');
    expect(contextLayout(call)).toEqual({ offset: 0, batchStride: 5 * 3 * 7, headStride: 7, rowStride: 3 * 7 });
    const own = { offset: 1, batchStride: 2, headStride: 3, rowStride: 4 };
    expect(contextLayout({ ...call, contextLayout: own })).toBe(own);
  });
});

describe.each(['float32', 'float64'] as const)('the first number that is not finite, %s', (precision) => {
  test.each([3, 1000])('is found among %i, at any end', (length) => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const data = floats(precision, length + 1)
        .subarray(1)
        .fill(-3.4028234663852886e38);
      expect(firstNotFinite(data)).toBe(-1);
      data[length - 1] = value;
      expect(firstNotFinite(data)).toBe(length - 1);
      data[0] = value;
      expect(firstNotFinite(data)).toBe(0);
    }
  });
});
