import { describe, expect, test, vi } from 'vitest';
import { TooMuchToRedo } from '../../src/engine/kernels/kernel.ts';
import { reference } from '../../src/engine/kernels/reference.ts';
import { answerBatch, type Purse } from '../../src/runtime/batch.ts';
import { chooseEngine, kernelOf } from '../../src/runtime/kernel.ts';
import type { Means, Question } from '../../src/runtime/question.ts';
import { codec } from '../codec.ts';
import { json, rows } from './asked.ts';

const limits = { work: 2e11, replyNumbers: 1e7 };
const means = (over: Partial<Means> = {}): Means => ({ kernel: kernelOf(chooseEngine('reference')), codec, limits, ...over });
const question = (body: object): Question => ({ kind: 'attention', body: json(body) });
const SMALL = question({ tokens: [[1, 0]], query: 0, include: ['context'] });
/** Many more multiply-adds than the reference does in the time that a question of a batch may take. */
const COSTLY = question({ tokens: rows(700, 64), include: ['lse'] });

/** A purse with room for so many questions; what they took and gave back. */
function purse(room = Number.POSITIVE_INFINITY): Purse & { readonly paid: number[]; readonly left: number[] } {
  const paid: number[] = [];
  const left: number[] = [];
  return {
    paid,
    left,
    reading: () => ({ take: () => undefined, give: () => undefined }),
    pay: ({ holds }) => paid.length < room && paid.push(holds) > 0,
    settle: (bytes) => left.push(bytes),
  };
}

const told = (questions: readonly Question[], by: Purse = purse(), with_ = means()) => {
  const { outcomes, stopped } = answerBatch(questions, with_, by);
  return { stopped, outcomes: outcomes.map((outcome) => ('answer' in outcome ? outcome.answer.body.toString() : outcome.failure.code)) };
};

describe('questions that one thread answers one after the other', () => {
  test('are each answered, and one that is wrong fails by itself', () => {
    const broken: Question = { kind: 'attention', body: [Buffer.from('{')] };
    expect(told([SMALL, broken, question({ tokens: [['1']] }), SMALL])).toEqual({
      stopped: false,
      outcomes: ['{"context":[1,0]}', 'malformed-json', 'invalid-request', '{"context":[1,0]}'],
    });
  });

  test('leave of what they took the bytes of their replies; one that overflows leaves nothing', () => {
    const by = purse();
    expect(told([SMALL, question({ tokens: [[1e30]] })], by).outcomes).toEqual(['{"context":[1,0]}', 'arithmetic-overflow']);
    expect(by.paid).toHaveLength(2);
    expect(by.left).toEqual(['{"context":[1,0]}'.length, 0]);
  });

  test('stop before one that holds the thread for long, which has paid nothing', () => {
    const by = purse();
    expect(told([SMALL, COSTLY, SMALL], by)).toEqual({ stopped: true, outcomes: ['{"context":[1,0]}'] });
    expect(by.paid).toHaveLength(1);
  });

  test('stop before one for which there is no room', () => {
    expect(told([SMALL, SMALL, SMALL], purse(2))).toEqual({ stopped: true, outcomes: ['{"context":[1,0]}', '{"context":[1,0]}'] });
  });

  test('end early where the replies are many bytes, and go on from there', () => {
    const large = question({ tokens: rows(150, 1), include: ['scores', 'weights'], decimals: 15 });
    const now = performance.now();
    const clock = vi.spyOn(performance, 'now').mockReturnValue(now);
    try {
      const { stopped, outcomes } = told(Array.from({ length: 5 }, () => large));
      expect(stopped).toBe(false);
      expect(outcomes.length).toBeGreaterThan(0);
      expect(outcomes.length).toBeLessThan(5);
    } finally {
      clock.mockRestore();
    }
  });

  test('are left where nobody waits any more', () => {
    const checkpoint = () => {
      throw new Error('gone');
    };
    expect(() => told([SMALL], purse(), means({ checkpoint }))).toThrow('gone');
  });

  test('stop before one that holds much memory, however quick it is', () => {
    const tiled = { ...reference, isTiled: () => true };
    const holding = question({ tokens: rows(900, 1), include: ['weights'] });
    const by = purse();
    expect(told([SMALL, holding, SMALL], by, means({ kernel: tiled }))).toEqual({ stopped: true, outcomes: ['{"context":[1,0]}'] });
    expect(by.paid).toHaveLength(1);
  });

  test('stop before one of which too much would have to be redone, which has given back what it paid', () => {
    const attend = vi.fn(reference.attend);
    attend
      .mockImplementationOnce((call) => reference.attend(call))
      .mockImplementationOnce(() => {
        throw new TooMuchToRedo(2, 1);
      });
    const by = purse();
    expect(told([SMALL, SMALL, SMALL], by, means({ kernel: { ...reference, attend } }))).toEqual({ stopped: true, outcomes: ['{"context":[1,0]}'] });
    expect(by.left).toEqual(['{"context":[1,0]}'.length, 0]);
  });

  test('are left at a defect, and one that was refused before it paid gives nothing back', () => {
    const attend = () => {
      throw new Error('defect');
    };
    expect(() => told([SMALL], purse(), means({ kernel: { ...reference, attend } }))).toThrow('defect');
    const by = purse();
    told([question({})], by);
    expect([by.paid, by.left]).toEqual([[], []]);
  });

  test('end with the first where that took all the time, which is begun however late it is', () => {
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 1000;
      return now;
    });
    try {
      expect(told([SMALL, SMALL])).toEqual({ stopped: false, outcomes: ['{"context":[1,0]}'] });
    } finally {
      clock.mockRestore();
    }
  });

  test('were answered on a worker, by their facts', () => {
    expect(answerBatch([SMALL], means(), purse()).outcomes).toEqual([
      expect.objectContaining({ facts: expect.objectContaining({ where: 'worker' }) }),
    ]);
  });
});
