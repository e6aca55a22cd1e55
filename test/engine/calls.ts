import type { Axes, Call, Output } from '../../src/engine/call.ts';
import { unboundedKeyRanges } from '../../src/engine/mask.ts';
import { floats, type Precision } from '../../src/engine/tensor.ts';

/** Numbers from −1 to 1 that are the same in every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** A call of these sizes with random vectors, in [B, H, rows, width] layout. */
export function randomCall(sizes: Partial<Axes>, precision: Precision, options: Partial<Call> & { seed?: number; magnitude?: number } = {}): Call {
  const axes: Axes = { B: 1, H: 1, G: sizes.H ?? 1, M: 1, N: 1, D: 1, E: 1, ...sizes };
  const { B, H, G, M, N, D, E } = axes;
  const { seed = 1, magnitude = 1, ...rest } = options;
  const next = random(seed);
  const tensor = (heads: number, rows: number, width: number) => ({
    // Rounded to float32 in both precisions, so that the two see the same numbers.
    data: floats(precision, B * heads * rows * width).map(() => Math.fround(next() * magnitude)),
    offset: 0,
    batchStride: heads * rows * width,
    headStride: rows * width,
    rowStride: width,
  });
  return {
    axes,
    precision,
    query: tensor(H, M, D),
    key: tensor(G, N, D),
    value: tensor(G, N, E),
    scale: 1,
    keyRanges: unboundedKeyRanges(B * M, N),
    want: new Set<Output>(['scores', 'capped', 'logits', 'weights', 'context', 'lse', 'entropy', 'sink_weight']),
    ...rest,
  };
}
