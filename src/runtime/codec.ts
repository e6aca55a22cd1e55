import { readFileSync } from 'node:fs';
import { type Codec, portable } from '../wire/numbers/codec.ts';
import { Printer } from '../wire/numbers/printer.ts';
import { passesSelfCheck } from '../wire/numbers/self-check.ts';

/** Who prints the numbers of JSON: WebAssembly, where it passes its self-check, or JavaScript alone. */
export type CodecSetting = 'auto' | 'portable';

/** The codec that is used here, chosen once for all threads. */
export interface ChosenCodec {
  /** For people. */
  readonly name: 'wasm' | 'portable';
  /** Absent where JavaScript does it. */
  readonly modules?: { readonly print: WebAssembly.Module };
}

const PORTABLE: ChosenCodec = { name: 'portable' };

export function chooseCodec(setting: CodecSetting): ChosenCodec {
  if (setting === 'portable') return PORTABLE;
  try {
    const print = new WebAssembly.Module(readFileSync(new URL('../wire/numbers/print.wasm', import.meta.url)));
    return passesSelfCheck(new Printer(print)) ? { name: 'wasm', modules: { print } } : PORTABLE;
  } catch (error) {
    // A machine without the instructions refuses the module.
    if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError || error instanceof WebAssembly.RuntimeError)
      return PORTABLE;
    throw error;
  }
}

/** This thread's own codec. */
export function codecOf({ modules }: ChosenCodec): Codec {
  return modules ? new Printer(modules.print) : portable;
}
