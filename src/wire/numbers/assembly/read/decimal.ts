// A decimal number w · 10^q as the nearest double, ties to even.

import { GREATEST_POWER, LEAST_POWER, POWERS } from './powers';

// The powers of ten that a double holds exactly.
const EXACT_POWERS: usize = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]);
const MOST_EXACT: i32 = 22;
const EXACT_INTEGERS: u64 = 1 << 53;
// The bits of a double that a float32 has not, what they are just between two float32, and how near to that it is not known on which side a number is.
const BELOW_SINGLE: u32 = 0x1fffffff;
const HALF_SINGLE: u32 = 0x10000000;
const NEAR: u32 = 4;

const FRACTION_BITS: i32 = 52;
const BIAS: i32 = 1023;
const INFINITE: i32 = 2047;
// Bits of the product below those that a double's 53 and one for rounding take: where all are set, the lower half of the power decides.
const UNDECIDED: u64 = 0x1ff;
// The powers for which w · 10^q can lie just between two doubles.
const LEAST_TIE: i32 = -4;
const GREATEST_TIE: i32 = 23;

// Two doubles that are exact give the exact result rounded once (W. D. Clinger, "How to read floating point numbers accurately", 1990).
// @ts-ignore: decorator
@inline
export function toDouble(w: u64, q: i32): f64 {
  return isExactPower(q) && w <= EXACT_INTEGERS ? timesPower(w, q) : nearest(w, q);
}

// A double that rounds to the same float32 as the nearest one. Its factors, and then it, are rounded by half a unit in the last place each, so at
// most two units lie between the two: where no two float32 meet that near, either will do. Below 1e-22 nothing gets here, so float32's denormals do not.
// @ts-ignore: decorator
@inline
export function toSingle(w: u64, q: i32): f64 {
  if (isExactPower(q) && <i64>w >= 0) {
    const near = timesPower(w, q);
    if ((<u32>reinterpret<u64>(near) & BELOW_SINGLE) - (HALF_SINGLE - NEAR) > 2 * NEAR) return near;
  }
  return nearest(w, q);
}

// @ts-ignore: decorator
@inline
function isExactPower(q: i32): bool {
  return <u32>(q + MOST_EXACT) <= <u32>(2 * MOST_EXACT);
}

// @ts-ignore: decorator
@inline
function timesPower(w: u64, q: i32): f64 {
  const factor = <f64>(<i64>w);
  return q < 0 ? factor / load<f64>(EXACT_POWERS - (<usize>q << 3)) : factor * load<f64>(EXACT_POWERS + (<usize>q << 3));
}

// D. Lemire, "Number parsing at a gigabyte per second", 2021, by an idea of M. Eisel; that no other case is left undecided is
// proved in N. Mushtak and D. Lemire, "Fast number parsing without fallback", 2022.
function nearest(w: u64, q: i32): f64 {
  if (w == 0 || q < LEAST_POWER) return 0;
  if (q > GREATEST_POWER) return Infinity;
  const zeros = <i32>clz(w);
  const scaled = w << zeros;
  const power = POWERS + (<usize>(q - LEAST_POWER) << 4);
  let upper = upperHalf(scaled, load<u64>(power));
  let lower = scaled * load<u64>(power);
  if ((upper & UNDECIDED) == UNDECIDED) {
    const more = upperHalf(scaled, load<u64>(power, 8));
    lower += more;
    if (lower < more) upper++;
  }
  const top = <i32>(upper >> 63);
  const shift = top + 64 - FRACTION_BITS - 3;
  let fraction = upper >> shift;
  let exponent = (((152170 + 65536) * q) >> 16) + 63 + top - zeros + BIAS;
  if (exponent <= 0) return denormal(fraction, 1 - exponent);
  // Just between two doubles: the even one, which is the one below.
  if (lower <= 1 && q >= LEAST_TIE && q <= GREATEST_TIE && (fraction & 3) == 1 && fraction << shift == upper) fraction &= ~1;
  fraction = (fraction + (fraction & 1)) >> 1;
  if (fraction == <u64>2 << FRACTION_BITS) {
    fraction = 0;
    exponent++;
  }
  if (exponent >= INFINITE) return Infinity;
  return reinterpret<f64>((<u64>exponent << FRACTION_BITS) | (fraction & ((<u64>1 << FRACTION_BITS) - 1)));
}

// Rounding may carry into the exponent's lowest bit, which makes it the least normal number.
function denormal(fraction: u64, shift: i32): f64 {
  if (shift >= 64) return 0;
  const shifted = fraction >> shift;
  return reinterpret<f64>((shifted + (shifted & 1)) >> 1);
}

// The upper 64 bits of a product of 128.
// @ts-ignore: decorator
@inline
function upperHalf(a: u64, b: u64): u64 {
  const lowA = a & 0xffffffff;
  const highA = a >> 32;
  const lowB = b & 0xffffffff;
  const highB = b >> 32;
  const middle = highA * lowB + ((lowA * lowB) >> 32);
  const other = lowA * highB + (middle & 0xffffffff);
  return highA * highB + (middle >> 32) + (other >> 32);
}
