import { readFileSync, writeFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';

/*
 * Builds src/engine/kernels/*.wasm from assembly/; with --check it compares instead, and fails where the committed
 * modules are stale. One build has relaxed SIMD (fused multiply-add), the other does without.
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
const BUILDS = { 'src/engine/kernels/relaxed.wasm': ['--enable', 'relaxed-simd'], 'src/engine/kernels/strict.wasm': [] };

for (const [file, extra] of Object.entries(BUILDS)) {
  const built = await build([...OPTIONS, ...extra]);
  if (!process.argv.includes('--check')) writeFileSync(file, built);
  else if (!readFileSync(file).equals(built)) {
    process.stderr.write(`${file} is stale: run npm run wasm\n`);
    process.exitCode = 1;
  }
}

async function build(options: readonly string[]): Promise<Buffer> {
  let binary: Uint8Array | string | undefined;
  const { error, stderr } = await asc.main([ENTRY, ...options, '--outFile', 'kernel.wasm'], {
    writeFile: (_name, contents) => {
      binary = contents;
    },
  });
  if (error || !(binary instanceof Uint8Array)) throw new Error(`asc failed: ${error?.message ?? 'no output'}\n${stderr.toString()}`);
  return Buffer.from(binary);
}
