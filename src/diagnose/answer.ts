import type { Floats } from '../engine/tensor.ts';

/** The outputs that people can send to be looked at, in the order in which they are compared. */
export const OBSERVABLE = ['scores', 'weights', 'context', 'lse'] as const;
export type Observable = (typeof OBSERVABLE)[number];

/** What a computation gave: scores and weights [h, m, n], context [m, width], lse [h, m]. */
export type Answer = { [Output in Observable]?: Floats };
