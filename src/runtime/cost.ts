import type { Precision } from '../engine/tensor.ts';

/** About how long a task will hold its thread, in milliseconds. */
export type Cost = number;

/**
 * What one unit takes, in milliseconds, measured on one core of an AMD EPYC with Node 26.10 (`npm run bench`, see
 * bench/README.md). It need not be right, only never far too low: it says what is too much for the event loop.
 */
const MULTIPLY_ADD: Readonly<Record<Precision, number>> = { float32: 1 / 20_000_000, float64: 1 / 400_000 };
const PAIR: Readonly<Record<Precision, number>> = { float32: 1 / 1_000_000, float64: 1 / 10_000 };
const PRINTED_NUMBER = 1 / 8_000;

export function attentionCost({ work, pairs, numbers, precision }: { work: number; pairs: number; numbers: number; precision: Precision }): Cost {
  return work * MULTIPLY_ADD[precision] + pairs * PAIR[precision] + numbers * PRINTED_NUMBER;
}

/** A task above this leaves the event loop for a worker thread; the hop there and back takes about a tenth of it. */
export const INLINE_COST: Cost = 2;

/** A body above this is read on a worker thread; parsing it would hold the event loop for about as long as INLINE_COST. */
export const INLINE_BYTES = 65_536;
