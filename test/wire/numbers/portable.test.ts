import { describe, expect, test } from 'vitest';
import { nested, printable, printPortably } from '../../../src/wire/numbers/portable.ts';

const shape = [3];

describe('numbers', () => {
  test('have the fewest digits that read back as the same number', () => {
    expect(printable({ data: Float32Array.of(0.26, 1 / 3), shape })).toEqual([0.26, 0.33333334]);
    expect(printable({ data: Float64Array.of(0.26, 1 / 3), shape })).toEqual([0.26, 1 / 3]);
  });

  test('have no more than the decimals that are asked for', () => {
    expect(printable({ data: Float32Array.of(0.26, 1 / 3, -7.5), shape, decimals: 1 })).toEqual([0.3, 0.3, -7.5]);
    expect(printable({ data: Float64Array.of(2.5, -0.4), shape, decimals: 0 })).toEqual([3, -0]);
  });

  test('that are not finite stay so, and are printed as null; −0 is printed as 0', () => {
    expect(printable({ data: Float32Array.of(Number.NEGATIVE_INFINITY), shape, decimals: 2 })).toEqual([Number.NEGATIVE_INFINITY]);
    expect(printPortably([{ data: Float32Array.of(Number.NEGATIVE_INFINITY, -0, -0.001), shape, decimals: 2 }])).toBe('[null,0,0]');
    expect(printable({ data: Float64Array.of(Number.POSITIVE_INFINITY), shape })).toEqual([Number.POSITIVE_INFINITY]);
  });

  test('that are not finite are words where they may be', () => {
    const data = Float32Array.of(Number.NEGATIVE_INFINITY, Number.NaN, Number.POSITIVE_INFINITY);
    expect(printable({ data, shape, words: true })).toEqual(['-Infinity', 'NaN', 'Infinity']);
  });
});

test('a flat array is cut by its axes', () => {
  const six = [1, 2, 3, 4, 5, 6];
  expect(nested([7], [])).toBe(7);
  expect(nested(six, [6])).toBe(six);
  expect(nested(six, [2, 3])).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(nested(six, [3, 1, 2])).toEqual([[[1, 2]], [[3, 4]], [[5, 6]]]);
});

test('a reply is its texts, and its numbers between them', () => {
  expect(printPortably(['{"é":', { data: Float32Array.of(1, 2), shape: [2, 1] }, ',"two":', { data: Float64Array.of(3), shape: [] }, '}'])).toBe(
    '{"é":[[1],[2]],"two":3}',
  );
});
