import { log10OfPower2, log2OfPower10 } from './binary';
import { writeAny } from './digits';
import { LEAST_SHORT_POINT, SHORT, SHORT_BYTES, SHORT_LANES, SHORT_LEADS, SHORT_LENGTHS, SHORT_SUFFIX, SHORT_SUFFIX_LENGTH } from './layout';
import { writeNonFinite } from './not-finite';
import { FIRST, POWERS } from './powers';
import { scaledExponent } from './scales';
import { shortest, shortestDigits, shortestExponent } from './schubfach';

/*
 * Float32s with the fewest digits that read back, four at a time.
 *
 * A number is scaled so that neighbours are 0.1 to 1 apart (as in xjb and żmij, which scale once where Schubfach does three
 * times). An integer that is nearer than half of that is the shortest; there is one at most, and it is the greatest that is
 * not above number + half. Else that is the number's own integer part, and one more digit is taken. Doubles compute that: a
 * scaled number is below 2^24 and wrong by less than 2^-28. Added to 2^28 it is rounded to 24 bits after the point, which
 * all that follows reads as integers. What is within DOUBT of where it would turn out otherwise is decided by Schubfach.
 *
 * Three loops go over a block, each with so few numbers under way at a time that a core has registers for several rounds.
 */

const MANTISSA: u32 = 0x7fffff;
const MAGNITUDE: u32 = 0x7fffffff;
const INFINITE: u32 = 0x7f800000;

/** Numbers of a block. */
const BLOCK: u32 = 128;

/** For each binary exponent the power of ten that scales, and half of the distance to a neighbour; 0 where only the slow way is right. */
const SCALE_BYTES = 16;
const SCALES = memory.data(256 * SCALE_BYTES, 16);

/** Eight digits are scaled to stand before the point. */
const DIGITS = 8;
/** From 17 digits before the point on, and up to 21, JavaScript writes zeros, for which a row has no room. */
const LEAST_LONG_POINT = 17;
const MOST_LONG_POINT = 21 + SHORT_LEADS - 1;

/** Units of 2^-24 by which a scaled number or its ninth digit may be wrong, and more: the upper four digits take 4. */
const DOUBT = 64;

/*
 * Of the numbers of a block: integer parts, of which bits 28 and above say nothing; their upper four digits, of which bits 16
 * and above say nothing; what stands beside eight digits in a source of lanes; rows of layout, 0 where the slow way goes;
 * sources, and lengths.
 */
const WHOLES = memory.data(BLOCK * 4, 16);
const UPPERS = memory.data(BLOCK * 4, 16);
const LANES = memory.data(BLOCK * 4, 16);
const ROWS = memory.data(BLOCK * 4, 16);
const SOURCES = memory.data(BLOCK * 16, 16);
const LENGTHS = memory.data(BLOCK, 16);

/*
 * Constants of vectors stand in memory: V8 makes one that is written out anew from two registers wherever it is used, which
 * took a quarter of the time.
 */
const MAGNITUDES = memory.data<u32>([MAGNITUDE, MAGNITUDE, MAGNITUDE, MAGNITUDE], 16);
const MANTISSAS = memory.data<u32>([MANTISSA, MANTISSA, MANTISSA, MANTISSA], 16);
/** 2^28: 24 bits of a double's mantissa are left after the point. */
const POINT = 24;
const POINTS = memory.data<f64>([268435456.0, 268435456.0], 16);
const FRACTIONS = memory.data<u32>([0xffffff, 0xffffff, 0xffffff, 0xffffff], 16);
/** 2^17: 35 bits are left. */
const UPPER_POINT = 35;
const UPPER_POINTS = memory.data<f64>([131072.0, 131072.0], 16);
const TEN_THOUSANDTHS = memory.data<f64>([0.0001, 0.0001], 16);
const TENS = memory.data<i32>([10, 10, 10, 10], 16);
const HALVES = memory.data<i32>([0x800000, 0x800000, 0x800000, 0x800000], 16);
const DOUBTS = memory.data<i32>([DOUBT, DOUBT, DOUBT, DOUBT], 16);
const TWO_DOUBTS = memory.data<i32>([2 * DOUBT, 2 * DOUBT, 2 * DOUBT, 2 * DOUBT], 16);
const NO_DIGITS = memory.data<u32>([SHORT_LANES, SHORT_LANES, SHORT_LANES, SHORT_LANES], 16);
/** Below these an integer part has a zero in front, or two; 0xb0000000 is what 2^28 leaves in its upper bits. */
const SEVEN_DIGITS = 0xb0000000 + 10000000;
const SIX_DIGITS = 0xb0000000 + 1000000;
const SEVENS = memory.data<u32>([SEVEN_DIGITS, SEVEN_DIGITS, SEVEN_DIGITS, SEVEN_DIGITS], 16);
const SIXES = memory.data<u32>([SIX_DIGITS, SIX_DIGITS, SIX_DIGITS, SIX_DIGITS], 16);
/** log10OfPower2 of an exponent field, counted from the first point that has rows. */
const LOG_SLOPE = 1262611;
const LOG_START = ((1 + DIGITS - LEAST_SHORT_POINT) << 22) - 150 * LOG_SLOPE;
const LOG_SLOPES = memory.data<i32>([LOG_SLOPE, LOG_SLOPE, LOG_SLOPE, LOG_SLOPE], 16);
const LOG_STARTS = memory.data<i32>([LOG_START, LOG_START, LOG_START, LOG_START], 16);
const POINT_BYTES = SHORT_LEADS * SHORT_BYTES;
const POINT_SIZES = memory.data<i32>([POINT_BYTES, POINT_BYTES, POINT_BYTES, POINT_BYTES], 16);
const LEAD_SIZES = memory.data<i32>([SHORT_BYTES, SHORT_BYTES, SHORT_BYTES, SHORT_BYTES], 16);
/** n / 100 = n · 5243 >> 19 up to 9999, and n / 10 = n · 103 >> 10 up to 99. */
const LOWER_SIZES = memory.data<i32>([10000, 10000, 10000, 10000], 16);
const HUNDREDTHS = memory.data<i32>([5243, 5243, 5243, 5243], 16);
const HUNDREDS = memory.data<i32>([1 - (100 << 16), 1 - (100 << 16), 1 - (100 << 16), 1 - (100 << 16)], 16);
const TENTHS = memory.data<i32>([0x670067, 0x670067, 0x670067, 0x670067], 16);
/** 1 − (10 << 8), in 16 bits. */
const TENS_APART = memory.data<u32>([0xf601f601, 0xf601f601, 0xf601f601, 0xf601f601], 16);
const ZEROS = memory.data<u32>([0x30303030, 0x30303030, 0x30303030, 0x30303030], 16);

export function fillSingleScales(): void {
  for (let field = 1; field < 255; field++) {
    const q = field - 150;
    const k = scaledExponent(q);
    const point = k + DIGITS;
    if (point >= LEAST_LONG_POINT && point <= MOST_LONG_POINT) continue;
    const power = <f64>load<u64>(POWERS + ((-k - FIRST) << 4)) * powerOf2(log2OfPower10(-k) - 63);
    store<f64>(SCALES + field * SCALE_BYTES, power);
    store<f64>(SCALES + field * SCALE_BYTES, power * powerOf2(q - 1), 8);
  }
}

function powerOf2(e: i32): f64 {
  return reinterpret<f64>(<u64>(e + 1023) << 52);
}

/** Writes so many numbers, each with a comma after it. */
export function writeFloat32s(p: usize, at: usize, count: u32): usize {
  for (; count > BLOCK; count -= BLOCK, at += BLOCK << 2) p = writeBlock(p, at, BLOCK);
  return writeBlock(p, at, count);
}

/** Up to BLOCK numbers. Those that are read beyond them, up to a multiple of four, are not written. */
function writeBlock(p: usize, at: usize, count: u32): usize {
  scale(at, count);
  spell(count);
  const wholeFours = (count & ~3) << 2;
  let offset: usize = 0;
  for (; offset < wholeFours; offset += 16) {
    if (!i32x4.all_true(v128.load(ROWS + offset))) {
      p = writeSome(p, at, offset, 4);
      continue;
    }
    p = writeQuickly(p, at, offset);
    p = writeQuickly(p, at, offset + 4);
    p = writeQuickly(p, at, offset + 8);
    p = writeQuickly(p, at, offset + 12);
  }
  return writeSome(p, at, offset, count & 3);
}

/** Scales numbers, and finds their integer parts, ninth digits and rows. */
function scale(at: usize, count: u32): void {
  const end = count << 2;
  for (let offset: usize = 0; offset < end; offset += 16) {
    const bits = at + offset;
    const magnitudes = v128.and(v128.load(bits), v128.load(MAGNITUDES));
    const first = v128.load(scaleOf(bits));
    const second = v128.load(scaleOf(bits + 4));
    const lower = f64x2.mul(f64x2.promote_low_f32x4(magnitudes), lowerHalves(first, second));
    const lowerTop = f64x2.add(lower, upperHalves(first, second));
    const third = v128.load(scaleOf(bits + 8));
    const fourth = v128.load(scaleOf(bits + 12));
    const upper = f64x2.mul(f64x2.promote_low_f32x4(upperHalves(magnitudes, magnitudes)), lowerHalves(third, fourth));
    const upperTop = f64x2.add(upper, upperHalves(third, fourth));
    v128.store(UPPERS + offset, lowerWords(tenThousands(lowerTop), tenThousands(upperTop)));
    const points = v128.load(POINTS);
    const lowerFixed = f64x2.add(lowerTop, points);
    const upperFixed = f64x2.add(upperTop, points);
    const wholes = lowerWords(i64x2.shr_u(lowerFixed, POINT), i64x2.shr_u(upperFixed, POINT));
    v128.store(WHOLES + offset, wholes);

    // Modulo 2^32, by units of 2^-24.
    const tops = lowerWords(lowerFixed, upperFixed);
    const numbers = lowerWords(f64x2.add(lower, points), f64x2.add(upper, points));
    const fractions = v128.load(FRACTIONS);
    const rests = i32x4.sub(numbers, v128.andnot(tops, fractions));
    const beyondHalf = i32x4.sub(rests, i32x4.sub(tops, numbers));
    const isWhole = i32x4.shr_s(beyondHalf, 31);
    const tenths = i32x4.add(i32x4.mul(rests, v128.load(TENS)), v128.load(HALVES));
    v128.store(LANES + offset, v128.or(v128.andnot(i32x4.shr_u(tenths, POINT), isWhole), v128.load(NO_DIGITS)));

    // The least of what tells four doubts, the fourth for powers of two, whose lower neighbour is nearer.
    const doubts = v128.load(DOUBTS);
    const topAway = v128.and(i32x4.add(tops, doubts), fractions);
    const tenthsAway = v128.and(i32x4.add(tenths, doubts), fractions);
    const others = i32x4.min_s(i32x4.abs(beyondHalf), v128.and(magnitudes, v128.load(MANTISSAS)));
    const isSure = i32x4.gt_s(i32x4.min_s(i32x4.min_s(topAway, tenthsAway), others), v128.load(TWO_DOUBTS));
    v128.store(ROWS + offset, v128.and(rowsOf(magnitudes, wholes), isSure));
  }
}

// @ts-ignore: decorator
@inline
function scaleOf(bits: usize): usize {
  return SCALES + ((load<u32>(bits) >> 19) & 0xff0);
}

// @ts-ignore: decorator
@inline
function lowerHalves(a: v128, b: v128): v128 {
  return i64x2.shuffle(a, b, 0, 2);
}

// @ts-ignore: decorator
@inline
function upperHalves(a: v128, b: v128): v128 {
  return i64x2.shuffle(a, b, 1, 3);
}

/** The lower 32 bits of four times 64. */
// @ts-ignore: decorator
@inline
function lowerWords(a: v128, b: v128): v128 {
  return i32x4.shuffle(a, b, 0, 2, 4, 6);
}

/** floor(x / 10000) in the lower 16 bits: x is further than DOUBT from any integer, which 2^-35 can't bridge. */
// @ts-ignore: decorator
@inline
function tenThousands(x: v128): v128 {
  return i64x2.shr_u(f64x2.add(f64x2.mul(x, v128.load(TEN_THOUSANDTHS)), v128.load(UPPER_POINTS)), UPPER_POINT);
}

/** As shortRow and a lead give them. */
// @ts-ignore: decorator
@inline
function rowsOf(magnitudes: v128, wholes: v128): v128 {
  const points = i32x4.shr_u(i32x4.add(i32x4.mul(i32x4.shr_u(magnitudes, 23), v128.load(LOG_SLOPES)), v128.load(LOG_STARTS)), 22);
  const leads = i32x4.add(i32x4.gt_s(v128.load(SEVENS), wholes), i32x4.gt_s(v128.load(SIXES), wholes)); // 0 to −2
  const rows = i32x4.add(i32x4.dot_i16x8_s(points, v128.load(POINT_SIZES)), i32x4.splat(<i32>SHORT));
  return i32x4.sub(rows, i32x4.mul(leads, v128.load(LEAD_SIZES)));
}

/** Makes the sources of lanes, and finds the lengths. */
function spell(count: u32): void {
  const end = count << 2;
  const zeros = v128.load(ZEROS);
  for (let offset: usize = 0; offset < end; offset += 16) {
    const upper = v128.load(UPPERS + offset);
    const lower = i32x4.sub(v128.load(WHOLES + offset), i32x4.dot_i16x8_s(upper, v128.load(LOWER_SIZES)));
    const upperDigits = fourDigits(upper);
    const lowerDigits = fourDigits(lower);
    const firstTwo = v128.or(i32x4.shuffle(upperDigits, lowerDigits, 0, 4, 1, 5), zeros);
    const lastTwo = v128.or(i32x4.shuffle(upperDigits, lowerDigits, 2, 6, 3, 7), zeros);
    const lanes = v128.load(LANES + offset);
    keep(offset, i32x4.shuffle(firstTwo, lanes, 0, 1, 4, 5), zeros);
    keep(offset + 4, i32x4.shuffle(firstTwo, lanes, 2, 3, 5, 5), zeros);
    keep(offset + 8, i32x4.shuffle(lastTwo, lanes, 0, 1, 6, 6), zeros);
    keep(offset + 12, i32x4.shuffle(lastTwo, lanes, 2, 3, 7, 7), zeros);
  }
}

/** The four digits of each of four numbers, one a byte, the first in the lowest; what is above the lower 16 bits of a number is not looked at. */
// @ts-ignore: decorator
@inline
function fourDigits(n: v128): v128 {
  const hundreds = i32x4.shr_u(i32x4.dot_i16x8_s(n, v128.load(HUNDREDTHS)), 19);
  const twos = i32x4.add(i32x4.shl(n, 16), i32x4.mul(hundreds, v128.load(HUNDREDS)));
  const tens = i16x8.shr_u(i16x8.mul(twos, v128.load(TENTHS)), 10);
  return i16x8.add(i16x8.shl(twos, 8), i16x8.mul(tens, v128.load(TENS_APART)));
}

// @ts-ignore: decorator
@inline
function keep(offset: usize, source: v128, zeros: v128): void {
  v128.store(SOURCES + (offset << 2), source);
  const isZero = i8x16.bitmask(i8x16.eq(source, zeros));
  const atTheEnd = clz(~(isZero << 23)); // of nine
  store<u8>(LENGTHS + (offset >> 2), load<u8>(load<u32>(ROWS + offset) + atTheEnd, SHORT_LENGTHS));
}

// @ts-ignore: decorator
@inline
function writeQuickly(p: usize, at: usize, offset: usize): usize {
  const row: usize = load<u32>(ROWS + offset);
  store<u8>(p, 0x2d);
  p += load<u32>(at + offset) >> 31;
  v128.store(p, i8x16.swizzle(v128.load(SOURCES + (offset << 2)), v128.load(row)));
  p += load<u8>(LENGTHS + (offset >> 2));
  store<u64>(p, load<u64>(row, SHORT_SUFFIX));
  return p + load<u8>(row, SHORT_SUFFIX_LENGTH);
}

/** Numbers of which some are 0 or go the slow way. */
function writeSome(p: usize, at: usize, offset: usize, count: u32): usize {
  for (const end = offset + (count << 2); offset < end; offset += 4) {
    const bits = load<u32>(at + offset);
    if (load<u32>(ROWS + offset) != 0) p = writeQuickly(p, at, offset);
    else if (bits << 1 != 0) p = writeSlowly(p, bits);
    else {
      store<u16>(p, 0x2c30);
      p += 2;
    }
  }
  return p;
}

function writeSlowly(p: usize, bits: u32): usize {
  const end = (bits & MAGNITUDE) < INFINITE ? writeShortest(p, bits) : writeNonFinite(p, <f64>reinterpret<f32>(bits));
  store<u8>(end, 0x2c);
  return end + 1;
}

function writeShortest(p: usize, bits: u32): usize {
  store<u8>(p, 0x2d);
  p += bits >> 31;
  const mantissa = bits & MANTISSA;
  const field = <i32>((bits >> 23) & 0xff);
  shortest(field == 0 ? mantissa : mantissa | (MANTISSA + 1), max(1, field) - 150, mantissa == 0 && field > 1);
  return writeAny(p, shortestDigits, shortestExponent);
}
