import { describe, expect, test } from 'vitest';
import { OBSERVABLE } from '../../src/diagnose/answer.ts';
import { errorOf } from '../../src/diagnose/observed.ts';
import { tellingVectors } from '../../src/diagnose/vectors.ts';
import type { MistakeCode } from '../../src/schemas/mistake-codes.ts';
import { MADE } from './mistaken.ts';
import { type Numbers, naive } from './naive.ts';
import { random, understood } from './requests.ts';

const CODES = Object.keys(MADE) as Exclude<MistakeCode, 'dropout-on'>[];
const SEEDS = [1, 2, 3, 4];

function apart(numbers: Numbers, right: Readonly<Partial<Record<(typeof OBSERVABLE)[number], ArrayLike<number>>>>): number {
  return Math.max(
    ...OBSERVABLE.flatMap((output) => (numbers[output] as number[][]).flat(2).map((value, k) => errorOf(value, right[output]?.[k] ?? 0))),
  );
}

describe('of the options that a mistake needs, the vectors kill it', () => {
  test.each(CODES)('%s: independent code that makes it gives something else, by 0.01, and right code does not', (code) => {
    const { cases, notKilled } = tellingVectors(
      SEEDS.map((seed) => MADE[code].request(random(seed), 0)),
      understood,
    );
    const killing = cases.filter(({ kills }) => kills.includes(code));
    expect(notKilled).not.toContain(code);
    expect(killing.length).toBeGreaterThan(0);
    for (const { given, right } of killing) {
      expect(apart(naive(given), right)).toBeLessThan(1e-9);
      expect(apart(naive(given, new Set([code])), right)).toBeGreaterThanOrEqual(0.01);
    }
  });
});

test('an input that tells nothing new is left out, and what no input tells apart is said', () => {
  const request = MADE['causal-missing'].request(random(1), 0);
  const { cases, notToldApart } = tellingVectors([request, request, request], understood);
  expect(cases).toHaveLength(1);
  expect(notToldApart).toContainEqual(['scale-by-d', 'scale-twice']);
});

test('a mistake that shows in no input is said', () => {
  // One key takes all the weight.
  const { notKilled } = tellingVectors([{ tokens: [[1, 0]], query: 0 }], understood);
  expect(notKilled).toEqual(['softmax-over-queries', 'sum-instead-of-softmax', 'softmax-twice']);
});
