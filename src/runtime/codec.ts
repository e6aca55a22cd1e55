import { readFileSync } from 'node:fs';
import { type Codec, portable } from '../wire/numbers/codec.ts';
import { NumberReader } from '../wire/numbers/number-reader.ts';

/** Who reads and prints the numbers of JSON: WebAssembly where there is a module for it, or JavaScript alone. */
export type CodecSetting = 'auto' | 'portable';

/** The codec that is used here, chosen once for all threads. */
export interface ChosenCodec {
  /** For people. */
  readonly name: string;
  /** The module that reads; absent where JavaScript does. */
  readonly read?: WebAssembly.Module;
}

const moduleOf = (name: string) => new WebAssembly.Module(readFileSync(new URL(`../wire/numbers/${name}.wasm`, import.meta.url)));

export function chooseCodec(setting: CodecSetting): ChosenCodec {
  return setting === 'portable' ? portable : { name: 'wasm', read: moduleOf('read') };
}

/** This thread's own codec. */
export function codecOf({ name, read }: ChosenCodec): Codec {
  return read ? { name, reader: new NumberReader(read) } : portable;
}
