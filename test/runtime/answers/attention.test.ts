import { describe, expect, test } from 'vitest';
import type { Kernel } from '../../../src/engine/kernels/kernel.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { tokenSizes } from '../../../src/engine/token-attention.ts';
import { attention } from '../../../src/runtime/answers/attention.ts';
import { costOf, paceOf, tokenHolds, tokenLoad } from '../../../src/runtime/cost.ts';
import { traceNumbersOf } from '../../../src/runtime/limits.ts';
import type { Means } from '../../../src/runtime/question.ts';
import { codec } from '../../codec.ts';
import { attentionOf, EVERY_AXIS, json, rows } from '../asked.ts';

const LIMITS = { work: 1e9, replyNumbers: 1e6 };
const read = (request: object, means: Partial<Means> = {}) =>
  attention({ kind: 'attention', body: json(request) }, { kernel: reference, codec, limits: LIMITS, ...means });
const priced = (request: object, numbers: number, decimals?: number, kernel: Kernel = reference) =>
  costOf(tokenLoad(attentionOf(request), numbers, decimals), paceOf(kernel, 'float32'), codec.name);

describe('a question about tokens', () => {
  test('is sized, counted and priced by what it prints', () => {
    const asked = { ...EVERY_AXIS, include: ['scores', 'lse'] };
    const task = read(asked);
    expect(task.sizes).toEqual({ B: 1, H: 4, G: 2, M: 3, N: 5, D: 2, E: 3 });
    expect(task.work).toBe(300 + 168 + 120 + 270 + 360);
    expect(task.cost).toBe(priced(asked, 60 + 12));
    expect(task.holds).toBe(tokenHolds(attentionOf(asked), 60 + 12));
  });

  test('costs more with decimals, and less in tiles', () => {
    const tiled: Kernel = { ...reference, isTiled: () => true };
    const asked = { ...EVERY_AXIS, include: ['lse'], decimals: 3 };
    expect(read(asked).cost).toBe(priced(asked, 12, 3));
    expect(read(asked, { kernel: tiled }).cost).toBe(priced(asked, 12, 3, tiled));
    expect(read(asked, { kernel: tiled }).cost).toBeLessThan(read(asked).cost);
  });

  test('over a limit is refused when it is read', () => {
    expect(() => read(EVERY_AXIS, { limits: { ...LIMITS, work: 100 } })).toThrow(expect.objectContaining({ code: 'work-too-large' }));
  });

  test('is computed, then printed, and says when', () => {
    const said: string[] = [];
    const kernel: Kernel = {
      ...reference,
      attend: (call) => {
        said.push('attends');
        return reference.attend(call);
      },
    };
    const { body } = read({ tokens: [[1, 0]], include: ['weights'] }, { kernel }).carryOut(() => said.push('computed'));
    expect(body).toBe('{"weights":[[1]]}');
    expect(said).toEqual(['attends', 'computed']);
    expect(read({ tokens: [[1, 0]], include: ['weights'] }).carryOut().body).toBe('{"weights":[[1]]}');
  });

  test('is stopped by its checkpoint', () => {
    const checkpoint = () => {
      throw new Error('stopped');
    };
    expect(() => read({ tokens: rows(3, 2), w_key: rows(2, 2) }, { checkpoint }).carryOut()).toThrow('stopped');
  });

  test('is pointed at where cosine similarity meets a vector of length 0', () => {
    const task = read({
      tokens: [
        [1, 0],
        [0, 0],
      ],
      similarity: 'cosine',
    });
    expect(() => task.carryOut()).toThrow(
      expect.objectContaining({ code: 'invalid-request', faults: [expect.objectContaining({ pointer: '/tokens/1' })] }),
    );
  });
});

describe('a trace', () => {
  const asked = { ...EVERY_AXIS, include: ['lse', 'trace'] };

  test('counts as numbers of the reply', () => {
    const numbers = 12 + traceNumbersOf(tokenSizes(attentionOf(asked)));
    expect(read(asked).cost).toBe(priced(asked, numbers));
    expect(() => read(asked, { limits: { ...LIMITS, replyNumbers: numbers - 1 } })).toThrow(`the reply would hold ${numbers} numbers`);
    expect(read(asked, { limits: { ...LIMITS, replyNumbers: numbers } }).holds).toBe(tokenHolds(attentionOf(asked), numbers));
  });

  test('is printed where it is asked for, and nowhere else', () => {
    const tokens = [[1, 0]];
    expect(JSON.parse(`${read({ tokens, include: ['lse', 'trace'] }).carryOut().body}`)).toEqual({
      lse: [expect.any(Number)],
      trace: expect.any(Object),
    });
    expect(Object.keys(JSON.parse(`${read({ tokens, include: ['lse'] }).carryOut().body}`))).toEqual(['lse']);
  });

  test('shows no more than a walk-through does; without it as much may be asked', () => {
    const large = { tokens: rows(257, 1), query: 0 };
    expect(() => read({ ...large, include: ['trace'] })).toThrow('the trace shows at most 64 query rows × 256 keys; the request has 1 × 257');
    expect(read({ ...large, include: ['lse'] }).sizes).toMatchObject({ N: 257 });
  });
});
