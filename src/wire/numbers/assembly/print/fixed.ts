import { log2OfPower10 } from './binary';
import { eightDigits, layLong, layShort, writeAny } from './digits';
import { writeFloat64 } from './float64';
import { longRow, SCIENTIFIC, shortRow } from './layout';

/*
 * Number(value.toFixed(decimals)), printed: the integer n nearest to |value| · 10^decimals (ECMA-262, 21.1.3.3: the larger
 * of two) is found exactly, and the digits of a decimal of up to 15 digits are those that its double prints with.
 */

/** Numbers below have up to eight digits, or up to fifteen, which a double always prints with. */
const EIGHT_DIGITS: u64 = 100000000;
const FIFTEEN_DIGITS: u64 = 1000000000000000;
const MANTISSA: u64 = 0xfffffffffffff;
/** Decimals up to which 5^decimals stays below 2^35. */
const MOST_DECIMALS = 15;

const FIVES = memory.data((MOST_DECIMALS + 1) * 8, 8);
const TENS = memory.data((MOST_DECIMALS + 1) * 8, 8);

export function fillFixed(): void {
  let five: u64 = 1;
  let ten: u64 = 1;
  for (let d = 0; d <= MOST_DECIMALS; d++, five *= 5, ten *= 10) {
    store<u64>(FIVES + (d << 3), five);
    store<u64>(TENS + (d << 3), ten);
  }
}

/** Writes a finite float64 rounded to so many decimals, with its sign: what is rounded to 0 has none. */
export function writeFixed(p: usize, bits: u64, decimals: i32): usize {
  const magnitude = bits & 0x7fffffffffffffff;
  const field = <i32>(magnitude >> 52);
  const q = max(1, field) - 1075;
  store<u8>(p, 0x2d);
  const start = p + <usize>(bits >> 63);
  // Neighbours are further apart than 10^−decimals, so the number itself is the double nearest to the rounded one.
  if (q >= (decimals == 0 ? 1 : -log2OfPower10(decimals))) return writeFloat64(start, magnitude);
  const c = (magnitude & MANTISSA) | (u64(field != 0) << 52);
  const n = nearest(c, load<u64>(FIVES + (decimals << 3)), -(q + decimals));
  if (n == 0) {
    store<u8>(p, 0x30);
    return p + 1;
  }
  if (n < EIGHT_DIGITS) return writeUpTo8(start, n, decimals);
  if (n < FIFTEEN_DIGITS) return writeUpTo15(start, n, decimals);
  return writeFloat64(start, reinterpret<u64>(<f64>n / <f64>load<u64>(TENS + (decimals << 3))));
}

// @ts-ignore: decorator
@inline
function writeUpTo8(p: usize, n: u64, decimals: i32): usize {
  const digits = eightDigits(n);
  const lead = <i32>(ctz(digits) >> 3);
  return layShort(p, digits >> (lead << 3), shortRow(8 - decimals - lead));
}

function writeUpTo15(p: usize, n: u64, decimals: i32): usize {
  let count = 9;
  while (n >= load<u64>(TENS + (count << 3))) count++;
  const sixteen = n * load<u64>(TENS + ((16 - count) << 3));
  const first = sixteen / EIGHT_DIGITS;
  const length = layLong(p, eightDigits(first), eightDigits(sixteen - first * EIGHT_DIGITS), 0, longRow(count - decimals));
  return length < SCIENTIFIC ? p + length : writeAny(p, n, -decimals);
}

/** round(c · five / 2^down), halves up, below 2^54; c < 2^53, five < 2^35. */
// @ts-ignore: decorator
@inline
function nearest(c: u64, five: u64, down: i32): u64 {
  const upper = (c >> 26) * five;
  const lower = (c & 0x3ffffff) * five;
  if (down > 89) return 0;
  if (down > 26) return (upper + (lower >> 26) + ((1 as u64) << (down - 27))) >> (down - 26);
  if (down > 0) return (upper << (26 - down)) + ((lower + ((1 as u64) << (down - 1))) >> down);
  return ((upper << 26) + lower) << -down;
}
