import type { RowKernels } from '../engine/kernels/kernel.ts';
import { reference } from '../engine/kernels/reference.ts';
import { type Lesson, openLesson } from '../engine/lesson.ts';
import { excludedKeys } from '../engine/mask.ts';
import type { Problem } from '../engine/operator.ts';
import { floats, type Rows, rounded } from '../engine/tensor.ts';

/** Every number of the arithmetic for one head and one asking row: n keys, widths d_k and d_v. */
export interface RowTrace {
  readonly query: readonly number[];
  readonly keys: readonly (readonly number[])[];
  readonly values: readonly (readonly number[])[];
  /** query[c] · key[j][c] */
  readonly products: readonly (readonly number[])[];
  /** The products added up. */
  readonly dot: readonly number[];
  /** scale · dot: the scores. */
  readonly scaled: readonly number[];
  readonly capped: readonly number[];
  /** With bias and position bias added, excluded or not. */
  readonly biased: readonly number[];
  readonly excluded: readonly boolean[];
  /** The greatest logit that is not excluded, the sink included; −Infinity where there is none. */
  readonly max: number;
  /** exp(biased − max); 0 where excluded. */
  readonly exponentials: readonly number[];
  /** The exponentials added up, the sink's included. */
  readonly sum: number;
  readonly weights: readonly number[];
  readonly sinkWeight: number;
  /** weight · value, what each key gives. */
  readonly contributions: readonly (readonly number[])[];
  /** The contributions added up. */
  readonly context: readonly number[];
}

/** A lesson with all its numbers: rows[h][i]. */
export interface LessonTrace {
  readonly rows: readonly (readonly RowTrace[])[];
}

/**
 * The whole arithmetic of a lesson by the reference kernels, each step rounded to its precision.
 * @throws ZeroVectors
 */
export function traceLesson(lesson: Lesson): LessonTrace {
  const problem = openLesson(lesson);
  const kernels = reference.rows(problem.precision, problem.precision);
  const { H, G, M, N, D, E } = problem.axes;
  const shared = Array.from({ length: G }, (_, g) => ({ keys: rowsOf(problem.key, g, N, D), values: rowsOf(problem.value, g, N, E) }));
  const sharedBy = (h: number) => shared[Math.floor(h / (H / G))] ?? { keys: [], values: [] };
  return { rows: Array.from({ length: H }, (_, h) => Array.from({ length: M }, (_, i) => traceRow(problem, kernels, h, i, sharedBy(h)))) };
}

/** The rows of one head, as lists; every row that asks shares them. */
function rowsOf({ data, offset, headStride, rowStride }: Rows, head: number, count: number, width: number): number[][] {
  return Array.from({ length: count }, (_, r) => [...data.subarray(offset + head * headStride + r * rowStride).subarray(0, width)]);
}

function traceRow(problem: Problem, kernels: RowKernels, h: number, i: number, { keys, values }: Pick<RowTrace, 'keys' | 'values'>): RowTrace {
  const { axes, precision, query, scale, softcap, sink } = problem;
  const { N, D, E } = axes;
  const round = (x: number) => rounded(precision, x);
  const [q = []] = rowsOf({ ...query, offset: query.offset + i * query.rowStride }, h, 1, D);
  const everyKey = <T>(make: (j: number) => T): T[] => Array.from({ length: N }, (_, j) => make(j));
  const products = keys.map((k) => k.map((x, c) => round((q[c] ?? 0) * x)));
  const dot = products.map((terms) => terms.reduce((sum, term) => round(sum + term), 0));
  const scaled = floats(precision, N).map((_, j) => round(scale * (dot[j] ?? 0)));
  const capped = floats(precision, N);
  if (softcap === undefined) capped.set(scaled);
  else kernels.softcap(scaled, softcap, capped);
  const excluded = new Uint8Array(N);
  const biased = floats(precision, N);
  kernels.logits(capped, problem, 0, h, i, excluded, biased);
  excludedKeys(problem, 0, h, i, excluded);
  const weights = floats(precision, N);
  const softmax = kernels.softmax(biased, excluded, sink?.[h], weights);
  const contributions = values.map((v, j) => v.map((x) => (excluded[j] === 1 ? 0 : round((weights[j] ?? 0) * x))));
  return {
    query: q,
    keys,
    values,
    products,
    dot,
    scaled: [...scaled],
    capped: [...capped],
    biased: [...biased],
    excluded: [...excluded].map((one) => one === 1),
    max: softmax.max,
    exponentials: everyKey((j) => (excluded[j] === 1 ? 0 : round(Math.exp(round((biased[j] ?? 0) - softmax.max))))),
    sum: softmax.sum,
    weights: [...weights],
    sinkWeight: softmax.sinkWeight,
    contributions,
    context: Array.from({ length: E }, (_, e) => contributions.reduce((sum, one) => round(sum + (one[e] ?? 0)), 0)),
  };
}
