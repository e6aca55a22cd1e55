import { type Question, readQuestion } from '../../runtime/answer.ts';
import { chooseEngine, kernelOf } from '../../runtime/kernel.ts';
import type { Showing } from '../../runtime/showing.ts';
import { attentionExamples } from '../../schemas/examples.ts';

/** The same on every machine. */
const REFERENCE = kernelOf(chooseEngine('reference'));
const UNBOUNDED = { work: Number.POSITIVE_INFINITY, replyNumbers: Number.POSITIVE_INFINITY };

/** “The cat ran” as the service shows it, for the documentation. */
export function shownExample(as: Showing): string {
  return answered({ kind: 'attention', as, body: [bytes(attentionExamples['the-cat-ran-shown']?.value)] });
}

/** What the service answers to an example of a request, lines as text. */
export function exampleReply(kind: Question['kind'] | 'lines', value: unknown): unknown {
  if (kind !== 'lines') return JSON.parse(answered({ kind, body: [bytes(value)] }));
  const lines = String(value).split('\n').filter(Boolean);
  return lines.map((line) => `${answered({ kind: 'attention', body: [Buffer.from(line)] })}\n`).join('');
}

/** Made as any answer is made, by the reference kernel. */
function answered(question: Question): string {
  return readQuestion(question, { kernel: REFERENCE, limits: UNBOUNDED }).carryOut().body.toString();
}

function bytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
