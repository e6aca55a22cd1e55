import { describe, expect, test } from 'vitest';
import { mistakenStates } from '../../src/playground/mistaken.ts';
import { printedTolerance, readObserved } from '../../src/playground/observed.ts';
import { readRequest } from '../../src/playground/open.ts';
import { questionOf } from '../../src/playground/request.ts';
import type { AttentionRequest } from '../../src/schemas/attention.ts';
import type { MistakeCode } from '../../src/schemas/mistake-codes.ts';
import { MADE } from '../diagnose/mistaken.ts';
import { naive } from '../diagnose/naive.ts';
import { random } from '../diagnose/requests.ts';

/** The mistakes that a request can make of right code, and which of the naive code's forms it makes. */
const APPLIED: readonly (readonly [Exclude<MistakeCode, 'dropout-on'>, number])[] = [
  ['scale-missing', 0],
  ['scale-unwanted', 0],
  ['scale-by-d', 0],
  ['scale-twice', 0],
  ['scale-by-model-width', 0],
  ['mask-inverted', 0],
  ['mask-missing', 0],
  ['mask-transposed', 0],
  ['mask-added', 0],
  ['causal-missing', 0],
  ['causal-strict', 0],
  ['causal-other-corner', 0],
  ['causal-other-corner', 1],
  ['window-off-by-one', 0],
  ['window-off-by-one', 1],
  ['softcap-missing', 0],
  ['sink-missing', 0],
  ['bias-missing', 0],
  ['bias-scaled', 0],
  ['position-missing', 0],
  ['rope-pairing', 0],
  ['projection-transposed', 0],
  ['query-key-swapped', 0],
  ['value-projection-missing', 0],
  ['output-projection-missing', 0],
  ['projection-bias-missing', 0],
];

const numbersOf = (request: AttentionRequest, code?: MistakeCode, form = 0) => naive(request, code && new Set([code]), form).context.flat();
const isClose = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((value, k) => Math.abs(value - (b[k] ?? 0)) < 1e-9);

describe('a request that makes a mistake gives what code with the mistake gives', () => {
  test.each(APPLIED)('%s, form %i', (code, form) => {
    const request = MADE[code].request(random(5), form);
    const state = readRequest(JSON.stringify(request))?.state;
    if (!state) throw new Error('the request is one');
    const heads = request.heads ?? 1;
    const width = ((request.w_query as number[][])[0]?.length ?? 0) / heads;
    const scale = request.scale === '1/sqrt(d_k)' ? 1 / Math.sqrt(width) : (request.scale ?? 1);
    const wrong = numbersOf(request, code, form);
    const states = mistakenStates(code, state, { scale, heads, width });
    expect(states.some((made) => isClose(numbersOf(questionOf(made) as AttentionRequest), wrong))).toBe(true);
    expect(isClose(numbersOf(request), wrong)).toBe(false);
  });

  test('a mistake of code alone has none', () => {
    const state = readRequest('{"tokens":[[1,0],[0,1]]}')?.state;
    expect(state && mistakenStates('softmax-over-queries', state, { scale: 1, heads: 1, width: 2 })).toEqual([]);
  });
});

describe('pasted numbers get the axes of the reply', () => {
  const ONE = { heads: undefined, rows: undefined };
  const ALL = { heads: undefined, rows: 2 };
  const HEADS = { heads: 2, rows: 2 };
  test.each([
    ['tensor([0.25, 0.75])', 'weights', ONE, [0.25, 0.75]],
    [
      '[[0.25, nan], [-inf, 1]]',
      'weights',
      ALL,
      [
        [0.25, null],
        [null, 1],
      ],
    ],
    [
      '1 2\n3 4',
      'context',
      ALL,
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      '[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]',
      'scores',
      HEADS,
      [
        [
          [1, 2],
          [3, 4],
        ],
        [
          [5, 6],
          [7, 8],
        ],
      ],
    ],
    [
      '[[1, 2], [3, 4]]',
      'weights',
      HEADS,
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      '[[1, 2], [3, 4]]',
      'context',
      HEADS,
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      '[[1, 2], [3, 4]]',
      'lse',
      HEADS,
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['[1, 2]', 'lse', ALL, [1, 2]],
    ['1.5', 'lse', ONE, 1.5],
    ['[[1, 2]]', 'weights', { heads: 1, rows: undefined }, [[1, 2]]],
    ['0.5 x', 'weights', ONE, [0.5, 'x']],
    ['', 'weights', ONE, undefined],
  ] as const)('%s as %s', (text, output, axes, expected) => {
    expect(readObserved(text, output, axes)).toEqual(expected);
  });

  test('few decimals ask for a tolerance as large as their rounding, many for none', () => {
    expect(
      printedTolerance([
        [0.1235, 1],
        [null, 2],
      ])?.absolute,
    ).toBeCloseTo(0.51e-4, 10);
    expect(printedTolerance([0.123456])).toBeUndefined();
    expect(printedTolerance([1e-7])).toBeUndefined();
  });
});
