import { eightDigits, isScientific, layShort, writeAny, writeExponent } from './digits';
import { SCIENTIFIC, shortLead } from './layout';
import { scaledExponent, singleScale } from './scales';
import { shortest, shortestDigits, shortestExponent } from './schubfach';

const MANTISSA: u32 = 0x7fffff;
/** Bits after the point of a scaled number. */
const POINT = 40;
/** Above every error of a scaled number's fraction of 2^64, of which the lowest 24 bits are not computed: that is some units of the last that is. */
const DOUBT: u64 = 0x10000000;

/**
 * Writes a float32 that is finite and not 0, by the bits of its magnitude, with the fewest digits that read back.
 *
 * The number is scaled so that neighbours are 0.1 to 1 apart (as in xjb and żmij, which scale once where Schubfach does
 * three times). An integer that is nearer than half of that is the shortest; there is one at most. Else one more digit is
 * taken. Where the error of the product leaves a doubt, Schubfach decides: of a subnormal too, for which the power is 0.
 */
// @ts-ignore: decorator
@inline
export function writeFloat32(p: usize, magnitude: u32): usize {
  const mantissa = magnitude & MANTISSA;
  if (mantissa == 0) return writeFloat32Slowly(p, magnitude);
  const scale = singleScale(magnitude >> 23);
  const power = load<u64>(scale);
  const x = <u64>(mantissa | (MANTISSA + 1)) << 8;
  const product = x * (power >> 32) + ((x * (power & 0xffffffff)) >> 32);
  const part = product << (64 - POINT);
  const below = <i64>part >> 63;
  const away = (part ^ <u64>below) - <u64>below; // from the nearest integer
  const half = power >> 1;
  if (away + DOUBT - half <= 2 * DOUBT) return writeFloat32Slowly(p, magnitude);
  const tenths = (part >> 4) * 10 + 0x800000000000000;
  if ((tenths << 4) + 10 * DOUBT <= 20 * DOUBT) return writeFloat32Slowly(p, magnitude);
  const isWhole = <i64>(away - half) >> 63; // −1 or 0
  const whole = (product >> POINT) + (<u64>below & <u64>isWhole & 1);
  const last = <u32>(tenths >> 60) & ~(<u32>isWhole);
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
