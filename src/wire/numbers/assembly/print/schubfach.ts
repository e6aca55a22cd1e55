import { log10OfPower2, log10OfThreeQuarters, log2OfPower10 } from './binary';
import { FIRST, POWERS } from './powers';

/*
 * The fewest digits that read back, and of these the nearest, ties to even: Giulietti 2021, "The Schubfach way to render
 * doubles". It decides every case exactly; the quick ways come here with what they can't decide.
 */

/** What `shortest` found: digits · 10^exponent. */
export let shortestDigits: u64 = 0;
export let shortestExponent: i32 = 0;

/** The upper half of a product. */
function highProduct(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const left = aHigh * bLow;
  const right = aLow * bHigh;
  const middle = ((aLow * bLow) >> 32) + (left & 0xffffffff) + (right & 0xffffffff);
  return aHigh * bHigh + (left >> 32) + (right >> 32) + (middle >> 32);
}

/** The uppermost 64 bits of power · x, the last of them set where any below is. */
function scaled(power: usize, x: u64): u64 {
  const high = load<u64>(power);
  const carry = highProduct(load<u64>(power, 8), x);
  const below = high * x + carry;
  return (highProduct(high, x) + u64(below < carry)) | u64(below > 1);
}

/** Of c · 2^q; `closer` where the next lower number is half as far as the next higher. */
export function shortest(c: u64, q: i32, closer: bool): void {
  const odd = c & 1;
  const k = closer ? log10OfThreeQuarters(q) : log10OfPower2(q);
  const h = q + log2OfPower10(-k) + 1;
  const power = POWERS + ((-k - FIRST) << 4);
  const lower = scaled(power, (4 * c - 2 + u64(closer)) << h) + odd;
  const value = scaled(power, (4 * c) << h);
  const upper = scaled(power, (4 * c + 2) << h) - odd;
  const whole = value >> 2;
  const tens = whole / 10;
  const tensInside = lower <= 40 * tens;
  const nextTensInside = 40 * tens + 40 <= upper;
  if (whole >= 10 && tensInside != nextTensInside) {
    shortestDigits = tens + u64(nextTensInside);
    shortestExponent = k + 1;
    return;
  }
  const inside = lower <= 4 * whole;
  const nextInside = 4 * whole + 4 <= upper;
  const middle = 4 * whole + 2;
  const nearerNext = value > middle || (value == middle && (whole & 1) == 1);
  shortestDigits = whole + u64(inside != nextInside ? nextInside : nearerNext);
  shortestExponent = k;
}
