import { expect, test } from 'vitest';
import { NumberArray } from '../../../src/wire/numbers/number-array.ts';

const of = (data: Float32Array | Float64Array | Uint8Array, hasNulls = false) => new NumberArray(data, [data.length], hasNulls);

test('numbers are given in the precision in which they stand, without a copy', () => {
  const [single, double] = [Float32Array.of(0.5, 1), Float64Array.of(0.1, 1)];
  expect(of(single).floats('float32')).toBe(single);
  expect(of(double).floats('float64')).toBe(double);
});

test('doubles are rounded to single precision, where none leaves its range', () => {
  expect(of(Float64Array.of(0.1, -1)).floats('float32')).toEqual(Float32Array.of(0.1, -1));
  expect(of(Float64Array.of(1e39, 1)).floats('float32')).toBeUndefined();
  expect(of(Float64Array.of(1, -1e39)).floats('float32')).toBeUndefined();
});

test('single precision does not become double', () => {
  expect(of(Float32Array.of(1)).floats('float64')).toBeUndefined();
});

test('where a null stands there are no numbers, in either precision', () => {
  for (const precision of ['float32', 'float64'] as const) {
    expect(of(Float64Array.of(1, Number.NaN), true).floats(precision)).toBeUndefined();
    expect(of(Float32Array.of(1, Number.NaN), true).floats(precision)).toBeUndefined();
  }
});

test('booleans are bytes, and no numbers', () => {
  const flags = Uint8Array.of(1, 0);
  expect(of(flags).booleans).toBe(flags);
  expect(of(flags).floats('float32')).toBeUndefined();
  expect(of(flags).floats('float64')).toBeUndefined();
  expect(of(Float64Array.of(1)).booleans).toBeUndefined();
});
