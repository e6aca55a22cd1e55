/** The words and ranges that a request may use, shared by the documentation and by the walker that checks them. */

/** What a reply can hold, in the order in which it holds them. */
export const INCLUDE = ['scores', 'logits', 'weights', 'context', 'lse', 'entropy', 'sink_weight', 'queries', 'keys', 'values', 'trace'] as const;
export type Include = (typeof INCLUDE)[number];

export const DEFAULT_INCLUDE: readonly Include[] = ['scores', 'weights', 'context'];

export const SIMILARITY = ['dot', 'cosine'] as const;

export const DTYPE = ['float32', 'float64'] as const;

export const INVERSE_ROOT = '1/sqrt(d_k)';

export const DEFAULT_ROPE_BASE = 10_000;

export const MOST_DECIMALS = 15;

/** Positions are 32-bit: `queries_start` stays within ± this, and so do the rows that follow it. */
export const FARTHEST_POSITION = 2 ** 30;
