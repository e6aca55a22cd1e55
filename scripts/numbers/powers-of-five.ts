/** The least and the greatest power of ten by which a number of at most 19 digits can be a finite double other than 0. */
const LEAST = -342;
const GREATEST = 308;
const BITS = 128n;
/** Reciprocals up to this power are taken to 128 bits in one division, as the proof of the algorithm wants them. */
const EXACT_RECIPROCAL = 27;

/**
 * The first 128 bits of 5^q for every power q that a double needs, highest bit first: cut off where 5^q has more of them,
 * rounded up where it is a reciprocal. As D. Lemire has them in "Number parsing at a gigabyte per second", 2021, section 5.
 */
export function powersOfFive(): string {
  const rows: string[] = [];
  for (let q = LEAST; q <= GREATEST; q++) {
    const bits = q < 0 ? reciprocal(-q) : shifted(5n ** BigInt(q));
    rows.push(`  ${hex(bits >> 64n)}, ${hex(BigInt.asUintN(64, bits))},`);
  }
  return `// Made by scripts/wasm.ts from scripts/numbers/powers-of-five.ts; do not edit.

export const LEAST_POWER: i32 = ${LEAST};
export const GREATEST_POWER: i32 = ${GREATEST};

// The first 128 bits of 5^q, from LEAST_POWER on: the upper 64 bits, then the lower.
export const POWERS: usize = memory.data<u64>([
${rows.join('\n')}
]);
`;
}

/** ⌈2^b / 5^q⌉ for the b that gives it 128 bits. */
function reciprocal(q: number): bigint {
  const power = 5n ** BigInt(q);
  const length = bitLength(power);
  if (q <= EXACT_RECIPROCAL) return (1n << (length + BITS - 1n)) / power + 1n;
  return shifted((1n << (2n * length + BITS)) / power + 1n);
}

/** The first 128 bits of a number, followed by zeros where it has fewer. */
function shifted(value: bigint): bigint {
  const excess = bitLength(value) - BITS;
  return excess > 0n ? value >> excess : value << -excess;
}

function bitLength(value: bigint): bigint {
  return BigInt(value.toString(2).length);
}

function hex(word: bigint): string {
  return `0x${word.toString(16).padStart(16, '0')}`;
}
