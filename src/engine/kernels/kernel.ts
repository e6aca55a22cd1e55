import type { Problem, Result, SoftmaxPrecision } from '../operator.ts';
import type { Floats, Precision } from '../tensor.ts';

/** What `excluded` says of a key: it takes part; it is excluded; its logit left the finite numbers downwards, which excludes it too. */
export const KEY = { attended: 0, excluded: 1, overflowed: 2 } as const;

/** Rows at a stride within one head: row r starts at `offset + r * stride`. */
interface HeadRows {
  readonly data: Floats;
  readonly offset: number;
  readonly stride: number;
}

/** The steps of attention for one asking row. Each writes into `out` and reads nothing of an excluded key's logit or value. */
export interface RowKernels {
  /** out[j] = scale · Q[i]·K[j] for each of the N keys. */
  scores(query: HeadRows, i: number, key: HeadRows, N: number, D: number, scale: number, out: Floats): void;
  /** out[j] = cap · tanh(scores[j] / cap). */
  softcap(scores: Floats, cap: number, out: Floats): Floats;
  /** out[j] = capped[j] + bias − slope · |position − j|, or −Infinity where excluded; a sum that is −Infinity is marked as `overflowed`. */
  logits(capped: Floats, problem: Problem, b: number, h: number, i: number, excluded: Uint8Array, out: Floats): void;
  /** out[j] = exp(logits[j] − lse), 0 where excluded. */
  softmax(logits: Floats, excluded: Uint8Array, sink: number | undefined, out: Floats): Softmax;
  /** out = Σ weights[j] · V[j]. */
  blend(weights: Floats, excluded: Uint8Array, value: HeadRows, E: number, out: Floats): void;
  /** −Σ p·log2(p) over the weights and the sink's share, in bits. */
  entropy(weights: Floats, sinkWeight: number): number;
}

/** What softmax knows of a row besides the weights. */
export interface Softmax {
  /** The greatest logit, the sink's included. */
  readonly max: number;
  /** Σ exp(logit − max), the sink's term included. */
  readonly sum: number;
  /** max + ln(sum). */
  readonly lse: number;
  /** 0 without a sink. */
  readonly sinkWeight: number;
}

/** Memory that a kernel reads without a copy. */
export interface Arena {
  /** Whatever was allocated before, results included, may be overwritten from now on. */
  reset(): void;
  float32(length: number): Float32Array;
  /** Bytes held now. */
  readonly bytes: number;
  /** Lets go of memory that only a large request needs, and says whether there was any. Results are gone then. */
  giveBack(): boolean;
}

/** A way to compute the operator. `rows` is always there; `attend` does a whole problem where it can. */
export interface Kernel {
  readonly name: string;
  rows(precision: Precision, softmaxPrecision: SoftmaxPrecision): RowKernels;
  /** The whole problem at once, or undefined where this kernel leaves it to the rows. */
  attend?(problem: Problem): Result | undefined;
  readonly arena?: Arena;
}
