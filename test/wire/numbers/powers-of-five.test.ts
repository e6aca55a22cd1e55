import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const text = readFileSync(new URL('../../../src/wire/numbers/assembly/read/powers.ts', import.meta.url), 'utf8');
const LEAST_POWER = -342;
const GREATEST_POWER = 308;

/** From here on a reciprocal is rounded up: an exact tie is told by it (Lemire 2021, section 5). */
const LEAST_ROUNDED_UP = -27;

/** The first 128 bits of 5^q, cut off. */
function wanted(q: number): bigint {
  if (q >= 0) {
    const power = 5n ** BigInt(q);
    const bits = power.toString(2).length;
    return bits > 128 ? power >> BigInt(bits - 128) : power << BigInt(128 - bits);
  }
  const power = 5n ** BigInt(-q);
  const bits = power.toString(2).length;
  return 2n ** BigInt(bits + 127) / power + (q >= LEAST_ROUNDED_UP ? 1n : 0n);
}

test('the table of the reader has the first 128 bits of each power of five', () => {
  const rows = [...text.matchAll(/^ {2}(0x[0-9a-f]{16}), (0x[0-9a-f]{16}),$/gm)].map(
    ([, upper = '', lower = '']) => (BigInt(upper) << 64n) | BigInt(lower),
  );
  expect(rows.length).toBe(GREATEST_POWER - LEAST_POWER + 1);
  const wrong = rows.flatMap((row, i) => (row === wanted(LEAST_POWER + i) ? [] : [LEAST_POWER + i]));
  expect(wrong).toEqual([]);
});
