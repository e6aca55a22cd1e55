import { ArithmeticOverflow, type Vectors, ZeroVectors } from './errors.ts';
import type { Kernel } from './kernels/kernel.ts';
import { reachOf, unboundedReach } from './mask.ts';
import { type Axes, attention, type Output, type Problem, type Result } from './operator.ts';
import { unitLength } from './similarity.ts';
import { type Broadcast, columnBlocks, floats, type Matrix, type Precision, rounded } from './tensor.ts';

/** Who asks: some of the tokens, by position, or vectors from outside. */
export type Asking = { readonly from: 'tokens'; readonly positions: Int32Array } | { readonly from: 'queries'; readonly vectors: Matrix };

/** Values for each (asking row, key), or the same for every row: [n] or [m, n]. */
export interface PerPair<Data> {
  readonly data: Data;
  readonly rank: 1 | 2;
}

/** What a lesson asks: tokens, who asks, and the options. Shapes fit, and every number is finite in `precision`. */
export interface Lesson {
  readonly precision: Precision;
  readonly tokens: Matrix;
  readonly asking: Asking;
  /** What is blended; the tokens where absent. */
  readonly values?: Matrix | undefined;
  readonly similarity: 'dot' | 'cosine';
  readonly scale: number | '1/sqrt(d_k)';
  readonly causal: boolean;
  readonly mask?: PerPair<Uint8Array> | undefined;
  readonly include: ReadonlySet<Output>;
}

/** The sizes of a lesson, in the words of its users: m asking rows, n tokens, widths d_k and d_v, h heads. */
export interface LessonSizes {
  readonly m: number;
  readonly n: number;
  readonly h: number;
  readonly d_k: number;
  readonly d_v: number;
}

export function lessonSizes({ tokens, asking, values }: Lesson): LessonSizes {
  const m = asking.from === 'tokens' ? asking.positions.length : asking.vectors.rows;
  return { m, n: tokens.rows, h: 1, d_k: tokens.columns, d_v: (values ?? tokens).columns };
}

/** The axes of the operator for a lesson. */
export function lessonAxes(lesson: Lesson): Axes {
  const { m, n, h, d_k, d_v } = lessonSizes(lesson);
  return { B: 1, H: h, G: h, M: m, N: n, D: d_k, E: d_v };
}

/**
 * Attention as the lesson asks for it.
 * @throws ZeroVectors where cosine similarity meets a vector of length 0
 * @throws ArithmeticOverflow where a result that is returned or attended is not finite in this precision
 */
export function attend(lesson: Lesson, kernel: Kernel): Result {
  const problem = problemOf(lesson);
  const result = attention(problem, kernel);
  refuseOverflow(problem, result);
  return result;
}

/** The lesson as queries, keys and values of the operator. */
function problemOf(lesson: Lesson): Problem {
  const { precision, asking, causal } = lesson;
  const { m, n, h, d_k } = lessonSizes(lesson);
  const { queries, keys } = similarityRows(lesson);
  return {
    axes: lessonAxes(lesson),
    precision,
    query: columnBlocks(queries, h),
    key: columnBlocks(keys, h),
    value: columnBlocks(lesson.values ?? lesson.tokens, h),
    scale: lesson.scale === '1/sqrt(d_k)' ? rounded(precision, 1 / Math.sqrt(d_k)) : rounded(precision, lesson.scale),
    reach: asking.from === 'tokens' && causal ? reachOf(asking.positions, [n], {}, causal) : unboundedReach(m, n),
    mask: lesson.mask && broadcast(lesson.mask, n),
    want: lesson.include,
  };
}

/** The rows that enter the dot products: as they are, or at unit length for cosine. */
function similarityRows({ tokens, asking, similarity, precision }: Lesson): { queries: Matrix; keys: Matrix } {
  const vectors = asking.from === 'queries' ? asking.vectors : undefined;
  if (similarity === 'dot') return { queries: vectors ?? gather(tokens, asking), keys: tokens };
  const keys = unitLength(tokens, 1, precision);
  const queries = vectors && unitLength(vectors, 1, precision);
  const zeros = [...zeroRows('tokens', keys.zeros), ...zeroRows('queries', queries?.zeros ?? [])];
  if (zeros.length > 0) throw new ZeroVectors(zeros.slice(0, 20));
  return { queries: queries?.unit ?? gather(keys.unit, asking), keys: keys.unit };
}

function zeroRows(vectors: Vectors, zeros: readonly { readonly row: number }[]) {
  return zeros.map(({ row }) => ({ vectors, row }));
}

/** The rows of the tokens that ask. */
function gather(matrix: Matrix, asking: Asking): Matrix {
  if (asking.from === 'queries') return asking.vectors;
  const { columns } = matrix;
  const data =
    matrix.data instanceof Float32Array ? floats('float32', asking.positions.length * columns) : floats('float64', asking.positions.length * columns);
  asking.positions.forEach((position, r) => {
    data.set(matrix.data.subarray(position * columns, (position + 1) * columns), r * columns);
  });
  return { data, rows: asking.positions.length, columns };
}

function broadcast<Data>({ data, rank }: PerPair<Data>, n: number): Broadcast<Data> {
  return { data, batchStride: 0, headStride: 0, rowStride: rank === 1 ? 0 : n, keyStride: 1 };
}

/** Finite inputs can still overflow on the way; a result that is returned or attended must be finite. */
function refuseOverflow({ axes: { H, M, N } }: Problem, result: Result): void {
  const refuse = (output: string, row: number) => {
    throw new ArithmeticOverflow(output, row % M, Math.floor(row / M) % H);
  };
  if (result.nonFinite) refuse(result.nonFinite.output, result.nonFinite.row);
  // An excluded key's score is returned too; only there can it still be infinite.
  const place = result.scores?.findIndex((score) => !Number.isFinite(score)) ?? -1;
  if (place >= 0) refuse('scores', Math.floor(place / N));
}
