import { readFileSync } from 'node:fs';
import { type Codec, type CodecName, portable } from '../wire/numbers/codec.ts';
import { NumberReader } from '../wire/numbers/number-reader.ts';
import { Printer } from '../wire/numbers/printer.ts';
import { passesSelfCheck } from '../wire/numbers/self-check.ts';

/** Who reads and prints the numbers of JSON: WebAssembly, where it passes its self-check, or JavaScript alone. */
export type CodecSetting = 'auto' | 'portable';

/** The codec that is used here, chosen once for all threads. */
export interface ChosenCodec {
  /** For people. */
  readonly name: CodecName;
  /** Absent where JavaScript does it. */
  readonly modules?: { readonly print: WebAssembly.Module; readonly read: WebAssembly.Module };
}

const moduleOf = (name: string) => new WebAssembly.Module(readFileSync(new URL(`../wire/numbers/${name}.wasm`, import.meta.url)));

const PORTABLE: ChosenCodec = { name: 'portable' };

export function chooseCodec(setting: CodecSetting): ChosenCodec {
  if (setting === 'portable') return PORTABLE;
  try {
    const modules = { print: moduleOf('print'), read: moduleOf('read') };
    return passesSelfCheck(new Printer(modules.print), new NumberReader(modules.read)) ? { name: 'wasm', modules } : PORTABLE;
  } catch (error) {
    // A machine without the instructions refuses the module.
    if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError || error instanceof WebAssembly.RuntimeError)
      return PORTABLE;
    throw error;
  }
}

/** This thread's own codec; `allocate` gives memory for a long reply. */
export function codecOf({ modules }: ChosenCodec, allocate?: (bytes: number) => Buffer): Codec {
  if (!modules) return portable;
  const printer = new Printer(modules.print, allocate);
  return { name: 'wasm', print: (reply) => printer.print(reply), reader: new NumberReader(modules.read) };
}
