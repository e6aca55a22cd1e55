import { describe, expect, test } from 'vitest';
import type { Call } from '../../../src/engine/call.ts';
import { TooMuchToRedo } from '../../../src/engine/kernels/kernel.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { SimdKernel } from '../../../src/engine/kernels/simd.ts';
import { keyRangesOf } from '../../../src/engine/mask.ts';
import { randomCall } from '../calls.ts';
import { modulesOf } from '../conformance/kernels.ts';

const SIZES = { H: 2, M: 100, N: 300, D: 4, E: 4 };
const PER_ROW = SIZES.N * (SIZES.D + SIZES.E);
const modules = modulesOf('relaxed');
/** A kernel that may redo so many rows of these sizes. */
const redoing = (rows: number) => new SimdKernel('test', modules, '6x16', { mostRedone: rows * PER_ROW, leastWork: 0 });

/** Row i of each head sees the keys up to i + 200. */
const stairs = (options: Partial<Call> = {}) =>
  randomCall(SIZES, 'float32', {
    keyRanges: keyRangesOf(
      Array.from({ length: SIZES.M }, (_, i) => i + 200),
      [SIZES.N],
      {},
      true,
    ),
    want: new Set(['context', 'lse']),
    ...options,
  });

describe('what a NaN or an infinity makes redo', () => {
  test('are the rows that attend to it, and no others', () => {
    const asked = stairs();
    // Of the first head's key 290, which rows 90 to 99 see.
    asked.key.data[290 * SIZES.D] = Number.NaN;
    expect(() => redoing(9).attend(asked)).toThrow(TooMuchToRedo);
    const got = redoing(10).attend(asked);
    const wanted = reference.attend(asked);
    expect(got.nonFinite).toEqual({ output: 'scores', row: 90 });
    expect(Array.from(got.lse ?? []).map(Number.isNaN)).toEqual(Array.from(wanted.lse ?? []).map(Number.isNaN));
    expect(Array.from(got.context ?? []).filter(Number.isNaN)).toHaveLength(10 * SIZES.E);
  });

  test('is the one row of a query that is not finite, not its neighbours in the block', () => {
    const asked = stairs();
    asked.query.data[7 * SIZES.D] = Number.POSITIVE_INFINITY;
    expect(() => redoing(0).attend(asked)).toThrow(TooMuchToRedo);
    expect(redoing(1).attend(asked).nonFinite).toEqual({ output: 'scores', row: 7 });
  });

  test('is nothing where no row attends to it', () => {
    const asked = stairs({
      mask: { data: Uint8Array.from({ length: SIZES.N }, (_, j) => (j === 9 ? 0 : 1)), batchStride: 0, headStride: 0, rowStride: 0, keyStride: 1 },
    });
    const clean = reference.attend(asked);
    asked.key.data.fill(Number.NaN, 9 * SIZES.D, 10 * SIZES.D);
    asked.value.data.fill(Number.POSITIVE_INFINITY, 9 * SIZES.E, 10 * SIZES.E);
    const { context, nonFinite } = redoing(1).attend(asked); // looking for the key under the mask counts too
    expect(nonFinite).toBeUndefined();
    context?.forEach((element, i) => {
      expect(Math.abs(element - (clean.context?.[i] ?? Number.NaN))).toBeLessThan(1e-5);
    });
  });

  test('ends at the first row that overflows, where only finite numbers will do', () => {
    const great = (finiteOnly: boolean) => {
      const one = stairs({ scale: 1e38, finiteOnly });
      one.query.data.fill(100);
      return one;
    };
    expect(redoing(1).attend(great(true)).nonFinite).toEqual({ output: 'scores', row: 0 });
    expect(() => redoing(199).attend(great(false))).toThrow(TooMuchToRedo);
    expect(redoing(200).attend(great(false)).nonFinite).toEqual({ output: 'scores', row: 0 });
  });

  test('can be ended by the checkpoint, between two rows', () => {
    const asked = stairs();
    asked.key.data[0] = Number.NaN;
    let rows = 0;
    const checkpoint = () => {
      if (++rows > 20) throw new RangeError('enough');
    };
    expect(() => redoing(1000).attend({ ...asked, checkpoint })).toThrow('enough');
  });
});

test('a logit sum that overflows to −∞ excludes its key, and a row of such keys has none', () => {
  const least = -3.4028234663852886e38;
  for (const kernel of [reference, redoing(1000)]) {
    const asked = randomCall({ M: 9, N: 40, D: 1, E: 1 }, 'float32', {
      want: new Set(['weights', 'context', 'lse']),
      bias: { data: new Float32Array(40).fill(least, 0, 39), batchStride: 0, headStride: 0, rowStride: 0, keyStride: 1 },
    });
    asked.query.data.fill(1);
    asked.key.data.fill(-1e32);
    asked.value.data.fill(2).fill(Number.NaN, 0, 3);
    const one = kernel.attend(asked);
    expect([one.weights?.[0], one.weights?.[39], one.context?.[0], one.lse?.[0]]).toEqual([0, 1, 2, Math.fround(-1e32)]);
    asked.bias?.data.fill(least);
    const none = kernel.attend(asked);
    expect([none.weights?.[39], none.context?.[0], none.lse?.[0]]).toEqual([0, 0, Number.NEGATIVE_INFINITY]);
    expect(none.nonFinite).toEqual({ output: 'logits', row: 0 });
  }
});
