import { describe, expect, test, vi } from 'vitest';
import { diagnosisWork } from '../../../src/diagnose/search.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { tokenSizes } from '../../../src/engine/token-attention.ts';
import { diagnose } from '../../../src/runtime/answers/diagnose.ts';
import { costOf, mostRedone, tokenHolds, tokenLoad } from '../../../src/runtime/cost.ts';
import { refuseTooMuch } from '../../../src/runtime/limits.ts';
import type { Limits } from '../../../src/runtime/question.ts';
import { readDiagnoseRequest } from '../../../src/wire/diagnose-request.ts';
import { codec } from '../../codec.ts';
import { MADE } from '../../diagnose/mistaken.ts';
import { naive } from '../../diagnose/naive.ts';
import { random } from '../../diagnose/requests.ts';
import { json, rows } from '../asked.ts';

const LIMITS: Limits = { work: 1e9, replyNumbers: 1e6 };
const begin = (request: object, { limits = LIMITS, as, checkpoint }: { limits?: Limits; as?: 'markdown'; checkpoint?: () => void } = {}) =>
  diagnose({ kind: 'diagnose', body: json(request), as }, { kernel: reference, codec, limits, ...(checkpoint && { checkpoint }) }, codec.reader);
const reply = (request: object) => JSON.parse(begin(request).carryOut().body.toString());

const TOKENS = [
  [0.2, 0.1, 0.5, 0.4],
  [0.9, 0.1, 0.3, 0.2],
  [0.4, 0.8, 0.2, 0.6],
];
const REQUEST = { tokens: TOKENS, dtype: 'float64', observed: { context: TOKENS } };

/** A request whose diagnosis takes so many multiply-adds, once and in all. */
function sized(request: object) {
  const { attention } = readDiagnoseRequest(request);
  const { work: once, numbers } = refuseTooMuch(attention, LIMITS);
  return { attention, once, numbers, all: diagnosisWork(tokenSizes(attention), once) };
}

describe('a diagnosis', () => {
  test('is sized, counted and priced', () => {
    const task = begin(REQUEST);
    const { attention, once, numbers, all } = sized(REQUEST);
    expect(task.sizes).toEqual({ B: 1, H: 1, G: 1, M: 3, N: 3, D: 4, E: 4 });
    expect(task.work).toBe(all);
    expect(task.cost).toBeCloseTo(100 + (costOf(tokenLoad(attention, 0), 'float64') * all) / once, 9);
    expect(task.holds).toBe(24 * tokenHolds(attention, numbers));
  });

  test('whose mistakes would take more than a 60th of MAX_WORK is refused when it is read', () => {
    const large = { tokens: rows(60, 32), observed: { lse: Array(60).fill(0) } };
    const { once, all } = sized(large);
    const limits = { work: 60 * all, replyNumbers: 1e6 };
    expect(mostRedone(limits)).toBe(all);
    expect(begin(large, { limits }).work).toBe(all);
    expect(() => begin(large, { limits: { ...limits, work: 60 * all - 1 } })).toThrow(
      `every known mistake is computed step by step, some ${Math.ceil(all / once)} times ${once} multiply-adds; at most ${all - 1} are (a 60th of MAX_WORK). Ask with fewer rows or tokens: a mistake shows in few.`,
    );
  });

  test('is computed, then printed, and says when; it looks now and then whether anybody waits', () => {
    const checkpoint = vi.fn();
    const computed = vi.fn(() => expect(checkpoint).toHaveBeenCalled());
    const body = begin(REQUEST, { checkpoint }).carryOut(computed).body.toString();
    expect(computed).toHaveBeenCalledOnce();
    expect(JSON.parse(body)).toMatchObject({ matches: false });
    expect(begin(REQUEST).carryOut().body.toString()).toBe(body);
  });

  test('is in words where they are wanted', () => {
    const words = begin(REQUEST, { as: 'markdown' }).carryOut().body.toString();
    expect(words).toMatch(/^# Diagnosis\n/);
    expect(words).toContain('| context |');
  });

  test('names the mistake, whose habit it is and how far the numbers are, and a bound for each arithmetic', () => {
    const scaled = TOKENS.map((row) => TOKENS.map((key) => row.reduce((sum, value, c) => sum + value * (key[c] ?? 0), 0)));
    const { mistakes, errors, certified } = reply({ tokens: TOKENS, scale: '1/sqrt(d_k)', dtype: 'float64', observed: { scores: scaled } });
    expect(mistakes[0]).toEqual({
      code: 'scale-missing',
      title: expect.any(String),
      explanation: expect.any(String),
      library: expect.any(String),
      max_absolute_error: expect.any(Number),
    });
    expect(mistakes[0].max_absolute_error).toBeLessThan(1e-12);
    expect(Object.keys(errors)).toEqual(['scores']);
    expect(Object.keys(certified)).toEqual(['float64', 'float32', 'float16', 'bfloat16']);
    for (const bounds of Object.values(certified)) expect(bounds).toEqual({ scores: expect.any(Number) });
  });

  test('points at a vector of length 0 where it is no direction', () => {
    const zero = { ...REQUEST, similarity: 'cosine', tokens: [[0, 0, 0, 0], ...TOKENS.slice(1)] };
    expect(() => begin(zero).carryOut()).toThrow(
      expect.objectContaining({ faults: expect.arrayContaining([expect.objectContaining({ pointer: '/tokens/0' })]) }),
    );
  });
});

test('two mistakes that only together give the numbers are both told', () => {
  const request = { ...MADE['scale-missing'].request(random(1), 0), softcap: 0.5, sink: 0.3 };
  const { context } = naive(request, new Set(['softcap-missing', 'sink-missing']));
  const [mistake] = reply({ ...request, dtype: 'float64', observed: { context } }).mistakes;
  expect([mistake.code, mistake.also]).toEqual(['softcap-missing', 'sink-missing']);
  expect(mistake.title).toMatch(/^[^;]+; and [^A-Z]/);
  expect(mistake.explanation).toMatch(/\. Besides: [A-Z]/);
});

test('a mistake that is nobody’s habit is told without one, and alone where it is alone', () => {
  const request = { ...MADE['scale-missing'].request(random(1), 0) };
  const { context } = naive(request, new Set(['softmax-over-queries']));
  const [mistake] = reply({ ...request, dtype: 'float64', observed: { context } }).mistakes;
  expect(Object.keys(mistake).filter((name) => name !== 'library')).toEqual(['code', 'title', 'explanation', 'max_absolute_error']);
  expect(mistake.code).toBe('softmax-over-queries');
});
