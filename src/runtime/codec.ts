import { type Codec, portable } from '../wire/numbers/codec.ts';

/** Who reads and prints the numbers of JSON: WebAssembly where there is a module for it, or JavaScript alone. */
export type CodecSetting = 'auto' | 'portable';

/** The codec that is used here, chosen once for all threads. */
export interface ChosenCodec {
  /** For people. */
  readonly name: string;
}

export function chooseCodec(_setting: CodecSetting): ChosenCodec {
  return portable;
}

/** This thread's own codec. */
export function codecOf(_chosen: ChosenCodec): Codec {
  return portable;
}
