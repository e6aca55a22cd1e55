import { TILE } from '../../../src/engine/kernels/descriptor.ts';
import type { Kernel } from '../../../src/engine/kernels/kernel.ts';
import type { Tile } from '../../../src/engine/kernels/plan.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { SimdKernel } from '../../../src/engine/kernels/simd.ts';
import { kernelOf } from '../../../src/runtime/kernel.ts';
import { modulesOf } from '../modules.ts';

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
