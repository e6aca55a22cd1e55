import { attendBySteps } from '../operator.ts';
import type { Kernel } from './kernel.ts';

/** The oracle: naive, legible, in double precision or rounded to float32 at every step. Every other kernel is tested against it. */
export const reference: Kernel = {
  name: 'reference',
  attend: (call) => attendBySteps(call),
  isTiled: () => false,
};
