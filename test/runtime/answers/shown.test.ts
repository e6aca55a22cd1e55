import { describe, expect, test } from 'vitest';
import type { Kernel } from '../../../src/engine/kernels/kernel.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { tokenSizes } from '../../../src/engine/token-attention.ts';
import { writtenNumbers } from '../../../src/explain/walkthrough.ts';
import { shown } from '../../../src/runtime/answers/shown.ts';
import { costOf, tokenHolds, tokenLoad } from '../../../src/runtime/cost.ts';
import type { Means, Showing } from '../../../src/runtime/question.ts';
import { codec } from '../../codec.ts';
import { attentionOf, EVERY_AXIS, json, rows } from '../asked.ts';

const LIMITS = { work: 1e9, replyNumbers: 1e6 };
const read = (as: Showing, request: object, means: Partial<Means> = {}) =>
  shown({ kind: 'shown', as, body: json(request) }, { kernel: reference, codec, limits: LIMITS, ...means });
const asked = attentionOf(EVERY_AXIS);
/** What is shown is made of weights and contexts, whatever is included. */
const made = { ...asked, include: new Set(['weights', 'context'] as const) };

describe.each([
  ['markdown', writtenNumbers(tokenSizes(asked))],
  ['svg', 10 * 4 * 3 * 5],
] as const)('attention as %s', (as, numbers) => {
  test('is sized, counted and priced by what is written of it', () => {
    const task = read(as, { ...EVERY_AXIS, include: ['queries'] });
    expect(task.sizes).toEqual({ B: 1, H: 4, G: 2, M: 3, N: 5, D: 2, E: 3 });
    expect(task.work).toBe(300 + 168 + 120 + 270 + 360);
    expect(task.cost).toBe(costOf(tokenLoad(made, numbers), 'float32'));
    expect(task.holds).toBe(tokenHolds(made, numbers));
  });

  test('is priced by who computes', () => {
    const tiled: Kernel = { ...reference, isTiled: () => true };
    expect(read(as, EVERY_AXIS, { kernel: tiled }).cost).toBe(costOf(tokenLoad(made, numbers), 'tiled float32'));
  });

  test('is made, and says when', () => {
    let computed = 0;
    const { body } = read(as, { tokens: [[1, 0]], labels: ['word'] }).carryOut(() => computed++);
    expect(body).toContain('word');
    expect(body).toMatch(as === 'markdown' ? /^# / : /^<svg /);
    expect(computed).toBe(1);
    expect(read(as, { tokens: [[1, 0]], labels: ['word'] }).carryOut().body).toBe(body);
  });

  test('is stopped by its checkpoint', () => {
    const checkpoint = () => {
      throw new Error('stopped');
    };
    expect(() => read(as, { tokens: rows(3, 2), w_key: rows(2, 2) }, { checkpoint }).carryOut()).toThrow('stopped');
  });

  test('is pointed at where cosine similarity meets a vector of length 0', () => {
    const task = read(as, { tokens: [[0, 0]], similarity: 'cosine' });
    expect(() => task.carryOut()).toThrow(
      expect.objectContaining({ code: 'invalid-request', faults: [expect.objectContaining({ pointer: '/tokens/0' })] }),
    );
  });

  test('over a limit is refused when it is read', () => {
    expect(() => read(as, EVERY_AXIS, { limits: { ...LIMITS, work: 100 } })).toThrow('MAX_WORK is 100');
    // Weights and contexts are 90 numbers.
    expect(() => read(as, EVERY_AXIS, { limits: { ...LIMITS, replyNumbers: 89 } })).toThrow('the reply would hold 90 numbers');
  });
});

test('a walk-through is a reply of so many numbers; a picture has a bound of its own', () => {
  const numbers = writtenNumbers(tokenSizes(asked));
  expect(() => read('markdown', EVERY_AXIS, { limits: { ...LIMITS, replyNumbers: numbers - 1 } })).toThrow(`the reply would hold ${numbers} numbers`);
  expect(read('markdown', EVERY_AXIS, { limits: { ...LIMITS, replyNumbers: numbers } }).work).toBeGreaterThan(0);
  expect(read('svg', EVERY_AXIS, { limits: { ...LIMITS, replyNumbers: 90 } }).work).toBeGreaterThan(0);
});

test('a walk-through shows 64 rows of 256 keys, a picture 256 of 256, and so many marks', () => {
  const [wide, wider] = [{ tokens: rows(65, 1) }, { tokens: rows(257, 1), query: 0 }];
  expect(() => read('markdown', wide)).toThrow('the walk-through shows at most 64 query rows × 256 keys; the request has 65 × 65');
  expect(read('svg', wide).sizes).toMatchObject({ M: 65, N: 65 });
  expect(() => read('svg', wider)).toThrow('the heatmap shows at most 256 query rows × 256 keys; the request has 1 × 257');
  const many = { tokens: rows(250, 18), heads: 18 };
  expect(() => read('svg', many, { limits: { work: 1e12, replyNumbers: 1e12 } })).toThrow('the heatmap draws at most 1100000 cells and labels');
});
