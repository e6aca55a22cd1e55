import { expect, test } from 'vitest';
import { readAttentionRequest } from '../../src/wire/attention-request.ts';
import { vectorsReply } from '../../src/wire/vectors-reply.ts';

/** A case of a request: its right outputs are as many numbers as they have to be, counted. */
function reply(request: object, right: Readonly<Record<string, ArrayLike<number>>>, notKilled: readonly string[] = []) {
  const given = { request: { ...request }, order: readAttentionRequest({ ...request }) };
  return vectorsReply({ cases: [{ given, right, kills: ['scale-twice'] }], notToldApart: [['a', 'b']], notKilled });
}

const count = (length: number) => Float64Array.from({ length }, (_, i) => i);
const TOKENS = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
];
const expected = (request: object, right: Readonly<Record<string, ArrayLike<number>>>) => reply(request, right).cases[0]?.expected;

test('a case is its request, its right outputs and what it kills', () => {
  const request = { tokens: TOKENS, query: 0 };
  const right = { scores: count(3), weights: count(3), context: count(4), lse: count(1) };
  expect(reply(request, right)).toEqual({
    cases: [{ request, expected: { scores: [0, 1, 2], weights: [0, 1, 2], context: [0, 1, 2, 3], lse: 0 }, kills: ['scale-twice'] }],
    not_told_apart: [['a', 'b']],
  });
});

test('outputs have the axes of the reply of the request: rows, and heads but in the context', () => {
  expect(expected({ tokens: TOKENS, query: [0, 1] }, { scores: count(6), weights: count(6), context: count(8), lse: count(2) })).toEqual({
    scores: [
      [0, 1, 2],
      [3, 4, 5],
    ],
    weights: [
      [0, 1, 2],
      [3, 4, 5],
    ],
    context: [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ],
    lse: [0, 1],
  });
  expect(
    expected({ tokens: TOKENS, query: [0, 1], heads: 2 }, { scores: count(12), weights: count(12), context: count(8), lse: count(4) }),
  ).toMatchObject({
    scores: [
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
      [
        [6, 7, 8],
        [9, 10, 11],
      ],
    ],
    context: [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ],
    lse: [
      [0, 1],
      [2, 3],
    ],
  });
  expect(expected({ tokens: TOKENS, query: 0, heads: 2 }, { scores: count(6), weights: count(6), context: count(4), lse: count(2) })).toMatchObject({
    weights: [
      [0, 1, 2],
      [3, 4, 5],
    ],
    lse: [0, 1],
  });
});

test('numbers have ten digits, and an lse of −∞ is null', () => {
  const right = { scores: [1 / 3, 2e9 / 3, 0.1], weights: count(3), context: count(4), lse: [Number.NEGATIVE_INFINITY] };
  const reply = expected({ tokens: TOKENS, query: 0 }, right);
  expect(reply).toMatchObject({ scores: [0.3333333333, 666666666.7, 0.1], lse: Number.NEGATIVE_INFINITY });
  expect(JSON.stringify(reply)).toContain('"lse":null');
});

test('an output that is not known has no numbers', () => {
  expect(expected({ tokens: TOKENS, query: 0 }, { context: count(4) })).toEqual({ scores: [], weights: [], context: [0, 1, 2, 3], lse: undefined });
});

test('what no case kills is named where there is any', () => {
  expect(reply({ tokens: TOKENS, query: 0 }, {}, ['softmax-twice'])).toMatchObject({ not_killed: ['softmax-twice'] });
  expect(reply({ tokens: TOKENS, query: 0 }, {})).not.toHaveProperty('not_killed');
});
