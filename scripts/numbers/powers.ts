/*
 * The powers of ten of the number printer, as the module's text: computed by integers, so that every bit is right.
 */

/** The powers by which a float64, and twice it, are scaled. */
const FIRST = -293;
const LAST = 324;
const BITS = 128;

/** The significand g of 10^e = g · 2^x with 2^127 ≤ g < 2^128, rounded up where it is not exact. */
function significand(e: number): bigint {
  const power = 10n ** BigInt(Math.abs(e));
  const bits = power.toString(2).length;
  if (e < 0) return dividedUp(1n << BigInt(BITS - 1 + bits), power);
  return bits <= BITS ? power << BigInt(BITS - bits) : dividedUp(power, 1n << BigInt(bits - BITS));
}

function dividedUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

/** assembly/print/powers.ts */
export function powersOfTen(): string {
  const half = (value: bigint) => `0x${value.toString(16).padStart(16, '0')}`;
  const rows = Array.from({ length: LAST - FIRST + 1 }, (_, place) => {
    const g = significand(FIRST + place);
    return `  ${half(g >> 64n)}, ${half(g & 0xffffffffffffffffn)}, // ${FIRST + place}`;
  });
  return [
    '/* Written by scripts/wasm.ts. */',
    '',
    '/** The exponent of the first. */',
    `export const FIRST: i32 = ${FIRST};`,
    '/** 10^e as a significand of 128 bits, rounded up: its upper half, then its lower. */',
    'export const POWERS = memory.data<u64>([',
    ...rows,
    ']);',
    '',
  ].join('\n');
}
