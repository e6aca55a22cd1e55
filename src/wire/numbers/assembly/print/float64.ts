import { eightDigits, isScientific, layLong, writeAny, writeExponent } from './digits';
import { longLead, SCIENTIFIC } from './layout';
import { doubleScale, scaledExponent } from './scales';
import { shortest, shortestDigits, shortestExponent } from './schubfach';

const MANTISSA: u64 = 0xfffffffffffff;
/** Above every error of a scaled number's fraction, of which the lowest 21 bits are not computed. */
const DOUBT: u64 = 0x1000000;

/** As writeFloat32, for a float64 and 17 digits. */
// @ts-ignore: decorator
@inline
export function writeFloat64(p: usize, magnitude: u64): usize {
  const mantissa = magnitude & MANTISSA;
  if (mantissa == 0) return writeFloat64Slowly(p, magnitude);
  const scale = doubleScale(<u32>(magnitude >> 52));
  const x = (mantissa | (MANTISSA + 1)) << 11;
  const power = load<u64>(scale);
  const xHigh = x >> 32;
  const xLow = x & 0xffffffff;
  const high = power >> 32;
  const low = power & 0xffffffff;
  const left = xHigh * low;
  const right = xLow * high;
  const middle = ((xLow * low) >> 32) + (left & 0xffffffff) + (right & 0xffffffff) + ((xHigh * <u64>load<u32>(scale, 8)) >> 32);
  const upper = xHigh * high + (left >> 32) + (right >> 32) + (middle >> 32);
  const part = (upper << 53) | ((middle & 0xffffffff) << 21);
  const below = <i64>part >> 63;
  const away = (part ^ <u64>below) - <u64>below;
  const half = power >> 1;
  if (away + DOUBT - half <= 2 * DOUBT) return writeFloat64Slowly(p, magnitude);
  const tenths = (part >> 4) * 10 + 0x800000000000000;
  if ((tenths << 4) + 10 * DOUBT <= 20 * DOUBT) return writeFloat64Slowly(p, magnitude);
  const isWhole = <i64>(away - half) >> 63;
  const whole = (upper >> 11) + (<u64>below & <u64>isWhole & 1);
  const last = <u32>(tenths >> 60) & ~(<u32>isWhole);
  const first = whole / 100000000;
  const second = whole - first * 100000000;
  const lead = i32(whole < 1000000000000000);
  const length = layLong(p, eightDigits(first), eightDigits(second), last, <usize>load<u32>(scale, 12) + longLead(lead));
  if (length < SCIENTIFIC) return p + length;
  const exponent = scaledExponent(<i32>(magnitude >> 52) - 1075) + 15 - lead;
  return isScientific(exponent) ? writeExponent(p + length - SCIENTIFIC, exponent) : writeFloat64Slowly(p, magnitude);
}

function writeFloat64Slowly(p: usize, magnitude: u64): usize {
  const mantissa = magnitude & MANTISSA;
  const field = <i32>(magnitude >> 52);
  shortest(field == 0 ? mantissa : mantissa | (MANTISSA + 1), max(1, field) - 1075, mantissa == 0 && field > 1);
  return writeAny(p, shortestDigits, shortestExponent);
}
