import { Float, SHIFT, SIZE, VECTOR } from "./float";
import { madd } from "./arithmetic";
import { bitsOfScalar, exponential, exponentialScalar } from "./exp";
import * as call from "./descriptor";
import { ROW_BYTES, ROW_CONTEXT, ROW_HEAD, ROW_INDEX, SCRATCH_CONSTANTS } from "./layout";
import { layRows } from "./item";

// Threads that have parts of one row may both write here; what they write is the same.
export function flag(descriptor: usize, row: usize, what: u8): void {
  const at = call.flags(descriptor) + load<u32>(row, ROW_INDEX);
  store<u8>(at, load<u8>(at) | what);
}

// Takes the sink into a row, stores its statistics and weights where they are wanted, and returns what its
// unnormalised context is to be multiplied by: 0 where nothing was attended, NaN where the sum is.
export function closeRow(descriptor: usize, row: usize, maximum: Float, sum: Float, moment: Float, constants: usize): Float {
  const sinks = call.sink(descriptor);
  let m = maximum, l = sum, t = moment, past: Float = 1, sinkShare: Float = 0;
  if (sum == 0) flag(descriptor, row, call.FLAG_EMPTY); // the greatest logit adds 1
  if (sinks) {
    const sink = load<Float>(sinks + (load<usize>(row, ROW_HEAD) << SHIFT));
    m = max(maximum, sink);
    past = exponentialScalar(maximum - m, constants);
    sinkShare = exponentialScalar(sink - m, constants);
    t = past * (moment + sum * bitsOfScalar(maximum - m)) + sinkShare * bitsOfScalar(sink - m);
    l = sum * past + sinkShare;
  }
  const inverse: Float = l == 0 ? 0 : 1 / l, index = load<usize>(row, ROW_INDEX);
  if (<u32>call.want(descriptor) & call.WANT_STATISTICS) {
    const out = call.statistics(descriptor) + (index << (SHIFT + 2));
    store<Float>(out, m);
    store<Float>(out, l, SIZE);
    store<Float>(out, t, 2 * SIZE);
    store<Float>(out, sinkShare * inverse, 3 * SIZE);
  }
  const weights = call.weights(descriptor), length = <usize>call.keys(descriptor);
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

// Logits to weights in place.
function normaliseRow(row: usize, length: usize, maximum: Float, inverse: Float, constants: usize): void {
  const m = v128.splat<Float>(maximum), factor = v128.splat<Float>(inverse);
  let at = row, n = length;
  for (; n >= <usize>VECTOR; n -= VECTOR, at += 16) {
    v128.store(at, v128.mul<Float>(exponential(v128.sub<Float>(v128.load(at), m), constants), factor));
  }
  for (; n > 0; n--, at += SIZE) store<Float>(at, exponentialScalar(load<Float>(at) - maximum, constants) * inverse);
}

// @ts-ignore: decorator
@inline
export function partial(descriptor: usize, block: u32, chunk: u32, row: u32): usize {
  const bytes = SIZE * (4 + <u32>call.width(descriptor));
  return call.partials(descriptor) + <usize>((block * <u32>call.chunks(descriptor) + chunk) * <u32>call.blockRows(descriptor) + row) * bytes;
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
  const count = layRows(descriptor, block, scratch), chunks = <u32>call.chunks(descriptor), width = <u32>call.width(descriptor);
  for (let r = 0; r < count; r++) {
    const whole = partial(descriptor, block, 0, r);
    let m = load<Float>(whole);
    for (let c: u32 = 1; c < chunks; c++) m = max(m, load<Float>(partial(descriptor, block, c, r)));
    let l: Float = 0, t: Float = 0;
    for (let c: u32 = 0; c < chunks; c++) {
      const part = partial(descriptor, block, c, r);
      const shift = load<Float>(part) - m, factor = exponentialScalar(shift, constants);
      l += load<Float>(part, SIZE) * factor;
      t += (load<Float>(part, 2 * SIZE) + load<Float>(part, SIZE) * bitsOfScalar(shift)) * factor;
      for (let e: usize = 0; e < <usize>width; e++) {
        const scaled = load<Float>(part + SIZE * e, 4 * SIZE) * factor;
        store<Float>(whole + SIZE * e, c ? load<Float>(whole + SIZE * e, 4 * SIZE) + scaled : scaled, 4 * SIZE);
      }
    }
    const row = scratch + <usize>r * ROW_BYTES;
    const factor = closeRow(descriptor, row, m, l, t, constants);
    const wanted = (<u32>call.want(descriptor) & call.WANT_CONTEXT) != 0;
    const sound = !wanted || storeContext(whole + 4 * SIZE, factor, width, load<usize>(row, ROW_CONTEXT));
    if (!sound || !(factor * 0 == 0)) flag(descriptor, row, call.FLAG_UNSOUND);
  }
}
