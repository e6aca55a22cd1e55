import { errorOf, type Observed } from './observed.ts';

/** More decimals than these are as good as all. */
const MOST_DECIMALS = 6;

/** The error that printing leaves where all numbers have the same few decimals at most; undefined where they have more. */
export function printingError(observed: readonly Observed[]): number | undefined {
  for (let decimals = 1; decimals <= MOST_DECIMALS; decimals++) {
    const isPrinted = observed.every(({ data }) => data.every((value) => Number.isNaN(value) || Number(value.toFixed(decimals)) === value));
    if (isPrinted) return 0.51 * 10 ** -decimals;
  }
  return undefined;
}

/**
 * How much numbers with that error of printing say against others, in bits: the more of them differ, and by more, the less
 * can it be by chance that a third thing gives them.
 */
export function evidence(observed: readonly Observed[], others: readonly ArrayLike<number>[], printing: number): number {
  let bits = 0;
  observed.forEach(({ data }, of) => {
    data.forEach((value, k) => {
      const times = errorOf(value, others[of]?.[k] ?? 0) / printing;
      // What is infinitely far says no more than what is far.
      bits += Math.log2(Math.min(Math.max(1, times), FARTHEST));
    });
  });
  return bits;
}

const FARTHEST = 1e4;
