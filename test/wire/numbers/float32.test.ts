import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shortestFloat32 } from '../../../src/wire/numbers/float32.ts';

/** The definition, slowly: the first precision at which a decimal reads back; of two the nearer, of two equally near the even one. */
function shortestBySearch(value: number): number {
  if (value === 0) return 0;
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential(100).split('e');
  const all = mantissa.replace('.', '');
  for (let digits = 1; digits <= 9; digits++) {
    const below = Number(all.slice(0, digits));
    const [lower = Number.NaN, upper = Number.NaN] = [below, below + 1].map(
      (n) => Math.sign(value) * Number(`${n}e${Number(exponent) - digits + 1}`),
    );
    const [readsLower, readsUpper] = [lower, upper].map((decimal) => Math.fround(decimal) === value);
    if (!readsLower && !readsUpper) continue;
    if (!(readsLower && readsUpper)) return readsLower ? lower : upper;
    const half = '5'.padEnd(all.length - digits, '0');
    const rest = all.slice(digits);
    return rest < half || (rest === half && below % 2 === 0) ? lower : upper;
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

test('a decimal of six digits prints as itself, even where a float32 tells seven apart only here and there', () => {
  // Just below a power of ten and just above one of two a float32 is coarsest for its digits.
  for (const [first, exponent] of [
    [976_563, -9],
    [953_675, -12],
    [931_323, -15],
    [100_000, -5],
  ] as const)
    for (let digits: number = first; digits < 1_000_000; digits += 7) {
      const decimal = Number(`${digits}e${exponent}`);
      if (shortestFloat32(Math.fround(decimal)) !== decimal) expect(shortestFloat32(Math.fround(decimal))).toBe(decimal);
    }
});

test('so do powers of two, whose interval is lopsided, and their negatives', () => {
  for (let exponent = -149; exponent < 128; exponent++)
    for (const value of [2 ** exponent, -(2 ** exponent)]) expect(shortestFloat32(value)).toBe(shortestBySearch(value));
});

test('what is not finite comes back as it is', () => {
  for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]) expect(shortestFloat32(value)).toBe(value);
});

describe('a decimal', () => {
  // Of these powers of two the nearest decimal of eight digits does not read back, and the next one does.
  test.each([
    [2 ** -96, 1.2621775e-29],
    [2 ** 87, 1.5474251e26],
    [2 ** 90, 1.2379401e27],
  ])('%s is %s', (value, decimal) => {
    expect(shortestFloat32(value)).toBe(decimal);
  });

  test.each<[number]>([
    [0],
    [-0],
    // The ends of the range in which the product of a float32 and a power of ten tells.
    [1e-12],
    [9.999999e-13],
    [99_999_992],
    [1e8],
    [100_000_008],
    // Powers of ten, and what stands beside them.
    [1],
    [10],
    [0.1],
    [0.09999999],
    [0.999999],
    [9.999999],
    [9_999_999],
    // One, six and nine digits.
    [0.3],
    [123_456],
    [0.000123456],
    [16_777_217],
    [0.123456789],
    [-33_554_434],
  ])('near %d is the shortest that reads back', (near) => {
    for (const step of [-2, -1, 0, 1, 2]) {
      const value = Math.fround(near * (1 + step * 2 ** -24));
      expect(shortestFloat32(value)).toBe(shortestBySearch(value));
    }
  });

  test.each([
    [0.26, 0.26],
    [1 / 3, 0.33333334],
    [-2.5, -2.5],
    [16_777_216, 16_777_216],
    [3.4028234663852886e38, 3.4028235e38],
    [1e-45, 1e-45],
    [1.17549435e-38, 1.1754944e-38],
    [2 ** -24, 5.9604645e-8],
    [8_388_608.5, 8_388_608],
    [67_108_872, 67_108_870],
  ])('of %d as a float32 is %d', (value, shortest) => {
    expect(shortestFloat32(Math.fround(value))).toBe(shortest);
  });
});
