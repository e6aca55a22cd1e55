import { KEY, type Kernel, type RowKernels } from './kernels/kernel.ts';
import { excludedKeys, type Reach } from './mask.ts';
import { type Broadcast, type Floats, floats, type Precision, type Rows } from './tensor.ts';

/**
 * The axis letters of the engine, defined here and used everywhere.
 * B batch · H query heads · G key/value heads · M asking rows · N keys · D width of a query and a key in one head ·
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

/** Multiply-adds of the operator, excluded keys included: every score and every blend. */
export function multiplyAdds({ B, H, M, N, D, E }: Axes): number {
  return B * H * M * N * (D + E);
}

/** What the operator can give back; what is not wanted is not stored. */
export type Output = 'scores' | 'capped' | 'logits' | 'weights' | 'context' | 'lse' | 'entropy' | 'sink_weight';

/** What softmax can be rounded to at every step. */
export type SoftmaxPrecision = Precision | 'float16' | 'bfloat16';

/** One call of the operator: what every route asks for and every kernel computes. */
export interface Problem {
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
  /** The keys that each asking row can see by its position: causal, windows, padded key counts. */
  readonly reach: Reach;
  /** [B, H, M, N], 1 = may attend. */
  readonly mask?: Broadcast<Uint8Array> | undefined;
  /** [B, H, M, N], added after the softcap; −Infinity excludes. */
  readonly bias?: Broadcast<Floats> | undefined;
  /** ALiBi: −slope · |position − j| is added to the logits; slopes [H], positions [B, M]. */
  readonly alibi?: { readonly slopes: Floats; readonly positions: Int32Array } | undefined;
  /** A logit a head that takes weight and gives no value, [H]. */
  readonly sink?: Floats | undefined;
  readonly want: ReadonlySet<Output>;
  /** Called between rows by kernels that take their time; may throw to stop. */
  readonly checkpoint?: (() => void) | undefined;
  /** Whether the first place that is not finite is answer enough: what comes after it need not be computed then. */
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
  /** The first attended place whose arithmetic left the finite numbers. */
  readonly nonFinite?: NonFinite | undefined;
}

/** Where a number became infinite or NaN: in which stage, and in which row (b · H + h) · M + i. */
export interface NonFinite {
  readonly output: 'scores' | 'logits' | 'context' | 'lse';
  readonly row: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Attention over Q, K, V, the one meaning that every route and every kernel shares:
 *
 *     scores[i,j]  = scale · Q[i]·K[j]
 *     logits[i,j]  = softcap(scores[i,j]) + bias[i,j] + position bias      or excluded
 *     weights[i,j] = exp(logits[i,j]) / (Σ_j exp(logits[i,j]) + exp(sink))
 *     context[i]   = Σ_j weights[i,j] · V[j]
 *
 * The sums go over the keys that are not excluded; an excluded key is skipped, never multiplied by zero.
 * A row with every key excluded gives context 0 and weights 0. A kernel that can do a whole problem at once may; where
 * it can't (`attend` returns undefined) the row kernels do it, one row after the other.
 */
export function attention(problem: Problem, kernel: Kernel): Result {
  return kernel.attend?.(problem) ?? attentionByRows(problem, kernel.rows(problem.precision, problem.softmaxPrecision ?? problem.precision));
}

function attentionByRows(problem: Problem, kernels: RowKernels): Result {
  const { B, H, M } = problem.axes;
  const result = outputs(problem);
  const fullyMasked: number[] = [];
  let nonFinite: NonFinite | undefined;
  const attend = rowByRow(problem, kernels, result, (row) => fullyMasked.push(row));
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      for (let i = 0; i < M; i++) {
        problem.checkpoint?.();
        const place = attend(b, h, i);
        nonFinite ??= place;
        if (nonFinite && problem.finiteOnly) return { ...result, fullyMasked, nonFinite };
      }
    }
  }
  return { ...result, fullyMasked, nonFinite };
}

/**
 * The formula for one asking row: a function that computes row (b, h, i) into `result`, calls `onMasked` where the row
 * has every key excluded, and returns where an attended number left the finite ones.
 */
export function rowByRow(
  problem: Problem,
  kernels: RowKernels,
  result: Omit<Result, 'fullyMasked'>,
  onMasked: (row: number) => void,
): (b: number, h: number, i: number) => NonFinite | undefined {
  const { axes, query, key, value, scale, softcap, sink, want } = problem;
  const { H, G, M, N, D, E } = axes;
  const layout = contextLayout(problem);
  const row = scratch(problem);
  const headOf = ({ data, offset, batchStride, headStride, rowStride }: Rows, b: number, head: number) => ({
    data,
    stride: rowStride,
    offset: offset + b * batchStride + head * headStride,
  });
  return (b, h, i) => {
    const r = (b * H + h) * M + i;
    const g = Math.floor(h / (H / G));
    const attended = excludedKeys(problem, b, h, i, row.excluded);
    kernels.scores(headOf(query, b, h), i, headOf(key, b, g), N, D, scale, row.scores);
    const capped = softcap === undefined ? row.scores : kernels.softcap(row.scores, softcap, row.capped);
    kernels.logits(capped, problem, b, h, i, row.excluded, row.logits);
    const softmax = kernels.softmax(row.logits, row.excluded, sink?.[h], row.weights);
    if (want.has('context')) kernels.blend(row.weights, row.excluded, headOf(value, b, g), E, row.context);

    result.scores?.set(row.scores, r * N);
    result.capped?.set(capped, r * N);
    result.logits?.set(row.logits, r * N);
    result.weights?.set(row.weights, r * N);
    result.context?.set(row.context, layout.offset + b * layout.batchStride + h * layout.headStride + i * layout.rowStride);
    if (result.lse) result.lse[r] = softmax.lse;
    if (result.sink_weight) result.sink_weight[r] = softmax.sinkWeight;
    if (result.entropy) result.entropy[r] = kernels.entropy(row.weights, softmax.sinkWeight);
    if (attended === 0) onMasked(r);
    return firstNonFinite(row, softmax.lse, attended, r);
  };
}

/** The layout of the context: as asked, or [B, M, H·E] with the heads side by side. */
export function contextLayout({ axes: { H, M, E }, contextLayout }: Problem): Omit<Rows, 'data'> {
  return contextLayout ?? { offset: 0, batchStride: M * H * E, headStride: E, rowStride: H * E };
}

/** Zeroed arrays for what is wanted. */
function outputs({ axes: { B, H, M, N, E }, precision, want }: Problem): Omit<Mutable<Result>, 'fullyMasked'> {
  const all: Omit<Mutable<Result>, 'fullyMasked'> = {};
  for (const output of want) {
    const length = output === 'context' ? M * E : output === 'lse' || output === 'entropy' || output === 'sink_weight' ? M : M * N;
    all[output] = floats(precision, B * H * length);
  }
  return all;
}

function scratch({ axes: { N, E }, precision }: Problem) {
  return {
    excluded: new Uint8Array(N),
    scores: floats(precision, N),
    capped: floats(precision, N),
    logits: floats(precision, N),
    weights: floats(precision, N),
    context: floats(precision, E),
  };
}

function firstNonFinite(row: ReturnType<typeof scratch>, lse: number, attended: number, r: number): NonFinite | undefined {
  if (attended === 0) return undefined;
  // A finite log-sum-exp does not show an attended score of −Infinity, so the scores are looked at too.
  for (let j = 0; j < row.scores.length; j++) {
    if (row.excluded[j] === KEY.excluded) continue;
    if (!Number.isFinite(row.scores[j])) return { output: 'scores', row: r };
    if (!Number.isFinite(row.logits[j])) return { output: 'logits', row: r };
  }
  if (!Number.isFinite(lse)) return { output: 'lse', row: r };
  for (const element of row.context) if (!Number.isFinite(element)) return { output: 'context', row: r };
  return undefined;
}
