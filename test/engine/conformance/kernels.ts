import { readFileSync } from 'node:fs';
import { TILE, type Tile } from '../../../src/engine/kernels/descriptor.ts';
import type { Kernel } from '../../../src/engine/kernels/kernel.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { SimdKernel } from '../../../src/engine/kernels/simd.ts';

/** Every kernel and tile there is: the one conformance suite runs for each. */
export const kernels: readonly Kernel[] = [
  reference,
  ...['relaxed', 'strict'].flatMap((build) => {
    const module = new WebAssembly.Module(new Uint8Array(readFileSync(new URL(`../../../src/engine/kernels/${build}.wasm`, import.meta.url))));
    return (Object.keys(TILE) as Tile[]).map((tile) => new SimdKernel(`${build} ${tile}`, module, tile));
  }),
];
