import { START, type State } from './state.ts';
import { FEATURES, vectorOf } from './words.ts';

/** So many words of a sentence are taken; more could not be read as a picture. */
export const MOST_WORDS = 32;

/** The words of a text: letters, with hyphens and apostrophes within. */
function wordsIn(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? [];
}

/** A sentence as tokens, every word a query. */
export interface Sentence {
  readonly state: State;
  /** Words that the table does not have: their vectors are 0 until someone types them. */
  readonly unknown: readonly string[];
  /** How many words were too many. */
  readonly leftOut: number;
}

/** Reads a sentence; undefined where there is no word in it. */
export function readSentence(text: string): Sentence | undefined {
  const all = wordsIn(text);
  const words = all.slice(0, MOST_WORDS);
  if (words.length === 0) return undefined;
  const state: State = {
    ...START,
    lesson: undefined,
    everyone: true,
    query: words.length - 1,
    labels: words,
    dimensions: FEATURES,
    tokens: words.map((word) => (vectorOf(word) ?? FEATURES.map(() => 0)).map(String)),
  };
  return { state, unknown: [...new Set(words.filter((word) => vectorOf(word) === undefined))], leftOut: all.length - words.length };
}

/** What is to be said of a sentence that was read. */
export function wordsOn({ unknown, leftOut }: Sentence): string {
  const parts = [
    unknown.length > 0 &&
      `The table has no ${unknown.map((word) => `“${word}”`).join(', ')}: ${unknown.length === 1 ? 'its vector is' : 'their vectors are'} 0 until you type one.`,
    leftOut > 0 && `${leftOut} words after the first ${MOST_WORDS} are left out.`,
  ].filter(Boolean);
  return parts.join(' ') || 'Every word is in the table; its numbers can be changed below.';
}
