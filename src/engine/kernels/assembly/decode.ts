import { madd } from "./arithmetic";
import { EXP2_ZERO, exp2, exp2Scalar, LOG2_OF_E, toPowers } from "./exp";
import { isPlain } from "./forward";
import { closeRow, keepPartial, partial, storeContext } from "./finish";
import { element, layRows, range } from "./item";
import {
  BIAS, BLOCKS, CHUNKS, CHUNK_KEYS, DEPTH, FLAGS, KEY, KEYS, KEY_BLOCK, KEY_HEADS, MASK, NOTHING, POSITION,
  ROW_BIAS, ROW_BYTES, ROW_CONTEXT, ROW_HEAD, ROW_MASK, ROW_POSITION, ROW_QUERY, SCALE, SCRATCH_CONSTANTS,
  SCRATCH_PANELS, SCRATCH_STATES, SLOPE, SOFTCAP, VALUE, WANT, WANT_CONTEXT, WANT_MOMENT, WIDTH,
} from "./layout";
import { tanh } from "./tanh";

// A few rows over many keys is a matter of memory bandwidth: nothing is packed, keys and values are read once, in order,
// with the lanes along their width. A row's range is cut exactly, so nothing is excluded but by mask and bias.

const STATE_MAXIMUM: usize = 0;
const STATE_SUM: usize = 4;
const STATE_MOMENT: usize = 8;
const STATE_POISON: usize = 12;

// 1 to 3 floats, the rest 0: what a vector load would bring from beyond the row must not take part.
// @ts-ignore: decorator
@inline
function loadTail(at: usize, count: i32): v128 {
  if (count == 1) return v128.load32_zero(at);
  const two = v128.load64_zero(at);
  return count == 2 ? two : v128.load32_lane(at + 8, two, 2);
}

// @ts-ignore: decorator
@inline
function padded(count: i32): i32 {
  return (count + 3) & ~3;
}

// Four partial sums of query . key. One key after the other, so that the memory is read in one ascending stream.
// @ts-ignore: decorator
@inline
function dot(key: usize, query: usize, depth: i32): v128 {
  let k = key, q = query, d = depth;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (; d >= 16; d -= 16) {
    s0 = madd(v128.load(q), v128.load(k), s0);
    s1 = madd(v128.load(q, 16), v128.load(k, 16), s1);
    s2 = madd(v128.load(q, 32), v128.load(k, 32), s2);
    s3 = madd(v128.load(q, 48), v128.load(k, 48), s3);
    k += 64; q += 64;
  }
  for (; d >= 4; d -= 4) {
    s0 = madd(v128.load(q), v128.load(k), s0);
    k += 16; q += 16;
  }
  if (d) s1 = madd(v128.load(q), loadTail(k, d), s1);
  return f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
}

// Scores of one row: four keys, then a 4x4 transposing sum. The last four repeat the last key.
function scoreRow(key: usize, stride: usize, keys: i32, query: usize, depth: i32, scale: f32, out: usize): void {
  const scales = f32x4.splat(scale), last = key + stride * <usize>(keys - 1);
  for (let j = 0, k = key; j < keys; j += 4, k += 4 * stride) {
    const s0 = dot(k, query, depth), s1 = dot(min(k + stride, last), query, depth);
    const s2 = dot(min(k + 2 * stride, last), query, depth), s3 = dot(min(k + 3 * stride, last), query, depth);
    const t0 = v128.shuffle<f32>(s0, s1, 0, 4, 1, 5), t1 = v128.shuffle<f32>(s0, s1, 2, 6, 3, 7);
    const t2 = v128.shuffle<f32>(s2, s3, 0, 4, 1, 5), t3 = v128.shuffle<f32>(s2, s3, 2, 6, 3, 7);
    const low = f32x4.add(t0, t1), high = f32x4.add(t2, t3);
    const sum = f32x4.add(v128.shuffle<f32>(low, high, 0, 1, 4, 5), v128.shuffle<f32>(low, high, 2, 3, 6, 7));
    v128.store(out + (<usize>j << 2), f32x4.mul(sum, scales));
  }
}

// @ts-ignore: decorator
@inline
function sumLanes(x: v128): f32 {
  return f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}

// Softcap in place; returns 0, or NaN where a score is not finite.
function capRow(scores: usize, keys: i32, cap: f32, constants: usize): f32 {
  const caps = f32x4.splat(cap), inverse = f32x4.splat(1 / cap), zero = f32x4.splat(0);
  let poison = zero;
  for (let x = scores, stop = scores + (<usize>keys << 2); x < stop; x += 16) {
    const score = v128.load(x);
    poison = madd(score, zero, poison);
    v128.store(x, f32x4.mul(caps, tanh(f32x4.mul(score, inverse), constants)));
  }
  return sumLanes(poison);
}

// Bias, mask and ALiBi of one row, key by key: little beside the reading of the keys. Returns 0, or NaN as capRow().
function biasRow(descriptor: usize, row: usize, key: i32, keys: i32, logits: usize): f32 {
  const maskStride = <usize>load<u32>(descriptor, MASK + 16), biasStride = <usize>4 * load<u32>(descriptor, BIAS + 16);
  const mask = load<usize>(row, ROW_MASK), bias = load<usize>(row, ROW_BIAS), slopes = load<usize>(descriptor, SLOPE);
  let slope: f32 = 0, position = 0, poison: f32 = 0;
  if (slopes) {
    slope = load<f32>(slopes + 4 * load<u32>(row, ROW_HEAD));
    position = load<i32>(load<usize>(descriptor, POSITION) + 4 * load<u32>(row, ROW_POSITION));
  }
  for (let j = key; j < key + keys; j++) {
    const at = logits + (<usize>(j - key) << 2);
    const added: f32 = bias ? load<f32>(bias + <usize>j * biasStride) : 0;
    const attend = added != -Infinity && (mask == 0 || load<u8>(mask + <usize>j * maskStride) != 0);
    const logit = attend ? load<f32>(at) - slope * <f32>abs(position - j) + added : 0;
    poison += logit * 0;
    store<f32>(at, attend ? logit : -Infinity);
  }
  return poison;
}

// Powers to 2^(x - maximum) in place; takes them into the row's state and returns what the past is to be scaled by.
function softmaxRow(logits: usize, keys: i32, state: usize, moment: bool, constants: usize): f32 {
  const stop = logits + (<usize>padded(keys) << 2), past = load<f32>(state, STATE_MAXIMUM), zero = f32x4.splat(0);
  for (let j = keys; j < padded(keys); j++) store<f32>(logits + (<usize>j << 2), -Infinity);
  let m = f32x4.splat(past);
  for (let x = logits; x < stop; x += 16) m = f32x4.pmax(m, v128.load(x));
  const maximum = max(max(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1)), max(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)));
  m = f32x4.splat(maximum);
  const lowest = f32x4.splat(EXP2_ZERO);
  let sum = zero, product = zero;
  for (let x = logits; x < stop; x += 16) {
    const y = f32x4.sub(v128.load(x), m), e = exp2(y, constants);
    v128.store(x, e);
    sum = f32x4.add(sum, e);
    if (moment) product = madd(e, f32x4.pmax(y, lowest), product);
  }
  const alpha = exp2Scalar(past - maximum, constants), before = load<f32>(state, STATE_SUM);
  store<f32>(state, (load<f32>(state, STATE_MOMENT) + before * max(past - maximum, EXP2_ZERO)) * alpha + sumLanes(product), STATE_MOMENT);
  store<f32>(state, before * alpha + sumLanes(sum), STATE_SUM);
  store<f32>(state, maximum, STATE_MAXIMUM);
  return alpha;
}

// block = sum over keys of weight * value, one key after the other for the same reason; block stays in the nearest cache.
function valueRow(value: usize, stride: usize, keys: i32, weight: usize, width: i32, block: usize): void {
  memory.fill(block, 0, <usize>padded(width) << 2);
  for (let w = weight, stop = weight + (<usize>keys << 2), row = value; w < stop; w += 4, row += stride) {
    const a = v128.load32_splat(w);
    let v = row, o = block, e = width;
    for (; e >= 16; e -= 16) {
      const o0 = madd(a, v128.load(v), v128.load(o)), o1 = madd(a, v128.load(v, 16), v128.load(o, 16));
      const o2 = madd(a, v128.load(v, 32), v128.load(o, 32)), o3 = madd(a, v128.load(v, 48), v128.load(o, 48));
      v128.store(o, o0);
      v128.store(o, o1, 16);
      v128.store(o, o2, 32);
      v128.store(o, o3, 48);
      v += 64; o += 64;
    }
    for (; e >= 4; e -= 4) {
      v128.store(o, madd(a, v128.load(v), v128.load(o)));
      v += 16; o += 16;
    }
    if (e) v128.store(o, madd(a, loadTail(v, e), v128.load(o)));
  }
}

function joinContext(context: usize, alpha: f32, block: usize, width: i32): void {
  const factor = f32x4.splat(alpha);
  for (let e: usize = 0, stop = (<usize>width << 2); e < stop; e += 16) {
    v128.store(context + e, madd(v128.load(context + e), factor, v128.load(block + e)));
  }
}

// One row against one block of keys.
function rowBlock(descriptor: usize, row: usize, head: u32, key: i32, keys: i32, query: usize, state: usize, context: usize, block: usize, logits: usize, constants: usize): void {
  const keyHeads = load<u32>(descriptor, KEY_HEADS), width = load<i32>(descriptor, WIDTH);
  const plain = isPlain(descriptor);
  scoreRow(
    element(descriptor, KEY, head / keyHeads, head % keyHeads, key), <usize>4 * load<u32>(descriptor, KEY + 12), keys, query,
    load<i32>(descriptor, DEPTH), plain ? <f32>(LOG2_OF_E * load<f32>(descriptor, SCALE)) : load<f32>(descriptor, SCALE), logits,
  );
  let poison = load<f32>(state, STATE_POISON);
  const cap = load<f32>(descriptor, SOFTCAP);
  if (cap != 0) poison += capRow(logits, keys, cap, constants);
  if (load<usize>(descriptor, MASK) | load<usize>(descriptor, BIAS) | load<usize>(descriptor, SLOPE)) {
    poison += biasRow(descriptor, row, key, keys, logits);
  } else if (cap == 0) {
    const zero = f32x4.splat(0);
    let z = zero;
    for (let x = logits, stop = logits + (<usize>keys << 2); x < stop; x += 16) z = madd(v128.load(x), zero, z);
    poison += sumLanes(z);
  }
  store<f32>(state, poison, STATE_POISON);
  if (!plain) toPowers(logits, <usize>keys << 2);
  const want = load<u32>(descriptor, WANT);
  const alpha = softmaxRow(logits, keys, state, (want & WANT_MOMENT) != 0, constants);
  if (want & WANT_CONTEXT) {
    valueRow(
      element(descriptor, VALUE, head / keyHeads, head % keyHeads, key), <usize>4 * load<u32>(descriptor, VALUE + 12), keys, logits, width, block,
    );
    joinContext(context, alpha, block, width);
  }
}

export function decodeItem(descriptor: usize, item: u32, scratch: usize): void {
  const chunks = load<u32>(descriptor, CHUNKS), block = item / chunks, chunk = item % chunks, head = block / load<u32>(descriptor, BLOCKS);
  const depth = load<i32>(descriptor, DEPTH), width = load<i32>(descriptor, WIDTH), keyBlock = load<i32>(descriptor, KEY_BLOCK);
  const count = layRows(descriptor, block, scratch);
  const from = <i32>(chunk * load<u32>(descriptor, CHUNK_KEYS)), to = min(from + load<i32>(descriptor, CHUNK_KEYS), load<i32>(descriptor, KEYS));
  const queryBytes = (<usize>padded(depth) << 2), contextBytes = (<usize>padded(width) << 2), constants = scratch + SCRATCH_CONSTANTS;
  const queries = scratch + SCRATCH_PANELS, contexts = queries + queryBytes * <usize>count;
  const partialContext = contexts + contextBytes * <usize>count, logits = partialContext + contextBytes;
  memory.fill(queries, 0, (queryBytes + contextBytes) * <usize>count);
  let low = to, high = from;
  for (let r = 0; r < count; r++) {
    const row = scratch + <usize>r * ROW_BYTES, state = scratch + SCRATCH_STATES + (<usize>r << 4);
    memory.copy(queries + queryBytes * <usize>r, load<usize>(row, ROW_QUERY), (<usize>depth << 2));
    memory.fill(state, 0, 16);
    store<f32>(state, NOTHING, STATE_MAXIMUM);
    const both = range(descriptor, row, from, to);
    if (both) {
      low = min(low, <i32>both);
      high = max(high, <i32>(both >> 32));
    }
  }
  for (let j = low; j < high; j += keyBlock) {
    for (let r = 0; r < count; r++) {
      const row = scratch + <usize>r * ROW_BYTES, state = scratch + SCRATCH_STATES + (<usize>r << 4);
      const both = range(descriptor, row, max(from, j), min(to, j + keyBlock));
      if (both == 0) continue;
      const first = <i32>both, end = <i32>(both >> 32);
      rowBlock(
        descriptor, row, head, first, end - first, queries + queryBytes * <usize>r, state, contexts + contextBytes * <usize>r, partialContext, logits, constants,
      );
    }
  }
  let sound = true;
  for (let r = 0; r < count; r++) {
    const state = scratch + SCRATCH_STATES + (<usize>r << 4), context = contexts + contextBytes * <usize>r;
    const m = load<f32>(state, STATE_MAXIMUM), l = load<f32>(state, STATE_SUM), t = load<f32>(state, STATE_MOMENT);
    if (load<f32>(state, STATE_POISON) != 0) sound = false;
    const row = scratch + <usize>r * ROW_BYTES, parts = chunks > 1;
    const factor: f32 = parts ? 1 : closeRow(descriptor, row, m, l, t, constants);
    if (!(factor * 0 == 0)) sound = false;
    const to = parts ? keepPartial(partial(descriptor, block, chunk, r), m, l, t) : load<usize>(row, ROW_CONTEXT);
    if (load<u32>(descriptor, WANT) & WANT_CONTEXT && !storeContext(context, factor, width, to)) sound = false;
  }
  if (!sound) store<i32>(load<usize>(descriptor, FLAGS) + 4 * block, 1);
}
