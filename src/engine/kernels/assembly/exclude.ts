import { Float, SHIFT, SINGLE } from "./float";
import { madd } from "./arithmetic";
import * as call from "./descriptor";
import {
  LANES, PANEL, PANEL_END, PANEL_FIRST, PANEL_POSITION, PANEL_SLOPE, POISON, ROW_BIAS, ROW_BYTES, ROW_MASK,
} from "./layout";
import { packMask, packRows } from "./pack";

// Mask and bias of a block of keys as a panel: the bias, or -Infinity where the mask or the bias excludes.
// `addresses` is room for 16.
export function collectBias(descriptor: usize, rows: usize, key: i32, keys: i32, addresses: usize, out: usize): void {
  const maskStride = <usize>call.keyStride(descriptor + call.MASK), biasStride = <usize>call.keyStride(descriptor + call.BIAS);
  memory.fill(out, 0, LANES * <usize>keys);
  if (call.address(descriptor + call.BIAS)) {
    for (let r: usize = 0; r < <usize>PANEL; r++) {
      store<usize>(addresses + (r << 2), load<usize>(rows + r * ROW_BYTES, ROW_BIAS) + (<usize>key * biasStride << SHIFT));
    }
    if (biasStride) packRows(addresses, keys, out);
    else for (let j: usize = 0; j < <usize>keys; j++) packRows(addresses, 1, out + j * LANES);
  }
  if (call.address(descriptor + call.MASK)) {
    for (let r: usize = 0; r < <usize>PANEL; r++) {
      store<usize>(addresses + (r << 2), load<usize>(rows + r * ROW_BYTES, ROW_MASK) + <usize>key * maskStride);
    }
    packMask(addresses, keys, maskStride, out);
  }
}

// capped += bias, -Infinity where the bias is.
export function addBias(logits: usize, keys: i32, bias: usize): void {
  const excluded = v128.splat<Float>(-Infinity);
  let b = bias;
  for (let x = logits, stop = logits + LANES * <usize>keys; x < stop; x += 32) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    const x0 = v128.bitselect(b0, v128.add<Float>(v128.load(x), b0), v128.eq<Float>(b0, excluded));
    const x1 = v128.bitselect(b1, v128.add<Float>(v128.load(x, 16), b1), v128.eq<Float>(b1, excluded));
    v128.store(x, x1, 16);
    v128.store(x, x0);
    b += 32;
  }
}

// The same where every row sees every key of the block but for the bias: poisons the rows that hold a NaN or an infinity
// where it is not -Infinity.
export function addBiasAndCheck(logits: usize, keys: i32, bias: usize, state: usize): void {
  const excluded = v128.splat<Float>(-Infinity), zero = v128.splat<Float>(0);
  for (let half: usize = 0; half < LANES; half += 32) {
    let p0 = v128.load(state + half, POISON), p1 = v128.load(state + half, POISON + 16);
    let b = bias + half;
    for (let x = logits + half, stop = logits + LANES * <usize>keys; x < stop; x += LANES) {
      const b0 = v128.load(b), b1 = v128.load(b, 16), e0 = v128.eq<Float>(b0, excluded), e1 = v128.eq<Float>(b1, excluded);
      const x0 = v128.add<Float>(v128.load(x), b0), x1 = v128.add<Float>(v128.load(x, 16), b1);
      p0 = madd(v128.bitselect(zero, x0, e0), zero, p0);
      p1 = madd(v128.bitselect(zero, x1, e1), zero, p1);
      v128.store(x, v128.bitselect(b1, x1, e1), 16);
      v128.store(x, v128.bitselect(b0, x0, e0));
      b += LANES;
    }
    v128.store(state + half, p1, POISON + 16);
    v128.store(state + half, p0, POISON);
  }
}

// capped -= slope * |position - key|
export function addAlibi(logits: usize, key: i32, keys: i32, state: usize): void {
  for (let lane: usize = 0; lane < LANES; lane += 16) {
    const slope = v128.neg<Float>(v128.load(state + lane, PANEL_SLOPE));
    const position = SINGLE ? v128.load(state + lane, PANEL_POSITION) : v128.load64_zero(state + (lane >> 1), PANEL_POSITION);
    let x = logits + lane;
    for (let j = key; j < key + keys; j++) {
      const apart = i32x4.abs(i32x4.sub(position, i32x4.splat(j)));
      const distance = SINGLE ? f32x4.convert_i32x4_s(apart) : f64x2.convert_low_i32x4_s(apart);
      v128.store(x, madd(slope, distance, v128.load(x)));
      x += LANES;
    }
  }
}

// -Infinity outside each row's [first, end); poisons the rows that hold a NaN or an infinity inside,
// where `bias` (0: none) is not -Infinity either.
export function excludeAndCheck(logits: usize, key: i32, keys: i32, state: usize, bias: usize): void {
  const excluded = v128.splat<Float>(-Infinity), zero = v128.splat<Float>(0);
  for (let lane: usize = 0; lane < LANES; lane += 16) {
    // Compared as wide as a lane is.
    const first = SINGLE ? v128.load(state + lane, PANEL_FIRST) : v128.load_ext<i32>(state + (lane >> 1), PANEL_FIRST);
    const end = SINGLE ? v128.load(state + lane, PANEL_END) : v128.load_ext<i32>(state + (lane >> 1), PANEL_END);
    let poison = v128.load(state + lane, POISON);
    let x = logits + lane, b = bias + lane;
    for (let j = key; j < key + keys; j++) {
      let inside = SINGLE
        ? v128.and(i32x4.ge_s(i32x4.splat(j), first), i32x4.lt_s(i32x4.splat(j), end))
        : v128.and(i64x2.ge_s(i64x2.splat(j), first), i64x2.lt_s(i64x2.splat(j), end));
      if (bias) inside = v128.andnot(inside, v128.eq<Float>(v128.load(b), excluded));
      const logit = v128.load(x);
      poison = madd(v128.bitselect(logit, zero, inside), zero, poison);
      v128.store(x, v128.bitselect(logit, excluded, inside));
      x += LANES;
      b += LANES;
    }
    v128.store(state + lane, poison, POISON);
  }
}
