import { describe, expect, test } from 'vitest';
import type { Axes, Call } from '../../../src/engine/call.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { keyRangesOf } from '../../../src/engine/mask.ts';
import { floats, type Precision } from '../../../src/engine/tensor.ts';
import { randomCall } from '../calls.ts';
import { expectBounds, expectClose, HALF_UNIT, pairOf } from './bounds.ts';
import { kernels } from './kernels.ts';

const CASES = kernels.flatMap((kernel) => (['float32', 'float64'] as const).map((precision) => [kernel.name, precision, kernel] as const));

describe.each(CASES)('the kernel %s in %s', (_name, precision, kernel) => {
  const U = HALF_UNIT[precision];
  const expectWithinBounds = (axes: Partial<Axes>, options: Partial<Call> & { magnitude?: number }) => {
    expectBounds(pairOf(axes, precision, options), kernel);
  };

  test('is within the bounds for every number of rows, keys and columns, from 1 past two tiles', () => {
    for (let length = 1; length <= 34; length++) {
      for (const axes of [
        { M: length, N: 5, D: 3, E: 3 },
        { M: 3, N: length, D: 4, E: 2 },
        { M: 2, N: 6, D: length, E: 3 },
        { M: 2, N: 6, D: 3, E: length },
        { H: 2, G: 1, M: length, N: length, D: length, E: length },
      ]) {
        expectWithinBounds(axes, {});
      }
    }
  });

  test('is within the bounds with every option', () => {
    const axes = { B: 2, H: 4, G: 2, M: 5, N: 9, D: 6, E: 7 };
    const rows = { batchStride: 4 * 5 * 9, headStride: 5 * 9, rowStride: 9, keyStride: 1 };
    const options: readonly Partial<Call>[] = [
      { scale: 0.3 },
      { softcap: 0.7 },
      { keyRanges: keyRangesOf([0, 1, 2, 3, 4, 2, 3, 4, 5, 6], [9, 6], { left: 2 }, true) },
      { mask: { data: Uint8Array.from({ length: 9 }, (_, j) => j % 3 && 1), batchStride: 0, headStride: 0, rowStride: 0, keyStride: 1 } },
      { mask: { data: Uint8Array.from({ length: 360 }, (_, j) => (j * 7) % 5 && 1), ...rows } },
      { bias: { data: Float32Array.from({ length: 360 }, (_, j) => (j % 11 === 0 ? Number.NEGATIVE_INFINITY : Math.fround(Math.sin(j)))), ...rows } },
      { sink: Float32Array.from([0, 1, -2, 5]) },
      { alibi: { slopes: Float32Array.from([0.5, 0.25, 0.125, 0.0625]), positions: Int32Array.from([0, 1, 2, 3, 4, 2, 3, 4, 5, 6]) } },
    ];
    for (const option of options) expectWithinBounds(axes, option);
    expectWithinBounds(axes, Object.assign({}, ...options));
  });

  test('is within the bounds where scores are small, or great', () => {
    for (const magnitude of [1e-3, 4]) expectWithinBounds({ M: 4, N: 20, D: 8, E: 4 }, { magnitude });
  });

  test.each([
    ['small scores', {}],
    ['small scores below the diagonal', { keyRanges: keyRangesOf(positions(70, 530), [600], {}, true) }],
    ['small scores in a window', { keyRanges: keyRangesOf(positions(70, 100), [600], { left: 300, right: 9 }, true) }],
    ['great scores', { magnitude: 8 }],
  ])('is within the bounds for context and log-sum-exp alone, over many blocks of rows and keys: %s', (_what, options) => {
    expectWithinBounds({ M: 70, N: 600, D: 4, E: 3 }, { ...options, want: new Set(['context', 'lse']) });
  });

  test('is within the bounds where a later block of keys holds the greatest score by far', () => {
    for (const length of [20, 2000]) {
      const lengthen = (call: Call) => {
        call.key.data.fill(length, 4 * 590, 4 * 591);
        return call;
      };
      const sizes = { M: 70, N: 600, D: 4, E: 3 };
      const exact = reference.attend(lengthen(randomCall(sizes, 'float64')));
      const got = kernel.attend(lengthen(randomCall(sizes, precision, { want: new Set(['context', 'lse']) })));
      expectClose(got.context, exact.context, () => length * 20 * U, 'context');
      expectClose(got.lse, exact.lse, () => length * 20 * U, 'lse');
    }
  });

  test.each(['query', 'key'] as const)('is right where the squares of a %s are too small for the format, and the scale makes up for it', (tiny) => {
    const [small, score] = precision === 'float32' ? [1e-24, 104] : [1e-170, 721];
    const asked = (own: Precision) => {
      const many = randomCall({ M: 70, N: 600, D: 1, E: 3 }, own, { scale: score / small, want: new Set(['context', 'lse']) });
      many.query.data.fill(tiny === 'query' ? small : 1);
      many.key.data.fill(0, 0, 60).fill(tiny === 'key' ? -small : -1, 60);
      return many;
    };
    const exact = reference.attend(asked('float64'));
    const got = kernel.attend(asked(precision));
    expectClose(got.context, exact.context, () => 1e4 * U, 'context');
    expectClose(got.lse, exact.lse, () => 1e4 * U, 'lse');
  });

  test('gives all weight to one enormous score, among scores of ±10⁴', () => {
    const { key, query, ...rest } = randomCall({ M: 1, N: 19, D: 1, E: 1 }, precision);
    const scores = floats(precision, 19).map((_, j) => (j === 7 ? 1e4 : -1e4 + j));
    const { weights, lse, context } = kernel.attend({
      ...rest,
      query: { ...query, data: floats(precision, 1).fill(1) },
      key: { ...key, data: scores },
    });
    expect([...(weights ?? [])]).toEqual(Array.from({ length: 19 }, (_, j) => (j === 7 ? 1 : 0)));
    expect(lse?.[0]).toBeCloseTo(1e4, 2);
    expect(context?.[0]).toBe(rest.value.data[7]);
  });

  test('gives equal scores equal weights', () => {
    const { query, ...rest } = randomCall({ M: 2, N: 7, D: 3, E: 2 }, precision);
    const { weights } = kernel.attend({ ...rest, query: { ...query, data: floats(precision, 6) } });
    for (const weight of weights ?? []) expect(weight).toBeCloseTo(1 / 7, 6);
  });

  test('takes nothing from an excluded key, whatever it holds', () => {
    const poisoned = randomCall({ M: 2, N: 4, D: 2, E: 2 }, precision, {
      mask: { data: Uint8Array.of(1, 0, 1, 0), batchStride: 0, headStride: 0, rowStride: 0, keyStride: 1 },
    });
    const clean = kernel.attend(poisoned);
    for (const poison of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const rows of [poisoned.key, poisoned.value]) rows.data.fill(poison, 2, 4).fill(poison, 6, 8);
      const { weights, context, lse, entropy, nonFinite } = kernel.attend(poisoned);
      expect({ weights, context, lse, entropy }).toEqual({ weights: clean.weights, context: clean.context, lse: clean.lse, entropy: clean.entropy });
      expect(nonFinite).toBeUndefined();
    }
  });

  test('is the same to the bit whatever stands in keys that no row sees, over many blocks', () => {
    const padded = randomCall({ M: 70, N: 300, D: 4, E: 3 }, precision, {
      keyRanges: keyRangesOf(positions(70, 0), [250], {}, false),
      want: new Set(['context', 'lse']),
    });
    const answer = () => {
      kernel.reset();
      const { context, lse, nonFinite } = kernel.attend(padded);
      return { context: [...(context ?? [])], lse: [...(lse ?? [])], nonFinite };
    };
    const clean = answer();
    for (const poison of [Number.NaN, Number.POSITIVE_INFINITY, 1e30]) {
      padded.key.data.fill(poison, 4 * 250);
      padded.value.data.fill(poison, 3 * 250);
      expect(answer()).toEqual(clean);
    }
  });

  test('gives a row without a key the context 0, with a sink and without', () => {
    const masked = randomCall({ M: 2, N: 3, D: 2, E: 2 }, precision, { keyRanges: { first: Int32Array.of(0, 0), end: Int32Array.of(0, 3) } });
    const plain = kernel.attend(masked);
    expect(plain.fullyMasked).toEqual([0]);
    expect([...(plain.context ?? [])].slice(0, 2)).toEqual([0, 0]);
    expect([...(plain.weights ?? [])].slice(0, 3)).toEqual([0, 0, 0]);
    expect([plain.lse?.[0], plain.entropy?.[0]]).toEqual([Number.NEGATIVE_INFINITY, 0]);
    const sunk = kernel.attend({ ...masked, sink: floats(precision, 1).fill(1.5) });
    expect([sunk.fullyMasked, sunk.lse?.[0], sunk.entropy?.[0], sunk.sink_weight?.[0]]).toEqual([[0], 1.5, 0, 1]);
  });

  test('says where an attended number left the finite ones', () => {
    const huge = randomCall({ M: 2, N: 2, D: 1, E: 1 }, precision, { scale: precision === 'float32' ? 1e38 : 1e307, magnitude: 1e3 });
    expect(kernel.attend(huge).nonFinite).toEqual({ output: 'scores', row: 0 });
    const infinite = randomCall({ M: 2, N: 2, D: 1, E: 1 }, precision);
    infinite.value.data[1] = Number.POSITIVE_INFINITY;
    expect(kernel.attend(infinite).nonFinite).toEqual({ output: 'context', row: 0 });
  });
});

/** M positions from the first on. */
function positions(M: number, first: number): number[] {
  return Array.from({ length: M }, (_, i) => first + i);
}
