import { Float } from "./float";
import { madd } from "./arithmetic";
import { bitsOf, C1, C2, C3, C4, C5, C6, exp2Within, exponential, exponentialWithin, FACTOR, LOWEST, ONE, ROUNDER } from "./exp";
import { ALPHA, LANES, MAXIMUM, MOMENT, POISON, SUM } from "./layout";
import { tanh } from "./tanh";

// The running softmax of one panel. Every function is written on pairs of vectors that end in neighbouring stores:
// that is what V8's revectoriser fuses into 256-bit operations. The upper half is stored first, see tiles-score.ts.

// Poisons the rows that hold a NaN or an infinity: x * 0 is 0 only where x is finite.
export function checkFinite(logits: usize, keys: i32, state: usize): void {
  const zero = v128.splat<Float>(0);
  let z0 = v128.load(state, POISON), z1 = v128.load(state, POISON + 16);
  let z2 = v128.load(state, POISON + 32), z3 = v128.load(state, POISON + 48);
  for (let x = logits, stop = logits + LANES * <usize>keys; x < stop; x += LANES) {
    z0 = madd(v128.load(x), zero, z0);
    z1 = madd(v128.load(x, 16), zero, z1);
    z2 = madd(v128.load(x, 32), zero, z2);
    z3 = madd(v128.load(x, 48), zero, z3);
  }
  v128.store(state, z1, POISON + 16);
  v128.store(state, z0, POISON);
  v128.store(state, z3, POISON + 48);
  v128.store(state, z2, POISON + 32);
}

// Whether the numbers in the lanes of a panel are.
function areFinite(lanes: usize): bool {
  const zero = v128.splat<Float>(0);
  let poison = zero;
  for (let lane: usize = 0; lane < LANES; lane += 16) poison = madd(v128.load(lanes + lane), zero, poison);
  return !v128.any_true(v128.ne<Float>(poison, zero));
}

// Caps in place. The check of the uncapped scores is here because capping hides an infinity.
export function softcapBlock(scores: usize, keys: i32, cap: Float, constants: usize): void {
  const caps = v128.splat<Float>(cap), inverse = v128.splat<Float>(1 / cap);
  for (let x = scores, stop = scores + LANES * <usize>keys; x < stop; x += 32) {
    const c0 = v128.mul<Float>(caps, tanh(v128.mul<Float>(v128.load(x), inverse), constants));
    const c1 = v128.mul<Float>(caps, tanh(v128.mul<Float>(v128.load(x, 16), inverse), constants));
    v128.store(x, c1, 16);
    v128.store(x, c0);
  }
}

// The same for a cap so small that its inverse is no finite number.
export function smallSoftcapBlock(scores: usize, keys: i32, cap: Float, constants: usize): void {
  const caps = v128.splat<Float>(cap);
  for (let x = scores, stop = scores + LANES * <usize>keys; x < stop; x += 16) {
    v128.store(x, v128.mul<Float>(caps, tanh(v128.div<Float>(v128.load(x), caps), constants)));
  }
}

// Takes the block's maxima into the state and leaves in ALPHA what the past is to be scaled by; where every key of the block
// is attended it also poisons as checkFinite() does, in the same reading.
export function raiseMaximum(logits: usize, keys: i32, state: usize, check: bool, constants: usize): void {
  const o0 = v128.load(state, MAXIMUM), o1 = v128.load(state, MAXIMUM + 16);
  const o2 = v128.load(state, MAXIMUM + 32), o3 = v128.load(state, MAXIMUM + 48);
  let m0 = o0, m1 = o1, m2 = o2, m3 = o3;
  const stop = logits + LANES * <usize>keys;
  // Two keys a turn, each with maxima of its own: one chain alone would wait for itself.
  const pairs = logits + 2 * LANES * <usize>(keys >> 1);
  let n0 = o0, n1 = o1, n2 = o2, n3 = o3, x = logits;
  if (check) {
    // Sums of the logits themselves: one operation, where multiplying each by 0 is two without FMA.
    const zero = v128.splat<Float>(0);
    let z0 = zero, z1 = zero, z2 = zero, z3 = zero, y0 = zero, y1 = zero, y2 = zero, y3 = zero;
    for (; x < pairs; x += 2 * LANES) {
      const x0 = v128.load(x), x1 = v128.load(x, 16), x2 = v128.load(x, 32), x3 = v128.load(x, 48);
      const w0 = v128.load(x, 64), w1 = v128.load(x, 80), w2 = v128.load(x, 96), w3 = v128.load(x, 112);
      m0 = v128.pmax<Float>(m0, x0); m1 = v128.pmax<Float>(m1, x1); m2 = v128.pmax<Float>(m2, x2); m3 = v128.pmax<Float>(m3, x3);
      n0 = v128.pmax<Float>(n0, w0); n1 = v128.pmax<Float>(n1, w1); n2 = v128.pmax<Float>(n2, w2); n3 = v128.pmax<Float>(n3, w3);
      z0 = v128.add<Float>(z0, x0); z1 = v128.add<Float>(z1, x1); z2 = v128.add<Float>(z2, x2); z3 = v128.add<Float>(z3, x3);
      y0 = v128.add<Float>(y0, w0); y1 = v128.add<Float>(y1, w1); y2 = v128.add<Float>(y2, w2); y3 = v128.add<Float>(y3, w3);
    }
    for (; x < stop; x += LANES) {
      const x0 = v128.load(x), x1 = v128.load(x, 16), x2 = v128.load(x, 32), x3 = v128.load(x, 48);
      m0 = v128.pmax<Float>(m0, x0); m1 = v128.pmax<Float>(m1, x1); m2 = v128.pmax<Float>(m2, x2); m3 = v128.pmax<Float>(m3, x3);
      z0 = v128.add<Float>(z0, x0); z1 = v128.add<Float>(z1, x1); z2 = v128.add<Float>(z2, x2); z3 = v128.add<Float>(z3, x3);
    }
    z0 = v128.add<Float>(z0, y0); z1 = v128.add<Float>(z1, y1); z2 = v128.add<Float>(z2, y2); z3 = v128.add<Float>(z3, y3);
    v128.store(state, z1, ALPHA + 16); // not needed yet
    v128.store(state, z0, ALPHA);
    v128.store(state, z3, ALPHA + 48);
    v128.store(state, z2, ALPHA + 32);
    if (!areFinite(state + ALPHA)) checkFinite(logits, keys, state); // a sum may leave the format though no logit does
  } else {
    for (; x < pairs; x += 2 * LANES) {
      m0 = v128.pmax<Float>(m0, v128.load(x)); m1 = v128.pmax<Float>(m1, v128.load(x, 16));
      m2 = v128.pmax<Float>(m2, v128.load(x, 32)); m3 = v128.pmax<Float>(m3, v128.load(x, 48));
      n0 = v128.pmax<Float>(n0, v128.load(x, 64)); n1 = v128.pmax<Float>(n1, v128.load(x, 80));
      n2 = v128.pmax<Float>(n2, v128.load(x, 96)); n3 = v128.pmax<Float>(n3, v128.load(x, 112));
    }
    for (; x < stop; x += LANES) {
      m0 = v128.pmax<Float>(m0, v128.load(x)); m1 = v128.pmax<Float>(m1, v128.load(x, 16));
      m2 = v128.pmax<Float>(m2, v128.load(x, 32)); m3 = v128.pmax<Float>(m3, v128.load(x, 48));
    }
  }
  m0 = v128.pmax<Float>(m0, n0); m1 = v128.pmax<Float>(m1, n1); m2 = v128.pmax<Float>(m2, n2); m3 = v128.pmax<Float>(m3, n3);
  v128.store(state, m1, MAXIMUM + 16);
  v128.store(state, m0, MAXIMUM);
  v128.store(state, m3, MAXIMUM + 48);
  v128.store(state, m2, MAXIMUM + 32);
  const a0 = exponential(v128.sub<Float>(o0, m0), constants), a1 = exponential(v128.sub<Float>(o1, m1), constants);
  const a2 = exponential(v128.sub<Float>(o2, m2), constants), a3 = exponential(v128.sub<Float>(o3, m3), constants);
  v128.store(state, a1, ALPHA + 16);
  v128.store(state, a0, ALPHA);
  v128.store(state, a3, ALPHA + 48);
  v128.store(state, a2, ALPHA + 32);
}

// Turns logits x into e^(x - maximum) in place and adds them to the sums.
export function exponentials(logits: usize, keys: i32, state: usize, constants: usize): void {
  raise(logits, keys, state, constants, false);
}

// The same for powers of 2 that have the maximum taken off already, and are known to be from -126 to 127.
export function steadyExponentials(logits: usize, keys: i32, state: usize, constants: usize): void {
  for (let lane: usize = 0; lane < LANES; lane += 16) v128.store(state + lane, v128.splat<Float>(1), ALPHA);
  raise(logits, keys, state, constants, true);
}

// Half a panel at a time, which fits the 15 registers V8 has.
// @ts-ignore: decorator
@inline
function raise(logits: usize, keys: i32, state: usize, constants: usize, steady: bool): void {
  for (let half: usize = 0; half < LANES; half += 32) {
    const lanes = state + half, stop = logits + LANES * <usize>keys;
    const m0 = v128.load(lanes, MAXIMUM), m1 = v128.load(lanes, MAXIMUM + 16);
    let s0 = v128.splat<Float>(0), s1 = v128.splat<Float>(0);
    const lowest = v128.load_splat<Float>(constants, LOWEST), factor = v128.load_splat<Float>(constants, FACTOR), rounder = v128.load_splat<Float>(constants, ROUNDER);
    const c6 = v128.load_splat<Float>(constants, C6), c5 = v128.load_splat<Float>(constants, C5), c4 = v128.load_splat<Float>(constants, C4);
    const c3 = v128.load_splat<Float>(constants, C3), c2 = v128.load_splat<Float>(constants, C2), c1 = v128.load_splat<Float>(constants, C1);
    const one = v128.load_splat<Float>(constants, ONE);
    for (let x = logits + half; x < stop; x += LANES) {
      const x0 = v128.load(x), x1 = v128.load(x, 16);
      const e0 = steady
        ? exp2Within(x0, rounder, c6, c5, c4, c3, c2, c1, one, constants)
        : exponentialWithin(v128.pmax<Float>(v128.sub<Float>(x0, m0), lowest), factor, rounder, c6, c5, c4, c3, c2, c1, one, constants);
      const e1 = steady
        ? exp2Within(x1, rounder, c6, c5, c4, c3, c2, c1, one, constants)
        : exponentialWithin(v128.pmax<Float>(v128.sub<Float>(x1, m1), lowest), factor, rounder, c6, c5, c4, c3, c2, c1, one, constants);
      v128.store(x, e1, 16);
      v128.store(x, e0);
      s0 = v128.add<Float>(s0, e0);
      s1 = v128.add<Float>(s1, e1);
    }
    const l0 = madd(v128.load(lanes, SUM), v128.load(lanes, ALPHA), s0);
    const l1 = madd(v128.load(lanes, SUM + 16), v128.load(lanes, ALPHA + 16), s1);
    v128.store(lanes, l1, SUM + 16);
    v128.store(lanes, l0, SUM);
  }
}

// Sum of e^(x-m) (x-m) in bits, for the entropy; before exponentials(), which overwrites the logits and rescales the sum.
// `past` holds the maxima before this block.
export function addMoment(logits: usize, keys: i32, state: usize, past: usize, constants: usize): void {
  for (let lane: usize = 0; lane < LANES; lane += 16) {
    const m = v128.load(state + lane, MAXIMUM);
    let t = v128.splat<Float>(0);
    for (let x = logits + lane, stop = logits + LANES * <usize>keys; x < stop; x += LANES) {
      const y = v128.sub<Float>(v128.load(x), m);
      t = madd(exponential(y, constants), bitsOf(y, constants), t);
    }
    const shift = bitsOf(v128.sub<Float>(v128.load(past + lane), m), constants);
    const moved = madd(v128.load(state + lane, SUM), shift, v128.load(state + lane, MOMENT));
    v128.store(state + lane, madd(moved, v128.load(state + lane, ALPHA), t), MOMENT);
  }
}
