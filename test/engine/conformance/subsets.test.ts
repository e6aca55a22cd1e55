import fc from 'fast-check';
import { describe, test } from 'vitest';
import type { Axes, Call, Output } from '../../../src/engine/call.ts';
import { keyRangesOf } from '../../../src/engine/mask.ts';
import type { Precision } from '../../../src/engine/tensor.ts';
import { drawn } from '../../slow.ts';
import { random } from '../calls.ts';
import { expectBounds, type Pair, pairOf } from './bounds.ts';
import { kernels, serving } from './kernels.ts';

/*
 * What is asked for decides which way a kernel takes: a fault of one way hides where every output is asked for at once.
 * Here each output is asked for alone and in random company, at sizes on both sides of every threshold.
 */

const OUTPUTS: readonly Output[] = ['scores', 'capped', 'logits', 'weights', 'context', 'lse', 'entropy', 'sink_weight'];

/** Sizes next to each other across a threshold, small along the other axes. */
const SIZES: readonly Partial<Axes>[] = [
  ...[4, 5].map((M) => ({ M, N: 40, D: 5, E: 3 })), // single rows, then panels
  ...[2, 3].map((M) => ({ H: 4, G: 2, M, N: 33, D: 4, E: 6 })), // the same for grouped heads: 4 and 6 rows share a key head
  ...[7, 8, 9, 15, 16, 17].map((M) => ({ M, N: 23, D: 6, E: 5 })), // panels of 8 and of 16
  ...[31, 32, 33, 63, 64, 65].map((M) => ({ M, N: 70, D: 3, E: 2 })), // blocks of four panels; from two blocks on rows may be steady
  ...[48, 49, 255, 256, 257, 513].map((N) => ({ M: 9, N, D: 2, E: 3 })), // blocks of keys
  { M: 66, N: 300, D: 2, E: 2 }, // both
  ...[1023, 1024, 1025].map((N) => ({ M: 1, N, D: 2, E: 2 })), // blocks of keys for single rows
  ...[4095, 4096, 4097, 8193].map((N) => ({ M: 1, N, D: 1, E: 2 })), // keys cut in parts
  { M: 6, N: 4200, D: 1, E: 1 },
  ...[5, 6].map((M) => ({ M, N: 20, D: 5, E: 5 })), // 1,000 multiply-adds
  { M: 9, N: 11, D: 5, E: 5 },
];

/** Softcaps of which one word of a float64 is 0, and others. */
const SOFTCAPS = [0.7, 2, 0.5, 30];

/** A call's options, drawn from a seed: each there or not. */
interface Drawn {
  readonly sizes: Partial<Axes>;
  readonly seed: number;
  readonly options: ReadonlySet<string>;
  readonly want: ReadonlySet<Output>;
}

const optionNames = ['scale', 'softcap', 'causal', 'window', 'shared mask', 'mask', 'shared bias', 'bias', 'sink', 'alibi'] as const;

const anyDrawn: fc.Arbitrary<Drawn> = fc.record({
  sizes: fc.constantFrom(...SIZES),
  seed: fc.nat(),
  options: fc
    .oneof({ arbitrary: fc.subarray([...optionNames], { maxLength: 1 }), weight: 2 }, fc.subarray([...optionNames]))
    .map((names) => new Set<string>(names)),
  want: fc
    .oneof(
      fc.constantFrom(...OUTPUTS).map((output) => [output]),
      fc.subarray([...OUTPUTS], { minLength: 1 }),
    )
    .map((outputs) => new Set(outputs)),
});

function optionsOf({ sizes, seed, options, want }: Drawn): Partial<Call> & { seed: number } {
  const { H = 1, M = 1, N = 1 } = sizes;
  const next = random(seed);
  const positions = Int32Array.from({ length: M }, (_, i) => Math.max(0, N - M) + i);
  const whole = { batchStride: 0, headStride: M * N, rowStride: N, keyStride: 1 };
  const shared = { batchStride: 0, headStride: 0, rowStride: 0, keyStride: 1 };
  const bits = (length: number) => Uint8Array.from({ length }, () => (next() > -0.6 ? 1 : 0));
  const biases = (length: number) =>
    Float32Array.from({ length }, () => (next() > 0.8 ? Number.NEGATIVE_INFINITY : next() > 0.7 ? -3e38 : Math.fround(2 * next())));
  return {
    seed: seed % 1000,
    want,
    ...(options.has('scale') && { scale: [0.25, -0.5, 3][seed % 3] ?? 1 }),
    ...(options.has('softcap') && { softcap: SOFTCAPS[seed % SOFTCAPS.length] ?? 1 }),
    ...((options.has('causal') || options.has('window')) && {
      keyRanges: keyRangesOf(positions, [N], options.has('window') ? { left: Math.ceil(N / 3), right: 7 } : {}, options.has('causal')),
    }),
    ...(options.has('shared mask') && { mask: { data: bits(N), ...shared } }),
    ...(options.has('mask') && { mask: { data: bits(H * M * N), ...whole } }),
    ...(options.has('shared bias') && { bias: { data: biases(N), ...shared } }),
    ...(options.has('bias') && { bias: { data: biases(H * M * N), ...whole } }),
    ...(options.has('sink') && { sink: Float32Array.from({ length: H }, () => 3 * next()) }),
    ...(options.has('alibi') && { alibi: { slopes: Float32Array.from({ length: H }, (_, h) => 2 ** -(h + 4)), positions } }),
  };
}

const CASES = fc.sample(anyDrawn, { seed: 11, numRuns: drawn(260, 90) });
const PAIRS = new Map<Precision, readonly (Pair & { readonly drawn: Drawn })[]>();
function pairs(precision: Precision) {
  const found = PAIRS.get(precision) ?? CASES.map((drawn) => ({ ...pairOf(drawn.sizes, precision, optionsOf(drawn)), drawn }));
  PAIRS.set(precision, found);
  return found;
}

describe.each(
  [...kernels, serving].flatMap((kernel) => (['float32', 'float64'] as const).map((precision) => [kernel.name, precision, kernel] as const)),
)('the kernel %s in %s', (_name, precision, kernel) => {
  test('gives any outputs alone or together, under any options, on both sides of every threshold', () => {
    pairs(precision).forEach((pair, n) => {
      try {
        expectBounds(pair, kernel);
      } catch (error) {
        const { sizes, options, want } = pair.drawn;
        throw new Error(`case ${n} ${JSON.stringify({ sizes, options: [...options], want: [...want] })}: ${(error as Error).message}`);
      }
    });
  });

  test('gives each output alone, with each softcap', () => {
    for (const softcap of SOFTCAPS) {
      for (const M of [3, 17]) {
        for (const output of OUTPUTS)
          expectBounds(pairOf({ M, N: 64, D: 4, E: 4 }, precision, { softcap, magnitude: 2, want: new Set([output]) }), kernel);
      }
    }
  });
});
