import type { Lesson } from '../engine/lesson.ts';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** The names of a lesson's tokens and of who asks, as they were given. */
export interface Names {
  readonly tokens: readonly string[];
  readonly asking: readonly string[];
}

export function namesOf({ tokens, asking }: Lesson, labels: readonly string[] | undefined): Names {
  const names = labels ?? Array.from({ length: tokens.rows }, (_, i) => `token ${i}`);
  if (asking.from === 'tokens') return { tokens: names, asking: [...asking.positions].map((position) => names[position] ?? '') };
  const { rows } = asking.vectors;
  return { tokens: names, asking: rows === 1 ? ['the query'] : Array.from({ length: rows }, (_, r) => `query ${r}`) };
}

/**
 * A label on one line, without what would steer a terminal or turn the text around it (controls, bidirectional marks),
 * and without halves of characters; such things become U+FFFD, so that they are seen.
 */
export function plain(label: string): string {
  return label
    .toWellFormed()
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/[\p{Cc}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu, '\ufffd')
    .trim();
}

/** At most so many characters as a reader counts them, the last one an ellipsis where it was cut. */
export function shortened(label: string, most: number): string {
  // Enough code units for so many characters of any ordinary kind; segmenting all of a long label would be slow.
  const parts = [...graphemes.segment(label.slice(0, most * 16))].map(({ segment }) => segment);
  if (parts.length <= most && label.length <= most * 16) return label;
  return `${parts.slice(0, most - 1).join('')}…`;
}
