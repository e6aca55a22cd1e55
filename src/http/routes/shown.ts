import { reference } from '../../engine/kernels/reference.ts';
import { readQuestion } from '../../runtime/answer.ts';
import type { Showing } from '../../runtime/showing.ts';
import { attentionExamples } from '../../schemas/examples.ts';

const UNBOUNDED = { work: Number.POSITIVE_INFINITY, replyNumbers: Number.POSITIVE_INFINITY };

/** “The cat ran” as the service shows it, for the documentation: made as any answer is made, by the reference kernel. */
export function shownExample(as: Showing): string {
  const value = attentionExamples['the-cat-ran-shown']?.value;
  const question = { kind: 'attention', as, body: [Buffer.from(JSON.stringify(value))] } as const;
  return readQuestion(question, { kernel: reference, limits: UNBOUNDED }).carryOut().body.toString();
}
