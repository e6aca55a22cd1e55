import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import asc from 'assemblyscript/asc';

/*
 * Builds src/engine/kernels/*.wasm from assembly/; with --check it compares instead, and fails where the committed
 * modules are stale. One build has relaxed SIMD (fused multiply-add), the other does without; each is made in f32 and in f64.
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

for (const [name, extra] of Object.entries(BUILDS))
  for (const type of ['f32', 'f64']) await make(`src/engine/kernels/${name}-${type}.wasm`, type, extra);

async function make(file: string, type: string, extra: readonly string[]): Promise<void> {
  const built = await build([...OPTIONS, ...extra], type);
  if (!process.argv.includes('--check')) writeFileSync(file, built);
  else if (!readFileSync(file).equals(built)) {
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
