import { describe, expect, test } from 'vitest';
import { readLogSumExps } from '../../src/wire/log-sum-exps.ts';
import type { Rows } from '../../src/wire/members.ts';
import { NumberArray } from '../../src/wire/numbers/number-array.ts';
import { reading, twenty } from './refused.ts';

const context = (rows: number, columns: number, oneRow = false): Rows => ({
  matrix: { data: new Float64Array(rows * columns), rows, columns },
  oneRow,
});
const read = (value: unknown, of: Rows | undefined) => reading((faults) => readLogSumExps(value, of, '/lse', faults));

describe('the log-sum-exps of one vector', () => {
  const one = context(1, 4, true);

  test('are one number, or one a head', () => {
    expect(read(1.5, one)).toEqual({ value: { data: Float64Array.of(1.5), heads: undefined }, faults: [] });
    expect(read([1, 2], one)).toEqual({ value: { data: Float64Array.of(1, 2), heads: 2 }, faults: [] });
  });

  test('are null where the part had no key', () => {
    expect(read(null, one).value).toEqual({ data: Float64Array.of(Number.NEGATIVE_INFINITY), heads: undefined });
    expect(read([null, 0], one).value).toEqual({ data: Float64Array.of(Number.NEGATIVE_INFINITY, 0), heads: 2 });
  });

  test('are refused where they are anything else', () => {
    expect(read('x', one).faults).toEqual([['/lse', 'must be a finite number, or null where the part had no key, got the string "x"']]);
    expect(read([], one)).toEqual({ value: undefined, faults: [['/lse', 'is empty; at least one log-sum-exp (one a head) is required']] });
    expect(read([1, Number.POSITIVE_INFINITY], one).faults).toEqual([
      ['/lse/1', 'must be a finite number, or null where the part had no key, got Infinity'],
    ]);
  });
});

describe('the log-sum-exps of rows', () => {
  const two = context(2, 6);

  test('are one a row, or a row of them for each head', () => {
    expect(read([1, null], two)).toEqual({ value: { data: Float64Array.of(1, Number.NEGATIVE_INFINITY), heads: undefined }, faults: [] });
    expect(
      read(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        two,
      ),
    ).toEqual({ value: { data: Float64Array.of(1, 2, 3, 4, 5, 6), heads: 3 }, faults: [] });
  });

  test('are as many as there are rows', () => {
    expect(read([1], two).faults).toEqual([['/lse', 'has 1 number, but the context has 2 rows']]);
    expect(
      read(
        [
          [1, 2],
          [3, 4, 5],
        ],
        two,
      ).faults,
    ).toEqual([['/lse/1', 'has 3 numbers, but the context has 2 rows']]);
  });

  test('are refused where they are no array of them', () => {
    expect(read(1, two)).toEqual({
      value: undefined,
      faults: [['/lse', 'must be an array with at least one log-sum-exp (one a query row) or row of them (one a head), got 1']],
    });
    expect(read([[1, 2], 3], two).faults).toEqual([['/lse/1', 'must be an array of 2 numbers or null, got 3']]);
    expect(read([[1, 'x']], two).faults).toEqual([['/lse/0/1', 'must be a finite number, or null where the part had no key, got the string "x"']]);
  });

  test('are for heads that split the context evenly', () => {
    expect(read(Array(4).fill([1, 2]), two)).toEqual({
      value: undefined,
      faults: [['/lse', 'is for 4 heads, which can’t split a context 6 wide evenly']],
    });
  });
});

test('nothing is said of them without a context', () => {
  expect(read('x', undefined)).toEqual({ value: undefined, faults: [] });
});

test('none is read past the twentieth fault', () => {
  expect(read(twenty('x'), context(21, 1)).faults).toHaveLength(20);
  expect(read([Array(20).fill('x'), twenty('x').slice(0, 20)], context(20, 2)).faults).toHaveLength(20);
  expect(read([[1], ...Array(19).fill(1)], context(1, 20)).faults).toHaveLength(19);
  const rows = twenty(1);
  rows[0] = ['x'];
  expect(read(rows.slice(0, 20), context(1, 20)).faults).toHaveLength(20);
});

describe('log-sum-exps that stand in memory already', () => {
  const known = (values: readonly number[], shape: readonly number[]) => new NumberArray(Float64Array.from(values), shape, true);
  const NULL = Number.NaN;

  test('are taken where they have the right axes, with −∞ for null', () => {
    expect(read(known([1, NULL], [2]), context(1, 4, true))).toEqual({
      value: { data: Float64Array.of(1, Number.NEGATIVE_INFINITY), heads: 2 },
      faults: [],
    });
    expect(read(known([NULL, 2], [2]), context(2, 6))).toEqual({
      value: { data: Float64Array.of(Number.NEGATIVE_INFINITY, 2), heads: undefined },
      faults: [],
    });
    expect(read(known([1, 2, 3, 4, 5, 6], [3, 2]), context(2, 6))).toEqual({
      value: { data: Float64Array.of(1, 2, 3, 4, 5, 6), heads: 3 },
      faults: [],
    });
  });

  test.each([
    ['two axes for one vector', known([1, 2], [1, 2]), context(1, 4, true)],
    ['other rows than the context', known([1, 2, 3], [3]), context(2, 6)],
    ['other rows in each head', known([1, 2, 3, 4, 5, 6], [2, 3]), context(2, 6)],
    ['three axes', known([1, 2], [1, 2, 1]), context(2, 6)],
    ['booleans', new NumberArray(Uint8Array.of(1, 0), [2], false), context(2, 6)],
    ['numbers of the other precision', new NumberArray(Float32Array.of(1, 0), [2], false), context(2, 6)],
  ])('are refused where they have %s: the body is read again then', (_, value, of) => {
    const { faults } = read(value, of);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.[0]).toBe('/lse');
  });
});
