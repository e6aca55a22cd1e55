import type { QueryRows } from '../engine/way-in.ts';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** A token or a query row, as it is called in text and in pictures. */
export interface Name {
  /** The label as it was given, on one line; where there is none, what the token is called. */
  readonly whole: string;
  /** Shortened to what a line of text can hold, and told apart from another token of that name. */
  readonly plain: string;
  /** For a sentence in Markdown: escaped, a label in quotation marks. */
  readonly quoted: string;
  /** For a cell of a Markdown table: escaped. */
  readonly cell: string;
}

/** The names of the tokens, and of the query rows. */
export interface Names {
  readonly tokens: readonly Name[];
  readonly queries: readonly Name[];
}

const LONGEST_IN_TEXT = 24;

export function namesOf(n: number, queries: QueryRows, labels: readonly string[] | undefined): Names {
  const tokens = tokenNames(n, labels);
  if (queries.from === 'tokens')
    return { tokens, queries: Array.from(queries.positions, (position) => tokens[position] ?? unlabelled(`token ${position}`)) };
  const { rows } = queries.vectors;
  return { tokens, queries: Array.from({ length: rows }, (_, r) => unlabelled(rows === 1 ? 'the query' : `query ${r}`)) };
}

function tokenNames(n: number, labels: readonly string[] | undefined): Name[] {
  const wholes = Array.from({ length: n }, (_, j) => seen(labels?.[j] ?? ''));
  const shown = wholes.map((whole) => shortened(whole, LONGEST_IN_TEXT));
  const times = new Map<string, number>();
  for (const one of shown) times.set(one, (times.get(one) ?? 0) + 1);
  return wholes.map((whole, j) => {
    const short = shown[j] ?? '';
    if (short === '') return unlabelled(`token ${j}`);
    const plain = (times.get(short) ?? 0) > 1 ? `${short} (${j})` : short;
    return { whole, plain, quoted: `“${escapedMarkdown(plain)}”`, cell: escapedMarkdown(plain) };
  });
}

function unlabelled(name: string): Name {
  return { whole: name, plain: name, quoted: name, cell: name };
}

/** A label as it can be seen: one of white space alone, or of signs without a shape, stands in quotation marks. */
function seen(label: string): string {
  const line = onOneLine(label);
  return label !== '' && !/[^\s\p{Cf}]/u.test(line) ? `"${label.replaceAll(/[^ ]/gu, spelledOut)}"` : line;
}

/** `\n`, `\t`, `\u{a0}`. */
function spelledOut(sign: string): string {
  const short = JSON.stringify(sign).slice(1, -1);
  return short.length === 2 ? short : `\\u{${sign.codePointAt(0)?.toString(16)}}`;
}

/**
 * A label on one line, without what would steer a terminal, turn the text around it (bidirectional controls) or break
 * XML; halves of characters and controls become U+FFFD, so that they are seen.
 */
function onOneLine(label: string): string {
  if (/^[\x21-\x7e]*$/.test(label)) return label;
  return label
    .toWellFormed()
    .replaceAll(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, '')
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/[\p{Cc}\ufffe\uffff]/gu, '\ufffd')
    .trim();
}

/** The first `most` columns of a terminal's line, the last one an ellipsis where more was cut off. */
export function shortened(label: string, most: number): string {
  if (label.length <= most && displayWidth(label) <= most) return label;
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(label)) {
    const next = width + widthOfGrapheme(segment);
    // A letter may carry any number of marks.
    if (next > most - 1 || segment.length > 4 * most) return `${kept.trimEnd()}…`;
    kept += segment;
    width = next;
  }
  return label;
}

/** How many columns of a terminal a text takes: 2 for wide letters and emoji, none for marks. */
export function displayWidth(text: string): number {
  if (NARROW.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOfGrapheme(segment);
  return width;
}

/** Each code unit is one column: Latin letters, and the signs that the walk-through itself uses. */
const NARROW = /^[\x20-\u02ff\u2010-\u2027\u2200-\u22ff]*$/;

const WIDE =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u;
const MARKS = /^[\p{M}\p{Cf}]+$/u;

function widthOfGrapheme(segment: string): number {
  if (MARKS.test(segment)) return 0;
  return WIDE.test(segment) ? 2 : 1;
}

/** A text that Markdown takes for nothing but text: no emphasis, markup, table cell, formula or link. */
function escapedMarkdown(text: string): string {
  return text
    .replaceAll(/[\\`*_[\]<>|~&$]/g, '\\$&')
    .replaceAll('://', '\\://')
    .replaceAll(/\bwww\./gi, (www) => `${www.slice(0, -1)}\\.`);
}
