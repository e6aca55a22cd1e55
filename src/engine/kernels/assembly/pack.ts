import { Float, SHIFT, SINGLE, SIZE, VECTOR } from "./float";
import { madd } from "./arithmetic";
import { LANES, PANEL } from "./layout";

// Between rows and panels. A panel holds its rows side by side, [length][PANEL]; `addresses` are the rows' own, 4 bytes each.
// Both ways work in blocks of 4x4 (2x2 of f64), the rest of a row element by element: nothing is computed here that could differ.

// Of four rows a b c d the columns are lowHalves(ac, bd), highHalves(ac, bd), ..., where ac = lowHalves(a, c) and so on.
// @ts-ignore: decorator
@inline
export function lowHalves(a: v128, b: v128): v128 {
  return SINGLE ? v128.shuffle<f32>(a, b, 0, 4, 1, 5) : v128.shuffle<f64>(a, b, 0, 2);
}

// @ts-ignore: decorator
@inline
export function highHalves(a: v128, b: v128): v128 {
  return SINGLE ? v128.shuffle<f32>(a, b, 2, 6, 3, 7) : v128.shuffle<f64>(a, b, 1, 3);
}

export function packRows(addresses: usize, length: i32, out: usize): void {
  const whole = out + LANES * <usize>(length & ~(VECTOR - 1)), stop = out + LANES * <usize>length;
  for (let lane: usize = 0, row = addresses; lane < LANES; lane += 16, row += 4 * VECTOR) {
    let r0 = load<usize>(row), r1 = load<usize>(row, 4), r2 = SINGLE ? load<usize>(row, 8) : 0, r3 = SINGLE ? load<usize>(row, 12) : 0;
    let to = out + lane;
    for (; to < whole; to += VECTOR * LANES) {
      if (SINGLE) {
        const a = v128.load(r0), b = v128.load(r1), c = v128.load(r2), d = v128.load(r3);
        const ac = lowHalves(a, c), bd = lowHalves(b, d), ca = highHalves(a, c), db = highHalves(b, d);
        v128.store(to, lowHalves(ac, bd));
        v128.store(to, highHalves(ac, bd), 64);
        v128.store(to, lowHalves(ca, db), 128);
        v128.store(to, highHalves(ca, db), 192);
        r2 += 16; r3 += 16;
      } else {
        const a = v128.load(r0), b = v128.load(r1);
        v128.store(to, lowHalves(a, b));
        v128.store(to, highHalves(a, b), 64);
      }
      r0 += 16; r1 += 16;
    }
    for (; to < stop; to += LANES) {
      store<Float>(to, load<Float>(r0));
      store<Float>(to, load<Float>(r1), SIZE);
      if (SINGLE) {
        store<Float>(to, load<Float>(r2), 2 * SIZE);
        store<Float>(to, load<Float>(r3), 3 * SIZE);
        r2 += SIZE; r3 += SIZE;
      }
      r0 += SIZE; r1 += SIZE;
    }
  }
}

// The first `count` rows of a panel, each times its factor (one for each lane). Adds NaN to the lane of `poisons` of each
// row that has a product that is not finite.
export function unpackRows(panel: usize, length: i32, factors: usize, addresses: usize, count: i32, poisons: usize): void {
  const zero = v128.splat<Float>(0), whole = panel + LANES * <usize>(length & ~(VECTOR - 1)), stop = panel + LANES * <usize>length;
  for (let r = 0; r < count; r += VECTOR) {
    const lane = <usize>r << SHIFT, factor = v128.load(factors + lane), row = addresses + (<usize>r << 2), n = count - r;
    const r0 = load<usize>(row), r1 = load<usize>(row, 4), r2 = SINGLE ? load<usize>(row, 8) : 0, r3 = SINGLE ? load<usize>(row, 12) : 0;
    let at: usize = 0, from = panel + lane, poison = v128.load(poisons + lane);
    for (; from < whole + lane; from += VECTOR * LANES, at += 16) {
      const a = v128.mul<Float>(v128.load(from), factor), b = v128.mul<Float>(v128.load(from, 64), factor);
      poison = madd(a, zero, madd(b, zero, poison));
      if (SINGLE) {
        const c = v128.mul<Float>(v128.load(from, 128), factor), d = v128.mul<Float>(v128.load(from, 192), factor);
        poison = madd(c, zero, madd(d, zero, poison));
        const ac = lowHalves(a, c), bd = lowHalves(b, d), ca = highHalves(a, c), db = highHalves(b, d);
        v128.store(r0 + at, lowHalves(ac, bd));
        if (n > 1) v128.store(r1 + at, highHalves(ac, bd));
        if (n > 2) v128.store(r2 + at, lowHalves(ca, db));
        if (n > 3) v128.store(r3 + at, highHalves(ca, db));
      } else {
        v128.store(r0 + at, lowHalves(a, b));
        if (n > 1) v128.store(r1 + at, highHalves(a, b));
      }
    }
    for (; from < stop + lane; from += LANES, at += SIZE) {
      const a = v128.mul<Float>(v128.load(from), factor);
      poison = madd(a, zero, poison);
      store<Float>(r0 + at, v128.extract_lane<Float>(a, 0));
      if (n > 1) store<Float>(r1 + at, v128.extract_lane<Float>(a, 1));
      if (SINGLE) {
        if (n > 2) store<Float>(r2 + at, v128.extract_lane<Float>(a, 2));
        if (n > 3) store<Float>(r3 + at, v128.extract_lane<Float>(a, 3));
      }
    }
    v128.store(poisons + lane, poison);
  }
}

// Rows of bytes to a panel of -Infinity where the byte is 0; where it is not, the panel keeps what it holds.
export function packMask(addresses: usize, length: i32, stride: usize, out: usize): void {
  const first = load<usize>(addresses), stop = out + LANES * <usize>length;
  let shared = true;
  for (let r: usize = 4; r < 4 * <usize>PANEL; r += 4) shared = shared && load<usize>(addresses + r) == first;
  if (shared) {
    const excluded = v128.splat<Float>(-Infinity);
    for (let to = out, from = first; to < stop; to += LANES, from += stride) {
      if (load<u8>(from) != 0) continue;
      v128.store(to, excluded);
      v128.store(to, excluded, 16);
      v128.store(to, excluded, 32);
      v128.store(to, excluded, 48);
    }
    return;
  }
  for (let r: usize = 0; r < <usize>PANEL; r++) {
    let from = load<usize>(addresses + (r << 2));
    for (let to = out + (r << SHIFT); to < stop; to += LANES, from += stride) {
      // Without a branch, which a mask without a pattern would mislead.
      if (SINGLE) {
        const exclude = -u32(load<u8>(from) == 0);
        store<u32>(to, (load<u32>(to) & ~exclude) | (0xff800000 & exclude));
      } else {
        const exclude = -u64(load<u8>(from) == 0);
        store<u64>(to, (load<u64>(to) & ~exclude) | (0xfff0000000000000 & exclude));
      }
    }
  }
}
