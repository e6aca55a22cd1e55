import type { NumberReader } from './number-reader.ts';

/** A thread's own way to read and print the numbers of JSON. */
export interface Codec {
  /** For people. */
  readonly name: string;
  /** Absent where JSON.parse reads all. */
  readonly reader?: NumberReader | undefined;
}

/** JavaScript alone. */
export const portable: Codec = { name: 'portable' };
