import { ArithmeticOverflow } from './errors.ts';
import type { Kernel } from './kernels/kernel.ts';
import { fullyMaskedRows, reachOf, unboundedReach, type Window } from './mask.ts';
import { type Axes, attention, type Output, type Problem, type Result } from './operator.ts';
import { addSinusoids, alibiSlopes, type Position, rotate } from './position.ts';
import { type Projection, project } from './projection.ts';
import { refuseZeroRows, unitLength } from './similarity.ts';
import { type Broadcast, columnBlocks, type Floats, floats, headMajor, type Matrix, type Precision, placesOf, rounded, takeRows } from './tensor.ts';

/** Who asks: some of the tokens, by position, or vectors from outside, which stand at `start`, `start` + 1, … where that is said. */
export type Asking =
  | { readonly from: 'tokens'; readonly positions: Int32Array }
  | { readonly from: 'queries'; readonly vectors: Matrix; readonly start?: number | undefined };

/** Values for each (asking row, key) or (head, asking row, key), or the same for every row: [n], [m, n] or [h, m, n]. */
export interface PerPair<Data> {
  readonly data: Data;
  readonly rank: 1 | 2 | 3;
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
  readonly projections: { readonly [Of in 'query' | 'key' | 'value' | 'output']: Projection };
  readonly heads: number;
  readonly kvHeads: number;
  readonly causal: boolean;
  readonly window: Window;
  readonly mask?: PerPair<Uint8Array> | undefined;
  readonly bias?: PerPair<Floats> | undefined;
  readonly softcap?: number | undefined;
  /** One logit a head. */
  readonly sink?: Floats | undefined;
  readonly position?: Position | undefined;
  readonly include: ReadonlySet<LessonOutput>;
}

/** What a lesson can give back: outputs of the operator, and the vectors that entered it. */
export type LessonOutput = Exclude<Output, 'capped'> | 'queries' | 'keys' | 'values';

/** An axis of a result: h heads, g key/value heads, m asking rows, or one that is always there. */
type AxisName = 'h' | 'g' | 'm' | 'n' | 'width';

/** A result: numbers, and its axes from the outermost to the innermost. */
export interface Tensor {
  readonly data: Floats;
  readonly axes: readonly (readonly [name: AxisName, size: number])[];
}

/** What was asked for, by name, and the rows (head · m + asking row) that have every key excluded. */
export interface LessonResult {
  readonly tensors: ReadonlyMap<LessonOutput, Tensor>;
  readonly fullyMasked: readonly number[];
}

/** The sizes of a lesson, in the words of its users. */
export interface LessonSizes {
  /** Asking rows. */
  readonly m: number;
  /** Tokens. */
  readonly n: number;
  readonly h: number;
  readonly kvHeads: number;
  readonly d_k: number;
  readonly d_v: number;
  /** The width of the context vector, after w_output. */
  readonly width: number;
}

export function lessonSizes({ tokens, asking, values, projections, heads: h, kvHeads }: Lesson): LessonSizes {
  const asks =
    asking.from === 'tokens' ? { m: asking.positions.length, columns: tokens.columns } : { m: asking.vectors.rows, columns: asking.vectors.columns };
  const d_k = (projections.query.weight?.columns ?? asks.columns) / h;
  const d_v = (projections.value.weight?.columns ?? (values ?? tokens).columns) / kvHeads;
  return { m: asks.m, n: tokens.rows, h, kvHeads, d_k, d_v, width: projections.output.weight?.columns ?? h * d_v };
}

/** Queries, keys and values on their way into the operator: with positions added, projected, rotated, of length 1. */
export type Stage = 'positioned' | 'projected' | 'rotated' | 'unit';

/** Someone who looks on: is shown the vectors after each step, and the problem that the operator gets. */
export interface Witness {
  vectors(stage: Stage, vectors: { readonly queries: Matrix; readonly keys: Matrix; readonly values: Matrix }): void;
  problem(problem: Problem): void;
}

/**
 * Attention as the lesson asks for it. `checkpoint` is called now and then, and may throw to stop.
 * @throws ZeroVectors where cosine similarity meets a vector of length 0
 * @throws ArithmeticOverflow where a result that is returned or attended is not finite in this precision
 */
export function attend(lesson: Lesson, kernel: Kernel, checkpoint?: () => void, witness?: Witness): LessonResult {
  const vectors = vectorsOf(lesson, checkpoint, witness);
  const problem = { ...problemOf(lesson, vectors), checkpoint };
  witness?.problem(problem);
  // Queries, keys and values alone need no attention.
  const result: Result = problem.want.size > 0 ? attention(problem, kernel) : { fullyMasked: fullyMaskedRows(problem) };
  const { nonFinite } = result;
  if (nonFinite) throw overflow(lesson, nonFinite.output, nonFinite.row);
  const tensors = tensorsOf(lesson, vectors, result);
  refuseOverflow(lesson, tensors);
  return { tensors, fullyMasked: result.fullyMasked };
}

/** Queries, keys and values as they enter the operator: heads are blocks of columns side by side. */
interface Vectors {
  readonly queries: Matrix;
  readonly keys: Matrix;
  readonly values: Matrix;
  /** Where each asking row stands among the tokens; absent for vectors from outside that stand nowhere. */
  readonly positions: Int32Array | undefined;
}

/** Positions are added to the tokens, projections are applied, heads are rotated, lengths are divided out: in this order. */
function vectorsOf(lesson: Lesson, checkpoint?: () => void, witness?: Witness): Vectors {
  const { precision, asking, projections, heads, kvHeads, position, similarity } = lesson;
  const positions = positionsOf(asking);
  const sinusoidal = position?.type === 'sinusoidal';
  const tokens = sinusoidal ? addSinusoids(lesson.tokens, placesOf(lesson.tokens), precision) : lesson.tokens;
  const outside = asking.from === 'queries' ? asking.vectors : undefined;
  const asks =
    outside === undefined
      ? takeRows(tokens, positions ?? placesOf(tokens))
      : sinusoidal && positions
        ? addSinusoids(outside, positions, precision)
        : outside;

  witness?.vectors('positioned', { queries: asks, keys: tokens, values: lesson.values ?? tokens });
  let queries = project(asks, projections.query, precision, checkpoint);
  let keys = project(tokens, projections.key, precision, checkpoint);
  const values = project(lesson.values ?? tokens, projections.value, precision, checkpoint);
  witness?.vectors('projected', { queries, keys, values });
  if (position?.type === 'rope' && positions) {
    queries = rotate(queries, heads, positions, position, precision);
    keys = rotate(keys, kvHeads, placesOf(tokens), position, precision);
    witness?.vectors('rotated', { queries, keys, values });
  }
  if (similarity === 'cosine') {
    const unitQueries = unitLength(queries, heads, precision);
    const unitKeys = unitLength(keys, kvHeads, precision);
    refuseZeroRows(unitKeys.zeros, unitQueries.zeros, asking.from === 'tokens' ? asking.positions : undefined);
    queries = unitQueries.unit;
    keys = unitKeys.unit;
    witness?.vectors('unit', { queries, keys, values });
  }
  return { queries, keys, values, positions };
}

function positionsOf(asking: Asking): Int32Array | undefined {
  if (asking.from === 'tokens') return asking.positions;
  const { start, vectors } = asking;
  return start === undefined ? undefined : Int32Array.from({ length: vectors.rows }, (_, r) => start + r);
}

function problemOf(lesson: Lesson, { queries, keys, values, positions }: Vectors): Problem {
  const { precision, heads, kvHeads, causal, window, mask, bias, softcap, sink, position, scale, include } = lesson;
  const { m, n, d_k, d_v } = lessonSizes(lesson);
  const axes: Axes = { B: 1, H: heads, G: kvHeads, M: m, N: n, D: d_k, E: d_v };
  return {
    axes,
    precision,
    query: columnBlocks(queries, heads),
    key: columnBlocks(keys, kvHeads),
    value: columnBlocks(values, kvHeads),
    scale: scale === '1/sqrt(d_k)' ? rounded(precision, 1 / Math.sqrt(d_k)) : scale,
    softcap,
    reach: positions ? reachOf(positions, [n], window, causal) : unboundedReach(m, n),
    mask: mask && broadcast(mask, axes),
    bias: bias && broadcast(bias, axes),
    alibi: position?.type === 'alibi' && positions ? { slopes: position.slopes ?? alibiSlopes(heads, precision), positions } : undefined,
    sink,
    want: wantOf(include),
    finiteOnly: true,
  };
}

function wantOf(include: Lesson['include']): ReadonlySet<Output> {
  const want = new Set<Output>();
  for (const output of include) if (output !== 'queries' && output !== 'keys' && output !== 'values') want.add(output);
  return want;
}

function broadcast<Data>({ data, rank }: PerPair<Data>, { M, N }: Axes): Broadcast<Data> {
  return { data, batchStride: 0, headStride: rank === 3 ? M * N : 0, rowStride: rank === 1 ? 0 : N, keyStride: 1 };
}

function tensorsOf(lesson: Lesson, { queries, keys, values }: Vectors, result: Result): ReadonlyMap<LessonOutput, Tensor> {
  const { m, n, h, kvHeads, d_k, d_v, width } = lessonSizes(lesson);
  const tensors = new Map<LessonOutput, Tensor>();
  for (const output of lesson.include) {
    if (output === 'queries')
      tensors.set(output, {
        data: headMajor(queries, h),
        axes: [
          ['h', h],
          ['m', m],
          ['width', d_k],
        ],
      });
    else if (output === 'keys')
      tensors.set(output, {
        data: headMajor(keys, kvHeads),
        axes: [
          ['g', kvHeads],
          ['n', n],
          ['width', d_k],
        ],
      });
    else if (output === 'values')
      tensors.set(output, {
        data: headMajor(values, kvHeads),
        axes: [
          ['g', kvHeads],
          ['n', n],
          ['width', d_v],
        ],
      });
    else {
      const data = result[output] ?? floats(lesson.precision, 0);
      if (output === 'context') {
        const context = project({ data, rows: m, columns: h * d_v }, lesson.projections.output, lesson.precision);
        tensors.set(output, {
          data: context.data,
          axes: [
            ['m', m],
            ['width', width],
          ],
        });
      } else if (output === 'lse' || output === 'entropy' || output === 'sink_weight')
        tensors.set(output, {
          data,
          axes: [
            ['h', h],
            ['m', m],
          ],
        });
      else
        tensors.set(output, {
          data,
          axes: [
            ['h', h],
            ['m', m],
            ['n', n],
          ],
        });
    }
  }
  return tensors;
}

/**
 * Finite inputs can overflow on the way; what is returned must be finite. The attended logits were looked at by the
 * operator, so a logit or a log-sum-exp that is −∞ here is one of an excluded key or of a fully masked row.
 */
function refuseOverflow(lesson: Lesson, tensors: ReadonlyMap<LessonOutput, Tensor>): void {
  for (const [output, { data, axes }] of tensors) {
    if (output === 'logits' || output === 'lse') continue;
    const place = data.findIndex((value) => !Number.isFinite(value));
    if (place < 0) continue;
    const last = axes.at(-1);
    const row = last?.[0] === 'm' ? place : Math.floor(place / (last?.[1] ?? 1));
    throw overflow(lesson, output, row);
  }
}

/** `row` counts the rows of an output through its heads. */
function overflow(lesson: Lesson, output: LessonOutput, row: number): ArithmeticOverflow {
  const { m, n, h } = lessonSizes(lesson);
  const ofTokens = output === 'keys' || output === 'values';
  const rows = ofTokens ? n : m;
  return new ArithmeticOverflow(
    output,
    ofTokens ? 'token' : 'asking row',
    row % rows,
    h > 1 && output !== 'context' ? Math.floor(row / rows) : undefined,
  );
}
