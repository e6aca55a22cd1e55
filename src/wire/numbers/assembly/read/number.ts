// A number of JSON (RFC 8259, section 6) as the nearest double, or as one that rounds to the same float32.

import { toDouble, toSingle } from './decimal';

// What the host makes of a number that 19 digits leave undecided.
// @ts-ignore: decorator
@external('host', 'toNumber')
declare function toNumber(start: usize, end: usize): f64;

const MINUS: u32 = 0x2d;
const PLUS: u32 = 0x2b;
const POINT: u32 = 0x2e;
const ZERO: u32 = 0x30;
const SMALL_E: u32 = 0x65;
const TO_SMALL: u32 = 0x20;

const ZEROS: u64 = 0x3030303030303030;
const TOPS: u64 = 0x8080808080808080;
// So many digits fit into 64 bits.
const MOST_DIGITS: i32 = 19;
// Past it every exponent gives 0 or an infinity, however many digits stand before it in a window.
const GREATEST_EXPONENT: i32 = 1000000;

const POWERS_OF_TEN: usize = memory.data<u64>([1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000]);

// The number that was read last, and where the last one ended that could not be.
export let value: f64 = 0;
export let stopped: usize = 0;

let significand: u64 = 0;

// Reads a number and gives where it ends, or 0 where there is none. Bytes after the window must be no digits.
// @ts-ignore: decorator
@inline
export function readNumber(start: usize, isSingle: bool): usize {
  // No branch: half of all numbers have a sign, in an order that no processor foresees.
  const isNegative = load<u8>(start) == MINUS;
  let p = start + <usize>isNegative;
  let digits = p;
  significand = 0;
  if (load<u8>(p) == ZERO) digits = ++p;
  else {
    p = readDigits(p);
    if (p == digits) return stop(p);
  }
  let point: usize = 0;
  let q = 0;
  if (load<u8>(p) == POINT) {
    point = p;
    p = readDigits(p + 1);
    q = <i32>(point + 1 - p);
    if (q == 0) return stop(p);
  }
  const end = p;
  if ((load<u8>(p) | TO_SMALL) == SMALL_E) {
    p = readExponent(p + 1);
    if (p == 0) return 0;
    q += exponent;
  }
  const count = <i32>(end - digits) - (point ? 1 : 0);
  let size: f64;
  if (count > MOST_DIGITS) size = ofMany(digits, end, q, p);
  else size = isSingle ? toSingle(significand, q) : toDouble(significand, q);
  value = reinterpret<f64>(reinterpret<u64>(size) | (<u64>isNegative << 63));
  return p;
}

function stop(p: usize): usize {
  stopped = p;
  return 0;
}

// Takes digits into the significand, eight at a time, and gives where they end.
// @ts-ignore: decorator
@inline
function readDigits(start: usize): usize {
  let p = start;
  while (true) {
    const word = load<u64>(p) ^ ZEROS;
    // The top bit of each byte that is no digit: it is above 9.
    const others = (((word & ~TOPS) + 0x7676767676767676) | word) & TOPS;
    if (others != 0) {
      const count = <u64>ctz(others) >> 3;
      // Zeros take the place of what follows, and stand before the digits: all eight where there is none, without a branch, since nobody foresees that either.
      significand = significand * load<u64>(POWERS_OF_TEN + (<usize>count << 3)) + eightDigits((word << 8) << (56 - (count << 3)));
      return p + <usize>count;
    }
    significand = significand * 100000000 + eightDigits(word);
    p += 8;
  }
}

// Eight digits, one a byte, the first in the lowest: added up in pairs, then in fours, then all (D. Lemire, 2021, section 4).
// @ts-ignore: decorator
@inline
function eightDigits(word: u64): u64 {
  const pairs = word * 10 + (word >> 8);
  return ((pairs & 0x000000ff000000ff) * 0x000f424000000064 + ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32;
}

let exponent: i32 = 0;

// Reads what follows the e and gives where it ends, or 0 where no digit is.
function readExponent(start: usize): usize {
  let p = start;
  const isNegative = load<u8>(p) == MINUS;
  if (isNegative || load<u8>(p) == PLUS) p++;
  const first = p;
  exponent = 0;
  for (let digit = <u32>load<u8>(p) - ZERO; digit <= 9; digit = <u32>load<u8>(++p) - ZERO)
    if (exponent < GREATEST_EXPONENT) exponent = exponent * 10 + digit;
  if (p == first) return stop(p);
  if (isNegative) exponent = -exponent;
  return p;
}

// A number with more than 19 digits, from its first digit on: zeros that lead do not count. Cut off after 19 of them, it
// lies between that and the next: where both give the same double, it is that one.
function ofMany(digits: usize, end: usize, q: i32, tokenEnd: usize): f64 {
  let p = digits;
  let c = <u32>load<u8>(p);
  while (p < end && (c == ZERO || c == POINT)) c = load<u8>(++p);
  let w: u64 = 0;
  let count = 0;
  let left = 0;
  for (; p < end; p++) {
    c = load<u8>(p);
    if (c == POINT) continue;
    if (count < MOST_DIGITS) {
      w = w * 10 + (c - ZERO);
      count++;
    } else left++;
  }
  const below = toDouble(w, q + left);
  if (left == 0 || below == toDouble(w + 1, q + left)) return below;
  return toNumber(digits, tokenEnd);
}
