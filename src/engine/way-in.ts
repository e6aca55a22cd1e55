import { addSinusoids, type Position, rotate } from './position.ts';
import { type Projection, project } from './projection.ts';
import { refuseZeroRows, unitLength } from './similarity.ts';
import { type Matrix, type Precision, positionsOf, takeRows } from './tensor.ts';

/** The query rows: some of the tokens, by position, or vectors from outside, which stand at `start`, `start` + 1, … where that is said. */
export type QueryRows =
  | { readonly from: 'tokens'; readonly positions: Int32Array }
  | { readonly from: 'queries'; readonly vectors: Matrix; readonly start?: number | undefined };

/** What the way into the operator depends on. */
export interface WayIn {
  readonly precision: Precision;
  readonly tokens: Matrix;
  readonly queries: QueryRows;
  /** What the weighted sum is made of; the tokens where absent. */
  readonly values?: Matrix | undefined;
  readonly similarity: 'dot' | 'cosine';
  readonly projections: { readonly [Of in 'query' | 'key' | 'value' | 'output']: Projection };
  readonly heads: number;
  readonly kvHeads: number;
  readonly position?: Position | undefined;
}

/** A matrix whose columns are so many heads side by side. */
export interface Heads extends Matrix {
  readonly heads: number;
}

/** Queries, keys and values on their way into the operator. */
export interface Vectors {
  readonly queries: Heads;
  readonly keys: Heads;
  readonly values: Heads;
}

/** One step of the way in: new vectors, or the same where it has nothing to do. */
export interface WayInStep {
  readonly name: string;
  run(way: WayIn, vectors: Vectors, checkpoint?: () => void): Vectors;
}

/**
 * From tokens to queries, keys and values, step by step. A step leaves the vectors that it is given as they are, so that
 * they can be kept without a copy.
 */
export const WAY_IN = [
  { name: 'position', run: addPositions }, // tokens + sinusoids of their positions
  { name: 'project', run: projectingBy(project) }, // Q = queries · w_query + b_query, and so K and V
  { name: 'split', run: split }, //           each row's columns in heads
  { name: 'rotate', run: rotateAll }, //      rope: each head of Q and K turned by its position
  { name: 'normalise', run: normalise }, //   cosine: each head of Q and K divided by its length
] as const satisfies readonly WayInStep[];

export type WayInName = (typeof WAY_IN)[number]['name'];

/** Is shown the vectors after every step. */
export type VectorRecorder = (step: WayInStep, vectors: Vectors) => void;

/**
 * Queries, keys and values as they enter the operator. `checkpoint` is called now and then, and may throw to stop.
 * @throws ZeroVectors where cosine similarity meets a vector of length 0
 */
export function vectorsBySteps(way: WayIn, steps: readonly WayInStep[] = WAY_IN, recorder?: VectorRecorder, checkpoint?: () => void): Vectors {
  let vectors = given(way);
  for (const step of steps) {
    vectors = step.run(way, vectors, checkpoint);
    recorder?.(step, vectors);
  }
  return vectors;
}

/** Where each query row stands among the tokens; absent for vectors from outside that stand nowhere. */
export function queryPositions(queries: QueryRows): Int32Array | undefined {
  if (queries.from === 'tokens') return queries.positions;
  const { start, vectors } = queries;
  return start === undefined ? undefined : Int32Array.from({ length: vectors.rows }, (_, r) => start + r);
}

function given({ tokens, queries, values }: WayIn): Vectors {
  const keys = whole(tokens);
  return {
    queries: whole(queries.from === 'tokens' ? takeRows(tokens, queries.positions) : queries.vectors),
    keys,
    values: values ? whole(values) : keys,
  };
}

function addPositions({ precision, position, queries: rows }: WayIn, vectors: Vectors): Vectors {
  if (position?.type !== 'sinusoidal') return vectors;
  const keys = whole(addSinusoids(vectors.keys, positionsOf(vectors.keys), precision));
  const positions = queryPositions(rows);
  const outside = positions ? () => addSinusoids(vectors.queries, positions, precision) : () => vectors.queries;
  return {
    queries: whole(rows.from === 'tokens' ? takeRows(keys, rows.positions) : outside()),
    keys,
    values: vectors.values === vectors.keys ? keys : vectors.values,
  };
}

/** The step that projects, with that function for each of the three: `project`, or one that remembers. */
export function projectingBy(each: typeof project): WayInStep['run'] {
  return ({ precision, projections }, { queries, keys, values }, checkpoint) => {
    const projected = (rows: Heads, by: Projection) => (by.weight || by.bias ? whole(each(rows, by, precision, checkpoint)) : rows);
    return { queries: projected(queries, projections.query), keys: projected(keys, projections.key), values: projected(values, projections.value) };
  };
}

function split({ heads, kvHeads }: WayIn, vectors: Vectors): Vectors {
  if (heads === 1) return vectors;
  const inHeads = ({ data, rows, columns }: Heads, heads: number): Heads => ({ data, rows, columns, heads });
  return { queries: inHeads(vectors.queries, heads), keys: inHeads(vectors.keys, kvHeads), values: inHeads(vectors.values, kvHeads) };
}

function rotateAll({ precision, position, queries: rows }: WayIn, vectors: Vectors): Vectors {
  const positions = position?.type === 'rope' ? queryPositions(rows) : undefined;
  if (position?.type !== 'rope' || !positions) return vectors;
  const turned = (of: Heads, at: Int32Array) => ({ ...of, ...rotate(of, of.heads, at, position, precision) });
  return { ...vectors, queries: turned(vectors.queries, positions), keys: turned(vectors.keys, positionsOf(vectors.keys)) };
}

function normalise({ precision, similarity, queries: rows }: WayIn, vectors: Vectors): Vectors {
  if (similarity !== 'cosine') return vectors;
  const { queries, keys } = vectors;
  const unitQueries = unitLength(queries, queries.heads, precision);
  const unitKeys = unitLength(keys, keys.heads, precision);
  refuseZeroRows(unitKeys.zeros, unitQueries.zeros, rows.from === 'tokens' ? rows.positions : undefined);
  return { ...vectors, queries: { ...queries, ...unitQueries.unit }, keys: { ...keys, ...unitKeys.unit } };
}

/** A matrix that is not split yet. */
function whole(matrix: Matrix): Heads {
  return { data: matrix.data, rows: matrix.rows, columns: matrix.columns, heads: 1 };
}
