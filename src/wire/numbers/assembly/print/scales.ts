import { log10OfPower2, log2OfPower10 } from './binary';
import { longRow } from './layout';
import { FIRST, POWERS } from './powers';

/*
 * For each binary exponent of a float64 the power of ten by which a number is divided, so that of its 17 digits all but one stand
 * before the point, and the layout of these digits.
 */

/** An entry: the power as a fraction of 2^64, its next 32 bits, the address of its layout. */
const ENTRY = 16;
const DOUBLES = memory.data(2048 * ENTRY, 16);

// @ts-ignore: decorator
@inline
export function doubleScale(field: u32): usize {
  return DOUBLES + field * ENTRY;
}

/** Where the decimal digits of c · 2^q end: the power of ten of the last digit before the point. */
// @ts-ignore: decorator
@inline
export function scaledExponent(q: i32): i32 {
  return log10OfPower2(q) + 1;
}

/** 2^q · 10^−k = fraction · 2^−64, which is from 0.1 to 1. */
function fill(entry: usize, q: i32, row: usize): void {
  const k = scaledExponent(q);
  const power = POWERS + ((-k - FIRST) << 4);
  const high = load<u64>(power);
  const low = load<u64>(power, 8);
  const down = -(q + log2OfPower10(-k) + 1); // 0 to 3
  store<u64>(entry, high >> down);
  store<u32>(entry, <u32>(((low >> 32) | (high << 32)) >> down), 8);
  store<u32>(entry, <u32>row, 12);
}

export function fillDoubleScales(): void {
  for (let field = 1; field < 2047; field++) fill(doubleScale(field), field - 1075, longRow(scaledExponent(field - 1075) + 16));
}
