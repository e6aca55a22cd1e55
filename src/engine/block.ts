import type { Axes, Call } from './call.ts';
import { type Floats, floats, type Precision, type Rows } from './tensor.ts';

/** What `excluded` says of a key: it takes part; it is excluded; its logit left the finite numbers downwards, which excludes it too. */
export const KEY = { attended: 0, excluded: 1, overflowed: 2 } as const;

/**
 * Some query rows of one head, and their matrices on the way through the steps of attention. Matrices are row-major and
 * of the call's precision, so that whatever is stored in them is rounded to it.
 */
export interface Block {
  readonly b: number;
  readonly h: number;
  /** The key/value head that the query head h uses. */
  readonly g: number;
  /** The block's first query row; it has `rows` of them. */
  readonly first: number;
  readonly rows: number;
  /** [rows, N]: dot products, then scores, then logits. Each step changes them in place. */
  readonly logits: Floats;
  /** [rows, N]: a copy of the scores, since a softcap hides one that is not finite. */
  readonly scores: Floats;
  /** [rows, N]: one of KEY. */
  readonly excluded: Uint8Array;
  /** [rows, N]: logit − max, −Infinity where excluded. */
  readonly shifted: Floats;
  /** [rows, N]: exp(shifted), 0 where excluded. */
  readonly exponentials: Floats;
  /** [rows, N]: exponentials / sum. */
  readonly weights: Floats;
  /** [rows, E] */
  readonly context: Floats;
  /** What softmax has found out about each row. */
  readonly sums: Sums[];
}

/** What softmax knows of a row besides its weights. */
export interface Sums {
  /** The greatest logit that is not excluded, the sink's included; −Infinity where there is none. */
  readonly max: number;
  /** The exponentials added up, the sink's included. */
  readonly sum: number;
  /** max + ln(sum). */
  readonly lse: number;
  /** sink − max; −Infinity without a sink. */
  readonly sinkShifted: number;
  /** exp(sinkShifted); 0 without a sink. */
  readonly sinkExponential: number;
  /** The sink's share of the weight. */
  readonly sinkWeight: number;
}

/** A block that can be moved over the heads and rows of a call, and holds up to `capacity` rows. */
export type MovableBlock = { -readonly [Name in keyof Block]: Block[Name] };

export function newBlock({ axes: { N, E }, precision }: Call, capacity: number): MovableBlock {
  const matrix = () => floats(precision, capacity * N);
  return {
    b: 0,
    h: 0,
    g: 0,
    first: 0,
    rows: capacity,
    logits: matrix(),
    scores: matrix(),
    excluded: new Uint8Array(capacity * N),
    shifted: matrix(),
    exponentials: matrix(),
    weights: matrix(),
    context: floats(precision, capacity * E),
    sums: [],
  };
}

/** A matrix up to so many numbers lies in a block that is kept: making one takes longer than such a call. */
const TINY_NUMBERS = 64;
const tiny: Partial<Record<Precision, MovableBlock>> = {};

/**
 * A block that is good until the next one is borrowed. What is small gets the same one each time; its matrices may be longer
 * than what is asked for, and hold whatever was there before.
 */
export function borrowBlock(call: Call, capacity: number): MovableBlock {
  const { axes, precision } = call;
  if (capacity * Math.max(axes.N, axes.E) > TINY_NUMBERS) return newBlock(call, capacity);
  tiny[precision] ??= newBlock({ ...call, axes: { ...axes, N: TINY_NUMBERS, E: TINY_NUMBERS } }, 1);
  return tiny[precision];
}

/** Pairs of a block at most, which bounds its memory, and multiply-adds, which bounds the time between two checkpoints. */
const MOST_PAIRS = 16_384;
const MOST_WORK = 1_048_576;

/** Query rows of a block: as many as its bounds allow, at least one. */
export function rowsOfBlock({ M, N, D, E }: Axes): number {
  const most = Math.floor(Math.min(MOST_PAIRS, MOST_WORK / (D + E)) / Math.max(1, N));
  return Math.min(M, Math.max(1, most));
}

/** Where row (b, head, row) of a view begins in its data. */
export function startOf({ offset, batchStride, headStride, rowStride }: Rows, b: number, head: number, row: number): number {
  return offset + b * batchStride + head * headStride + row * rowStride;
}
