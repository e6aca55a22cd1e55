import { describe, expect, test } from 'vitest';
import type { Call } from '../../../src/engine/call.ts';
import type { Builds } from '../../../src/engine/kernels/choose.ts';
import { type Crew, type Job, stopJob, workOn } from '../../../src/engine/kernels/job.ts';
import { Stopped } from '../../../src/engine/kernels/kernel.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { SimdKernel } from '../../../src/engine/kernels/simd.ts';
import { keyRangesOf, unboundedKeyRanges } from '../../../src/engine/mask.ts';
import { type Floats, floats, type Precision, type Rows } from '../../../src/engine/tensor.ts';
import { randomCall } from '../calls.ts';
import { modulesOf } from '../modules.ts';

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

  test('keeps 256 MiB, says whether it gave more than that back, and computes as before', () => {
    const own = new SimdKernel('own', modulesOf('relaxed'), '6x16', { leastWork: 0 });
    const asked = randomCall({ M: 9, N: 40, D: 3, E: 2 }, 'float32', { want: new Set(['context']) });
    const before = Array.from(own.attend(asked).context ?? []);
    own.reset();
    own.float32(2 ** 26 - 16_384); // with the first page, 256 MiB
    expect([own.float32(0).buffer.byteLength, own.giveBack()]).toEqual([2 ** 28, false]);
    own.float32(1);
    expect([own.giveBack(), own.giveBack()]).toEqual([true, false]);
    expect(Array.from(own.attend(asked).context ?? [])).toEqual(before);
  });

  test('hands out numbers in its memory, and over again after a reset', () => {
    const own = new SimdKernel('own', modulesOf('relaxed'), '6x16');
    const first = own.float32(20);
    const second = own.float32(3);
    expect([first.length, second.length, second.byteOffset - first.byteOffset]).toEqual([20, 3, 128]);
    own.reset();
    expect(own.float32(1).byteOffset).toBe(first.byteOffset);
  });

  test('tiles where softmax is of the call’s precision', () => {
    const tiled = (['float32', 'float64'] as const).flatMap((precision) =>
      (['float32', 'float64', 'float16', 'bfloat16'] as const).map((softmax) => kernel.isTiled(precision, softmax)),
    );
    expect(tiled).toEqual([true, false, false, false, false, true, false, false]);
  });
});

describe('the tiled kernel leaves to the reference', () => {
  const kernel = new SimdKernel('test', modulesOf('relaxed'), '6x16');
  /** Results of the module stand in its shared memory. */
  const isTiled = (sizes: Parameters<typeof randomCall>[0], options: Parameters<typeof randomCall>[2] = {}) =>
    kernel.attend(randomCall(sizes, 'float32', options)).context?.buffer instanceof SharedArrayBuffer;

  test('calls of fewer than 1,000 multiply-adds', () => {
    expect([isTiled({ M: 5, N: 20, D: 5, E: 5 }), isTiled({ M: 9, N: 11, D: 5, E: 5 })]).toEqual([true, false]);
  });

  test('a softmax in another precision', () => {
    const sizes = { M: 9, N: 40, D: 5, E: 5 };
    expect([isTiled(sizes), isTiled(sizes, { softmaxPrecision: 'float32' }), isTiled(sizes, { softmaxPrecision: 'bfloat16' })]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('calls without rows, or without keys, however little work is worth a tile', () => {
    const any = new SimdKernel('any', modulesOf('relaxed'), '6x16', { leastWork: 0 });
    for (const sizes of [
      { M: 0, N: 3 },
      { M: 3, N: 0 },
    ]) {
      const { context, fullyMasked } = any.attend(randomCall(sizes, 'float32'));
      expect(context).toEqual(new Float32Array(sizes.M));
      expect(fullyMasked).toEqual(sizes.M === 0 ? [] : [0, 1, 2]);
    }
  });
});

describe('a crew', () => {
  /** Shares jobs with nobody: works on them in each of its threads' places, one after the other. */
  class Alone implements Crew {
    readonly threads = 3;
    readonly shared: Job[] = [];

    share(job: Job, run: () => void): void {
      this.shared.push(job);
      run();
      for (const place of [1, 2]) workOn(job, modulesOf('relaxed'), place);
    }
  }

  /** A call whose batches all have the same numbers. */
  const repeated = (axes: Parameters<typeof randomCall>[0], B: number): Call => {
    const call = randomCall(axes, 'float32', { want: new Set(['lse']) });
    const same = (rows: Rows): Rows => ({ ...rows, batchStride: 0 });
    const { M, N } = call.axes;
    return {
      ...call,
      axes: { ...call.axes, B },
      query: same(call.query),
      key: same(call.key),
      value: same(call.value),
      keyRanges: unboundedKeyRanges(B * M, N),
    };
  };

  const sharing = (axes: Parameters<typeof randomCall>[0], batches = 1) => {
    const crew = new Alone();
    const asked = repeated(axes, batches);
    const { lse } = new SimdKernel('test', modulesOf('relaxed'), '6x16', { crew }).attend(asked);
    const alone = new SimdKernel('test', modulesOf('relaxed'), '6x16').attend(asked);
    expect(Array.from(lse ?? [])).toEqual(Array.from(alone.lse ?? []));
    return crew.shared.map(({ precision, scratch }) => [precision, scratch.length]);
  };

  test('is woken from 60,000,000 multiply-adds on, with a scratch area for each of its threads', () => {
    expect(sharing({ M: 1000, N: 1000, D: 30, E: 30 })).toEqual([['float32', 3]]);
    expect(sharing({ M: 1000, N: 999, D: 30, E: 30 })).toEqual([]);
  });

  test('is left alone for single rows, which memory binds', () => {
    expect(sharing({ M: 4, N: 2000, D: 40, E: 40 }, 100)).toEqual([]);
    expect(sharing({ M: 5, N: 2000, D: 30, E: 30 }, 100)).toEqual([['float32', 3]]);
    expect(sharing({ H: 4, G: 2, M: 2, N: 1000, D: 40, E: 40 }, 100)).toEqual([]);
    expect(sharing({ H: 4, G: 2, M: 3, N: 1000, D: 25, E: 25 }, 100)).toEqual([['float32', 3]]);
  });

  test('may be stopped: then the call is', () => {
    const crew = { threads: 1, share: stopJob };
    const asked = randomCall({ M: 1000, N: 1000, D: 30, E: 30 }, 'float32', { want: new Set(['lse']) });
    expect(() => new SimdKernel('test', modulesOf('relaxed'), '6x16', { crew }).attend(asked)).toThrow(new Stopped('the job was stopped'));
  });
});
