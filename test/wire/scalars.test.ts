import { describe, expect, test } from 'vitest';
import { outOfRange, readBoolean, readCode, readFinite, readFlag, readInteger, readNumber, readPositive, readWord } from '../../src/wire/scalars.ts';
import { reading } from './refused.ts';

const AT = '/it';

/** Of each value: what it is read as, or what is said of it. */
function each(values: readonly unknown[], read: (value: unknown, faults: Parameters<Parameters<typeof reading>[0]>[0]) => unknown): unknown[] {
  return values.map((one) => {
    const { value, faults } = reading((list) => read(one, list));
    if (faults.length === 0) return value;
    expect(value).toBeUndefined();
    expect(faults).toHaveLength(1);
    expect(faults[0]?.[0]).toBe(AT);
    return faults[0]?.[1];
  });
}

test('a boolean is true or false, and nothing that resembles it', () => {
  expect(each([true, false, 1, 'true'], (value, faults) => readBoolean(value, AT, faults))).toEqual([
    true,
    false,
    'must be true or false, got 1',
    'must be true or false, got the string "true"',
  ]);
});

test('an integer lies within its range, ends included', () => {
  expect(each([2, 5, 1, 6, 2.5, '3'], (value, faults) => readInteger(value, AT, faults, 2, 5))).toEqual([
    2,
    5,
    'must be an integer from 2 to 5, got 1',
    'must be an integer from 2 to 5, got 6',
    'must be an integer from 2 to 5, got 2.5',
    'must be an integer from 2 to 5, got the string "3"',
  ]);
  const most = Number.MAX_SAFE_INTEGER;
  expect(each([most, most + 1, -1], (value, faults) => readInteger(value, AT, faults, 0, most))).toEqual([
    most,
    'must be an integer of at least 0, got 9007199254740992',
    'must be an integer of at least 0, got -1',
  ]);
});

test('a word is one of those that are listed', () => {
  expect(each(['b', 'B', undefined], (value, faults) => readWord(value, ['a', 'b'], AT, faults))).toEqual([
    'b',
    'must be one of "a", "b", got the string "B"',
    'must be one of "a", "b", got nothing',
  ]);
});

test('a number is rounded to its precision, and refused beyond its range', () => {
  expect(each([0.1, -1e39, '1', null], (value, faults) => readNumber(value, 'float32', AT, faults))).toEqual([
    Math.fround(0.1),
    'is outside the range of float32 (±3.4028234663852886e+38), got -1e+39; "dtype": "float64" has room for it',
    'must be a number, got the string "1"',
    'must be a number, got null',
  ]);
  expect(each([0.1, 1e39, Number.POSITIVE_INFINITY], (value, faults) => readNumber(value, 'float64', AT, faults))).toEqual([
    0.1,
    1e39,
    'is outside the range of float64 (±1.7976931348623157e+308), got a number too great for double precision',
  ]);
});

test('no other dtype is advised for what none can hold', () => {
  expect(outOfRange(Number.NEGATIVE_INFINITY, 'float32')).toBe(
    'is outside the range of float32 (±3.4028234663852886e+38), got a number too great for double precision',
  );
});

test('a positive number is greater than 0 in its precision', () => {
  expect(each([1e-40, 0, -1, 1e-60, 'x'], (value, faults) => readPositive(value, 'float32', AT, faults))).toEqual([
    Math.fround(1e-40),
    'must be greater than 0, got 0',
    'must be greater than 0 as a float32, got -1',
    'must be greater than 0 as a float32, got 1e-60',
    'must be a number, got the string "x"',
  ]);
  expect(each([1e-60, 0, -1], (value, faults) => readPositive(value, 'float64', AT, faults))).toEqual([
    1e-60,
    'must be greater than 0, got 0',
    'must be greater than 0, got -1',
  ]);
});

describe('of ONNX’s attributes', () => {
  test('a finite number may have a least', () => {
    expect(each([-1e300, Number.POSITIVE_INFINITY, true], (value, faults) => readFinite(value, AT, faults))).toEqual([
      -1e300,
      'must be a finite number, got Infinity',
      'must be a finite number, got the boolean true',
    ]);
    expect(each([0, -0.5], (value, faults) => readFinite(value, AT, faults, 0))).toEqual([0, 'must be a finite number of at least 0, got -0.5']);
  });

  test('a flag is 0, 1, true or false', () => {
    expect(each([0, 1, true, false, 2, '1'], (value, faults) => readFlag(value, AT, faults))).toEqual([
      false,
      true,
      true,
      false,
      'must be 0, 1, true or false, got 2',
      'must be 0, 1, true or false, got the string "1"',
    ]);
  });

  test('a code is a number that stands for a word', () => {
    const codes = { 1: 'float32', 10: 'float16', 11: 'float64' };
    const rule = 'must be 1 (FLOAT), 10 (FLOAT16) or 11 (DOUBLE)';
    expect(each([10, 2, '10'], (value, faults) => readCode(value, codes, ['FLOAT', 'FLOAT16', 'DOUBLE'], AT, faults))).toEqual([
      'float16',
      `${rule}, got 2`,
      `${rule}, got the string "10"`,
    ]);
  });
});
