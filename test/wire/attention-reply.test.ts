import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/engine/token-outputs.ts';
import { attentionReply, printedRows } from '../../src/wire/attention-reply.ts';
import type { Printing } from '../../src/wire/members.ts';
import type { Segment } from '../../src/wire/numbers/segments.ts';
import { codec } from '../codec.ts';

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
    axes: ['h', 'm', 'n'],
    shape: [2, 1, 2],
  };
  const keys: Tensor = {
    data: Float32Array.of(1, 2),
    axes: ['g', 'n', 'd_k'],
    shape: [1, 2, 1],
  };
  const lse: Tensor = { data: Float32Array.of(0.125), axes: ['m'], shape: [1] };
  const entropy: Tensor = {
    data: Float32Array.of(1, 2),
    axes: ['h', 'm'],
    shape: [1, 2],
  };
  const tensors = new Map([
    ['entropy', entropy],
    ['keys', keys],
    ['scores', scores],
    ['lse', lse],
  ] as const);
  const print = (printing: Partial<Printing>, fullyMasked: readonly number[] = [], trace?: readonly Segment[]) =>
    codec.print(attentionReply({ tensors, fullyMasked }, { include: ['scores'], oneRow: false, headAxis: false, ...printing }, 1, trace)).toString();

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
    expect(print({ include: ['trace', 'lse'] }, [], ['[{"sum":', { data: Float32Array.of(1.25), shape: [] }, '}]'])).toBe(
      '{"trace":[{"sum":1.25}],"lse":[0.125]}',
    );
  });

  test('lists the rows without a key, where there is one', () => {
    expect(print({ include: ['lse'] }, [0])).toBe('{"lse":[0.125],"fully_masked":[0]}');
    expect(print({ include: ['lse'], headAxis: true }, [1])).toBe('{"lse":[0.125],"fully_masked":[[1,0]]}');
  });
});
