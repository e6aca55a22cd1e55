import { spellExponent } from './exponent';

/*
 * Where each digit goes, by tables of lanes: a number of up to 17 digits is laid out by one or two shuffles (swizzle),
 * whatever the place of its point. A row stands for a place of the point among the raw digits, and for how many of these
 * are zeros in front; its lengths say how long the text is. Where JavaScript writes an exponent, the text is of one digit before
 * the point: a short number's exponent stands in its row, and SCIENTIFIC is added to the length of a long number.
 *
 * Raw digits d0 d1 … stand for 0.d0d1… · 10^point, the zeros in front of them being `lead`.
 */

const ZERO: u8 = 0x30;
const POINT: u8 = 0x2e;
/** A lane that swizzle fills with 0. */
const NONE: u8 = 0x80;

/** Added to the length where an exponent follows, or, up to 21 digits before the point, zeros. */
export const SCIENTIFIC: u32 = 128;

/** From 0.00000d… (JavaScript has no more zeros) to 16 digits before the point. */
const LEAST_POINT = -5;
const MOST_POINT = 16;

/**
 * Nine raw digits, up to two of them zeros in front: 16 lanes, then 9 lengths, and what follows the digits: the exponent, where
 * there is one, and the comma. There is a row for every point that a float32 has, or a number of up to eight digits and 15
 * decimals. Rows of 17 to 21 digits before the point are of no use: JavaScript writes zeros there.
 */
export const SHORT_BYTES = 48;
export const SHORT_LEADS = 3;
export const LEAST_SHORT_POINT = -36;
const MOST_SHORT_POINT = 40;
/** Lanes of what a short number is laid out from: its digits, and these. */
const POINT_LANE: u8 = 9;
const ZERO_LANE: u8 = 10;
/** A short number's lanes 8 to 11, but for the ninth digit, which is added. */
export const SHORT_LANES: u32 = 0x302e30;

/** 17 raw digits, up to one zero in front: 2 · 16 lanes of digits, 2 · 16 bytes that are added to them, the lengths, and where the 17th goes. */
const LONG_BYTES = 96;
const LONG_LEADS = 2;
const LONG_POINTS = MOST_POINT + LONG_LEADS - 1 - LEAST_POINT + 1;

/** Offsets inside a row. */
export const SHORT_LENGTHS = 16;
export const SHORT_SUFFIX = 32;
export const SHORT_SUFFIX_LENGTH = 40;
export const LONG_FRAME = 32;
export const LONG_LENGTHS = 64;
export const LONG_LAST = 82;

export const SHORT = memory.data((MOST_SHORT_POINT - LEAST_SHORT_POINT + 1) * SHORT_LEADS * SHORT_BYTES, 16);
const LONG = memory.data((LONG_POINTS + 1) * LONG_LEADS * LONG_BYTES, 16);

/** The row of a short number whose point is there, without a zero in front; rows with one and two follow. */
// @ts-ignore: decorator
@inline
export function shortRow(point: i32): usize {
  return SHORT + (point - LEAST_SHORT_POINT) * SHORT_LEADS * SHORT_BYTES;
}

export function longRow(point: i32): usize {
  const known = point >= LEAST_POINT && point < LEAST_POINT + LONG_POINTS;
  return LONG + (known ? point - LEAST_POINT : LONG_POINTS) * LONG_LEADS * LONG_BYTES;
}

// @ts-ignore: decorator
@inline
export function longLead(lead: i32): usize {
  return lead * LONG_BYTES;
}

/** How many characters so many digits are, with so many before the point; negative: so many zeros after it. */
function length(before: i32, digits: i32): i32 {
  return before <= 0 ? 2 - before + digits : max(before, digits + i32(digits > before));
}

/** Which digit stands at the character c; −1: the point, −2: a zero in front. */
function digitAt(c: i32, before: i32): i32 {
  if (before > 0) return c < before ? c : c == before ? -1 : c - 1;
  return c == 1 ? -1 : c < 2 - before ? -2 : c - (2 - before);
}

function fillShort(row: usize, point: i32, lead: i32): void {
  const isPlain = point >= LEAST_POINT && point <= MOST_POINT;
  const before = isPlain ? point : 1;
  for (let c = 0; c < 16; c++) {
    const digit = digitAt(c, before);
    const raw = digit + lead;
    store<u8>(row + c, digit == -1 ? POINT_LANE : digit == -2 || raw > 8 ? ZERO_LANE : <u8>raw);
  }
  // By how many zeros are at the end of the nine.
  for (let zeros = 0; zeros <= 8; zeros++) store<u8>(row + SHORT_LENGTHS + zeros, <u8>length(before, 9 - lead - zeros));
  const suffix = row + SHORT_SUFFIX;
  const comma = isPlain ? suffix : spellExponent(suffix, point - 1);
  store<u8>(comma, 0x2c);
  store<u8>(row + SHORT_SUFFIX_LENGTH, <u8>(comma + 1 - suffix));
}

function fillLong(row: usize, before: i32, lead: i32, more: u32): void {
  for (let c = 0; c < 32; c++) {
    const digit = digitAt(c, before);
    const raw = digit + lead;
    store<u8>(row + c, digit < 0 || raw > 15 ? NONE : <u8>raw);
    store<u8>(row + LONG_FRAME + c, digit == -1 ? POINT : ZERO);
    if (digit == 16 - lead) store<u8>(row + LONG_LAST, <u8>c);
  }
  for (let zeros = 0; zeros <= 16; zeros++) store<u8>(row + LONG_LENGTHS + zeros, <u8>(more + length(before, 17 - lead - zeros)));
}

export function fillLayouts(): void {
  for (let point = LEAST_SHORT_POINT; point <= MOST_SHORT_POINT; point++)
    for (let lead = 0; lead < SHORT_LEADS; lead++) fillShort(shortRow(point) + lead * SHORT_BYTES, point - lead, lead);
  for (let row = 0; row <= LONG_POINTS; row++)
    for (let lead = 0; lead < LONG_LEADS; lead++) fillLong(LONG + (row * LONG_LEADS + lead) * LONG_BYTES, 1, lead, SCIENTIFIC);
  for (let before = LEAST_POINT; before <= MOST_POINT; before++) {
    for (let lead = 0; lead < LONG_LEADS; lead++) fillLong(longRow(before + lead) + longLead(lead), before, lead, 0);
  }
}
