import { madd } from "./arithmetic";
import { LANES, PANEL } from "./layout";

// Between rows and panels. A panel holds 16 rows side by side, [length][16]; `addresses` are the 16 rows' own, 4 bytes each.
// Both ways work in 4x4 blocks, the rest of a row element by element: nothing is computed here that could differ.

// @ts-ignore: decorator
@inline
function lowHalves(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 4, 1, 5);
}

// @ts-ignore: decorator
@inline
function highHalves(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 2, 6, 3, 7);
}

export function packRows(addresses: usize, length: i32, out: usize): void {
  const whole = out + LANES * <usize>(length & ~3), stop = out + LANES * <usize>length;
  for (let lane: usize = 0; lane < LANES; lane += 16) {
    const row = addresses + lane;
    let r0 = load<usize>(row), r1 = load<usize>(row, 4), r2 = load<usize>(row, 8), r3 = load<usize>(row, 12), to = out + lane;
    for (; to < whole; to += 4 * LANES) {
      const a = v128.load(r0), b = v128.load(r1), c = v128.load(r2), d = v128.load(r3);
      const ac = lowHalves(a, c), bd = lowHalves(b, d), ca = highHalves(a, c), db = highHalves(b, d);
      v128.store(to, lowHalves(ac, bd));
      v128.store(to, highHalves(ac, bd), 64);
      v128.store(to, lowHalves(ca, db), 128);
      v128.store(to, highHalves(ca, db), 192);
      r0 += 16; r1 += 16; r2 += 16; r3 += 16;
    }
    for (; to < stop; to += LANES) {
      store<f32>(to, load<f32>(r0));
      store<f32>(to, load<f32>(r1), 4);
      store<f32>(to, load<f32>(r2), 8);
      store<f32>(to, load<f32>(r3), 12);
      r0 += 4; r1 += 4; r2 += 4; r3 += 4;
    }
  }
}

// The first `count` rows of a panel, each times its factor (16 floats). Returns whether every product is finite.
export function unpackRows(panel: usize, length: i32, factors: usize, addresses: usize, count: i32): bool {
  const zero = f32x4.splat(0), whole = panel + LANES * <usize>(length & ~3), stop = panel + LANES * <usize>length;
  let poison = zero;
  for (let r = 0; r < count; r += 4) {
    const lane = <usize>r << 2, factor = v128.load(factors + lane), row = addresses + lane, n = count - r;
    const r0 = load<usize>(row), r1 = load<usize>(row, 4), r2 = load<usize>(row, 8), r3 = load<usize>(row, 12);
    let at: usize = 0, from = panel + lane;
    for (; from < whole + lane; from += 4 * LANES, at += 16) {
      const a = f32x4.mul(v128.load(from), factor), b = f32x4.mul(v128.load(from, 64), factor);
      const c = f32x4.mul(v128.load(from, 128), factor), d = f32x4.mul(v128.load(from, 192), factor);
      poison = madd(a, zero, madd(b, zero, madd(c, zero, madd(d, zero, poison))));
      const ac = lowHalves(a, c), bd = lowHalves(b, d), ca = highHalves(a, c), db = highHalves(b, d);
      v128.store(r0 + at, lowHalves(ac, bd));
      if (n > 1) v128.store(r1 + at, highHalves(ac, bd));
      if (n > 2) v128.store(r2 + at, lowHalves(ca, db));
      if (n > 3) v128.store(r3 + at, highHalves(ca, db));
    }
    for (; from < stop + lane; from += LANES, at += 4) {
      const a = f32x4.mul(v128.load(from), factor);
      poison = madd(a, zero, poison);
      store<f32>(r0 + at, f32x4.extract_lane(a, 0));
      if (n > 1) store<f32>(r1 + at, f32x4.extract_lane(a, 1));
      if (n > 2) store<f32>(r2 + at, f32x4.extract_lane(a, 2));
      if (n > 3) store<f32>(r3 + at, f32x4.extract_lane(a, 3));
    }
  }
  return !v128.any_true(f32x4.ne(poison, zero));
}

// Rows of bytes to a panel of -Infinity where the byte is 0; where it is not, the panel keeps what it holds.
export function packMask(addresses: usize, length: i32, stride: usize, out: usize): void {
  for (let r: usize = 0; r < <usize>PANEL; r++) {
    let from = load<usize>(addresses + (r << 2));
    const lane = r << 2;
    for (let to = out + lane, stop = to + LANES * <usize>length; to < stop; to += LANES) {
      if (load<u8>(from) == 0) store<f32>(to, -Infinity);
      from += stride;
    }
  }
}
