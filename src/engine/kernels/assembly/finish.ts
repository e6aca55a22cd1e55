import { madd } from "./arithmetic";
import { exp2, EXP2_ZERO, exp2Scalar, LOG2_OF_E } from "./exp";
import {
  BLOCK_ROWS, CHUNKS, FLAGS, KEYS, PARTIALS, ROW_BYTES, ROW_CONTEXT, ROW_HEAD, ROW_INDEX, SCRATCH_CONSTANTS, SINK,
  STATISTICS, WANT, WANT_CONTEXT, WANT_STATISTICS, WEIGHTS, WIDTH,
} from "./layout";
import { layRows } from "./item";

// @ts-ignore: decorator
@inline
function shifted(x: f32): f32 {
  return max(x, EXP2_ZERO);
}

// Takes the sink into a row, stores its statistics and weights where they are wanted, and returns what its
// unnormalised context is to be multiplied by: 0 where nothing was attended, NaN where the sum is.
export function closeRow(descriptor: usize, row: usize, maximum: f32, sum: f32, moment: f32, constants: usize): f32 {
  const sinks = load<usize>(descriptor, SINK);
  let m = maximum, l = sum, t = moment, past: f32 = 1, sinkShare: f32 = 0;
  if (sinks) {
    const sink = <f32>(LOG2_OF_E * load<f32>(sinks + (load<usize>(row, ROW_HEAD) << 2)));
    m = max(maximum, sink);
    past = exp2Scalar(maximum - m, constants);
    sinkShare = exp2Scalar(sink - m, constants);
    t = past * (moment + sum * shifted(maximum - m)) + sinkShare * shifted(sink - m);
    l = sum * past + sinkShare;
  }
  const inverse: f32 = l == 0 ? 0 : 1 / l, index = load<usize>(row, ROW_INDEX);
  if (load<u32>(descriptor, WANT) & WANT_STATISTICS) {
    const out = load<usize>(descriptor, STATISTICS) + (index << 4);
    store<f32>(out, m);
    store<f32>(out, l, 4);
    store<f32>(out, t, 8);
    store<f32>(out, sinkShare * inverse, 12);
  }
  const weights = load<usize>(descriptor, WEIGHTS), length = load<usize>(descriptor, KEYS);
  if (weights) normaliseRow(weights + (index * length << 2), length, m, inverse, constants);
  return past * inverse;
}

// A context in one piece, times its factor; returns whether every element is finite.
export function storeContext(from: usize, factor: f32, width: usize, to: usize): bool {
  const factors = f32x4.splat(factor), zero = f32x4.splat(0), whole = (width & ~3) << 2, stop = width << 2;
  let poison = zero, tail: f32 = 0, at: usize = 0;
  for (; at < whole; at += 16) {
    const element = f32x4.mul(v128.load(from + at), factors);
    poison = madd(element, zero, poison);
    v128.store(to + at, element);
  }
  for (; at < stop; at += 4) {
    const element = load<f32>(from + at) * factor;
    tail += element * 0;
    store<f32>(to + at, element);
  }
  return tail == 0 && !v128.any_true(f32x4.ne(poison, zero));
}

// Logits to weights in place; rounded to powers first, as the logits of the sum were.
function normaliseRow(row: usize, length: usize, maximum: f32, inverse: f32, constants: usize): void {
  const m = f32x4.splat(maximum), factor = f32x4.splat(inverse), powers = f32x4.splat(<f32>LOG2_OF_E);
  let at = row, n = length;
  for (; n >= 4; n -= 4, at += 16) {
    v128.store(at, f32x4.mul(exp2(f32x4.sub(f32x4.mul(v128.load(at), powers), m), constants), factor));
  }
  for (; n > 0; n--, at += 4) store<f32>(at, exp2Scalar(load<f32>(at) * <f32>LOG2_OF_E - maximum, constants) * inverse);
}

// @ts-ignore: decorator
@inline
export function partial(descriptor: usize, block: u32, chunk: u32, row: u32): usize {
  const bytes = <usize>16 + <usize>4 * load<u32>(descriptor, WIDTH);
  return load<usize>(descriptor, PARTIALS) + <usize>((block * load<u32>(descriptor, CHUNKS) + chunk) * load<u32>(descriptor, BLOCK_ROWS) + row) * bytes;
}

// The state of a row after one part of the keys, for mergeBlock(); the unnormalised context goes to the address returned.
export function keepPartial(to: usize, maximum: f32, sum: f32, moment: f32): usize {
  store<f32>(to, maximum);
  store<f32>(to, sum, 4);
  store<f32>(to, moment, 8);
  return to + 16;
}

// Merges the parts of every row of a block, in the order of the keys: the same result whichever thread did which part.
export function mergeBlock(descriptor: usize, block: u32, scratch: usize): void {
  const constants = scratch + SCRATCH_CONSTANTS;
  const count = layRows(descriptor, block, scratch), chunks = load<u32>(descriptor, CHUNKS), width = load<u32>(descriptor, WIDTH);
  for (let r = 0; r < count; r++) {
    const whole = partial(descriptor, block, 0, r);
    let m = load<f32>(whole);
    for (let c: u32 = 1; c < chunks; c++) m = max(m, load<f32>(partial(descriptor, block, c, r)));
    let l: f32 = 0, t: f32 = 0;
    for (let c: u32 = 0; c < chunks; c++) {
      const part = partial(descriptor, block, c, r);
      const shift = load<f32>(part) - m, factor = exp2Scalar(shift, constants);
      l += load<f32>(part, 4) * factor;
      t += (load<f32>(part, 8) + load<f32>(part, 4) * shifted(shift)) * factor;
      for (let e: usize = 0; e < <usize>width; e++) {
        const scaled = load<f32>(part + 4 * e, 16) * factor;
        store<f32>(whole + 4 * e, c ? load<f32>(whole + 4 * e, 16) + scaled : scaled, 16);
      }
    }
    const row = scratch + <usize>r * ROW_BYTES;
    const factor = closeRow(descriptor, row, m, l, t, constants);
    if (load<u32>(descriptor, WANT) & WANT_CONTEXT && !storeContext(whole + 16, factor, width, load<usize>(row, ROW_CONTEXT))) store<i32>(load<usize>(descriptor, FLAGS) + 4 * block, 1);
  }
}
