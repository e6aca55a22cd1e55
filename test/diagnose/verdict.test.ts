import { expect, test } from 'vitest';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import type { Observed } from '../../src/diagnose/observed.ts';
import { verdict } from '../../src/diagnose/verdict.ts';
import { ROUND } from '../../src/engine/arithmetic.ts';
import { tokenSizes } from '../../src/engine/token-attention.ts';
import type { AttentionRequest } from '../../src/schemas/attention.ts';
import type { MistakeCode } from '../../src/schemas/mistake-codes.ts';
import { type Numbers, naive } from './naive.ts';
import { observedOf, random, rows, understood } from './requests.ts';

const TOLERANCE = { absolute: 1e-5, relative: 1e-4 };
const next = random(3);
const REQUEST: AttentionRequest = { tokens: rows(next, 6, 8), heads: 2, scale: '1/sqrt(d_k)', w_value: rows(next, 8, 8), causal: true };
const LONG: AttentionRequest = { ...REQUEST, tokens: rows(next, 12, 8), heads: 1, w_value: rows(next, 8, 12) };

function told(request: AttentionRequest, observed: readonly Observed[], tolerance = TOLERANCE): string {
  const attention = understood(request);
  return verdict({ found: diagnose(attention, observed, tolerance), observed, sizes: tokenSizes(attention), tolerance });
}

const context = (request: AttentionRequest, ...wrong: readonly MistakeCode[]) => observedOf({ context: naive(request, new Set(wrong)).context });
const rounded = (request: AttentionRequest, round: (value: number) => number) => observedOf({ context: naive(request).context }, round);

test.each([
  [
    'right numbers',
    context(REQUEST),
    '**Your numbers are right**: each is within the tolerance, 1e-5 + 0.0001 · |wanted|. The errors look like the rounding of float64.',
  ],
  ['one mistake', context(REQUEST, 'causal-missing'), '**Your numbers are wrong, by a known mistake**: `causal-missing`.'],
  [
    'two at once',
    context(REQUEST, 'scale-missing', 'causal-missing'),
    '**Your numbers are wrong, by two mistakes at once**: `scale-missing` and `causal-missing`.',
  ],
  [
    'two that give the same',
    context(REQUEST, 'scale-by-d'),
    '**Your numbers are wrong, and 2 known mistakes explain them equally well**: on this input they give the same.',
  ],
  [
    'float16',
    rounded(REQUEST, ROUND.float16),
    '**Your numbers are not within the tolerance, 1e-5 + 0.0001 · |wanted|, but no mistake shows.** The errors look like the rounding of float16.',
  ],
  ['four decimals', rounded(REQUEST, (value) => Number(value.toFixed(4))), '**Your numbers are the right ones as far as they are printed**'],
  ['random numbers', observedOf({ context: rows(next, 6, 8) }), '**Your numbers are wrong**, and no known mistake gives them, nor do two together.'],
])('%s are called so', (_, observed, sentence) => {
  expect(told(REQUEST, observed)).toMatch(/^# Diagnosis\n\n## Verdict\n\n/);
  expect(told(REQUEST, observed)).toContain(`## Verdict\n\n${sentence}`);
});

test('a mistake has a section: what is wrong, whose habit it is, and how near it comes', () => {
  const text = told(REQUEST, context(REQUEST, 'scale-missing'));
  expect(text).toMatch(/## .*\n\n.*\n\nWhere it comes from: .*\n\nWith it, the right code gives your numbers (exactly|to within \S+)\./);
  expect(told(REQUEST, context(REQUEST, 'scale-missing', 'causal-missing'))).toContain('With both, the right code gives your numbers');
});

test('numbers that are off by more than the tolerance are bold beside the right ones, the others are not', () => {
  const observed = context(REQUEST);
  const [seen] = observed;
  if (!seen) throw new Error('the context is observed');
  seen.data[9] = (seen.data[9] ?? 0) + 1;
  const lines = told(REQUEST, observed).split('\n');
  const marked = lines.filter((line) => line.includes('**') && line.startsWith('|'));
  expect(marked).toHaveLength(1);
  const [, row, , yours = ''] = (marked[0] ?? '').split('|').map((cell) => cell.trim());
  expect(row).toBe('1');
  expect(yours.split(', ').map((cell) => cell.startsWith('**'))).toEqual([false, true, false, false, false, false, false, false]);
});

test('of many rows the worst are shown, of wide ones the first numbers', () => {
  const text = told(LONG, observedOf({ context: rows(next, 12, 12) }));
  expect(text).toContain('The 8 of 12 rows with the largest errors.');
  expect(text).toContain(', … 2 more');
});

test('each head’s rows are named; the heads’ mean has its own bounds', () => {
  const numbers: Numbers = naive(REQUEST);
  expect(told(REQUEST, observedOf({ weights: numbers.weights }))).toContain('| 0, head 1 |');
  const mean = (numbers.weights[0] ?? []).map((row, i) => row.map((weight, j) => (weight + (numbers.weights[1]?.[i]?.[j] ?? 0)) / 2));
  const text = told(REQUEST, observedOf({ weights: [mean] }));
  expect(text).toContain('**Your numbers are right**');
  expect(text).not.toContain('head 1');
});

test('a tolerance that tells nothing is called blind', () => {
  expect(told(REQUEST, context(REQUEST))).not.toContain('blind');
  expect(told(REQUEST, context(REQUEST), { absolute: 10, relative: 0 })).toContain('**The tolerance is blind**');
});

test('what has no error relative to 0, and no correlation, has a dash', () => {
  const one: AttentionRequest = { tokens: [[0, 0]], query: 0 };
  expect(told(one, observedOf({ context: [[0, 0]] }))).toMatch(/\| context \| +0 \| +– \| +– \|/);
});
