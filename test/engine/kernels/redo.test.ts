import { describe, expect, test } from 'vitest';
import type { Call } from '../../../src/engine/call.ts';
import { TooMuchToRedo } from '../../../src/engine/kernels/kernel.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { SimdKernel } from '../../../src/engine/kernels/simd.ts';
import { keyRangesOf } from '../../../src/engine/mask.ts';
import { randomCall } from '../calls.ts';
import { modulesOf } from '../modules.ts';

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

describe('what redoing costs', () => {
  const axes = { H: 4, G: 2, M: 20, N: 30, D: 3, E: 2 };
  const perRow = 30 * (3 + 2);
  const cost = (asked: Call, multiplyAdds: number) => {
    const redoneBy = (mostRedone: number) => new SimdKernel('test', modules, '6x16', { mostRedone, leastWork: 0 }).attend(asked);
    expect(() => redoneBy(multiplyAdds - 1)).toThrow(new TooMuchToRedo(multiplyAdds, multiplyAdds - 1));
    return redoneBy(multiplyAdds);
  };
  /** Rows 15 to 19 of the heads 2 and 3 see key 25 of their key head. */
  const poisoned = (options: Partial<Call> = {}) => {
    const asked = randomCall(axes, 'float64', {
      keyRanges: keyRangesOf(
        Array.from({ length: 20 }, (_, i) => i + 10),
        [30],
        {},
        true,
      ),
      want: new Set(['context']),
      ...options,
    });
    asked.key.data[(30 + 25) * 3] = Number.NaN;
    return asked;
  };
  const none = { batchStride: 0, headStride: 0, rowStride: 0, keyStride: 1 };

  test('is said, with what may be spent', () => {
    expect(new TooMuchToRedo(12, 10)).toMatchObject({
      name: 'TooMuchToRedo',
      message:
        'a NaN, an infinity or an overflow takes part in rows that the reference would redo one by one, by at least 12 multiply-adds; at most 10 are redone',
    });
  });

  test('is N · (D + E) a row', () => {
    expect(cost(poisoned(), 10 * perRow).nonFinite).toEqual({ output: 'scores', row: 2 * 20 + 15 });
  });

  test('is one more for each look for a poisoned key under a mask or a bias', () => {
    const looks = 2 * 20;
    cost(poisoned({ mask: { data: new Uint8Array(30).fill(1), ...none } }), 10 * perRow + looks);
    cost(poisoned({ bias: { data: new Float64Array(30), ...none } }), 10 * perRow + looks);
  });

  test('is that of the row alone where no key is poisoned, under a mask too', () => {
    const asked = randomCall(axes, 'float64', { mask: { data: new Uint8Array(30).fill(1), ...none }, want: new Set(['lse']) });
    asked.query.data[5 * 3] = Number.NaN;
    expect(cost(asked, perRow).nonFinite).toEqual({ output: 'scores', row: 5 });
  });

  test.each([['scores'], ['capped']] as const)('is D more for each of the %s of a poisoned key', (output) => {
    cost(poisoned({ want: new Set([output]) }), 10 * perRow + 2 * 20 * 3);
  });

  test('is counted row by row where only finite numbers will do', () => {
    expect(cost(poisoned({ finiteOnly: true }), perRow).nonFinite).toEqual({ output: 'scores', row: 2 * 20 + 15 });
  });
});

describe('scores of a poisoned key', () => {
  const axes = { B: 2, H: 4, G: 2, M: 6, N: 9, D: 3, E: 2 };
  const asked = (options: Partial<Call> = {}) => {
    const given = randomCall(axes, 'float64', {
      keyRanges: keyRangesOf([3, 4, 5, 6, 7, 8, 3, 4, 5, 6, 7, 8], [9, 9], {}, true),
      want: new Set(['scores', 'capped', 'logits', 'weights', 'context', 'lse']),
      scale: 0.5,
      softcap: 0.75,
      ...options,
    });
    // Key 8 of the second key head of the second batch entry, which row 5 attends to; key 4 of the first, which all but row 0 do.
    given.key.data[((2 + 1) * 9 + 8) * 3 + 1] = Number.POSITIVE_INFINITY;
    given.key.data[4 * 3] = Number.NaN;
    return given;
  };

  test.each([
    ['scores and capped', ['scores', 'capped']],
    ['scores alone', ['scores', 'weights']],
    ['capped alone', ['capped']],
  ] as const)('are as the arithmetic says in every row, of those that exclude it too: %s', (_name, want) => {
    const given = asked({ want: new Set(want) });
    const got = redoing(1000).attend(given);
    const exact = reference.attend(given);
    for (const output of want) {
      expect(got[output]?.length).toBe(exact[output]?.length);
      got[output]?.forEach((value, k) => {
        const other = exact[output]?.[k] ?? 0;
        if (!Object.is(value, other)) expect(Math.abs(value - other), `${output} ${k}`).toBeLessThan(1e-14);
      });
    }
    expect(got.nonFinite).toEqual(exact.nonFinite);
    expect(got.capped === undefined).toBe(!given.want.has('capped'));
  });

  test('are looked after by the checkpoint: before every head, every row, and every row that is redone', () => {
    const checkpoints = (options: Partial<Call>) => {
      let calls = 0;
      redoing(1000).attend(asked({ ...options, checkpoint: () => calls++ }));
      return calls;
    };
    const heads = 8;
    // Key 4 is seen by 5 rows of each of two heads, key 8 by one row of each of two.
    const redone = 2 * 5 + 2;
    expect(checkpoints({ want: new Set(['context']) })).toBe(heads + redone);
    expect(checkpoints({})).toBe(heads + 48 + redone);
  });
});

test('a redone row without a key is still fully masked', () => {
  const asked = randomCall({ M: 3, N: 20, D: 4, E: 4 }, 'float32', {
    keyRanges: { first: Int32Array.of(0, 20, 0), end: Int32Array.of(20, 20, 20) },
    want: new Set(['context', 'lse']),
  });
  asked.query.data.fill(Number.NaN);
  expect(redoing(10).attend(asked)).toMatchObject({ fullyMasked: [1], nonFinite: { output: 'scores', row: 0 } });
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
