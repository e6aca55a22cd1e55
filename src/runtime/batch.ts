import { Failure, type PlainFailure } from '../engine/failure.ts';
import { TooMuchToRedo } from '../engine/kernels/kernel.ts';
import { beginAnswer } from './answers.ts';
import { INLINE_HELD } from './cost.ts';
import { asBytes, bodyBytes } from './memory.ts';
import type { Answered, Cost, Means, Price, Question } from './question.ts';
import { heldForLine, isForLoad, type ReadingPurse, ReadingRoom } from './reading.ts';

/**
 * Lines of at most so many bytes together go to a thread at once: so many that the event loop, which has to share the cores with the
 * threads, brings the next ones before these are answered. A longer line is no part of a batch: while a thread reads it, nothing behind it is begun.
 */
export const BATCH_BYTES = 1_048_576;
/** So do at most so many lines: to hand them over holds the event loop for some microseconds each. */
export const BATCH_LINES = 1024;
/** A question that holds its thread for longer than this is no part of a batch: other threads would help with it. */
export const BATCH_LINE_COST: Cost = 50;
/** A thread begins no further question of a batch after this time, or once its replies have so many bytes. */
const BATCH_MS = 100;
const BATCH_REPLY_BYTES = 131_072;

/** What came of one question of a batch. */
export type Outcome<F = Failure> = Answered | { readonly failure: F };

/** What a thread made of a batch: of its first questions, as far as it got. */
export interface BatchAnswer<F = Failure> {
  readonly outcomes: readonly Outcome<F>[];
  /** Whether the next question has to be asked by itself: it takes too long, or holds too much, or there is no room for it now. */
  readonly stopped: boolean;
}

/** Takes what a question will hold and do, and gives back what its reply does not need. */
export interface Purse {
  /** Where room is taken to read a body of so many bytes. */
  reading(bodyBytes: number): ReadingPurse;
  /** Whether there was room. @throws Failure where there would be none even if no other request were there */
  pay(price: Pick<Price, 'holds' | 'work'>, bodyBytes: number): boolean;
  /** The question is answered: of what it took, the bytes of its reply are left. */
  settle(replyBytes: number): void;
}

/**
 * Answers questions one after the other, on one thread, as far as they are small. Each fails by itself.
 * @throws what the means' checkpoint throws, and a defect
 */
export function answerBatch(questions: readonly Question[], means: Means, purse: Purse): BatchAnswer<PlainFailure> {
  const outcomes: Outcome<PlainFailure>[] = [];
  const ends = performance.now() + BATCH_MS;
  let bytes = 0;
  for (const question of questions) {
    if (outcomes.length > 0 && (performance.now() >= ends || bytes >= BATCH_REPLY_BYTES)) return { outcomes, stopped: false };
    means.checkpoint?.();
    const outcome = answerOne(question, means, purse);
    if (!outcome) return { outcomes, stopped: true };
    if ('answer' in outcome) bytes += outcome.answer.body.length;
    outcomes.push(outcome);
  }
  return { outcomes, stopped: false };
}

/** What came of it; undefined where it has to be asked by itself. */
function answerOne(question: Question, means: Means, purse: Purse): Outcome<PlainFailure> | undefined {
  const bytes = bodyBytes(question);
  const room = new ReadingRoom(bytes, heldForLine(bytes), purse.reading(bytes));
  let paid = false;
  try {
    const { task, finish } = beginAnswer(question, { ...means, makeRoom: room.make });
    room.leave();
    if (task.cost > BATCH_LINE_COST || task.holds > INLINE_HELD || !purse.pay(task, bytes)) return undefined;
    paid = true;
    const { answer, facts } = finish('worker');
    const body = asBytes(answer.body);
    purse.settle(body.length);
    return { answer: { ...answer, body }, facts };
  } catch (error) {
    if (paid) purse.settle(0);
    // There is no room to read it in.
    if (error instanceof TooMuchToRedo || isForLoad(error)) return undefined;
    // A defect, and a stop, cross as what they are.
    if (!(error instanceof Failure)) throw error;
    return { failure: error.toPlain() };
  } finally {
    room.leave();
  }
}
