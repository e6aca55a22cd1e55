import { eightDigits, isScientific, layShort, writeAny, writeExponent } from './digits';
import { SCIENTIFIC, shortLead } from './layout';
import { scaledExponent, singleScale } from './scales';
import { shortest, shortestDigits, shortestExponent } from './schubfach';

const MANTISSA: u32 = 0x7fffff;
/** Bits after the point of a scaled number. */
const POINT = 40;
const FRACTION: u64 = (1 << 40) - 1;
const HALF: u64 = 1 << 39;
/** Above every error of a scaled number, which is some units of its last bit. */
const DOUBT: u64 = 16;

/**
 * Writes a float32 that is finite and not 0, by the bits of its magnitude, with the fewest digits that read back.
 *
 * The number is scaled so that neighbours are 0.1 to 1 apart (as in xjb and żmij, which scale once where Schubfach does
 * three times). An integer that is nearer than half of that is the shortest; there is one at most. Else one more digit is
 * taken. Where the error of the product leaves a doubt, Schubfach decides.
 */
// @ts-ignore: decorator
@inline
export function writeFloat32(p: usize, magnitude: u32): usize {
  const mantissa = magnitude & MANTISSA;
  const scale = singleScale(magnitude >> 23);
  if (magnitude <= MANTISSA || mantissa == 0) return writeFloat32Slowly(p, magnitude);
  const power = load<u64>(scale);
  const x = <u64>(mantissa | (MANTISSA + 1)) << 8;
  const product = x * (power >> 32) + ((x * (power & 0xffffffff)) >> 32);
  const part = product & FRACTION;
  const after = <i64>(product << 24) >> 24; // the distance from the nearest integer, negative below it
  const away = <u64>((after ^ (after >> 63)) - (after >> 63));
  const half = power >> 25;
  const tenths = part * 10 + HALF;
  if (away + DOUBT - half <= 2 * DOUBT || (tenths & FRACTION) <= 10 * DOUBT || (tenths & FRACTION) > FRACTION - 10 * DOUBT)
    return writeFloat32Slowly(p, magnitude);
  const isWhole = <i64>(away - half) >> 63; // −1 or 0
  const whole = (product >> POINT) + (<u64>(after >> 63) & isWhole & 1);
  const last = <u32>(tenths >> POINT) & ~(<u32>isWhole);
  const digits = eightDigits(whole);
  const lead = <i32>(clz(digits) >> 3);
  const length = layShort(p, digits, last, <usize>load<u32>(scale, 12) + shortLead(lead));
  if (length < SCIENTIFIC) return p + length;
  const exponent = scaledExponent(<i32>(magnitude >> 23) - 150) + 7 - lead;
  return isScientific(exponent) ? writeExponent(p + length - SCIENTIFIC, exponent) : writeFloat32Slowly(p, magnitude);
}

function writeFloat32Slowly(p: usize, magnitude: u32): usize {
  const mantissa = magnitude & MANTISSA;
  const field = <i32>(magnitude >> 23);
  shortest(field == 0 ? mantissa : mantissa | (MANTISSA + 1), max(1, field) - 150, mantissa == 0 && field > 1);
  return writeAny(p, shortestDigits, shortestExponent);
}
