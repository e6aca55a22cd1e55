import type { Kernel } from '../../../src/engine/kernels/kernel.ts';
import { reference } from '../../../src/engine/kernels/reference.ts';

/** Every kernel there is: the one conformance suite runs for each. */
export const kernels: readonly Kernel[] = [reference];
