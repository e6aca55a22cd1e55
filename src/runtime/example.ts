import { reference } from '../engine/kernels/reference.ts';
import { portable } from '../wire/numbers/codec.ts';
import { beginAnswer } from './answers.ts';
import type { Question } from './question.ts';

const UNBOUNDED = { work: Number.POSITIVE_INFINITY, replyNumbers: Number.POSITIVE_INFINITY };

/** The answer to an example, for the documents: made as any answer is made, by the reference kernel and the portable codec. @throws Failure */
export function answerExample(question: Question): string {
  return beginAnswer(question, { kernel: reference, codec: portable, limits: UNBOUNDED }).finish('inline').answer.body.toString();
}
