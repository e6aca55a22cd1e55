import { isAscii } from 'node:buffer';
import { Failure } from '../engine/failure.ts';
import type { Structure } from './structure.ts';

/** Asked before so many bytes are held while a body is read; `onHeap` says how many of them JSON.parse will hold. Throws where there is no room for them. */
export type MakeRoom = (bytes: number, onHeap?: number) => void;

/**
 * What JSON.parse holds for each, in bytes: what it gives, and what it needs until then. Measured by resident memory with Node 26.10 (see
 * bench/README.md): an array that is empty takes 69 to 80 with its comma, an object 92 to 106, a member with a name of its own 148 to 167, a string of
 * three letters 54, a number of a list 12 to 45.
 */
const HELD = { array: 64, object: 96, string: 168, comma: 32 } as const;
/** Of each byte of a text: one letter, which takes two bytes where any letter of the text is not ASCII; in a string two, where any of its own is not. */
const WIDE = 2;

/** About the most that JSON.parse holds for a text, the text itself included. */
export function parsedBytes(text: Uint8Array, { arrays, objects, strings, stringBytes, commas }: Structure): number {
  const letters = text.length * (isAscii(text) ? 1 : WIDE) + WIDE * stringBytes;
  return letters + HELD.array * arrays + HELD.object * objects + HELD.string * strings + HELD.comma * commas;
}

/**
 * What JSON.parse takes for each, in nanoseconds, where many of them are alike: a member with a name of its own takes as long as a string at most (see bench/README.md).
 * A number takes 40 to 170. They are left out: a body of numbers alone is what the service is for.
 */
const TAKES = { array: 450, object: 500, string: 1000 } as const;

/** About the most milliseconds that JSON.parse takes for a text, besides its numbers. */
export function parsedMs({ arrays, objects, strings }: Structure): number {
  return (TAKES.array * arrays + TAKES.object * objects + TAKES.string * strings) / 1e6;
}

/** Nothing can stop JSON.parse, whoever waits: it holds its thread for no longer than one has that is told to stop. */
const LONGEST_PARSE_MS = 1000;

/** Refuses a text before JSON.parse begins with it. @throws Failure `body-too-large` where it is made of so much that parsing it would take too long */
export function refuseLong(structure: Structure): void {
  const ms = parsedMs(structure);
  if (ms <= LONGEST_PARSE_MS) return;
  const { arrays, objects, strings } = structure;
  throw new Failure(
    'body-too-large',
    `the body has ${objects} objects, ${arrays} arrays and ${strings} strings, which take about ${Math.ceil(ms)} ms to parse; the most is ${LONGEST_PARSE_MS} ms`,
  );
}
