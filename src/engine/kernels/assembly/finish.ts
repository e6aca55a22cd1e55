import { Float, SHIFT, SIZE, VECTOR } from "./float";
import { madd } from "./arithmetic";
import { exp2, EXP2_ZERO, exp2Scalar, LOG2_OF_E } from "./exp";
import {
  BLOCK_ROWS, CHUNKS, FLAGS, KEYS, PARTIALS, ROW_BYTES, ROW_CONTEXT, ROW_HEAD, ROW_INDEX, SCRATCH_CONSTANTS, SINK,
  STATISTICS, WANT, WANT_CONTEXT, WANT_STATISTICS, WEIGHTS, WIDTH,
} from "./layout";
import { layRows } from "./item";

// @ts-ignore: decorator
@inline
function shifted(x: Float): Float {
  return max(x, EXP2_ZERO);
}

// Takes the sink into a row, stores its statistics and weights where they are wanted, and returns what its
// unnormalised context is to be multiplied by: 0 where nothing was attended, NaN where the sum is.
export function closeRow(descriptor: usize, row: usize, maximum: Float, sum: Float, moment: Float, constants: usize): Float {
  const sinks = load<usize>(descriptor, SINK);
  let m = maximum, l = sum, t = moment, past: Float = 1, sinkShare: Float = 0;
  if (sinks) {
    const sink = <Float>(LOG2_OF_E * load<Float>(sinks + (load<usize>(row, ROW_HEAD) << SHIFT)));
    m = max(maximum, sink);
    past = exp2Scalar(maximum - m, constants);
    sinkShare = exp2Scalar(sink - m, constants);
    t = past * (moment + sum * shifted(maximum - m)) + sinkShare * shifted(sink - m);
    l = sum * past + sinkShare;
  }
  const inverse: Float = l == 0 ? 0 : 1 / l, index = load<usize>(row, ROW_INDEX);
  if (load<u32>(descriptor, WANT) & WANT_STATISTICS) {
    const out = load<usize>(descriptor, STATISTICS) + (index << (SHIFT + 2));
    store<Float>(out, m);
    store<Float>(out, l, SIZE);
    store<Float>(out, t, 2 * SIZE);
    store<Float>(out, sinkShare * inverse, 3 * SIZE);
  }
  const weights = load<usize>(descriptor, WEIGHTS), length = load<usize>(descriptor, KEYS);
  if (weights) normaliseRow(weights + (index * length << SHIFT), length, m, inverse, constants);
  return past * inverse;
}

// A context in one piece, times its factor; returns whether every element is finite.
export function storeContext(from: usize, factor: Float, width: usize, to: usize): bool {
  const factors = v128.splat<Float>(factor), zero = v128.splat<Float>(0), whole = (width & ~<usize>(VECTOR - 1)) << SHIFT, stop = width << SHIFT;
  let poison = zero, tail: Float = 0, at: usize = 0;
  for (; at < whole; at += 16) {
    const element = v128.mul<Float>(v128.load(from + at), factors);
    poison = madd(element, zero, poison);
    v128.store(to + at, element);
  }
  for (; at < stop; at += SIZE) {
    const element = load<Float>(from + at) * factor;
    tail += element * 0;
    store<Float>(to + at, element);
  }
  return tail == 0 && !v128.any_true(v128.ne<Float>(poison, zero));
}

// Logits to weights in place; rounded to powers first, as the logits of the sum were.
function normaliseRow(row: usize, length: usize, maximum: Float, inverse: Float, constants: usize): void {
  const m = v128.splat<Float>(maximum), factor = v128.splat<Float>(inverse), powers = v128.splat<Float>(<Float>LOG2_OF_E);
  let at = row, n = length;
  for (; n >= <usize>VECTOR; n -= VECTOR, at += 16) {
    v128.store(at, v128.mul<Float>(exp2(v128.sub<Float>(v128.mul<Float>(v128.load(at), powers), m), constants), factor));
  }
  for (; n > 0; n--, at += SIZE) store<Float>(at, exp2Scalar(load<Float>(at) * <Float>LOG2_OF_E - maximum, constants) * inverse);
}

// @ts-ignore: decorator
@inline
export function partial(descriptor: usize, block: u32, chunk: u32, row: u32): usize {
  const bytes = SIZE * (4 + load<u32>(descriptor, WIDTH));
  return load<usize>(descriptor, PARTIALS) + <usize>((block * load<u32>(descriptor, CHUNKS) + chunk) * load<u32>(descriptor, BLOCK_ROWS) + row) * bytes;
}

// The state of a row after one part of the keys, for mergeBlock(); the unnormalised context goes to the address returned.
export function keepPartial(to: usize, maximum: Float, sum: Float, moment: Float): usize {
  store<Float>(to, maximum);
  store<Float>(to, sum, SIZE);
  store<Float>(to, moment, 2 * SIZE);
  return to + 4 * SIZE;
}

// Merges the parts of every row of a block, in the order of the keys: the same result whichever thread did which part.
export function mergeBlock(descriptor: usize, block: u32, scratch: usize): void {
  const constants = scratch + SCRATCH_CONSTANTS;
  const count = layRows(descriptor, block, scratch), chunks = load<u32>(descriptor, CHUNKS), width = load<u32>(descriptor, WIDTH);
  for (let r = 0; r < count; r++) {
    const whole = partial(descriptor, block, 0, r);
    let m = load<Float>(whole);
    for (let c: u32 = 1; c < chunks; c++) m = max(m, load<Float>(partial(descriptor, block, c, r)));
    let l: Float = 0, t: Float = 0;
    for (let c: u32 = 0; c < chunks; c++) {
      const part = partial(descriptor, block, c, r);
      const shift = load<Float>(part) - m, factor = exp2Scalar(shift, constants);
      l += load<Float>(part, SIZE) * factor;
      t += (load<Float>(part, 2 * SIZE) + load<Float>(part, SIZE) * shifted(shift)) * factor;
      for (let e: usize = 0; e < <usize>width; e++) {
        const scaled = load<Float>(part + SIZE * e, 4 * SIZE) * factor;
        store<Float>(whole + SIZE * e, c ? load<Float>(whole + SIZE * e, 4 * SIZE) + scaled : scaled, 4 * SIZE);
      }
    }
    const row = scratch + <usize>r * ROW_BYTES;
    const factor = closeRow(descriptor, row, m, l, t, constants);
    if (load<u32>(descriptor, WANT) & WANT_CONTEXT && !storeContext(whole + 4 * SIZE, factor, width, load<usize>(row, ROW_CONTEXT))) store<i32>(load<usize>(descriptor, FLAGS) + 4 * block, 1);
  }
}
