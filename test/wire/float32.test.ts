import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortestFloat32 } from '../../src/wire/float32.ts';

/** The definition, slowly: the first precision whose decimal reads back; of two that are equally near, the even one. */
function shortestBySearch(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) !== value) continue;
    const [text = '', exponent = '0'] = Math.abs(value).toExponential(30).split('e');
    const tie = /^50*$/.test(text.replace('.', '').slice(digits));
    if (!tie) return candidate;
    const kept = text.replace('.', '').slice(0, digits);
    const even = Number(kept) % 2 === 0 ? Number(kept) : Number(kept) + 1;
    const rounded = Number(`${even}e${Number(exponent) - digits + 1}`) * Math.sign(value);
    return Math.fround(rounded) === value ? rounded : candidate;
  }
  throw new Error(`${value} is not a float32`);
}

test('any float32 prints with the fewest digits that read back', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(shortestFloat32(value)).toBe(shortestBySearch(value));
    }),
    { numRuns: 20_000 },
  );
});

test('so do numbers of everyday size, and their negatives', () => {
  fc.assert(
    fc.property(fc.double({ min: -1000, max: 1000, noNaN: true }), (value) => {
      expect(shortestFloat32(Math.fround(value))).toBe(shortestBySearch(Math.fround(value)));
    }),
    { numRuns: 20_000 },
  );
});

test('so do powers of two, whose interval is lopsided', () => {
  for (let exponent = -149; exponent < 128; exponent++) expect(shortestFloat32(2 ** exponent)).toBe(shortestBySearch(2 ** exponent));
});

test('what is not finite comes back as it is', () => {
  for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) expect(shortestFloat32(value)).toBe(value);
});
