import type { Builds } from '../../../src/engine/kernels/choose.ts';
import { TILE } from '../../../src/engine/kernels/descriptor.ts';
import type { Modules } from '../../../src/engine/kernels/job.ts';
import type { Kernel } from '../../../src/engine/kernels/kernel.ts';
import type { Tile } from '../../../src/engine/kernels/plan.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { SimdKernel } from '../../../src/engine/kernels/simd.ts';
import { kernelOf, readBuilds } from '../../../src/runtime/kernel.ts';

/** The committed modules of a build. */
export function modulesOf(build: keyof Builds): Modules {
  const { float32, float64 } = readBuilds()[build];
  return { float32: new WebAssembly.Module(new Uint8Array(float32)), float64: new WebAssembly.Module(new Uint8Array(float64)) };
}

/** Every kernel and tile there is: the one conformance suite runs for each. */
export const kernels: readonly Kernel[] = [
  reference,
  ...(['relaxed', 'strict'] as const).flatMap((build) => {
    return (Object.keys(TILE) as Tile[]).map((tile) => new SimdKernel(`${build} ${tile}`, modulesOf(build), tile, { leastWork: 0 }));
  }),
];

/** As the service runs it: tiny calls by the reference. */
export const serving = kernelOf({
  name: 'serving',
  choice: {
    modules: modulesOf('relaxed'),
    tile: '6x16',
    relaxed: true,
    revectorised: false,
    rates: { '6x8': 0, '4x16': 0, '6x16': 0 },
    milliseconds: 0,
  },
});
