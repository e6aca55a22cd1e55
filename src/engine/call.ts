import type { Broadcast, Floats, Precision, Rows } from './tensor.ts';

/**
 * The axis letters of the engine, defined here and used everywhere.
 * B batch · H query heads · G key/value heads · M query rows · N keys · D width of a query and a key in one head ·
 * E width of a value in one head. Query head h uses key/value head floor(h / (H / G)).
 */
export interface Axes {
  readonly B: number;
  readonly H: number;
  readonly G: number;
  readonly M: number;
  readonly N: number;
  readonly D: number;
  readonly E: number;
}

/** Multiply-adds of the operator, excluded keys included: every score and every weighted sum. */
export function multiplyAdds({ B, H, M, N, D, E }: Axes): number {
  return B * H * M * N * (D + E);
}

/** What the operator can give back; what is not wanted is not stored. */
export type Output = 'scores' | 'capped' | 'logits' | 'weights' | 'context' | 'lse' | 'entropy' | 'sink_weight';

/** What softmax can be rounded to at every step. */
export type SoftmaxPrecision = Precision | 'float16' | 'bfloat16';

/**
 * The keys that the query row (b, i) can see by its position: j with first[b·M + i] ≤ j < end[b·M + i].
 * An empty range has end ≤ first. Causal, windows and padded key counts are all such a range, so that a kernel can
 * leave out whole blocks of keys.
 */
export interface KeyRanges {
  readonly first: Int32Array;
  readonly end: Int32Array;
}

/** How far to either side of its own position a row sees, inclusive; absent: without bound. */
export interface Window {
  readonly left?: number | undefined;
  readonly right?: number | undefined;
}

/** One call of the operator: what every route asks for and every kernel computes. */
export interface Call {
  readonly axes: Axes;
  readonly precision: Precision;
  /** [B, H, M, D] */
  readonly query: Rows;
  /** [B, G, N, D] */
  readonly key: Rows;
  /** [B, G, N, E] */
  readonly value: Rows;
  /** Multiplies every dot product. */
  readonly scale: number;
  /** c > 0 in c · tanh(score / c). */
  readonly softcap?: number | undefined;
  /** The arithmetic of softmax, where it is another than `precision`. */
  readonly softmaxPrecision?: SoftmaxPrecision | undefined;
  /** The keys that each query row can see by its position: causal, windows, padded key counts. */
  readonly keyRanges: KeyRanges;
  /** [B, H, M, N], 1 = may attend. */
  readonly mask?: Broadcast<Uint8Array> | undefined;
  /** [B, H, M, N], added after the softcap; −Infinity excludes. */
  readonly bias?: Broadcast<Floats> | undefined;
  /** ALiBi: −slope · |position − j| is added to the logits; slopes [H], positions [B, M]. */
  readonly alibi?: { readonly slopes: Floats; readonly positions: Int32Array } | undefined;
  /** A logit a head that takes weight and gives no value, [H]. */
  readonly sink?: Floats | undefined;
  readonly want: ReadonlySet<Output>;
  /** Called now and then by kernels that take their time; may throw to stop. */
  readonly checkpoint?: (() => void) | undefined;
  /** Whether the first row that is not finite is answer enough: what comes after it need not be computed then. */
  readonly finiteOnly?: boolean | undefined;
  /** Where row (b, h, i) of the context is written; [B, M, H·E], heads side by side, unless said. */
  readonly contextLayout?: Omit<Rows, 'data'> | undefined;
}

/** The outputs that were wanted, and what was met on the way. */
export interface Result {
  /** scale · Q[i]·K[j] for every key, excluded or not. [B, H, M, N] */
  readonly scores?: Floats;
  /** softcap(scores), for every key. [B, H, M, N] */
  readonly capped?: Floats;
  /** What softmax sees; −Infinity where a key is excluded. [B, H, M, N] */
  readonly logits?: Floats;
  /** softmax of the logits; 0 where a key is excluded. [B, H, M, N] */
  readonly weights?: Floats;
  /** The weighted sum of the values, in `contextLayout`. */
  readonly context?: Floats;
  /** Natural log of the denominator, sink included; −Infinity for a row without a key and a sink. [B, H, M] */
  readonly lse?: Floats;
  /** In bits, over the keys and the sink's share. [B, H, M] */
  readonly entropy?: Floats;
  /** The sink's share of the weight. [B, H, M] */
  readonly sink_weight?: Floats;
  /** The rows (b · H + h) · M + i that have every key excluded, ascending. */
  readonly fullyMasked: readonly number[];
  /** The first row in which an attended number left the finite ones, and where. */
  readonly nonFinite?: NonFinite | undefined;
}

/** Where a number became infinite or NaN: in which output, and in which row (b · H + h) · M + i. */
export interface NonFinite {
  readonly output: 'scores' | 'logits' | 'context' | 'lse';
  readonly row: number;
}

/** The layout of the context: as asked, or [B, M, H·E] with the heads side by side. */
export function contextLayout({ axes: { H, M, E }, contextLayout }: Call): Omit<Rows, 'data'> {
  return contextLayout ?? { offset: 0, batchStride: M * H * E, headStride: E, rowStride: H * E };
}
