import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { SimdKernel } from '../../../src/engine/kernels/simd.ts';
import { reachOf } from '../../../src/engine/mask.ts';
import { attention } from '../../../src/engine/operator.ts';
import { problem } from '../problems.ts';

const moduleOf = (build: string) =>
  new WebAssembly.Module(new Uint8Array(readFileSync(new URL(`../../../src/engine/kernels/${build}.wasm`, import.meta.url))));

/** The module's vector functions over numbers in its memory. */
function vectorFunction(build: string, name: 'exp2Each' | 'tanhEach'): (numbers: Float32Array) => Float32Array {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  const { exports } = new WebAssembly.Instance(moduleOf(build), { env: { memory } });
  const each = exports[name] as (at: number, count: number, constants: number) => void;
  return (numbers) => {
    const view = new Float32Array(memory.buffer, 65_536, numbers.length);
    view.set(numbers);
    each(65_536, numbers.length, 1024);
    return view.slice();
  };
}

/** The distance between two float32 near `exact`. */
function ulp(exact: number): number {
  return 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(exact)))) - 23);
}

describe.each([
  ['relaxed', 0.81, 1.5],
  ['strict', 1.09, 1.5],
])('the vector functions of the %s module', (build, exp2Bound, tanhBound) => {
  test(`2^x is within ${exp2Bound} ULP from −126 to 0, and exactly 1 at 0`, () => {
    const exp2 = vectorFunction(build, 'exp2Each');
    const count = 400_000;
    const numbers = Float32Array.from({ length: count }, (_, i) => (-126 * i) / count);
    const worst = exp2(numbers).reduce((most, got, i) => {
      const exact = 2 ** (numbers[i] ?? 0);
      return Math.max(most, Math.abs(got - exact) / ulp(exact));
    }, 0);
    expect(worst).toBeLessThanOrEqual(exp2Bound);
    expect(exp2(new Float32Array(4))[0]).toBe(1);
    expect([...exp2(Float32Array.of(Number.NEGATIVE_INFINITY, -200, Number.NaN, -126.6))]).toEqual([0, 0, Number.NaN, 0]);
  });

  test(`tanh is within a relative ${tanhBound} · 2⁻²³, near 0 too`, () => {
    const tanh = vectorFunction(build, 'tanhEach');
    const numbers = Float32Array.from({ length: 200_000 }, (_, i) => (i % 2 === 0 ? 1 : -1) * 10 ** (-6 + (7.5 * i) / 200_000));
    const worst = tanh(numbers).reduce((most, got, i) => {
      const exact = Math.tanh(numbers[i] ?? 0);
      return Math.max(most, Math.abs(got - exact) / Math.abs(exact));
    }, 0);
    expect(worst).toBeLessThanOrEqual(tanhBound * 2 ** -23);
  });
});

describe('the tiled kernel', () => {
  const kernel = new SimdKernel('test', moduleOf('relaxed'), '6x16');
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
        reach: reachOf(
          Array.from({ length: 700 }, (_, i) => i),
          [700],
          { left: 40 },
          true,
        ),
      },
    ],
  ] as const)('is right for %s', (_name, sizes, options) => {
    kernel.arena.reset();
    const got = attention(problem(sizes, 'float32', { ...options, want: new Set(['context', 'lse', 'entropy']) }), kernel);
    const exact = attention(problem(sizes, 'float64', { ...options, want: new Set(['context', 'lse', 'entropy']) }), reference);
    close(got.context, exact.context, 2e-6);
    close(got.lse, exact.lse, 4e-6);
    close(got.entropy, exact.entropy, 2e-5);
  });

  test('gives the memory of a large problem back', () => {
    const small = () => {
      kernel.arena.reset();
      return kernel.arena.float32(4).buffer.byteLength;
    };
    kernel.arena.reset();
    kernel.arena.float32(80_000_000);
    expect(small()).toBeLessThan(10_000_000);
  });
});
