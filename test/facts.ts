import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Facts } from '../src/runtime/question.ts';

/** What `ask` gives, and the facts of every answer that was made in this process meanwhile. */
export async function withFacts<Given>(ask: () => Promise<Given>): Promise<{ readonly given: Given; readonly facts: readonly Facts[] }> {
  const facts: Facts[] = [];
  const listen = (answer: unknown) => facts.push(answer as Facts);
  subscribe('attention:answer', listen);
  try {
    return { given: await ask(), facts };
  } finally {
    unsubscribe('attention:answer', listen);
  }
}
