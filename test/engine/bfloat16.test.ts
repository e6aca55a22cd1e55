import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBfloat16, roundToBfloat16, toBfloat16 } from '../../src/engine/bfloat16.ts';

/** The definition: of the two multiples of the last place, the nearer one; the even one where they are equally near. */
function byDefinition(value: number, digits: number, leastExponent: number, greatest: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const magnitude = Math.abs(value);
  let exponent = Math.floor(Math.log2(magnitude));
  if (2 ** exponent > magnitude) exponent--;
  if (2 ** (exponent + 1) <= magnitude) exponent++;
  const place = 2 ** (Math.max(exponent, leastExponent) - digits + 1);
  const below = Math.floor(magnitude / place);
  const rest = magnitude / place - below;
  const nearest = (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below) * place;
  return Math.sign(value) * (nearest > greatest ? Number.POSITIVE_INFINITY : nearest);
}

const bfloat16 = (value: number) => byDefinition(value, 8, -126, 3.3895313892515355e38);
const float16 = (value: number) => byDefinition(value, 11, -14, 65_504);

/** Doubles next to a tie between two neighbours of so many digits: where rounding twice goes wrong. */
const nearTie = (digits: number, range: { min: number; max: number }) =>
  fc
    .tuple(
      fc.integer({ min: 2 ** (digits - 1), max: 2 ** digits - 1 }),
      fc.integer(range),
      fc.integer({ min: 20, max: 52 }),
      fc.constantFrom(-1, 0, 1),
      fc.boolean(),
    )
    .map(
      ([significand, exponent, distance, side, negative]) => (significand + 0.5) * (1 + side * 2 ** -distance) * 2 ** exponent * (negative ? -1 : 1),
    );

test('a double becomes the nearest bfloat16 in one rounding', () => {
  expect(roundToBfloat16(1.0039062500009095)).toBe(1.0078125);
  fc.assert(
    fc.property(fc.oneof(nearTie(8, { min: -150, max: 121 }), fc.double()), (value) => {
      expect(roundToBfloat16(value)).toBe(bfloat16(value));
    }),
    { numRuns: 20_000 },
  );
});

test('so do whole arrays, from either precision', () => {
  fc.assert(
    fc.property(fc.array(nearTie(8, { min: -150, max: 121 })), (values) => {
      for (const data of [Float64Array.from(values), Float32Array.from(values)]) {
        const back = new Float32Array(data.length);
        fromBfloat16(toBfloat16(data), back);
        expect([...back]).toEqual([...data].map(bfloat16));
      }
    }),
  );
});

test('NaN stays NaN, and what is beyond the range is infinite', () => {
  const back = new Float32Array(4);
  fromBfloat16(toBfloat16(Float64Array.of(Number.NaN, 3.4e38, -1e300, -0)), back);
  expect([...back]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]);
});

test('a NaN is quiet, whichever it was, and positive', () => {
  expect(toBfloat16(Float64Array.of(Number.NaN, -Number.NaN))).toEqual(Uint16Array.of(0x7fc0, 0x7fc0));
  const signalling = new Float32Array(Uint32Array.of(0xff80_0001).buffer);
  expect([...toBfloat16(signalling), ...toBfloat16(Float64Array.from(signalling))]).toEqual([0x7fc0, 0x7fc0]);
});

test('a part of an array is read and written alone', () => {
  expect(toBfloat16(Float32Array.of(9, 1, 2, 9).subarray(1, 3))).toEqual(Uint16Array.of(0x3f80, 0x4000));
  const target = new Float32Array(4);
  fromBfloat16(Uint16Array.of(0x3f80, 0x4000), target.subarray(1, 3));
  expect(target).toEqual(Float32Array.of(0, 1, 2, 0));
});

test('the platform rounds to float16 once too', () => {
  const held = new Float16Array(1);
  fc.assert(
    fc.property(nearTie(11, { min: -37, max: 6 }), (value) => {
      held[0] = value;
      expect([Math.f16round(value), held[0]]).toEqual([float16(value), float16(value)]);
    }),
    { numRuns: 20_000 },
  );
});
