import type { NumberReader } from './number-reader.ts';
import { printPortably } from './portable.ts';
import type { Segment } from './segments.ts';

/** Who prints and reads: WebAssembly, or JavaScript alone. */
export type CodecName = 'wasm' | 'portable';

/** A thread's own way to read and print the numbers of JSON. */
export interface Codec {
  readonly name: CodecName;
  /** A reply as bytes, or as text. */
  print(reply: readonly Segment[]): Buffer | string;
  /** Absent where JSON.parse reads all. */
  readonly reader?: NumberReader;
}

/** JavaScript alone. */
export const portable: Codec = { name: 'portable', print: printPortably };
