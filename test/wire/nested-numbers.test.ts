import { expect, test } from 'vitest';
import { Faults } from '../../src/wire/faults.ts';
import { readNestedNumbers } from '../../src/wire/nested-numbers.ts';
import { NumberArray } from '../../src/wire/numbers/number-array.ts';

const read = (value: unknown) => {
  const faults = new Faults();
  return { got: readNestedNumbers(value, '/x', faults), faults: faults.list };
};

test.each([
  [1.5, [1.5], []],
  [null, [Number.NaN], []],
  [[1, null], [1, Number.NaN], [2]],
  [
    [[1], [2]],
    [1, 2],
    [2, 1],
  ],
  [
    [[[1, 2]], [[3, 4]]],
    [1, 2, 3, 4],
    [2, 1, 2],
  ],
])('%j is read with the length of each axis', (value, data, shape) => {
  expect(read(value)).toEqual({ got: { data: Float64Array.from(data), shape }, faults: [] });
});

test.each([
  ['0.5', '/x', 'must be a finite number, or null for NaN and infinities, got the string "0.5"'],
  [[1, Number.POSITIVE_INFINITY], '/x/1', 'must be a finite number, or null for NaN and infinities, got Infinity'],
  [[[1, 2], [3]], '/x/1', 'has a length of 1, but the first beside it has 2; rows must be equally long'],
  [[[1], 2], '/x/1', 'must be an array of 1, as the first beside it, got 2'],
  [[1, [2]], '/x/1', 'must be a finite number, or null for NaN and infinities, got an array of 1'],
  [[], '/x', 'is empty; at least one number is required'],
  [[[[[1]]]], '/x', 'is nested 4 deep; at most 3 axes are known'],
])('%j is refused where it is wrong', (value, pointer, detail) => {
  expect(read(value)).toEqual({ got: undefined, faults: [{ pointer, detail }] });
});

test('no more is read than twenty faults', () => {
  expect(read(new Array(100_000).fill('x')).faults).toHaveLength(20);
});

test('numbers that stand in memory already are taken as they stand, up to three axes', () => {
  const data = Float64Array.of(1, Number.NaN, 3, 4);
  for (const shape of [[4], [2, 2], [2, 1, 2]]) {
    const { got, faults } = read(new NumberArray(data, shape, true));
    expect([got, faults]).toEqual([{ data, shape }, []]);
    expect(got?.data).toBe(data);
  }
  const others = [
    new NumberArray(data, [2, 1, 2, 1], true),
    new NumberArray(Uint8Array.of(1), [1], false),
    new NumberArray(Float32Array.of(1), [1], false),
  ];
  for (const array of others) expect(read(array)).toMatchObject({ got: undefined, faults: [{ pointer: '/x' }] });
});
