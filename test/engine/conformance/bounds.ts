import { expect } from 'vitest';
import type { Axes, Call, Output, Result } from '../../../src/engine/call.ts';
import type { Kernel } from '../../../src/engine/kernels/kernel.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { floats, type Precision } from '../../../src/engine/tensor.ts';
import { randomCall } from '../calls.ts';

/** Half a unit in the last place of a number near 1. */
export const HALF_UNIT = { float32: 2 ** -24, float64: 2 ** -53 } as const;

/** A call, and every output of the same numbers by the reference in float64. */
export interface Pair {
  readonly own: Call;
  readonly exact: Result;
}

export function pairOf(
  axes: Partial<Axes>,
  precision: Precision,
  { magnitude, ...options }: Partial<Call> & { magnitude?: number; seed?: number },
): Pair {
  const size = magnitude === undefined ? {} : { magnitude };
  const { want: _, ...others } = inPrecision(options, 'float64');
  return {
    own: randomCall(axes, precision, { ...inPrecision(options, precision), ...size }),
    exact: reference.attend(randomCall(axes, 'float64', { ...others, ...size })),
  };
}

/** What the kernel gives is what was wanted, within the bounds of the engine's README; in float64 the yardstick rounds too. */
export function expectBounds({ own, exact }: Pair, kernel: Kernel): void {
  const U = HALF_UNIT[own.precision];
  kernel.reset();
  const got = kernel.attend(own);
  const { N } = own.axes;
  expect(got.fullyMasked).toEqual(exact.fullyMasked);
  const bounds = scoreBounds(own, own.precision === 'float32' ? 2 * U : 4 * U);
  const expectOutput = (output: Output, bound: (i: number) => number) => {
    if (own.want.has(output)) expectClose(got[output], exact[output], bound, output);
    else expect(got[output], output).toBeUndefined();
  };
  expectOutput('scores', (i) => bounds[i] ?? 0);
  // An error of the logits moves a weight by at most twice that, relatively; rounding the sum adds N units.
  const logit = bounds.reduce((most, bound) => Math.max(most, bound), 0) + 64 * U * (1 + greatest(exact.logits) + (own.softcap ?? 0));
  expectOutput('capped', () => logit);
  expectOutput('logits', () => logit);
  const relative = 2 * logit + (N + 16) * 2 * U;
  expectOutput('weights', () => relative);
  const [value, lse] = [greatest(own.value.data), greatest(exact.lse)];
  expectOutput('context', () => relative * value);
  expectOutput('lse', () => logit + (N + 16) * 2 * U * (1 + lse));
  expectOutput('entropy', () => 16 * relative * (1 + Math.log2(N + 1)));
  expectOutput('sink_weight', () => relative);
  for (const output of own.want) expect(got[output], output).toBeDefined();
}

/** The options with every number in this precision. */
function inPrecision({ bias, sink, alibi, ...rest }: Partial<Call>, precision: Precision): Partial<Call> {
  const cast = (numbers: ArrayLike<number>) => floats(precision, numbers.length).map((_, n) => numbers[n] ?? 0);
  return {
    ...rest,
    ...(bias && { bias: { ...bias, data: cast(bias.data) } }),
    ...(sink && { sink: cast(sink) }),
    ...(alibi && { alibi: { ...alibi, slopes: cast(alibi.slopes) } }),
  };
}

/** (D + 4) · 2⁻²³ · |scale| · Σ|q||k| for each pair: the contract's bound for dot products. */
function scoreBounds({ axes: { B, H, G, M, N, D }, query, key, scale }: Call, unit: number): number[] {
  const bounds: number[] = [];
  for (let b = 0; b < B; b++)
    for (let h = 0; h < H; h++)
      for (let i = 0; i < M; i++)
        for (let j = 0; j < N; j++) {
          let sum = 0;
          for (let c = 0; c < D; c++) {
            const q = query.data[b * query.batchStride + h * query.headStride + i * D + c] ?? 0;
            const k = key.data[b * key.batchStride + Math.floor(h / (H / G)) * key.headStride + j * D + c] ?? 0;
            sum += Math.abs(q * k);
          }
          bounds.push((D + 4) * unit * Math.abs(scale) * sum);
        }
  return bounds;
}

function greatest(values: ArrayLike<number> | undefined): number {
  return Array.from(values ?? []).reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
}

export function expectClose(got: Result['scores'], exact: Result['scores'], bound: (i: number) => number, what: string): void {
  expect(got?.length, what).toBe(exact?.length);
  got?.forEach((value, i) => {
    const wanted = exact?.[i] ?? Number.NaN;
    if (value === wanted) return;
    if (!(Math.abs(value - wanted) <= bound(i))) expect.fail(`${what} ${i} is ${value}, not ${wanted} within ${bound(i)}`);
  });
}
