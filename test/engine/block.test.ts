import { describe, expect, test } from 'vitest';
import { borrowBlock, newBlock, rowsOfBlock, startOf } from '../../src/engine/block.ts';
import type { Precision } from '../../src/engine/tensor.ts';
import { randomCall } from './calls.ts';

const axes = (sizes: object) => ({ B: 1, H: 1, G: 1, M: 100_000, N: 1, D: 1, E: 1, ...sizes });

describe('a block', () => {
  test('has at most 16,384 pairs', () => {
    expect([1, 100, 16_383, 16_384, 20_000].map((N) => rowsOfBlock(axes({ N })))).toEqual([16_384, 163, 1, 1, 1]);
  });

  test('has at most 1,048,576 multiply-adds', () => {
    expect(
      [
        [64, 64],
        [64, 65],
        [1000, 24],
        [524_288, 524_288],
      ].map(([D, E]) => rowsOfBlock(axes({ N: 4, D, E }))),
    ).toEqual([2048, 2032, 256, 1]);
  });

  test('has no more rows than there are, and one even without keys', () => {
    expect([rowsOfBlock(axes({ M: 3 })), rowsOfBlock(axes({ M: 0 })), rowsOfBlock(axes({ M: 7, N: 0 }))]).toEqual([3, 0, 7]);
  });

  test('has room for its rows, in the call’s precision', () => {
    const block = newBlock(randomCall({ M: 9, N: 5, E: 3 }, 'float32'), 2);
    expect(block).toEqual({
      b: 0,
      h: 0,
      g: 0,
      first: 0,
      rows: 2,
      logits: new Float32Array(10),
      scores: new Float32Array(10),
      excluded: new Uint8Array(10),
      shifted: new Float32Array(10),
      exponentials: new Float32Array(10),
      weights: new Float32Array(10),
      context: new Float32Array(6),
      sums: [],
    });
  });

  test('that is small is the same one each time, by precision, and long enough', () => {
    const small = (precision: Precision, sizes: object) => borrowBlock(randomCall({ M: 9, N: 5, E: 3, ...sizes }, precision), 2);
    expect(small('float32', {})).toBe(small('float32', { N: 32, E: 7 }));
    expect(small('float32', {})).not.toBe(small('float64', {}));
    expect([small('float64', { N: 32 }).weights.length, small('float64', { E: 32 }).context.length]).toEqual([64, 64]);
  });

  test('that is not small is a new one', () => {
    for (const sizes of [{ N: 33 }, { E: 33 }]) {
      const call = randomCall({ M: 9, N: 5, E: 3, ...sizes }, 'float32');
      expect(borrowBlock(call, 2)).toEqual(newBlock(call, 2));
    }
  });

  test('finds where a row of a view begins', () => {
    expect(startOf({ data: new Float64Array(), offset: 1, batchStride: 1000, headStride: 100, rowStride: 10 }, 2, 3, 4)).toBe(2341);
  });
});
