import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import asc from 'assemblyscript/asc';
import { descriptorReader, descriptorWriter } from './kernel/descriptor.ts';
import { scoreTiles, valueTiles } from './kernel/tiles.ts';
import { powersOfTen } from './numbers/powers.ts';

/*
 * Writes the generated texts, then builds every module of WebAssembly from its assembly/; with --check it compares
 * instead, and fails where what is committed is stale.
 */

/** What one *.wasm is built from. */
interface Module {
  readonly file: string;
  readonly entry: string;
  readonly options: readonly string[];
  /** The arithmetic that takes the place of `Float` in float.ts. */
  readonly float?: 'f32' | 'f64';
}

const PLAIN = ['--runtime', 'stub', '-O3', '--noAssert', '--enable', 'simd'];
/** All threads work in one memory, which the host makes. */
const SHARED_MEMORY = [
  '--noExportMemory',
  '--importMemory',
  '--sharedMemory',
  '--initialMemory',
  '1',
  '--maximumMemory',
  '65536',
  '--enable',
  'threads',
];

const FOLDER = 'src/engine/kernels';
const NUMBERS = 'src/wire/numbers';
const TEXTS = {
  [`${FOLDER}/descriptor.ts`]: descriptorWriter(),
  [`${FOLDER}/assembly/descriptor.ts`]: descriptorReader(),
  [`${FOLDER}/assembly/tiles-score.ts`]: scoreTiles(),
  [`${FOLDER}/assembly/tiles-value.ts`]: valueTiles(),
  [`${NUMBERS}/assembly/print/powers.ts`]: powersOfTen(),
};

const MODULES: readonly Module[] = [
  ...kernels('relaxed', ['--enable', 'relaxed-simd']), // fused multiply-add
  ...kernels('strict', []),
  { file: `${NUMBERS}/print.wasm`, entry: `${NUMBERS}/assembly/print/index.ts`, options: PLAIN },
];

for (const [file, text] of Object.entries(TEXTS)) keep(file, Buffer.from(text));
for (const module of MODULES) keep(module.file, await build(module));

function kernels(name: string, extra: readonly string[]): Module[] {
  const options = [...PLAIN, ...SHARED_MEMORY, ...extra];
  return (['f32', 'f64'] as const).map((float) => ({
    file: `${FOLDER}/${name}-${float}.wasm`,
    entry: `${FOLDER}/assembly/index.ts`,
    options,
    float,
  }));
}

/** Writes a file, or says that it is stale. */
function keep(file: string, made: Buffer): void {
  if (!process.argv.includes('--check')) writeFileSync(file, made);
  else if (!readFileSync(file).equals(made)) {
    process.stderr.write(`${file} is stale: run npm run wasm\n`);
    process.exitCode = 1;
  }
}

async function build({ file, entry, options, float }: Module): Promise<Buffer> {
  let binary: Uint8Array | string | undefined;
  const { error, stderr } = await asc.main([entry, ...options, '--outFile', 'module.wasm'], {
    readFile: (name, folder) => {
      const path = resolve(folder, name);
      if (!existsSync(path)) return null;
      const text = readFileSync(path, 'utf8');
      // The same text in either arithmetic: float.ts alone is changed on its way to the compiler.
      return float && path.endsWith('/assembly/float.ts') ? text.replace('type Float = f32', `type Float = ${float}`) : text;
    },
    writeFile: (_name, contents) => {
      binary = contents;
    },
  });
  if (error || !(binary instanceof Uint8Array)) throw new Error(`asc failed on ${file}: ${error?.message ?? 'no output'}\n${stderr.toString()}`);
  return Buffer.from(binary);
}
