import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/engine/token-outputs.ts';
import { nested, printAttentionReply, printable, printedRows } from '../../src/wire/attention-reply.ts';
import type { Printing } from '../../src/wire/members.ts';

describe('numbers', () => {
  test('have the fewest digits that read back as the same number', () => {
    expect(printable(Float32Array.of(0.26, 1 / 3), undefined)).toEqual([0.26, 0.33333334]);
    expect(printable(Float64Array.of(0.26, 1 / 3), undefined)).toEqual([0.26, 1 / 3]);
  });

  test('have no more than the decimals that are asked for', () => {
    expect(printable(Float32Array.of(0.26, 1 / 3, -7.5), 1)).toEqual([0.3, 0.3, -7.5]);
    expect(printable(Float64Array.of(2.5, -0.4), 0)).toEqual([3, -0]);
  });

  test('that are infinite stay so, and are printed as null; −0 is printed as 0', () => {
    expect(printable(Float32Array.of(Number.NEGATIVE_INFINITY), 2)).toEqual([Number.NEGATIVE_INFINITY]);
    expect(JSON.stringify(printable(Float32Array.of(Number.NEGATIVE_INFINITY, -0, -0.001), 2))).toBe('[null,0,0]');
    expect(printable(Float64Array.of(Number.POSITIVE_INFINITY), undefined)).toEqual([Number.POSITIVE_INFINITY]);
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

test('rows are counted through the heads, or in pairs with their head', () => {
  expect(printedRows([0, 2, 3, 5], 3, false)).toEqual([0, 2, 3, 5]);
  expect(printedRows([0, 2, 3, 5], 3, true)).toEqual([
    [0, 0],
    [0, 2],
    [1, 0],
    [1, 2],
  ]);
});

describe('a reply', () => {
  const scores: Tensor = {
    data: Float32Array.of(1, 2, 3, 4),
    axes: [
      ['h', 2],
      ['m', 1],
      ['n', 2],
    ],
  };
  const keys: Tensor = {
    data: Float32Array.of(1, 2),
    axes: [
      ['g', 1],
      ['n', 2],
      ['d_k', 1],
    ],
  };
  const lse: Tensor = { data: Float32Array.of(0.125), axes: [['m', 1]] };
  const entropy: Tensor = {
    data: Float32Array.of(1, 2),
    axes: [
      ['h', 1],
      ['m', 2],
    ],
  };
  const tensors = new Map([
    ['entropy', entropy],
    ['keys', keys],
    ['scores', scores],
    ['lse', lse],
  ] as const);
  const print = (printing: Partial<Printing>, fullyMasked: readonly number[] = [], trace?: unknown) =>
    printAttentionReply({ tensors, fullyMasked }, { include: ['scores'], oneRow: false, headAxis: false, ...printing }, 1, trace);

  test('has a member for each output, in the order of the request', () => {
    expect(print({ include: ['lse', 'keys'] })).toBe('{"lse":[0.125],"keys":[[1],[2]]}');
    // What was not computed is not there.
    expect(print({ include: ['lse', 'weights'] })).toBe('{"lse":[0.125]}');
  });

  test('has the axes of query rows and of heads where they are asked for', () => {
    expect(print({ headAxis: true })).toBe('{"scores":[[[1,2]],[[3,4]]]}');
    expect(print({ headAxis: true, oneRow: true })).toBe('{"scores":[[1,2],[3,4]]}');
    expect(print({ include: ['keys'], headAxis: true })).toBe('{"keys":[[[1],[2]]]}');
    // One head without an axis of its own.
    expect(print({ include: ['entropy'] })).toBe('{"entropy":[1,2]}');
    expect(print({ include: ['keys'] })).toBe('{"keys":[[1],[2]]}');
    expect(print({ include: ['lse'], oneRow: true })).toBe('{"lse":0.125}');
  });

  test('rounds to the decimals', () => {
    expect(print({ include: ['lse'], decimals: 2 })).toBe('{"lse":[0.13]}');
  });

  test('has the trace as it is given, in its place', () => {
    expect(print({ include: ['trace', 'lse'] }, [], [{ sum: 1.25 }])).toBe('{"trace":[{"sum":1.25}],"lse":[0.125]}');
  });

  test('lists the rows without a key, where there is one', () => {
    expect(print({ include: ['lse'] }, [0])).toBe('{"lse":[0.125],"fully_masked":[0]}');
    expect(print({ include: ['lse'], headAxis: true }, [1])).toBe('{"lse":[0.125],"fully_masked":[[1,0]]}');
  });
});
