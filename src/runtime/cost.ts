import type { SoftmaxPrecision } from '../engine/call.ts';
import type { Kernel } from '../engine/kernels/kernel.ts';

import type { Precision } from '../engine/tensor.ts';
import type { Limits } from './limits.ts';

/** About how long a task will hold its thread, in milliseconds. */
export type Cost = number;

/** Who computes: the tiled kernel or the reference, in either precision. */
type Pace = `tiled ${Precision}` | Precision;

/**
 * What one unit takes, in milliseconds, measured on one core of an AMD EPYC with Node 26.10 (`npm run bench`, see
 * bench/README.md). It need not be right, only never far too low: it says what is too much for the event loop.
 */
const MULTIPLY_ADD: Readonly<Record<Pace, number>> = {
  'tiled float32': 1 / 20_000_000,
  'tiled float64': 1 / 10_000_000,
  float32: 1 / 300_000,
  float64: 1 / 400_000,
};
const PAIR: Readonly<Record<Pace, number>> = {
  'tiled float32': 1 / 1_000_000,
  'tiled float64': 1 / 500_000,
  float32: 1 / 8_000,
  float64: 1 / 10_000,
};
const PRINTED_NUMBER = 1 / 8_000;
const COPIED_NUMBER = 1 / 500_000;

/** What is to be computed, and how many numbers of the reply are printed, or copied as bytes. */
interface Load {
  readonly work: number;
  readonly pairs: number;
  readonly printed: number;
  readonly copied?: number;
}

export function attentionCost({ work, pairs, printed, copied = 0 }: Load, pace: Pace): Cost {
  return work * MULTIPLY_ADD[pace] + pairs * PAIR[pace] + printed * PRINTED_NUMBER + copied * COPIED_NUMBER;
}

/** Who computes a problem of that precision with this kernel; `softmaxPrecision` as the operator has it. */
export function paceOf(kernel: Kernel, precision: Precision, softmaxPrecision: SoftmaxPrecision = precision): Pace {
  return kernel.isTiled(precision, softmaxPrecision) ? `tiled ${precision}` : precision;
}

/** A task above this leaves the event loop for a worker thread; the hop there and back takes about a tenth of it. */
export const INLINE_COST: Cost = 2;

/** A body above this is read on a worker thread; parsing it would hold the event loop for about as long as INLINE_COST. */
export const INLINE_BYTES = 65_536;

/** Multiply-adds that the reference may redo on the event loop, where a NaN or an infinity takes part: about INLINE_COST. */
export const INLINE_REDONE = 500_000;

/** What a multiply-add that is redone counts for in MAX_WORK: the reference takes that many times as long as the tiled kernel. */
const REDONE_PRICE = 60;
/** Some 30 ms, which a worker may always spend, however low MAX_WORK is: a first row is then enough to say what overflowed. */
const LEAST_REDONE = 10_000_000;

/** Multiply-adds that the reference may redo on a worker thread. */
export function mostRedone({ work }: Limits): number {
  return Math.max(LEAST_REDONE, Math.floor(work / REDONE_PRICE));
}
