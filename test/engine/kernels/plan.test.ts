import { describe, expect, test } from 'vitest';
import type { Axes } from '../../../src/engine/call.ts';
import { planOf } from '../../../src/engine/kernels/plan.ts';

const axes = (sizes: Partial<Axes>): Axes => ({ B: 1, H: 1, G: 1, M: 1, N: 64, D: 8, E: 4, ...sizes });
const plan = (sizes: Partial<Axes>, precision: 'float32' | 'float64' = 'float32', storesMatrices = false) =>
  planOf(axes(sizes), precision, storesMatrices);

/** Bytes of scratch before the panels. */
const BEFORE_PANELS = 4800;

describe('how a call is cut', () => {
  test('takes up to four rows that share their keys one by one, unless matrices are stored', () => {
    expect([1, 4, 5].map((M) => plan({ M }).path)).toEqual([1, 1, 0]);
    expect([1, 2].map((M) => plan({ M, H: 6, G: 2 }).path)).toEqual([1, 0]);
    expect(plan({ M: 1 }, 'float32', true).path).toBe(0);
  });

  test('gives single rows longer blocks of keys', () => {
    expect([plan({ M: 4 }).keyBlock, plan({ M: 5 }).keyBlock]).toEqual([1024, 256]);
  });

  test.each([
    ['float32', [16, 16, 32, 64, 64], [1, 1, 1, 1, 2]],
    ['float64', [8, 16, 24, 32, 32], [1, 1, 1, 2, 3]],
  ] as const)('takes up to four panels of %s rows at once', (precision, blockRows, blocks) => {
    const plans = [8, 16, 17, 64, 65].map((M) => plan({ M }, precision));
    expect(plans.map((one) => one.blockRows)).toEqual(blockRows);
    expect(plans.map((one) => one.blocks)).toEqual(blocks);
  });

  test('has an item for each block of rows of each key head of each batch entry', () => {
    expect(plan({ B: 2, H: 6, G: 3, M: 100 }).items).toBe(2 * 3 * Math.ceil(200 / 64));
  });

  test('cuts the keys where there are few items and many keys, in whole blocks, into parts of 4,096 at least', () => {
    const parts = (sizes: Partial<Axes>, storesMatrices = false) => {
      const { chunks, chunkKeys, items } = plan(sizes, 'float32', storesMatrices);
      return { chunks, chunkKeys, items };
    };
    expect(parts({ N: 4096 })).toEqual({ chunks: 1, chunkKeys: 4096, items: 1 });
    expect(parts({ N: 4097 })).toEqual({ chunks: 2, chunkKeys: 4096, items: 2 });
    expect(parts({ N: 16 * 4096 + 1 })).toEqual({ chunks: 16, chunkKeys: 4352, items: 16 });
    expect(parts({ N: 100_000, H: 3, G: 3 })).toEqual({ chunks: 5, chunkKeys: 20_224, items: 15 });
    expect(parts({ N: 100_000, H: 16, G: 16 })).toEqual({ chunks: 1, chunkKeys: 100_096, items: 16 });
    expect(parts({ N: 100_000, H: 17, G: 17 })).toEqual({ chunks: 1, chunkKeys: 100_096, items: 17 });
    expect(parts({ N: 100_000 }, true)).toEqual({ chunks: 1, chunkKeys: 100_000, items: 1 });
  });

  test('takes scratch for the panels of queries and context, two blocks of logits, and three lines of statistics', () => {
    expect(plan({ M: 40 }).scratchBytes).toBe(BEFORE_PANELS + 64 * (3 * (8 + 4) + 2 * 256 + 3));
    expect(plan({ M: 40 }, 'float64').scratchBytes).toBe(BEFORE_PANELS + 64 * (4 * (8 + 4) + 2 * 256 + 3));
  });

  test('keeps each part’s sums and context for every row, where the keys are cut', () => {
    expect(plan({ N: 4096 }).partialBytes).toBe(0);
    expect(plan({ N: 8192, B: 2 }).partialBytes).toBe(2 * 2 * 16 * 4 * (4 + 4));
    expect(plan({ N: 8192, B: 2 }, 'float64').partialBytes).toBe(2 * 2 * 8 * 8 * (4 + 4));
  });
});
