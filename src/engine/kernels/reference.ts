import { attendBySteps } from '../operator.ts';
import type { Kernel } from './kernel.ts';

/**
 * The oracle: the steps in order, in double precision or rounded to float32 at every one. It stays for ever, and every
 * other kernel is tested against it.
 */
export const reference: Kernel = {
  name: 'reference',
  attend: (call) => attendBySteps(call),
  isTiled: () => false,
  float32: (length) => new Float32Array(length),
  reset() {},
  giveBack: () => false,
};
