import { describe, expect, test } from 'vitest';
import type { Builds } from '../../../src/engine/kernels/choose.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { SimdKernel } from '../../../src/engine/kernels/simd.ts';
import { keyRangesOf } from '../../../src/engine/mask.ts';
import { type Floats, floats, type Precision } from '../../../src/engine/tensor.ts';
import { randomCall } from '../calls.ts';
import { modulesOf } from '../conformance/kernels.ts';

/** The module's vector functions over numbers in its memory. */
function vectorFunction(build: keyof Builds, precision: Precision, name: 'exp2Each' | 'exponentialEach' | 'tanhEach'): (numbers: Floats) => number[] {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  const { exports } = new WebAssembly.Instance(modulesOf(build)[precision], { env: { memory } });
  const each = exports[name] as (at: number, count: number, constants: number) => void;
  return (numbers) => {
    const view =
      precision === 'float32' ? new Float32Array(memory.buffer, 65_536, numbers.length) : new Float64Array(memory.buffer, 65_536, numbers.length);
    view.set(numbers);
    each(65_536, numbers.length, 1024);
    return [...view];
  };
}

const FORMAT = { float32: { smallest: -126, bits: 23 }, float64: { smallest: -1022, bits: 52 } } as const;

describe.each([
  ['relaxed', 'float32', 0.81, 1.5],
  ['strict', 'float32', 1.09, 1.5],
  ['relaxed', 'float64', 1, 2.2],
  ['strict', 'float64', 1.1, 2.2],
] as const)('the vector functions of the %s module in %s', (build, precision, exp2Bound, tanhBound) => {
  const { smallest, bits } = FORMAT[precision];

  /** The distance between two numbers of this precision near `exact`. */
  const ulp = (exact: number) => 2 ** (Math.max(smallest, Math.floor(Math.log2(Math.abs(exact)))) - bits);

  test(`2^x is within ${exp2Bound} ULP from ${smallest} to 0, and exactly 1 at 0`, () => {
    const exp2 = vectorFunction(build, precision, 'exp2Each');
    const count = 400_000;
    const numbers = floats(precision, count).map((_, i) => (smallest * i) / count);
    const worst = exp2(numbers).reduce((most, got, i) => {
      const exact = 2 ** (numbers[i] ?? 0);
      return Math.max(most, Math.abs(got - exact) / ulp(exact));
    }, 0);
    expect(worst).toBeLessThanOrEqual(exp2Bound);
    expect(exp2(floats(precision, 4))[0]).toBe(1);
    const ends = [Number.NEGATIVE_INFINITY, 2 * smallest, Number.NaN, smallest - 0.6];
    expect([...exp2(floats(precision, 4).map((_, n) => ends[n] ?? 0))]).toEqual([0, 0, Number.NaN, 0]);
  });

  test(`e^x is within ${exp2Bound} ULP and |x| · 2^−${bits}, to the end of the normal numbers`, () => {
    const exponential = vectorFunction(build, precision, 'exponentialEach');
    const count = 200_000;
    const numbers = floats(precision, count).map((_, i) => (smallest * Math.LN2 * i) / count);
    const worst = exponential(numbers).reduce((most, got, i) => {
      const exact = Math.exp(numbers[i] ?? 0);
      const room = exp2Bound * ulp(exact) + Math.abs(numbers[i] ?? 0) * 2 ** -bits * exact;
      return Math.max(most, Math.abs(got - exact) / room);
    }, 0);
    expect(worst).toBeLessThanOrEqual(1);
    const ends = [Number.NEGATIVE_INFINITY, precision === 'float32' ? -3.4e38 : -1.7e308, Number.NaN, smallest];
    expect([...exponential(floats(precision, 4).map((_, n) => ends[n] ?? 0))]).toEqual([0, 0, Number.NaN, 0]);
  });

  test(`tanh is within a relative ${tanhBound} · 2^−${bits}, near 0 too`, () => {
    const tanh = vectorFunction(build, precision, 'tanhEach');
    const numbers = floats(precision, 200_000).map((_, i) => (i % 2 === 0 ? 1 : -1) * 10 ** (-6 + (7.5 * i) / 200_000));
    const worst = tanh(numbers).reduce((most, got, i) => {
      const exact = Math.tanh(numbers[i] ?? 0);
      return Math.max(most, Math.abs(got - exact) / Math.abs(exact));
    }, 0);
    expect(worst).toBeLessThanOrEqual(tanhBound * 2 ** -bits);
  });
});

describe('the tiled kernel', () => {
  const kernel = new SimdKernel('test', modulesOf('relaxed'), '6x16', { leastWork: 0 });
  const close = (got: ArrayLike<number> | undefined, wanted: ArrayLike<number> | undefined, bound: number) => {
    expect(got?.length).toBe(wanted?.length);
    const worst = Array.from(got ?? []).reduce((most, value, i) => Math.max(most, Math.abs(value - (wanted?.[i] ?? Number.NaN))), 0);
    expect(worst).toBeLessThanOrEqual(bound);
  };

  test.each([
    ['many rows over many blocks of keys', { M: 150, N: 1100, D: 20, E: 24 }, {}],
    ['one row over keys cut in parts', { H: 1, M: 1, N: 20_000, D: 12, E: 9 }, {}],
    ['grouped heads of one row', { H: 8, G: 2, M: 1, N: 9000, D: 16, E: 16 }, {}],
    [
      'a causal window',
      { M: 700, N: 700, D: 8, E: 8 },
      {
        keyRanges: keyRangesOf(
          Array.from({ length: 700 }, (_, i) => i),
          [700],
          { left: 40 },
          true,
        ),
      },
    ],
  ] as const)('is right for %s', (_name, sizes, options) => {
    const asked = (precision: Precision) => randomCall(sizes, precision, { ...options, want: new Set(['context', 'lse', 'entropy']) });
    const exact = reference.attend(asked('float64'));
    for (const [precision, unit] of [
      ['float32', 1e-6],
      ['float64', 1e-14],
    ] as const) {
      kernel.reset();
      const got = kernel.attend(asked(precision));
      close(got.context, exact.context, 2 * unit);
      close(got.lse, exact.lse, 4 * unit);
      close(got.entropy, exact.entropy, 20 * unit);
    }
  });

  test('gives the memory of a large call back', () => {
    const small = () => {
      kernel.reset();
      return kernel.float32(4).buffer.byteLength;
    };
    kernel.reset();
    kernel.float32(80_000_000);
    expect(small()).toBeLessThan(10_000_000);
  });
});
