import { ArithmeticOverflow } from '../engine/errors.ts';
import type { RowKernels } from '../engine/kernels/kernel.ts';
import { reference } from '../engine/kernels/reference.ts';
import { excludedKeys } from '../engine/mask.ts';
import type { Problem } from '../engine/operator.ts';
import { type Floats, floats, type Rows, rounded } from '../engine/tensor.ts';

/** Every number of the arithmetic for one head and one asking row: n keys, widths d_k and d_v. */
export interface RowTrace {
  readonly head: number;
  /** Which of the asking rows. */
  readonly row: number;
  /** [d_k] */
  readonly query: Floats;
  /** Key j, [d_k]. */
  readonly key: (j: number) => Floats;
  /** Value j, [d_v]. */
  readonly value: (j: number) => Floats;
  /** query[c] · key[j][c] of key j, [d_k]; the next call overwrites it. */
  readonly products: (j: number) => Floats;
  /** The products of each key added up, [n]. */
  readonly dot: Floats;
  /** scale · dot: the scores, [n]. */
  readonly scaled: Floats;
  /** softcap(scaled), or scaled itself, [n]. */
  readonly capped: Floats;
  /** With bias and position bias added, excluded or not, [n]. */
  readonly biased: Floats;
  /** 1 where the key takes no part, [n]. */
  readonly excluded: Uint8Array;
  /** The greatest logit that is not excluded, the sink's included; −Infinity where there is none. */
  readonly max: number;
  /** exp(biased − max); 0 where excluded, [n]. */
  readonly exponentials: Floats;
  /** exp(sink − max); 0 without a sink. */
  readonly sinkExponential: number;
  /** The exponentials added up, the sink's included. */
  readonly sum: number;
  /** exponentials / sum, [n]. */
  readonly weights: Floats;
  readonly sinkWeight: number;
  /** weight · value of key j: what it gives, [d_v]; the next call overwrites it. */
  readonly contributions: (j: number) => Floats;
}

/**
 * The arithmetic of one row by the reference kernels, each step rounded to the problem's precision, so that no number
 * in it depends on the kernel that answers.
 * @throws ArithmeticOverflow where a number of an attended key is not finite
 */
export function traceRow(problem: Problem, head: number, row: number): RowTrace {
  const { axes, precision, query, key, value, sink } = problem;
  const { H, G, N, D, E } = axes;
  const kernels = reference.rows(precision, precision);
  const group = Math.floor(head / (H / G));
  const shared = {
    head,
    row,
    query: rowOf(query, head, row, D),
    key: (j: number) => rowOf(key, group, j, D),
    value: (j: number) => rowOf(value, group, j, E),
  };
  const scores = traceScores(problem, kernels, shared);
  const excluded = new Uint8Array(N);
  const biased = floats(precision, N);
  kernels.logits(scores.capped, problem, 0, head, row, excluded, biased);
  excludedKeys(problem, 0, head, row, excluded);

  const weights = floats(precision, N);
  const { max, sum, sinkWeight } = kernels.softmax(biased, excluded, sink?.[head], weights);
  const exp = (logit: number) => rounded(precision, Math.exp(rounded(precision, logit - max)));
  const exponentials = floats(precision, N).map((_, j) => (excluded[j] === 1 ? 0 : exp(biased[j] ?? 0)));
  const given = floats(precision, E);
  const contributions = (j: number) => {
    if (excluded[j] === 1) return given.fill(0);
    const blended = shared.value(j);
    for (let e = 0; e < E; e++) given[e] = (weights[j] ?? 0) * (blended[e] ?? 0);
    return given;
  };
  const sinkLogit = sink?.[head];
  const sinkExponential = sinkLogit === undefined ? 0 : exp(sinkLogit);
  const trace = { ...shared, ...scores, biased, excluded, max, exponentials, sinkExponential, sum, weights, sinkWeight, contributions };
  refuseOverflow(trace, H);
  return trace;
}

function rowOf({ data, offset, headStride, rowStride }: Rows, head: number, row: number, width: number): Floats {
  const start = offset + head * headStride + row * rowStride;
  return data.subarray(start, start + width);
}

function traceScores({ axes: { N, D }, precision, scale, softcap }: Problem, kernels: RowKernels, { query, key }: Pick<RowTrace, 'query' | 'key'>) {
  const dot = floats(precision, N);
  const scaled = floats(precision, N);
  for (let j = 0; j < N; j++) {
    const asked = key(j);
    let sum = 0;
    for (let c = 0; c < D; c++) sum = rounded(precision, sum + rounded(precision, (query[c] ?? 0) * (asked[c] ?? 0)));
    dot[j] = sum;
    scaled[j] = scale * sum;
  }
  const capped = softcap === undefined ? scaled : kernels.softcap(scaled, softcap, floats(precision, N));
  const terms = floats(precision, D);
  const products = (j: number) => {
    const asked = key(j);
    for (let c = 0; c < D; c++) terms[c] = (query[c] ?? 0) * (asked[c] ?? 0);
    return terms;
  };
  return { products, dot, scaled, capped };
}

/**
 * What is said of an excluded key may be anything; what is attended must be finite. A product that is not makes its dot
 * product so, and a weight is at most 1.
 */
function refuseOverflow({ head, row, excluded, value, dot, scaled, biased, sum }: RowTrace, heads: number): void {
  let finite = Number.isFinite(sum);
  for (let j = 0; j < excluded.length && finite; j++) {
    if (excluded[j] === 1) continue;
    finite = Number.isFinite(dot[j]) && Number.isFinite(scaled[j]) && Number.isFinite(biased[j]);
    for (const element of value(j)) finite &&= Number.isFinite(element);
  }
  if (!finite) throw new ArithmeticOverflow('the trace', 'asking row', row, heads > 1 ? head : undefined);
}
