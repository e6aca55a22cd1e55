import { LONG_FRAME, LONG_LAST, LONG_LENGTHS, SHORT_LANES, SHORT_LENGTHS, SHORT_SUFFIX, SHORT_SUFFIX_LENGTH } from './layout';
import { spellExponent } from './exponent';

/** Eight digits, one a byte, the first in the lowest: three steps, each of which cuts every part in two. */
// @ts-ignore: decorator
@inline
export function eightDigits(n: u64): u64 {
  const fours = (n << 32) - 0x270fffffffff * ((n * 109951163) >> 40);
  const twos = (fours << 16) - 0x63ffff * (((fours * 5243) >> 19) & 0x7f0000007f);
  return (twos << 8) - 0x9ff * (((twos * 103) >> 10) & 0xf000f000f000f);
}

/** Writes up to eight digits, the first of which is not 0, by a row of layout. */
// @ts-ignore: decorator
@inline
export function layShort(p: usize, digits: u64, row: usize): usize {
  const source = i64x2.replace_lane(i64x2.splat(digits | 0x3030303030303030), 1, <u64>SHORT_LANES);
  v128.store(p, i8x16.swizzle(source, v128.load(row)));
  const length = load<u8>(row + 1 + <usize>(clz(digits) >> 3), SHORT_LENGTHS);
  store<u64>(p + length, load<u64>(row, SHORT_SUFFIX));
  return p + length + load<u8>(row, SHORT_SUFFIX_LENGTH) - 1; // without the comma
}

/** Writes sixteen digits and a 17th by a row of layout; gives how long that is, and SCIENTIFIC more where its exponent is missing. */
// @ts-ignore: decorator
@inline
export function layLong(p: usize, first: u64, second: u64, last: u32, row: usize): usize {
  const digits = i64x2.replace_lane(i64x2.splat(first), 1, second);
  v128.store(p, v128.or(i8x16.swizzle(digits, v128.load(row)), v128.load(row, LONG_FRAME)));
  v128.store(p, v128.or(i8x16.swizzle(digits, v128.load(row, 16)), v128.load(row, LONG_FRAME + 16)), 16);
  store<u8>(p + load<u8>(row, LONG_LAST), <u8>(0x30 + last));
  const present = i8x16.bitmask(i8x16.ne(digits, i64x2.splat(0))) | (((last + 15) & 16) << 12);
  return load<u8>(row + clz(present), LONG_LENGTHS - 15);
}

/** Room for the digits of any u64. */
const SCRATCH = memory.data(20);
const SCRATCH_END = SCRATCH + 20;

/** digits · 10^exponent as Number.prototype.toString writes it (ECMA-262, 6.1.6.1.20), whatever its digits; digits ≥ 1. */
export function writeAny(p: usize, digits: u64, exponent: i32): usize {
  let rest = digits;
  while (rest % 10 == 0) {
    rest /= 10;
    exponent++;
  }
  let at = SCRATCH_END;
  for (; rest != 0; rest /= 10) store<u8>(--at, <u8>(0x30 + (rest % 10)));
  const count = <i32>(SCRATCH_END - at);
  const before = exponent + count;
  if (before > 21 || before < -5) return writeScientific(p, at, count, before - 1);
  if (before <= 0) {
    store<u16>(p, 0x2e30);
    memory.fill(p + 2, 0x30, -before);
    memory.copy(p + 2 - before, at, count);
    return p + 2 - before + count;
  }
  if (count <= before) {
    memory.copy(p, at, count);
    memory.fill(p + count, 0x30, before - count);
    return p + before;
  }
  memory.copy(p, at, before);
  store<u8>(p + before, 0x2e);
  memory.copy(p + before + 1, at + before, count - before);
  return p + count + 1;
}

function writeScientific(p: usize, digits: usize, count: i32, exponent: i32): usize {
  store<u8>(p++, load<u8>(digits));
  if (count > 1) {
    store<u8>(p++, 0x2e);
    memory.copy(p, digits + 1, count - 1);
    p += count - 1;
  }
  return writeExponent(p, exponent);
}

/** Whether JavaScript writes an exponent where it is that and the digits don't fit around a point. */
// @ts-ignore: decorator
@inline
export function isScientific(exponent: i32): bool {
  return <u32>exponent > 20;
}

/** For each exponent of a float64, its text and how long that is, in eight bytes. */
const LEAST_EXPONENT = -324;
const MOST_EXPONENT = 308;
const EXPONENTS = memory.data((MOST_EXPONENT - LEAST_EXPONENT + 1) << 3, 8);
const EXPONENT_LENGTH = 7;

// @ts-ignore: decorator
@inline
function exponentText(exponent: i32): usize {
  return EXPONENTS + ((exponent - LEAST_EXPONENT) << 3);
}

export function fillExponents(): void {
  for (let exponent = LEAST_EXPONENT; exponent <= MOST_EXPONENT; exponent++) {
    const text = exponentText(exponent);
    store<u8>(text + EXPONENT_LENGTH, <u8>(spellExponent(text, exponent) - text));
  }
}

/** Whole texts are copied: branches for one, two or three digits would be guessed wrong where exponents differ. */
// @ts-ignore: decorator
@inline
export function writeExponent(p: usize, exponent: i32): usize {
  const text = exponentText(exponent);
  store<u64>(p, load<u64>(text));
  return p + load<u8>(text, EXPONENT_LENGTH);
}
