const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent); // up to 1e22 a double is exact
const EXACT_PRODUCT_PLACES = 12; // a float32 times 10^12 is exact in a double: 24 bits and the 28 of 5^12
const LEAST_DIGITS = 6; // every decimal of 6 digits reads back from a normal float32 unchanged
const MOST_DIGITS = 9; // 9 digits tell any two float32 apart
const NEAR_TIE = 1e-6; // far above the error of the product (2^-23 of a unit), far below what matters for speed

/**
 * The double that JavaScript prints with the fewest digits that read back as the float32 `value`, so that 0.26 held as
 * a float32 prints as 0.26 and not as 0.25999999046325684. ±Infinity and NaN come back as they are.
 *
 * From 1e-12 to 1e8 a candidate is round(value · 10^k) / 10^k: the quotient of two exact doubles is the double nearest
 * to that decimal. Elsewhere, and where rounding the product is not certain, toPrecision finds the digits. A power of two
 * has a lopsided interval, where p digits may fail and p − 1 succeed; none of that range does, as a test of each shows.
 */
export function shortestFloat32(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude >= 1e-12 && magnitude < 1e8)) return searchUpwards(value);
  const integerDigits = digitsBeforePoint(magnitude);
  let places = MOST_DIGITS - 1 - integerDigits;
  let shortest = decimal(magnitude, places);
  if (Math.fround(shortest) === magnitude) {
    let shorter = shortest;
    while (Math.fround(shorter) === magnitude && --places >= LEAST_DIGITS - integerDigits) {
      shortest = shorter;
      shorter = decimal(magnitude, places);
    }
    if (Math.fround(shorter) === magnitude) shortest = shorter;
    if (Number.isNaN(shorter)) return searchUpwards(value);
  } else if (Number.isNaN(shortest)) {
    return searchUpwards(value);
  } else {
    shortest = decimal(magnitude, places + 1);
    if (Math.fround(shortest) !== magnitude) return searchUpwards(value);
  }
  return value < 0 ? -shortest : shortest;
}

/** floor(log10(magnitude)) + 1, for 1e-12 ≤ magnitude < 1e8. */
function digitsBeforePoint(magnitude: number): number {
  let digits = 0;
  if (magnitude >= 1) while (magnitude >= (POWERS_OF_TEN[digits] ?? Number.POSITIVE_INFINITY)) digits++;
  else while (magnitude * (POWERS_OF_TEN[1 - digits] ?? 1) < 1) digits--;
  return digits;
}

/** The nearest decimal with that many places, or tens where they are negative; NaN where the product can't tell which. */
function decimal(magnitude: number, places: number): number {
  const power = POWERS_OF_TEN[Math.abs(places)] ?? Number.NaN;
  const product = places < 0 ? magnitude / power : magnitude * power;
  const floor = Math.floor(product);
  // Halfway between two decimals JavaScript takes the even one.
  const whole = product - floor === 0.5 ? floor + (floor % 2) : Math.round(product);
  if (places > EXACT_PRODUCT_PLACES && Math.abs(Math.abs(product - whole) - 0.5) < NEAR_TIE) return Number.NaN;
  return places < 0 ? whole * power : whole / power;
}

/** No number that comes here lies halfway between two decimals of so few digits: toPrecision would take the greater, JavaScript the even one. */
function searchUpwards(value: number): number {
  for (let digits = 1; digits < MOST_DIGITS; digits++) {
    const nearest = Number(value.toPrecision(digits));
    if (Math.fround(nearest) === value) return nearest;
    const outer = Number.isInteger(Math.log2(Math.abs(value))) ? nextOutwards(value, digits) : nearest;
    if (Math.fround(outer) === value) return outer;
  }
  return Number(value.toPrecision(MOST_DIGITS));
}

/** Of a power of two the interval reaches twice as far outwards: there the second nearest decimal may read back where the nearest does not. */
function nextOutwards(value: number, digits: number): number {
  const [mantissa = '', exponent = ''] = value.toExponential(digits - 1).split('e');
  return Number(`${Number(mantissa.replace('.', '')) + Math.sign(value)}e${Number(exponent) - digits + 1}`);
}
