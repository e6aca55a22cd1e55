import { describe, expect, test } from 'vitest';
import { readArray, readMatrix, readRow, readVector } from '../../src/wire/arrays.ts';
import { NumberArray } from '../../src/wire/numbers/number-array.ts';
import { reading, twenty, watched } from './refused.ts';

const vector = (value: unknown, precision: 'float32' | 'float64' = 'float32') => reading((faults) => readVector(value, precision, '/v', faults));
const matrix = (value: unknown) => reading((faults) => readMatrix(value, 'float64', '/x', faults));

test('an array is not empty', () => {
  const array = (value: unknown) => reading((faults) => readArray(value, 'part', '/parts', faults));
  expect(array([0])).toEqual({ value: [0], faults: [] });
  expect(array([])).toEqual({ value: undefined, faults: [['/parts', 'is empty; at least one part is required']] });
  expect(array({ length: 1 })).toEqual({ value: undefined, faults: [['/parts', 'must be an array with at least one part, got an object']] });
});

describe('a vector', () => {
  test('holds its numbers in the precision of the request', () => {
    expect(vector([0.1, -2]).value).toEqual(Float32Array.of(0.1, -2));
    expect(vector([0.1, -2], 'float64').value).toEqual(Float64Array.of(0.1, -2));
  });

  test('is refused where it is no array of numbers', () => {
    expect(vector(1)).toEqual({ value: undefined, faults: [['/v', 'must be an array with at least one number, got 1']] });
    expect(vector([1, '2', 3, null]).faults).toEqual([
      ['/v/1', 'must be a number, got the string "2"'],
      ['/v/3', 'must be a number, got null'],
    ]);
  });

  test('is read on after an element at fault', () => {
    expect(vector([1, '2', 3, 1e39, -1e39, 4]).value).toEqual(Float32Array.of(1, 0, 3, 0, 0, 4));
  });

  test('holds the greatest numbers of its precision, and none beyond them', () => {
    const greatest = Number.MAX_VALUE;
    expect(vector([greatest, -greatest], 'float64')).toEqual({ value: Float64Array.of(greatest, -greatest), faults: [] });
    const beyond = 'is outside the range of float64 (±1.7976931348623157e+308), got a number too great for double precision';
    expect(vector([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 'float64').faults).toEqual([
      ['/v/0', beyond],
      ['/v/1', beyond],
    ]);
    // After a fault each number is looked at on its own: it is held against the same bound.
    expect(vector(['x', 3.4028235677973362e38, 3.4028235677973366e38]).faults.map(([pointer]) => pointer)).toEqual(['/v/0', '/v/2']);
    expect(vector(['x', -greatest, greatest], 'float64').faults.map(([pointer]) => pointer)).toEqual(['/v/0']);
  });

  test('is not read past the twentieth fault', () => {
    expect(vector(twenty('x')).faults).toHaveLength(20);
  });

  test('is read into a place among others', () => {
    const data = new Float64Array(5);
    reading((faults) => readRow([1, 'x', 3], data, 1, 'float64', '/v', faults));
    expect([...data]).toEqual([0, 1, 0, 3, 0]);
  });
});

describe('a matrix', () => {
  test('is row-major', () => {
    const { value, faults } = matrix([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(faults).toEqual([]);
    expect(value).toEqual({ data: Float64Array.of(1, 2, 3, 4, 5, 6), rows: 2, columns: 3 });
  });

  test('comes back for its shape where single elements are at fault', () => {
    expect(
      matrix([
        [1, 'x'],
        [3, 4],
      ]),
    ).toEqual({
      value: { data: Float64Array.of(1, 0, 3, 4), rows: 2, columns: 2 },
      faults: [['/x/0/1', 'must be a number, got the string "x"']],
    });
  });

  test('has rows that are equally wide', () => {
    expect(matrix([[1, 2], [3], [], 4, [5, 6]])).toEqual({
      value: undefined,
      faults: [
        ['/x/1', 'has 1 number, but row 0 has 2; every row must be equally wide'],
        ['/x/2', 'is empty; a row has at least one number'],
        ['/x/3', 'must be a row, an array of numbers, got 4'],
      ],
    });
    expect(matrix([4, [1], [1, 2]]).faults).toEqual([['/x/0', 'must be a row, an array of numbers, got 4']]);
    expect(matrix({}).faults).toEqual([['/x', 'must be an array with at least one row of numbers, got an object']]);
  });

  test('whose first row is empty has no width that its other rows could miss', () => {
    expect(matrix([[], [1, 2], [3]])).toEqual({ value: undefined, faults: [['/x/0', 'is empty; a row has at least one number']] });
  });

  test('has rows that are arrays, not what only has a length', () => {
    expect(matrix([[1], 'x', null]).faults).toEqual([
      ['/x/1', 'must be a row, an array of numbers, got the string "x"'],
      ['/x/2', 'must be a row, an array of numbers, got null'],
    ]);
  });

  test('has its elements looked at even where its rows do not fit', () => {
    expect(matrix([[1, 2], ['x']]).faults.map(([pointer]) => pointer)).toEqual(['/x/1', '/x/1/0']);
  });

  test('is not read past the twentieth fault, in its rows or among them', () => {
    expect(matrix(twenty(1)).faults).toHaveLength(20);
    expect(matrix([Array(20).fill('x'), twenty('x').slice(0, 20)]).faults).toHaveLength(20);
    const rows = watched(...Array.from({ length: 20 }, () => ['x']), ['x']);
    expect(matrix(rows.list).faults).toHaveLength(20);
    // Once for its width, and not for its elements.
    expect(rows.looks()).toBe(1);
  });
});

describe('numbers that stand in memory already', () => {
  test('are taken as they stand, where there are as many axes as are wanted', () => {
    const row = Float32Array.of(1, 2);
    expect(vector(new NumberArray(row, [2], false))).toEqual({ value: row, faults: [] });
    expect(vector(new NumberArray(row, [2], false)).value).toBe(row);
    expect(vector(new NumberArray(row, [2, 1], false))).toEqual({ value: undefined, faults: [['/v', expect.stringContaining('must be an array')]] });
    const data = Float64Array.of(1, 2, 3, 4, 5, 6);
    const { value, faults } = matrix(new NumberArray(data, [3, 2], false));
    expect([value, faults]).toEqual([{ data, rows: 3, columns: 2 }, []]);
    expect(value?.data).toBe(data);
    for (const shape of [[6], [3, 2, 1]])
      expect(matrix(new NumberArray(data, shape, false))).toEqual({
        value: undefined,
        faults: [['/x', expect.stringContaining('must be an array')]],
      });
  });

  test('are refused where they do not have the precision, or have a null: the body is read again then', () => {
    for (const array of [new NumberArray(Float32Array.of(1, 2), [1, 2], false), new NumberArray(Float64Array.of(1, Number.NaN), [1, 2], true)])
      expect(matrix(array)).toEqual({ value: undefined, faults: [['/x', expect.stringContaining('must be an array')]] });
  });
});
