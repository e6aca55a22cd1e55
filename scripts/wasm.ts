import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import asc from 'assemblyscript/asc';
import { descriptorReader, descriptorWriter } from './kernel/descriptor.ts';
import { scoreTiles, valueTiles } from './kernel/tiles.ts';

/*
 * Writes the generated texts of src/engine/kernels, then builds its *.wasm from assembly/; with --check it compares
 * instead, and fails where what is committed is stale. One build has relaxed SIMD (fused multiply-add), the other does without; each is made in f32 and in f64.
 */

const ENTRY = 'src/engine/kernels/assembly/index.ts';
const OPTIONS = [
  '--runtime',
  'stub',
  '--noExportMemory',
  '--importMemory',
  '--sharedMemory',
  '--initialMemory',
  '1',
  '--maximumMemory',
  '65536',
  '-O3',
  '--noAssert',
  '--enable',
  'simd',
  '--enable',
  'threads',
];
const BUILDS = { relaxed: ['--enable', 'relaxed-simd'], strict: [] };

const FOLDER = 'src/engine/kernels';
const TEXTS = {
  [`${FOLDER}/descriptor.ts`]: descriptorWriter(),
  [`${FOLDER}/assembly/descriptor.ts`]: descriptorReader(),
  [`${FOLDER}/assembly/tiles-score.ts`]: scoreTiles(),
  [`${FOLDER}/assembly/tiles-value.ts`]: valueTiles(),
};

for (const [file, text] of Object.entries(TEXTS)) keep(file, Buffer.from(text));
for (const [name, extra] of Object.entries(BUILDS))
  for (const type of ['f32', 'f64']) keep(`${FOLDER}/${name}-${type}.wasm`, await build([...OPTIONS, ...extra], type));

/** Writes a file, or says that it is stale. */
function keep(file: string, made: Buffer): void {
  if (!process.argv.includes('--check')) writeFileSync(file, made);
  else if (!readFileSync(file).equals(made)) {
    process.stderr.write(`${file} is stale: run npm run wasm\n`);
    process.exitCode = 1;
  }
}

/** The same text in the arithmetic of `type`: float.ts alone is changed on its way to the compiler. */
async function build(options: readonly string[], type: string): Promise<Buffer> {
  let binary: Uint8Array | string | undefined;
  const { error, stderr } = await asc.main([ENTRY, ...options, '--outFile', 'kernel.wasm'], {
    readFile: (name, folder) => {
      const path = resolve(folder, name);
      if (!existsSync(path)) return null;
      const text = readFileSync(path, 'utf8');
      return path.endsWith('/assembly/float.ts') ? text.replace('type Float = f32', `type Float = ${type}`) : text;
    },
    writeFile: (_name, contents) => {
      binary = contents;
    },
  });
  if (error || !(binary instanceof Uint8Array)) throw new Error(`asc failed: ${error?.message ?? 'no output'}\n${stderr.toString()}`);
  return Buffer.from(binary);
}
