import { answerExample } from '../../runtime/example.ts';
import type { Question, Showing } from '../../runtime/question.ts';
import { attentionExamples, diagnoseExamples, vectorsExamples } from '../../schemas/examples.ts';

/** “The cat ran” as the service shows it, for the documentation. */
export function shownExample(as: Showing): string {
  return answerExample({ kind: 'shown', as, body: [bytes(attentionExamples['the-cat-ran-shown']?.value)] });
}

/** The verdict on the first example of numbers to diagnose. */
export function verdictExample(): string {
  return answerExample({ kind: 'diagnose', as: 'markdown', body: [bytes(diagnoseExamples['mask-inverted']?.value)] });
}

/** The file for pytest of the first example of vectors. */
export function pytestExample(): string {
  return answerExample({ kind: 'vectors', as: 'python', body: [bytes(vectorsExamples['causal']?.value)] });
}

/** What the service answers to an example of a request, lines as text. */
export function exampleReply(kind: Exclude<Question['kind'], 'shown'> | 'lines', value: unknown): unknown {
  if (kind !== 'lines') return JSON.parse(answerExample({ kind, body: [bytes(value)] }));
  const lines = String(value).split('\n').filter(Boolean);
  return lines.map((line) => `${answerExample({ kind: 'attention', body: [Buffer.from(line)] })}\n`).join('');
}

function bytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
