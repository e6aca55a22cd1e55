import { isAscii } from 'node:buffer';
import type { Structure } from './structure.ts';

/** Asked before so many bytes are held while a body is read. Throws where there is no room for them. */
export type MakeRoom = (bytes: number) => void;

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
