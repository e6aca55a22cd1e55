import { printPortably } from './portable.ts';
import type { Segment } from './segments.ts';

/** A thread's own way to print the numbers of JSON. */
export interface Codec {
  /** A reply as bytes, or as text. */
  print(reply: readonly Segment[]): Buffer | string;
}

/** JavaScript alone. */
export const portable: Codec = { print: printPortably };
