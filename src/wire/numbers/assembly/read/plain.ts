// Lists of plain numbers, which most of a body is: no exponent, and at most 32 digits and a point. They are read as float32 without a loop, and without a
// branch that depends on how long they are or where the point is, since no processor foresees that.

const COMMA: u32 = 0x2c;
const MINUS: u32 = 0x2d;
const POINT: u32 = 0x2e;
const SPACE: u32 = 0x20;
const TAB: u32 = 0x09;
const NEWLINE: u32 = 0x0a;
const RETURN: u32 = 0x0d;
const SMALL_E: u32 = 0x65;
const TO_SMALL: u32 = 0x20;

// So many digits are taken; those that follow are less than one of the last of them.
const TAKEN: i32 = 16;
// The least number that 16 digits are which do not begin with a zero.
const LEAST_WHOLE: u64 = 1000000000000000;

// Constants lie in memory, since V8 makes a literal anew wherever it stands. What makes digits the least bytes, and the greatest digit then.
const TO_LEAST: usize = memory.data<u64>([0x5050505050505050, 0x5050505050505050], 16);
const GREATEST_DIGIT: usize = memory.data<u64>([0x8989898989898989, 0x8989898989898989], 16);
const POINTS: usize = memory.data<u64>([0x2e2e2e2e2e2e2e2e, 0x2e2e2e2e2e2e2e2e], 16);
// What leaves the first bytes of a vector, and of digits what they are worth: to be read from 32 less their number on.
const FIRST: usize = memory.data<u64>([0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff, 0, 0], 16);
const DIGITS: usize = memory.data<u64>([0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f, 0, 0], 16);
// Ten times the first of two bytes and the second, in the upper one; of two numbers of two digits, and of four.
const TENS: usize = memory.data<u64>([0x0a010a010a010a01, 0x0a010a010a010a01], 16);
const HUNDREDS: usize = memory.data<u64>([0x0001006400010064, 0x0001006400010064], 16);
const TEN_THOUSANDS: usize = memory.data<u64>([0x0001271000012710, 0x0001271000012710], 16);
// What the last of 16 digits is worth where so many of them stand before the point.
const UNITS: usize = memory.data<f64>([1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1]);

// What is computed lies within 2^13 units in the last place of the nearest double, by what is not taken, and by three more, by rounding. Where a float32 rounds
// to another at that distance, the number is read in another way: the bits of a double that a float32 has not, but for the last fifteen, and what they are there.
const BELOW_SINGLE: u32 = 0x1fff8000;
const HALF_SINGLE: u32 = 0x10000000;
const NEAR: u32 = 0x4000;
// Bits of what is taken above which what is not taken is that little.
const ENOUGH_BITS: i32 = 40;

// Whether no comma follows the last number that was read, and what comes after it: the first number that has to be read in another way, or what ends the list.
export let isLast: bool = false;
export let after: usize = 0;

// Reads numbers that begin at `start` and stores them from `to` on, and gives where the next one would be stored. `end` is where the window ends.
export function readPlain(start: usize, end: usize, to: usize): usize {
  let p = start;
  let at = to;
  while (true) {
    const isNegative = <i32>(load<u8>(p) == MINUS);
    // The sign is left out of what is looked for, not skipped: to find where the number ends does not wait for it.
    const shown = v128.load(p);
    const all = others(shown) | (others(v128.load(p, 16)) << 16);
    const stops = all & ~1;
    const ends = stops ^ (stops & -stops & i8x16.bitmask(i8x16.eq(shown, v128.load(POINTS))));
    const next = p + <usize>ctz<i32>(ends);
    const c = <u32>load<u8>(next);
    // A point is not seen past the first vector.
    if (c != COMMA && (ends == 0 || next >= end || c == POINT || (c | TO_SMALL) == SMALL_E)) break;
    if ((all & 1) != isNegative) break;
    const first = p + <usize>isNegative;
    const whole = ctz<i32>(stops) - isNegative;
    const length = <i32>(next - first);
    const hasPoint = <i32>(length != whole);
    const count = length - hasPoint;
    if (<u32>(whole - 1) >= <u32>(TAKEN - 1)) break;
    if (hasPoint & <i32>(count == whole)) break;
    const taken = v128.bitselect(v128.load(first), v128.load(first, 1), v128.load(FIRST + 32 - <usize>whole));
    const digits = v128.and(taken, v128.load(DIGITS + 32 - <usize>count));
    const pairs = i16x8.shr_u(i16x8.mul(digits, v128.load(TENS)), 8);
    const fours = i32x4.dot_i16x8_s(pairs, v128.load(HUNDREDS));
    const eights = <u64>i64x2.extract_lane(i32x4.dot_i16x8_s(i16x8.narrow_i32x4_s(fours, fours), v128.load(TEN_THOUSANDS)), 0);
    const significand = (eights & 0xffffffff) * 100000000 + (eights >> 32);
    // Both are negative where digits are left out and those before them are too small.
    if (((TAKEN - count) & (<i32>(significand >> ENOUGH_BITS) - 1)) < 0) break;
    // A zero that leads is no JSON.
    if (<i32>(significand < LEAST_WHOLE) & <i32>(whole != 1)) break;
    const size = <f64>(<i64>significand) * load<f64>(UNITS + (<usize>whole << 3));
    if (((<u32>reinterpret<u64>(size) + NEAR) & BELOW_SINGLE) == HALF_SINGLE) break;
    store<u32>(at, reinterpret<u32>(<f32>size) | (isNegative << 31));
    at += 4;
    if (c != COMMA) {
      isLast = true;
      after = next;
      return at;
    }
    p = next + 1;
    while (isSpace(load<u8>(p))) p++;
  }
  isLast = false;
  after = p;
  return at;
}

// A bit for each byte that is no digit.
// @ts-ignore: decorator
@inline
function others(bytes: v128): i32 {
  return i8x16.bitmask(i8x16.gt_s(i8x16.add(bytes, v128.load(TO_LEAST)), v128.load(GREATEST_DIGIT)));
}

// @ts-ignore: decorator
@inline
function isSpace(c: u32): bool {
  return c <= SPACE && (c == SPACE || c == NEWLINE || c == RETURN || c == TAB);
}
