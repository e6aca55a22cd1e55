import { Float, SHIFT, SINGLE, SIZE, VECTOR } from "./float";
import { madd, sumLanes } from "./arithmetic";
import { bitsOf, bitsOfScalar, exponential, exponentialScalar } from "./exp";
import { closeRow, flag, keepPartial, partial, storeContext } from "./finish";
import { element, layRows, range } from "./item";
import * as call from "./descriptor";
import {
  NOTHING, ROW_BIAS, ROW_BYTES, ROW_CONTEXT, ROW_HEAD, ROW_MASK, ROW_POSITION, ROW_QUERY, SCRATCH_CONSTANTS,
  SCRATCH_STATES,
} from "./layout";
import { highHalves, lowHalves } from "./pack";
import { tanh } from "./tanh";

// A few rows over many keys is a matter of memory bandwidth: nothing is packed, keys and values are read once, in order,
// with the lanes along their width. A row's range is cut exactly, so nothing is excluded but by mask and bias.

const STATE_MAXIMUM: usize = 0;
const STATE_SUM: usize = SIZE;
const STATE_MOMENT: usize = 2 * SIZE;
const STATE_POISON: usize = 3 * SIZE;

// What is left of a vector, the rest 0: what a vector load would bring from beyond the row must not take part.
// @ts-ignore: decorator
@inline
function loadTail(at: usize, count: i32): v128 {
  if (!SINGLE) return v128.load64_zero(at);
  if (count == 1) return v128.load32_zero(at);
  const two = v128.load64_zero(at);
  return count == 2 ? two : v128.load32_lane(at + 8, two, 2);
}

// @ts-ignore: decorator
@inline
function padded(count: i32): i32 {
  return (count + VECTOR - 1) & ~(VECTOR - 1);
}

// Four partial sums of query . key. One key after the other, so that the memory is read in one ascending stream.
// @ts-ignore: decorator
@inline
function dot(key: usize, query: usize, depth: i32): v128 {
  let k = key, q = query, d = depth;
  let s0 = v128.splat<Float>(0), s1 = s0, s2 = s0, s3 = s0;
  for (; d >= 4 * VECTOR; d -= 4 * VECTOR) {
    s0 = madd(v128.load(q), v128.load(k), s0);
    s1 = madd(v128.load(q, 16), v128.load(k, 16), s1);
    s2 = madd(v128.load(q, 32), v128.load(k, 32), s2);
    s3 = madd(v128.load(q, 48), v128.load(k, 48), s3);
    k += 64; q += 64;
  }
  for (; d >= VECTOR; d -= VECTOR) {
    s0 = madd(v128.load(q), v128.load(k), s0);
    k += 16; q += 16;
  }
  if (d) s1 = madd(v128.load(q), loadTail(k, d), s1);
  return v128.add<Float>(v128.add<Float>(s0, s1), v128.add<Float>(s2, s3));
}

// Scores of one row: four keys, then a transposing sum. The last four repeat the last key.
function scoreRow(key: usize, stride: usize, keys: i32, query: usize, depth: i32, scale: Float, out: usize): void {
  const scales = v128.splat<Float>(scale), last = key + stride * <usize>(keys - 1);
  for (let j = 0, k = key; j < keys; j += 4, k += 4 * stride) {
    const s0 = dot(k, query, depth), s1 = dot(min(k + stride, last), query, depth);
    const s2 = dot(min(k + 2 * stride, last), query, depth), s3 = dot(min(k + 3 * stride, last), query, depth);
    const low = v128.add<Float>(lowHalves(s0, s1), highHalves(s0, s1)), high = v128.add<Float>(lowHalves(s2, s3), highHalves(s2, s3));
    const at = out + (<usize>j << SHIFT);
    if (SINGLE) {
      const sum = v128.add<Float>(v128.shuffle<f32>(low, high, 0, 1, 4, 5), v128.shuffle<f32>(low, high, 2, 3, 6, 7));
      v128.store(at, v128.mul<Float>(sum, scales));
    } else {
      v128.store(at, v128.mul<Float>(low, scales));
      v128.store(at, v128.mul<Float>(high, scales), 16);
    }
  }
}

// Softcap in place; returns 0, or NaN where a score is not finite.
function capRow(scores: usize, keys: i32, cap: Float, constants: usize): Float {
  const caps = v128.splat<Float>(cap), inverse = v128.splat<Float>(1 / cap), small = <Float>1 / cap == Infinity, zero = v128.splat<Float>(0);
  let poison = zero;
  for (let x = scores, stop = scores + (<usize>keys << SHIFT); x < stop; x += 16) {
    const score = v128.load(x);
    poison = madd(score, zero, poison);
    v128.store(x, v128.mul<Float>(caps, tanh(small ? v128.div<Float>(score, caps) : v128.mul<Float>(score, inverse), constants)));
  }
  return sumLanes(poison);
}

// Bias, mask and ALiBi of one row, key by key: little beside the reading of the keys. Returns 0, or NaN as capRow().
function biasRow(descriptor: usize, row: usize, key: i32, keys: i32, logits: usize): Float {
  const maskStride = <usize>call.keyStride(descriptor + call.MASK), biasStride = SIZE * call.keyStride(descriptor + call.BIAS);
  const mask = load<usize>(row, ROW_MASK), bias = load<usize>(row, ROW_BIAS), slopes = call.slope(descriptor);
  let slope: Float = 0, position = 0, poison: Float = 0;
  if (slopes) {
    slope = load<Float>(slopes + SIZE * load<u32>(row, ROW_HEAD));
    position = load<i32>(call.position(descriptor) + 4 * load<u32>(row, ROW_POSITION));
  }
  for (let j = key; j < key + keys; j++) {
    const at = logits + (<usize>(j - key) << SHIFT);
    const added: Float = bias ? load<Float>(bias + <usize>j * biasStride) : 0;
    const attend = added != -Infinity && (mask == 0 || load<u8>(mask + <usize>j * maskStride) != 0);
    const logit = attend ? load<Float>(at) - slope * <Float>abs(position - j) + added : 0;
    poison += logit * 0;
    store<Float>(at, attend ? logit : -Infinity);
  }
  return poison;
}

// Logits to e^(x - maximum) in place; takes them into the row's state and returns what the past is to be scaled by.
function softmaxRow(logits: usize, keys: i32, state: usize, moment: bool, constants: usize): Float {
  const stop = logits + (<usize>padded(keys) << SHIFT), past = load<Float>(state, STATE_MAXIMUM), zero = v128.splat<Float>(0);
  for (let j = keys; j < padded(keys); j++) store<Float>(logits + (<usize>j << SHIFT), -Infinity);
  let m = v128.splat<Float>(past);
  for (let x = logits; x < stop; x += 16) m = v128.pmax<Float>(m, v128.load(x));
  let maximum = max(v128.extract_lane<Float>(m, 0), v128.extract_lane<Float>(m, 1));
  if (SINGLE) maximum = max(maximum, max(v128.extract_lane<Float>(m, 2), v128.extract_lane<Float>(m, 3)));
  m = v128.splat<Float>(maximum);
  let sum = zero, product = zero;
  for (let x = logits; x < stop; x += 16) {
    const y = v128.sub<Float>(v128.load(x), m), e = exponential(y, constants);
    v128.store(x, e);
    sum = v128.add<Float>(sum, e);
    if (moment) product = madd(e, bitsOf(y, constants), product);
  }
  const alpha = exponentialScalar(past - maximum, constants), before = load<Float>(state, STATE_SUM);
  store<Float>(state, (load<Float>(state, STATE_MOMENT) + before * bitsOfScalar(past - maximum)) * alpha + sumLanes(product), STATE_MOMENT);
  store<Float>(state, before * alpha + sumLanes(sum), STATE_SUM);
  store<Float>(state, maximum, STATE_MAXIMUM);
  return alpha;
}

// block = sum over keys of weight * value, one key after the other for the same reason; block stays in the nearest cache.
function valueRow(value: usize, stride: usize, keys: i32, weight: usize, width: i32, block: usize): void {
  memory.fill(block, 0, <usize>padded(width) << SHIFT);
  for (let w = weight, stop = weight + (<usize>keys << SHIFT), row = value; w < stop; w += SIZE, row += stride) {
    const a = v128.load_splat<Float>(w);
    let v = row, o = block, e = width;
    for (; e >= 4 * VECTOR; e -= 4 * VECTOR) {
      const o0 = madd(a, v128.load(v), v128.load(o)), o1 = madd(a, v128.load(v, 16), v128.load(o, 16));
      const o2 = madd(a, v128.load(v, 32), v128.load(o, 32)), o3 = madd(a, v128.load(v, 48), v128.load(o, 48));
      v128.store(o, o0);
      v128.store(o, o1, 16);
      v128.store(o, o2, 32);
      v128.store(o, o3, 48);
      v += 64; o += 64;
    }
    for (; e >= VECTOR; e -= VECTOR) {
      v128.store(o, madd(a, v128.load(v), v128.load(o)));
      v += 16; o += 16;
    }
    if (e) v128.store(o, madd(a, loadTail(v, e), v128.load(o)));
  }
}

function joinContext(context: usize, alpha: Float, block: usize, width: i32): void {
  const factor = v128.splat<Float>(alpha);
  for (let e: usize = 0, stop = (<usize>width << SHIFT); e < stop; e += 16) {
    v128.store(context + e, madd(v128.load(context + e), factor, v128.load(block + e)));
  }
}

// One row against one block of keys.
function rowBlock(descriptor: usize, row: usize, head: u32, key: i32, keys: i32, query: usize, state: usize, context: usize, block: usize, logits: usize, constants: usize): void {
  const keyHeads = <u32>call.keyHeads(descriptor), width = call.width(descriptor);
  scoreRow(
    element(descriptor, call.KEY, head / keyHeads, head % keyHeads, key), SIZE * call.rowStride(descriptor + call.KEY), keys, query,
    call.depth(descriptor), call.scale(descriptor), logits,
  );
  let poison = load<Float>(state, STATE_POISON);
  const cap = call.softcap(descriptor);
  if (cap != 0) poison += capRow(logits, keys, cap, constants);
  if (call.address(descriptor + call.MASK) | call.address(descriptor + call.BIAS) | call.slope(descriptor)) {
    poison += biasRow(descriptor, row, key, keys, logits);
  } else if (cap == 0) {
    const zero = v128.splat<Float>(0);
    let z = zero;
    for (let x = logits, stop = logits + (<usize>keys << SHIFT); x < stop; x += 16) z = madd(v128.load(x), zero, z);
    poison += sumLanes(z);
  }
  store<Float>(state, poison, STATE_POISON);
  const want = <u32>call.want(descriptor);
  const alpha = softmaxRow(logits, keys, state, (want & call.WANT_MOMENT) != 0, constants);
  if (want & call.WANT_CONTEXT) {
    valueRow(
      element(descriptor, call.VALUE, head / keyHeads, head % keyHeads, key), SIZE * call.rowStride(descriptor + call.VALUE), keys, logits, width, block,
    );
    joinContext(context, alpha, block, width);
  }
}

export function decodeItem(descriptor: usize, item: u32, scratch: usize): void {
  const chunks = <u32>call.chunks(descriptor), block = item / chunks, chunk = item % chunks, head = block / <u32>call.blocks(descriptor);
  const depth = call.depth(descriptor), width = call.width(descriptor), keyBlock = call.keyBlock(descriptor);
  const count = layRows(descriptor, block, scratch);
  const from = <i32>(chunk * <u32>call.chunkKeys(descriptor)), to = min(from + call.chunkKeys(descriptor), call.keys(descriptor));
  const queryBytes = (<usize>padded(depth) << SHIFT), contextBytes = (<usize>padded(width) << SHIFT), constants = scratch + SCRATCH_CONSTANTS;
  const queries = scratch + call.SCRATCH_PANELS, contexts = queries + queryBytes * <usize>count;
  const partialContext = contexts + contextBytes * <usize>count, logits = partialContext + contextBytes;
  memory.fill(queries, 0, (queryBytes + contextBytes) * <usize>count);
  let low = to, high = from;
  for (let r = 0; r < count; r++) {
    const row = scratch + <usize>r * ROW_BYTES, state = scratch + SCRATCH_STATES + (<usize>r << (SHIFT + 2));
    memory.copy(queries + queryBytes * <usize>r, load<usize>(row, ROW_QUERY), (<usize>depth << SHIFT));
    memory.fill(state, 0, 4 * SIZE);
    store<Float>(state, NOTHING, STATE_MAXIMUM);
    const both = range(descriptor, row, from, to);
    if (both) {
      low = min(low, <i32>both);
      high = max(high, <i32>(both >> 32));
    }
  }
  for (let j = low; j < high; j += keyBlock) {
    for (let r = 0; r < count; r++) {
      const row = scratch + <usize>r * ROW_BYTES, state = scratch + SCRATCH_STATES + (<usize>r << (SHIFT + 2));
      const both = range(descriptor, row, max(from, j), min(to, j + keyBlock));
      if (both == 0) continue;
      const first = <i32>both, end = <i32>(both >> 32);
      rowBlock(
        descriptor, row, head, first, end - first, queries + queryBytes * <usize>r, state, contexts + contextBytes * <usize>r, partialContext, logits, constants,
      );
    }
  }
  for (let r = 0; r < count; r++) {
    const state = scratch + SCRATCH_STATES + (<usize>r << (SHIFT + 2)), context = contexts + contextBytes * <usize>r;
    const m = load<Float>(state, STATE_MAXIMUM), l = load<Float>(state, STATE_SUM), t = load<Float>(state, STATE_MOMENT);
    const row = scratch + <usize>r * ROW_BYTES, parts = chunks > 1;
    const factor: Float = parts ? 1 : closeRow(descriptor, row, m, l, t, constants);
    const to = parts ? keepPartial(partial(descriptor, block, chunk, r), m, l, t) : load<usize>(row, ROW_CONTEXT);
    const sound = (<u32>call.want(descriptor) & call.WANT_CONTEXT) == 0 || storeContext(context, factor, width, to);
    if (!sound || !(load<Float>(state, STATE_POISON) + factor * 0 == 0)) flag(descriptor, row, call.FLAG_UNSOUND);
  }
}
