import { describe, expect, test } from 'vitest';
import { NumberArray } from '../../src/wire/numbers/number-array.ts';
import { readBooleans, readNumbers } from '../../src/wire/per-pair.ts';
import { reading, twenty, watched } from './refused.ts';

const booleans = (value: unknown) => reading((faults) => readBooleans(value, '/mask', faults));
const numbers = (value: unknown) => reading((faults) => readNumbers(value, 'float64', '/bias', faults));

describe('a mask', () => {
  test('has one, two or three axes', () => {
    expect(booleans([true, false])).toEqual({ value: { data: Uint8Array.of(1, 0), rank: 1, shape: [2] }, faults: [] });
    expect(booleans([[true, false, true]])).toEqual({ value: { data: Uint8Array.of(1, 0, 1), rank: 2, shape: [1, 3] }, faults: [] });
    expect(
      booleans([
        [
          [true, false],
          [false, false],
          [true, true],
        ],
        [
          [false, true],
          [true, true],
          [false, false],
        ],
      ]),
    ).toEqual({ value: { data: Uint8Array.of(1, 0, 0, 0, 1, 1, 0, 1, 1, 1, 0, 0), rank: 3, shape: [2, 3, 2] }, faults: [] });
  });

  test('is of booleans, and says what true means', () => {
    expect(booleans([true, 1, 'false'])).toEqual({
      value: { data: Uint8Array.of(1, 0, 0), rank: 1, shape: [3] },
      faults: [
        ['/mask/1', 'must be true (may attend) or false, got 1'],
        ['/mask/2', 'must be true (may attend) or false, got the string "false"'],
      ],
    });
  });

  test('is refused where it is no array', () => {
    expect(booleans(true)).toEqual({
      value: undefined,
      faults: [['/mask', 'must be an array with at least one boolean or row of booleans, got the boolean true']],
    });
  });

  test('points at the very element, however many axes there are', () => {
    expect(booleans([[true, 0]]).faults.map(([pointer]) => pointer)).toEqual(['/mask/0/1']);
    expect(booleans([[[true, true]], [[true, 0]]]).faults.map(([pointer]) => pointer)).toEqual(['/mask/1/0/1']);
  });

  test('has elements looked at even where its shape does not fit', () => {
    expect(booleans([[true, true], [0]])).toEqual({
      value: undefined,
      faults: [
        ['/mask/1', 'has 1 boolean, but row 0 has 2; every row must be equally wide'],
        ['/mask/1/0', 'must be true (may attend) or false, got 0'],
      ],
    });
  });
});

describe('a bias', () => {
  test('is of numbers', () => {
    expect(numbers([[1, -2]])).toEqual({ value: { data: Float64Array.of(1, -2), rank: 2, shape: [1, 2] }, faults: [] });
    expect(reading((faults) => readNumbers([0.1], 'float32', '/bias', faults)).value?.data).toEqual(Float32Array.of(0.1));
    expect(numbers([['x', 1]])).toEqual({
      value: { data: Float64Array.of(0, 1), rank: 2, shape: [1, 2] },
      faults: [['/bias/0/0', 'must be a number, got the string "x"']],
    });
    expect(numbers('x').faults).toEqual([['/bias', 'must be an array with at least one number or row of numbers, got the string "x"']]);
  });
});

describe('the heads of a mask', () => {
  test('have all the shape of the first', () => {
    expect(booleans([[[true]], [[true], [true]], [[true, true]]])).toEqual({
      value: undefined,
      faults: [
        ['/mask/1', 'is 2 × 1, but /mask/0 is 1 × 1; every head must have the same shape'],
        ['/mask/2', 'is 1 × 2, but /mask/0 is 1 × 1; every head must have the same shape'],
      ],
    });
  });

  test('are arrays of rows', () => {
    expect(booleans([[[true]], true, []])).toEqual({
      value: undefined,
      faults: [
        ['/mask/1', 'must be an array with at least one row of booleans, got the boolean true'],
        ['/mask/2', 'is empty; at least one row of booleans is required'],
      ],
    });
    expect(booleans([[[true]], null, 'x']).faults).toEqual([
      ['/mask/1', 'must be an array with at least one row of booleans, got null'],
      ['/mask/2', 'must be an array with at least one row of booleans, got the string "x"'],
    ]);
    expect(booleans([[true], 'x', null]).faults).toEqual([
      ['/mask/1', 'must be a row, an array of booleans, got the string "x"'],
      ['/mask/2', 'must be a row, an array of booleans, got null'],
    ]);
    expect(booleans([[[true], true]]).faults).toEqual([['/mask/0/1', 'must be a row, an array of booleans, got the boolean true']]);
    expect(booleans([[[true], [true, true]], [[true]]])).toEqual({
      value: undefined,
      faults: [['/mask/0/1', 'has 2 booleans, but row 0 has 1; every row must be equally wide']],
    });
  });
});

describe('past the twentieth fault', () => {
  const bad = Array<number>(20).fill(0);

  test('no element is looked at', () => {
    expect(booleans(twenty(0)).faults).toHaveLength(20);
    expect(booleans([twenty(0)]).faults).toHaveLength(20);
  });

  test('rows and heads are looked at for their width alone', () => {
    const rows = watched(bad, bad);
    expect(booleans(rows.list).faults).toHaveLength(20);
    expect(rows.looks()).toBe(1);
    const heads = watched([bad], [bad]);
    expect(booleans(heads.list).faults).toHaveLength(20);
    expect(heads.looks()).toBe(1);
  });

  test('not even that, where it is for their widths', () => {
    const heads = watched([[true]], ...bad, [[true]]);
    expect(booleans(heads.list).faults).toHaveLength(20);
    expect(heads.looks()).toBe(0);
  });
});

describe('what stands in memory already', () => {
  test.each([
    [1, [6]],
    [2, [2, 3]],
    [3, [1, 2, 3]],
  ])('is taken as it stands: %i axes', (rank, shape) => {
    const data = Float64Array.of(1, 2, 3, 4, 5, 6);
    const bias = numbers(new NumberArray(data, shape, false));
    expect(bias).toEqual({ value: { data, rank, shape }, faults: [] });
    expect(bias.value?.data).toBe(data);
    const flags = Uint8Array.of(1, 0, 1, 1, 1, 0);
    const mask = booleans(new NumberArray(flags, shape, false));
    expect(mask).toEqual({ value: { data: flags, rank, shape }, faults: [] });
    expect(mask.value?.data).toBe(flags);
  });

  test('is refused where it is of the other kind, or has other axes: the body is read again then', () => {
    const refusedAt = (pointer: string) => ({ value: undefined, faults: [[pointer, expect.any(String)]] });
    expect(numbers(new NumberArray(Uint8Array.of(1, 0), [2], false))).toEqual(refusedAt('/bias'));
    expect(booleans(new NumberArray(Float64Array.of(1, 0), [2], false))).toEqual(refusedAt('/mask'));
    expect(numbers(new NumberArray(Float64Array.of(1, 0), [1, 1, 1, 2], false))).toEqual(refusedAt('/bias'));
    expect(booleans(new NumberArray(Uint8Array.of(1, 0), [1, 1, 1, 2], false))).toEqual(refusedAt('/mask'));
  });
});
