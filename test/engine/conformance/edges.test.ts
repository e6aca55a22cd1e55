import { describe, expect, test } from 'vitest';
import type { Call, Output } from '../../../src/engine/call.ts';
import type { Kernel } from '../../../src/engine/kernels/kernel.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { floats, type Precision } from '../../../src/engine/tensor.ts';
import { drawn } from '../../slow.ts';
import { random, randomCall } from '../calls.ts';
import { kernels, serving } from './kernels.ts';

const OUTPUTS: readonly Output[] = ['scores', 'capped', 'logits', 'weights', 'context', 'lse', 'entropy', 'sink_weight'];

describe.each(
  [...kernels, serving].flatMap((kernel) => (['float32', 'float64'] as const).map((precision) => [kernel.name, precision, kernel] as const)),
)('the kernel %s in %s', (_name, precision, kernel) => {
  test.each([
    ['few rows', 1],
    ['a panel', 9],
    ['many blocks', 70],
  ])('takes no finite logit for an excluded key: %s', (_what, M) => {
    const { least, great } = EDGES[precision];
    for (const N of [32, 300, 4200]) {
      if (M === 70 && N === 4200) continue;
      for (const want of [['context'], ['lse'], ['weights'], ['context', 'lse'], ['weights', 'context', 'lse', 'entropy']] as const) {
        expectUniform(
          kernel,
          lowest(precision, { M, N, want }, () => -great),
          -great,
        );
        expectUniform(
          kernel,
          lowest(precision, { M, N, want }, () => least),
          least,
        );
        const one = answered(
          kernel,
          lowest(precision, { M, N, want }, (j) => (j === N - 3 ? -0.8 * great : -great)),
        );
        expect(
          farthest(
            one.weights?.filter((_, n) => n % N === N - 3),
            1,
          ),
        ).toBe(0);
        expect(farthest(one.context, N - 3)).toBe(0);
        expect(one.fullyMasked).toEqual([]);
      }
    }
  });

  test('is right at the edges of the range in every argument', () => {
    for (const M of [1, 6, 70]) for (let seed = 0; seed < drawn(40, 12); seed++) expectAsReference(kernel, edgeCall(precision, M, seed));
  });
});

/** The least finite number, and one as large whose like is still finite when 0.8 of it is meant. */
const EDGES = {
  float32: { least: -3.4028234663852886e38, great: 3e38, normal: 2 ** -126, subnormal: 2 ** -149 },
  float64: { least: -Number.MAX_VALUE, great: 1.6e308, normal: 2 ** -1022, subnormal: Number.MIN_VALUE },
} as const;

/** Scores of 0, values that say their key, and a bias for each key. */
function lowest(precision: Precision, { M, N, want }: { M: number; N: number; want: readonly Output[] }, bias: (j: number) => number): Call {
  const asked = randomCall({ M, N, D: 4, E: 1 }, precision, {
    want: new Set(want),
    bias: { data: floats(precision, N).map((_, j) => bias(j)), batchStride: 0, headStride: 0, rowStride: 0, keyStride: 1 },
  });
  asked.query.data.fill(0);
  asked.value.data.forEach((_, j) => {
    asked.value.data[j] = j;
  });
  return asked;
}

function answered(kernel: Kernel, asked: Call) {
  kernel.reset();
  return kernel.attend(asked);
}

function expectUniform(kernel: Kernel, asked: Call, logit: number): void {
  const { N } = asked.axes;
  const { weights, context, lse, entropy, fullyMasked, nonFinite } = answered(kernel, asked);
  const own = asked.precision === 'float32' ? Math.fround(logit) : logit;
  expect(farthest(weights, 1 / N)).toBeLessThan(1e-6);
  expect(farthest(context, (N - 1) / 2) / N).toBeLessThan(1e-5);
  expect(farthest(lse, own)).toBe(0);
  expect(farthest(entropy, Math.log2(N))).toBeLessThan(1e-3);
  expect({ fullyMasked, nonFinite }).toEqual({ fullyMasked: [], nonFinite: undefined });
}

function farthest(values: ArrayLike<number> | undefined, wanted: number): number {
  return Array.from(values ?? []).reduce((most, value) => (value === wanted ? most : Math.max(most, Math.abs(value - wanted))), 0);
}

/** One query column, so that a score is one product: numbers from the edges in each argument, in a mix that a seed draws. */
function edgeCall(precision: Precision, M: number, seed: number): Call {
  const { least, great, normal, subnormal } = EDGES[precision];
  const next = random(seed + 1);
  const pick = <T>(from: readonly T[]) => from[Math.floor(((next() + 1) / 2) * from.length)] as T;
  const any = [0, -0, 1, -1, normal, -normal, subnormal, -subnormal, 0.5];
  const N = pick([19, 33, 270]);
  const fill = (numbers: ArrayLike<number>, from: readonly number[]) => {
    const data = numbers as Float64Array;
    for (let n = 0; n < data.length; n++) data[n] = pick(from);
  };
  const wide = pick([any, [...any, great, -great, least], [least, -great]]);
  const biases = floats(precision, M * N);
  fill(biases, pick([any, [...any, least, -great, -0.8 * great], [least, -great], [Number.NEGATIVE_INFINITY, least, 0]]));
  const sink = floats(precision, 1);
  fill(sink, [...any, least, great, -great]);
  const capped = next() > 0.3;
  const asked = randomCall({ M, N, D: 1, E: 2 }, precision, {
    want: new Set(pick<readonly Output[]>([['context'], ['lse'], ['context', 'lse'], ['weights'], OUTPUTS])),
    ...(next() > 0 && { bias: { data: biases, batchStride: 0, headStride: 0, rowStride: N, keyStride: 1 } }),
    ...(next() > 0.5 && { sink }),
    ...(capped && { softcap: pick([subnormal, normal, 0.5, 2, -least, great]) }),
    scale: pick([1, -1, 0.5, normal, subnormal]),
  });
  fill(asked.query.data, pick([[1, -1, 0.5], any]));
  // Capping a great number by a great cap rounds away what would tell keys apart.
  fill(asked.key.data, capped ? any : wide);
  fill(asked.value.data, pick([any, [...any, great, -great, least]]));
  return asked;
}

/** Against the reference of the same arithmetic: scores are exact here, so weights are near too. */
function expectAsReference(kernel: Kernel, asked: Call): void {
  const wanted = reference.attend(asked);
  const got = answered(kernel, asked);
  expect(got.fullyMasked).toEqual(wanted.fullyMasked);
  expect(got.nonFinite).toEqual(wanted.nonFinite);
  const { N } = asked.axes;
  const U = asked.precision === 'float32' ? 2 ** -24 : 2 ** -53;
  const room = (output: Output, value: number) => {
    if (output === 'context')
      return 200 * N * U * Array.from(asked.value.data).reduce((most, x) => Math.max(most, Math.abs(x)), 0) + N * EDGES[asked.precision].subnormal;
    return 200 * N * U * Math.max(1, Math.abs(value));
  };
  for (const output of asked.want) {
    wanted[output]?.forEach((value, i) => {
      const other = got[output]?.[i];
      if (!(other === value || (Number.isNaN(value) && Number.isNaN(other)) || Math.abs((other ?? Number.NaN) - value) <= room(output, value)))
        expect.fail(`${output} ${i} is ${other}, not ${value}, at ${JSON.stringify({ ...asked.axes, softcap: asked.softcap, scale: asked.scale })}`);
    });
  }
}
