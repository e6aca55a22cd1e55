/*
 * Logarithms of powers of two and ten, exact for every exponent of a float64 (Giulietti 2021, "The Schubfach way to render
 * doubles", section 9.2).
 */

/** floor(log10(2^e)) */
// @ts-ignore: decorator
@inline
export function log10OfPower2(e: i32): i32 {
  return (e * 1262611) >> 22;
}

/** floor(log10(¾ · 2^e)) */
// @ts-ignore: decorator
@inline
export function log10OfThreeQuarters(e: i32): i32 {
  return (e * 1262611 - 524031) >> 22;
}

/** floor(log2(10^e)) */
// @ts-ignore: decorator
@inline
export function log2OfPower10(e: i32): i32 {
  return (e * 1741647) >> 19;
}
