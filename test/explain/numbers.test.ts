import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addsUp, column, comesOutAs, missedHundred, ordinal, same, vector, written } from '../../src/explain/numbers.ts';

describe('numbers for people', () => {
  test.each([
    [0.26, '0.26'],
    [-0, '0'],
    [1 / 3, '0.3333'],
    [-1234.56789, '-1234.5679'],
    [1e-7, '1e-7'],
    [Math.fround(1e-4), '0.0001'],
    [-0.00012345, '-1.23e-4'],
    [123_456_789, '123456789'],
    [1_234_567.5, '1.23e6'],
    [3.4e38, '3.4e38'],
    [Number.NEGATIVE_INFINITY, '-∞'],
    [Number.NaN, 'not a number'],
  ])('%d is written %s', (value, text) => {
    expect(written(value)).toBe(text);
  });

  test('under each other have as many decimals as the one that needs most', () => {
    expect(column([0.26, 0.5, 0.84])).toEqual(['0.26', '0.50', '0.84']);
    expect(column([1, 0, -30])).toEqual(['1', '0', '-30']);
    expect(column([0.5, 1e-9, 1 / 3])).toEqual(['0.5000', '1e-9', '0.3333']);
  });

  test('are written in decimals beside larger ones, as long as something is left of them', () => {
    expect(column([0.5, 1e-4, 1 / 3])).toEqual(['0.5000', '0.0001', '0.3333']);
    expect(column([0.25, 0.00012345, -6e-5])).toEqual(['0.2500', '0.0001', '-0.0001']);
    expect(column([0.5, 4e-5])).toEqual(['0.5', '4e-5']);
    expect(column([0.00012345, 2e-4])).toEqual(['1.23e-4', '2e-4']);
  });

  test('are rounded as toFixed rounds them', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 999_999, noNaN: true }), fc.boolean(), (size, negative) => {
        const value = negative ? -size : size;
        expect(column([value, 0.1234])[0]).toBe(value.toFixed(4));
      }),
      { numRuns: 10_000 },
    );
    for (const tie of [0.00125, 0.03125, 0.12345, 1.00005, 2.00015, 0.50005]) expect(column([tie, 0.1234])[0]).toBe(tie.toFixed(4));
  });

  test('of a wide vector the first six and the last are shown', () => {
    expect(vector([1, 2, 3, 4, 5, 6, 7, 8])).toBe('[1, 2, 3, 4, 5, 6, 7, 8]');
    expect(vector([1, 2, 3, 4, 5, 6, 7, 8, 9])).toBe('[1, 2, 3, 4, 5, 6, … 2 more …, 9]');
  });

  test('are counted in words', () => {
    expect([1, 2, 12, 13, 21, 22, 101, 111].map(ordinal)).toEqual(['first', 'second', 'twelfth', '13th', '21st', '22nd', '101st', '111th']);
  });

  test('are the same where they differ by the rounding of a sum, and not beyond', () => {
    expect(same(Math.fround(0.1 + 0.2), Math.fround(0.3), 'float32')).toBe(true);
    expect(same(0.1 + 0.2, 0.3, 'float64')).toBe(true);
    expect(same(0.3, 0.30001, 'float32')).toBe(false);
    expect(same(0, 1e-12, 'float32')).toBe(false);
  });

  test('come out as they are printed, to the last digit, or do not', () => {
    expect(addsUp(['0.08', '0.08', '0.10'], '0.26')).toBe(true);
    expect(addsUp(['0.5875', '0.2063'], '0.7937')).toBe(false);
    expect([comesOutAs(0.9526 * 10, '9.5257'), comesOutAs(0.9526 * 10, '9.526'), comesOutAs(0.4125 * 0.5, '0.2063')]).toEqual([false, true, true]);
    expect([comesOutAs(3 * 1e-7, '3e-7'), comesOutAs(3 * 1e-7, '3.1e-7'), comesOutAs(2e15, '2e15')]).toEqual([true, false, true]);
  });

  test('as shares say what they add up to, where that is not 100', () => {
    expect(missedHundred([1 / 3, 1 / 3, 1 / 3], 0)).toBe('99.9 %');
    expect(missedHundred([0.25, 0.25], 0.5)).toBeUndefined();
  });
});
