import { describe, expect, test } from 'vitest';
import type { Kernel } from '../../src/engine/kernels/kernel.ts';
import { reference } from '../../src/engine/kernels/reference.ts';
import { beginAnswer, readQuestion } from '../../src/runtime/answers.ts';
import type { Question } from '../../src/runtime/question.ts';
import { codec } from '../codec.ts';
import { json } from './asked.ts';

const limits = { work: 1e9, replyNumbers: 1e6 };
const LESSON: Question = { kind: 'attention', body: json({ tokens: [[1, 0]], include: ['weights'] }) };
const LONG_MS = 30;

/** Attends as the reference does, after a while. */
const slow: Kernel = {
  ...reference,
  attend: (call) => {
    const end = performance.now() + LONG_MS;
    while (performance.now() < end);
    return reference.attend(call);
  },
};

test('whatever a kernel handed out before may be overwritten once the next question is read', () => {
  let resets = 0;
  readQuestion(LESSON, { kernel: { ...reference, reset: () => resets++ }, codec, limits });
  expect(resets).toBe(1);
});

describe('an answer', () => {
  test('says what it was and where it was made', () => {
    const begun = beginAnswer(LESSON, { kernel: reference, codec, limits });
    expect(begun.task.work).toBe(1 * 1 * (2 + 2));
    const { answer, facts } = begun.finish('worker');
    expect(answer.body).toBe('{"weights":[[1]]}');
    expect(facts).toEqual({
      kind: 'attention',
      sizes: { B: 1, H: 1, G: 1, M: 1, N: 1, D: 2, E: 2 },
      work: 4,
      where: 'worker',
      stages: expect.any(Object),
    });
    expect(begun.finish('inline').facts.where).toBe('inline');
  });

  test('says how long each stage took: together no longer than all, and what is slow where it is', () => {
    const began = performance.now();
    const { stages } = beginAnswer(LESSON, { kernel: slow, codec, limits }).finish('inline').facts;
    const took = performance.now() - began;
    const { queue, decode, compute, encode } = stages;
    expect(queue).toBe(0);
    for (const stage of [decode, compute, encode]) expect(stage).toBeGreaterThanOrEqual(0);
    expect(compute).toBeGreaterThanOrEqual(LONG_MS);
    expect(decode + compute + encode).toBeLessThanOrEqual(took);
  });
});
