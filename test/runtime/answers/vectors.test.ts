import { describe, expect, test, vi } from 'vitest';
import { searchedForms } from '../../../src/diagnose/search.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { vectors } from '../../../src/runtime/answers/vectors.ts';
import { costOf, mostRedone, tokenHolds, tokenLoad } from '../../../src/runtime/cost.ts';
import { refuseTooMuch } from '../../../src/runtime/limits.ts';
import type { Limits } from '../../../src/runtime/question.ts';
import { readVectorsRequest } from '../../../src/wire/vectors-request.ts';
import { codec } from '../../codec.ts';
import { json } from '../asked.ts';

const LIMITS: Limits = { work: 1e9, replyNumbers: 1e6 };
const begin = (request: object, { limits = LIMITS, as, checkpoint }: { limits?: Limits; as?: 'python'; checkpoint?: () => void } = {}) =>
  vectors({ kind: 'vectors', body: json(request), as }, { kernel: reference, codec, limits, ...(checkpoint && { checkpoint }) });

const REQUEST = { tokens: { rows: 3, columns: 2 }, causal: true };
const { attention } = readVectorsRequest(REQUEST).instance(1, 1).order;
const { work: once, numbers } = refuseTooMuch(attention, LIMITS);
/** Ten inputs, and every form of every mistake of each. */
const TIMES = 10 * searchedForms;

describe('test vectors', () => {
  test('are sized, counted and priced', () => {
    const task = begin(REQUEST);
    expect(task.sizes).toEqual({ B: 1, H: 1, G: 1, M: 3, N: 3, D: 2, E: 2 });
    expect(task.work).toBe(TIMES * once);
    expect(task.cost).toBeCloseTo(100 + TIMES * costOf(tokenLoad(attention, 0), 'float64'), 9);
    expect(task.holds).toBe(searchedForms * tokenHolds(attention, numbers));
  });

  test('that would take more than a 60th of MAX_WORK are refused when they are read', () => {
    const large = { tokens: { rows: 32, columns: 32 } };
    const { work: one } = refuseTooMuch(readVectorsRequest(large).instance(1, 1).order.attention, LIMITS);
    const limits = { work: 60 * TIMES * one, replyNumbers: 1e6 };
    expect(mostRedone(limits)).toBe(TIMES * one);
    expect(begin(large, { limits }).work).toBe(TIMES * one);
    expect(() => begin(large, { limits: { ...limits, work: 60 * TIMES * one - 1 } })).toThrow(
      `every known mistake is computed for 10 inputs, ${TIMES} times ${one} multiply-adds; at most ${TIMES * one - 1} are (a 60th of MAX_WORK). Ask with smaller sizes.`,
    );
  });

  test('are computed, then printed, and say when; whether anybody waits is looked at now and then', () => {
    const checkpoint = vi.fn();
    const computed = vi.fn(() => expect(checkpoint).toHaveBeenCalled());
    const body = begin(REQUEST, { checkpoint }).carryOut(computed).body.toString();
    expect(computed).toHaveBeenCalledOnce();
    const { cases, not_told_apart } = JSON.parse(body);
    expect(cases.length).toBeGreaterThan(0);
    expect(not_told_apart).toEqual([]);
    expect(begin(REQUEST).carryOut().body.toString()).toBe(body);
  });

  test('are the inputs of their seeds, of several sizes', () => {
    const { cases } = JSON.parse(
      begin({ ...REQUEST, mask: true })
        .carryOut()
        .body.toString(),
    );
    const { instance } = readVectorsRequest({ ...REQUEST, mask: true });
    const tried = [
      [1, 1],
      [2, 1],
      [3, 1.5],
      [4, 2],
      [5, 0.7],
      [6, 1],
      [7, 10],
      [8, 40],
      [9, 150],
      [10, 2],
    ].map(([seed = 0, magnitude = 0]) => JSON.stringify(instance(seed, magnitude).request));
    for (const { request } of cases) expect(tried).toContain(JSON.stringify(request));
  });

  test('are a file for pytest where that is wanted', () => {
    expect(begin(REQUEST, { as: 'python' }).carryOut().body.toString()).toMatch(/^"""Tests of an attention function/);
  });
});
