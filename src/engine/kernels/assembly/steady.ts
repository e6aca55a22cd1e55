import { Float, SHIFT, SINGLE, SIZE } from "./float";
import { madd, sumLanes } from "./arithmetic";
import { LOG2_OF_E } from "./exp";
import { element } from "./item";
import * as call from "./descriptor";
import { LANES } from "./layout";

// A running softmax takes the maximum of every block since a score may be of any size. Where |scale| |q| |k|, which no
// score exceeds (Cauchy-Schwarz), is small for the longest query and the longest key, any of the row's scores will do as
// its maximum: that of its first block is kept. Then the later blocks need no maximum, no clamping and no check: the
// exponents stay within twice the bound of 0, and every score is finite.

// Of scores in powers of 2. Exponentials of up to 2^64 leave room for a sum over 2^32 keys, and for values of up to 2^31 even then.
const STEADY_BOUND: Float = 32;
// Blocks of rows from which the keys' lengths are worth taking; fewer hardly pay for reading the keys once more.
const WORTH_BLOCKS: u32 = 2;

// What each square may have lost below the smallest normal number: without it a key of 1e-24 would count for nothing,
// whatever the scale makes of it.
const LOST: Float = SINGLE ? <Float>1.1754943508222875e-38 : <Float>2.2250738585072014e-308;

// The greatest |k|^2 of the keys of a head that any row sees; Infinity where it isn't finite, or is not worth knowing.
export function longestKey(descriptor: usize, block: u32): Float {
  const blocks = <u32>call.blocks(descriptor), head = block / blocks, keyHeads = <u32>call.keyHeads(descriptor);
  if (blocks < WORTH_BLOCKS || <u32>call.chunks(descriptor) > 1) return Infinity;
  const batch = head / keyHeads, rows = <u32>call.rows(descriptor);
  let low = i32.MAX_VALUE, high = 0;
  for (let r = batch * rows; r < (batch + 1) * rows; r++) {
    const first = load<i32>(call.first(descriptor) + 4 * r), end = load<i32>(call.end(descriptor) + 4 * r);
    if (first >= end) continue;
    low = min(low, first);
    high = max(high, end);
  }
  if (low >= high) return Infinity;
  const stride = SIZE * call.rowStride(descriptor + call.KEY), bytes = <usize><u32>call.depth(descriptor) << SHIFT;
  const start = element(descriptor, call.KEY, batch, head % keyHeads, low);
  let longest: Float = 0, sum: Float = 0;
  for (let key = start, last = start + stride * <usize>(high - low); key < last; key += stride) {
    let s0 = v128.splat<Float>(0), s1 = s0, s2 = s0, s3 = s0, at = key;
    const end = key + bytes;
    for (const whole = key + (bytes & ~63); at < whole; at += 64) {
      const x0 = v128.load(at), x1 = v128.load(at, 16), x2 = v128.load(at, 32), x3 = v128.load(at, 48);
      s0 = madd(x0, x0, s0);
      s1 = madd(x1, x1, s1);
      s2 = madd(x2, x2, s2);
      s3 = madd(x3, x3, s3);
    }
    const s = v128.add<Float>(v128.add<Float>(s0, s1), v128.add<Float>(s2, s3));
    let square = sumLanes(s);
    for (; at < end; at += SIZE) square += load<Float>(at) * load<Float>(at);
    longest = max(longest, square);
    sum += square;
  }
  return sum * 0 == 0 ? longest + lost(descriptor) : Infinity;
}

// @ts-ignore: decorator
@inline
function lost(descriptor: usize): Float {
  return LOST * <Float><u32>call.depth(descriptor);
}

// Whether no score of a panel's rows exceeds the bound; false where a query isn't finite.
export function isSteady(descriptor: usize, query: usize, longest: Float): bool {
  let s0 = v128.splat<Float>(lost(descriptor)), s1 = s0, s2 = s0, s3 = s0;
  for (let q = query, end = query + LANES * <usize><u32>call.depth(descriptor); q < end; q += LANES) {
    const x0 = v128.load(q), x1 = v128.load(q, 16), x2 = v128.load(q, 32), x3 = v128.load(q, 48);
    s0 = madd(x0, x0, s0);
    s1 = madd(x1, x1, s1);
    s2 = madd(x2, x2, s2);
    s3 = madd(x3, x3, s3);
  }
  const scale = <Float>LOG2_OF_E * call.scale(descriptor), bound = v128.splat<Float>(STEADY_BOUND * STEADY_BOUND);
  const factor = v128.splat<Float>(longest * scale * scale);
  const inside = v128.and(
    v128.and(v128.le<Float>(v128.mul<Float>(s0, factor), bound), v128.le<Float>(v128.mul<Float>(s1, factor), bound)),
    v128.and(v128.le<Float>(v128.mul<Float>(s2, factor), bound), v128.le<Float>(v128.mul<Float>(s3, factor), bound)),
  );
  return SINGLE ? i32x4.all_true(inside) : i64x2.all_true(inside);
}
