import { describe, expect, test } from 'vitest';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { MISTAKES } from '../../src/diagnose/mistakes.ts';
import type { AttentionRequest } from '../../src/schemas/attention.ts';
import { MISTAKE_CODES, type MistakeCode } from '../../src/schemas/mistake-codes.ts';
import { drawn } from '../slow.ts';
import { MADE } from './mistaken.ts';
import { type Numbers, naive } from './naive.ts';
import { anyRequest, observedOf, random, rows, understood } from './requests.ts';

const TOLERANCE = { absolute: 1e-9, relative: 1e-7 };
const SEEDS = [11, 22, 33, 44, 55];
const ALONE: Partial<Record<MistakeCode, readonly (keyof Numbers)[]>> = { 'lse-base-2': ['lse'] };

/** With the scale 1/√d_k both give 1/d_k, so neither can be told from the other. */
const TIES: Partial<Record<MistakeCode, readonly string[]>> = { 'scale-by-d': ['scale-by-d', 'scale-twice'] };

const codesOf = (request: Parameters<typeof understood>[0], observed: ReturnType<typeof observedOf>) =>
  diagnose(understood(request), observed, TOLERANCE).mistakes.map(({ mistake, also }) => (also ? `${mistake.code} + ${also.code}` : mistake.code));

test('the table has every code of the contract, in its order', () => {
  expect(MISTAKES.map(({ code }) => code)).toEqual(MISTAKE_CODES);
});

describe('a mistake that independent code makes is named, alone', () => {
  for (const [code, { request: requestOf, forms = 1 }] of Object.entries(MADE) as [
    Exclude<MistakeCode, 'dropout-on'>,
    (typeof MADE)['scale-by-d'],
  ][]) {
    for (let form = 0; form < forms; form++) {
      test(`${code}${forms > 1 ? `, form ${form}` : ''}`, () => {
        for (const seed of SEEDS) {
          const request = requestOf(random(seed), form);
          const numbers = naive(request, new Set([code]), form);
          // All outputs, and the context alone.
          expect(codesOf(request, observedOf(numbers)), `seed ${seed}`).toEqual(TIES[code] ?? [code]);
          const { context, lse } = numbers;
          expect(codesOf(request, observedOf(ALONE[code] ? { lse } : { context })), `seed ${seed}, ${ALONE[code] ?? 'context'} alone`).toEqual(
            TIES[code] ?? [code],
          );
        }
      });
    }
  }
});

const PAIRS = [
  ['scale-missing', 'causal-missing', { causal: true }],
  [
    'scale-missing',
    'mask-inverted',
    {
      mask: [
        [true, false, true, true, false],
        [false, true, true, false, true],
        [true, true, false, false, true],
        [true, false, false, true, true],
        [false, true, false, true, true],
      ],
    },
  ],
  ['softmax-over-queries', 'scale-by-model-width', {}],
  ['softcap-missing', 'sink-missing', { softcap: 0.5, sink: 0.3 }],
  ['bias-missing', 'projection-transposed', { bias: [0.5, -1, 2, 0.1, -0.7] }],
  ['rope-pairing', 'query-key-swapped', { position: { type: 'rope' } }],
  ['causal-strict', 'lse-base-2', { causal: true }],
] as const satisfies readonly (readonly [MistakeCode, MistakeCode, Partial<AttentionRequest>])[];

describe('two mistakes at once are named together', () => {
  for (const [code, also, options] of PAIRS) {
    test(`${code} and ${also}`, () => {
      for (const seed of SEEDS) {
        const request = { ...MADE['scale-missing'].request(random(seed), 0), ...structuredClone(options) } as AttentionRequest;
        const numbers = naive(request, new Set([code, also]));
        expect(codesOf(request, observedOf(numbers)), `seed ${seed}`).toEqual([`${code} + ${also}`]);
      }
    });
  }
});

test('two mistakes at once are named together where there are many pairs, and each is much work', () => {
  const next = random(7);
  const options = {
    causal: true,
    softcap: 2,
    sink: 0.3,
    bias: rows(next, 96, 96),
    position: { type: 'rope' },
    w_output: rows(next, 32, 32),
  } as const;
  const projections = { w_query: rows(next, 32, 32), w_key: rows(next, 32, 32), w_value: rows(next, 32, 32) };
  const request: AttentionRequest = { tokens: rows(next, 96, 32), heads: 4, scale: '1/sqrt(d_k)', ...projections, ...options };
  for (const [code, also] of [
    ['sink-missing', 'heads-averaged'],
    ['bias-missing', 'heads-merged-wrongly'],
  ] as const) {
    const { context } = naive(request, new Set([code, also]));
    expect(codesOf(request, observedOf({ context }))).toEqual([`${code} + ${also}`]);
  }
});

test('dropout is found by its weights, with one p for all', () => {
  for (const seed of SEEDS) {
    const next = random(seed);
    const request = MADE['scale-missing'].request(next, 0);
    const numbers = naive(request);
    const weights = numbers.weights.map((head) => head.map((one) => one.map((weight) => (next() < 0.3 ? 0 : weight / 0.7))));
    expect(codesOf(request, observedOf({ weights })), `seed ${seed}`).toEqual(['dropout-on']);
  }
});

describe('numbers as they are printed, with four decimals or three', () => {
  for (const decimals of [4, 3]) {
    const printed = (value: number) => Number(value.toFixed(decimals));
    const named = Object.entries(MADE) as [Exclude<MistakeCode, 'dropout-on'>, (typeof MADE)['scale-by-d']][];

    test.each(named)(`get their mistake named, ${decimals}: %s`, (code, { request: requestOf }) => {
      for (const seed of SEEDS.slice(0, 2)) {
        const request = requestOf(random(seed), 0);
        const { context, lse } = naive(request, new Set([code]));
        expect(codesOf(request, observedOf(ALONE[code] ? { lse } : { context }, printed)), `seed ${seed}`).toEqual(TIES[code] ?? [code]);
      }
    });

    test(`are right, or random, and get no mistake: ${decimals}`, () => {
      for (let seed = 1; seed <= drawn(20, 7); seed++) {
        const request = anyRequest(random(seed));
        const right = naive(request);
        expect(codesOf(request, observedOf(right, printed)), `seed ${seed}`).toEqual([]);
        const [{ length: m }, width] = [right.context, right.context[0]?.length ?? 0];
        expect(codesOf(request, observedOf({ context: rows(random(100 + seed), m, width) }, printed)), `random ${seed}`).toEqual([]);
      }
    });
  }
});

test('numbers of which none is finite get no pair', () => {
  const request = MADE['causal-missing'].request(random(1), 0);
  const { context } = naive(request);
  expect(codesOf(request, observedOf({ context: context.map((row) => row.map(() => Number.NaN)) }))).toEqual([]);
});

test('random numbers get no explanation', () => {
  for (let seed = 1; seed <= drawn(44, 11); seed++) {
    const next = random(seed);
    const codes = Object.keys(MADE) as (keyof typeof MADE)[];
    const request = MADE[codes[seed % codes.length] ?? 'scale-missing'].request(next, 0);
    const right = naive(request);
    const garbage = { context: rows(next, right.context.length, right.context[0]?.length ?? 0) };
    expect(codesOf(request, observedOf(garbage)), `seed ${seed}`).toEqual([]);
    const weights = right.weights.map((head) => head.map((one) => one.map(next)));
    expect(codesOf(request, observedOf({ weights })), `seed ${seed}`).toEqual([]);
  }
});
