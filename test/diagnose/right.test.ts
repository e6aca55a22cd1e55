import { describe, expect, test } from 'vitest';
import { OBSERVABLE } from '../../src/diagnose/answer.ts';
import { type Arithmetic, HALF_UNIT, inArithmetic } from '../../src/diagnose/arithmetic.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { errorOf, type Observed } from '../../src/diagnose/observed.ts';
import { honestPlan } from '../../src/diagnose/plan.ts';
import { Predictor } from '../../src/diagnose/predictor.ts';
import { ROUND } from '../../src/engine/arithmetic.ts';
import type { AttentionRequest } from '../../src/schemas/attention.ts';
import { drawn } from '../slow.ts';
import { naive } from './naive.ts';
import { anyRequest, type Next, observedOf, random, rows, understood } from './requests.ts';

const TOLERANCE = { absolute: 1e-9, relative: 1e-7 };

describe('right numbers', () => {
  test('random requests over all options match, and get no mistake', () => {
    for (let seed = 1; seed <= drawn(1000, 250); seed++) {
      const request = anyRequest(random(seed));
      const found = diagnose(understood(request), observedOf(naive(request)), TOLERANCE);
      expect(found, JSON.stringify({ seed, request })).toMatchObject({ matches: true, mistakes: [], precision: 'float64' });
    }
  });

  for (const arithmetic of ['float32', 'float16', 'bfloat16'] as const) {
    test(`rounded to ${arithmetic} get its name and no mistake`, () => {
      for (let seed = 1; seed <= 100; seed++) {
        const request = anyRequest(random(seed));
        const found = diagnose(understood(request), observedOf(naive(request), ROUND[arithmetic]), TOLERANCE);
        if (found.precision === 'float64') continue; // so few and simple numbers that nothing was rounded
        expect(found, JSON.stringify({ seed, request })).toMatchObject({ mistakes: [], precision: arithmetic });
      }
    });

    test(`computed in ${arithmetic} get its name and no mistake`, () => {
      for (let seed = 1; seed <= drawn(40, 12); seed++) {
        const request = largeRequest(random(seed));
        const found = diagnose(understood(request), computedIn(arithmetic, request), TOLERANCE);
        expect(found, JSON.stringify({ seed })).toMatchObject({ mistakes: [], precision: arithmetic });
      }
    });

    test(`with noise as large as the rounding of ${arithmetic} get its name and no mistake`, () => {
      for (let seed = 1; seed <= drawn(40, 12); seed++) {
        const next = random(seed);
        const request = largeRequest(next);
        const noisy = observedOf(naive(request), (value) => value * (1 + (2 * next() - 1) * HALF_UNIT[arithmetic]));
        expect(diagnose(understood(request), noisy, TOLERANCE), JSON.stringify({ seed })).toMatchObject({ mistakes: [], precision: arithmetic });
      }
    });
  }
});

test('the certified bounds hold for every arithmetic, and tell float32 from float16', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const request = anyRequest(random(seed));
    const attention = understood(request);
    const right = naive(request);
    const { certified } = diagnose(attention, observedOf(right), TOLERANCE);
    for (const arithmetic of ['float32', 'float16', 'bfloat16'] as const) {
      for (const { output, data } of computedIn(arithmetic, request)) {
        const wanted = observedOf(right).find((one) => one.output === output)?.data ?? [];
        const worst = Array.from(data).reduce((most, value, k) => Math.max(most, errorOf(value, wanted[k] ?? 0)), 0);
        expect(worst, JSON.stringify({ seed, arithmetic, output, request })).toBeLessThanOrEqual(certified[arithmetic][output]);
      }
    }
    expect(certified.float32.scores).toBeLessThan(certified.float16.scores / 100);
    expect(certified.float64.context).toBeLessThan(certified.float32.context / 1e6);
  }
});

/** Enough numbers to tell an arithmetic by the size of its errors. */
function largeRequest(next: Next): AttentionRequest {
  return { tokens: rows(next, 6, 8), heads: 2, scale: '1/sqrt(d_k)', w_query: rows(next, 8, 8), w_key: rows(next, 8, 8), causal: next() < 0.5 };
}

/** The request computed with every stored number rounded. */
function computedIn(arithmetic: Arithmetic, request: AttentionRequest): Observed[] {
  const predictor = new Predictor();
  const answer = predictor.predict(inArithmetic(honestPlan(understood(request)), arithmetic), new Set(OBSERVABLE));
  return observedOf(naive(request)).map((one) => ({
    ...one,
    data: Float64Array.from(answer[one.output] ?? [], (value) => (Number.isFinite(value) ? value : Number.NaN)),
  }));
}
