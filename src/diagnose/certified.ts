import { startOf } from '../engine/block.ts';
import type { Call } from '../engine/call.ts';
import { greatestMagnitude } from '../engine/similarity.ts';
import type { Floats, Matrix, Rows } from '../engine/tensor.ts';
import type { TokenAttention } from '../engine/token-attention.ts';
import { queryPositions, type Vectors, vectorsBySteps } from '../engine/way-in.ts';
import type { Observable } from './answer.ts';
import { type Arithmetic, HALF_UNIT } from './arithmetic.ts';

/*
 * How far an honest implementation can be off: the bounds of the engine's README, carried from the inputs through every
 * step for these very numbers (running error analysis: Wilkinson 1963; Higham 2002, Accuracy and Stability, 3.3). Inputs and
 * results are rounded to the arithmetic, sums are taken in float32 at least.
 */

/** The least number that is not rounded to 0, halved: what a result loses where it is too small for the arithmetic. */
const UNDERFLOW: Readonly<Record<Arithmetic, number>> = { float64: 2 ** -1075, float32: 2 ** -150, float16: 2 ** -25, bfloat16: 2 ** -134 };
const GREATEST: Readonly<Record<Arithmetic, number>> = {
  float64: Number.MAX_VALUE,
  float32: 3.4028234663852886e38,
  float16: 65_504,
  bfloat16: 3.3895313892515355e38,
};

/** What rounds: results by u, sums by a, what vanishes by e. */
interface Units {
  readonly u: number;
  readonly a: number;
  readonly e: number;
  readonly greatest: number;
}

/** Right numbers of the operator for the same request: its call, weights [H, M, N], scores, and log-sum-exps. */
export interface Right {
  readonly attention: TokenAttention;
  readonly call: Call;
  readonly scores: Floats;
  readonly weights: Floats;
  readonly lse: Floats;
}

/** The largest absolute error of each output, and of the heads' mean weights; infinite where the arithmetic's range may be left. */
export type Bounds = Readonly<Record<Observable | 'meanWeights', number>>;

export function certify(right: Right, arithmetic: Arithmetic): Bounds {
  const u = HALF_UNIT[arithmetic];
  const units: Units = { u, a: Math.min(u, HALF_UNIT.float32), e: UNDERFLOW[arithmetic], greatest: GREATEST[arithmetic] };
  const bounds = boundsOf(right, vectorErrors(right.attention, units), units);
  // What has been left out is of second order.
  const whole = (bound: number) => (Number.isNaN(bound) ? Number.POSITIVE_INFINITY : bound * (1 + 32 * u));
  return {
    scores: whole(bounds.scores),
    weights: Math.min(1, whole(bounds.weights)),
    meanWeights: Math.min(1, whole(bounds.meanWeights)),
    context: whole(bounds.context),
    lse: whole(bounds.lse),
  };
}

/** How far the elements of each vector can be off, as they enter the operator. */
interface VectorErrors {
  readonly queries: Floats;
  readonly keys: Floats;
  readonly values: Floats;
}

const SIDES = ['queries', 'keys', 'values'] as const;

function vectorErrors(attention: TokenAttention, units: Units): VectorErrors {
  const { u, e } = units;
  let before: Vectors | undefined;
  let errors: VectorErrors | undefined;
  const entering = (vectors: Vectors): VectorErrors => mapSides((side) => vectors[side].data.map((x) => u * Math.abs(x) + e));
  vectorsBySteps(attention, undefined, (step, after) => {
    if (step.name === 'position') {
      // Sinusoids are at most 1; each is rounded, and so is the sum.
      errors = entering(after);
      if (attention.position?.type === 'sinusoidal') {
        const angles = angleErrors(attention, units);
        const entered = errors;
        errors = mapSides((side) =>
          side === 'values' && attention.values ? entered.values : entered[side].map((error) => 3 * error + 2 * u + angles),
        );
      }
    }
    const [was, from] = [errors, before];
    before = after;
    if (!was || !from || from === after) return;
    if (step.name === 'project') errors = projectedErrors(attention, from, after, was, units);
    else if (step.name === 'rotate') errors = rotatedErrors(attention, after, was, units);
    else if (step.name === 'normalise') errors = unitErrors(from, after, was, units);
  });
  return errors ?? { queries: new Float64Array(), keys: new Float64Array(), values: new Float64Array() };
}

function mapSides(of: (side: (typeof SIDES)[number]) => Floats): VectorErrors {
  return { queries: of('queries'), keys: of('keys'), values: of('values') };
}

/** How far the sine of the greatest angle is off, where angles are computed in float32 at least. */
function angleErrors({ tokens, queries }: TokenAttention, { a }: Units): number {
  const farthest = Math.max(tokens.rows, greatestMagnitude(queryPositions(queries) ?? []));
  return 4 * a * (1 + farthest);
}

function projectedErrors({ projections }: TokenAttention, from: Vectors, to: Vectors, errors: VectorErrors, units: Units): VectorErrors {
  const by = { queries: projections.query, keys: projections.key, values: projections.value };
  return mapSides((side) => {
    const { weight, bias } = by[side];
    if (!weight && !bias) return errors[side];
    return weight
      ? productErrors(from[side], errors[side], weight, bias, to[side].data, units)
      : errors[side].map((error, k) => error + units.u * (Math.abs(bias?.[k % bias.length] ?? 0) + Math.abs(to[side].data[k] ?? 0)));
  });
}

/** x · W + b: Σ |δx| |W| + |x| |W| (u + (d + 4) a · 2) + u |b| + u |y|. */
function productErrors(x: Matrix, errors: Floats, weight: Matrix, bias: Floats | undefined, y: Floats, { u, a, e }: Units): Floats {
  const out = new Float64Array(y.length);
  const relative = u + 2 * (x.columns + 4) * a;
  for (let r = 0; r < x.rows; r++) {
    for (let c = 0; c < x.columns; c++) {
      const error = (errors[r * x.columns + c] ?? 0) + relative * Math.abs(x.data[r * x.columns + c] ?? 0);
      for (let o = 0; o < weight.columns; o++) {
        const k = r * weight.columns + o;
        out[k] = (out[k] ?? 0) + error * Math.abs(weight.data[c * weight.columns + o] ?? 0);
      }
    }
  }
  return out.map((error, k) => error + u * (Math.abs(bias?.[k % weight.columns] ?? 0) + Math.abs(y[k] ?? 0)) + e);
}

/** A rotation mixes the errors of a pair; sines and cosines are rounded, and computed from angles that are. */
function rotatedErrors(attention: TokenAttention, after: Vectors, errors: VectorErrors, units: Units): VectorErrors {
  const trig = units.u + angleErrors(attention, units);
  return mapSides((side) => {
    if (side === 'values') return errors.values;
    const { data, columns, heads } = after[side];
    const width = columns / heads;
    return errors[side].map((_, k) => {
      // Of the block that the pair lies in: no pair is longer than its block.
      const block = k - (k % width);
      let [error, size] = [0, 0];
      for (let c = block; c < block + width; c++) {
        error = Math.max(error, errors[side][c] ?? 0);
        size = Math.max(size, Math.abs(data[c] ?? 0));
      }
      return 2 * error + 2 * (trig + units.u) * Math.SQRT2 * size + units.u * Math.abs(data[k] ?? 0) + units.e;
    });
  });
}

/** x / |x|: the error of x, and that of its length, over the length. */
function unitErrors(from: Vectors, after: Vectors, errors: VectorErrors, { u, a, e }: Units): VectorErrors {
  return mapSides((side) => {
    if (side === 'values') return errors.values;
    const { data, columns, heads } = from[side];
    const width = columns / heads;
    const out = new Float64Array(data.length);
    for (let block = 0; block < data.length; block += width) {
      const length = norm(data, block, width);
      const off = norm(errors[side], block, width) / length;
      const inflated = off < 0.5 ? 1 / (1 - off) : Number.POSITIVE_INFINITY;
      for (let k = block; k < block + width; k++) {
        const unit = Math.abs(after[side].data[k] ?? 0);
        out[k] = ((errors[side][k] ?? 0) / length + unit * off) * inflated + unit * (3 * u + (width + 8) * a) + e;
      }
    }
    return out;
  });
}

function norm(data: Floats, from: number, length: number): number {
  let squares = 0;
  for (let k = from; k < from + length; k++) squares += (data[k] ?? 0) ** 2;
  return Math.sqrt(squares);
}

type RowBounds = Record<Observable | 'meanWeights', number>;

function boundsOf(right: Right, errors: VectorErrors, units: Units): RowBounds {
  const { call, attention } = right;
  const { H, G, M, N, D, E } = call.axes;
  const { u, e } = units;
  const query = lengths(call.query, errors.queries, H, M, D);
  const key = lengths(call.key, errors.keys, G, N, D);
  const value = lengths(call.value, errors.values, G, N, E);
  const most: RowBounds = { scores: 0, weights: 0, meanWeights: 0, context: 0, lse: 0 };
  const meanErrors = new Float64Array(M * N);
  const sizes = new Float64Array(M * H);
  const contexts = new Float64Array(M * H);
  for (let h = 0; h < H; h++) {
    const g = Math.floor(h / (H / G));
    for (let i = 0; i < M; i++) {
      const row = rowBounds(right, units, { h, i, query: h * M + i, keys: g * N, lengths: { query, key } });
      most.scores = Math.max(most.scores, row.score);
      const lse = right.lse[h * M + i] ?? 0;
      if (Number.isFinite(lse)) most.lse = Math.max(most.lse, row.logit + (N + 16) * 2 * units.a + (4 * units.a + u) * (1 + Math.abs(lse)));
      const relative = Math.expm1(2 * row.logit) + (N + 16) * 2 * units.a + 3 * u;
      let [context, size] = [0, 0];
      for (let j = 0; j < N; j++) {
        const weight = right.weights[(h * M + i) * N + j] ?? 0;
        if (weight === 0 && !row.attended[j]) continue;
        const error = Math.min(1, weight * relative + e);
        most.weights = Math.max(most.weights, error);
        meanErrors[i * N + j] = (meanErrors[i * N + j] ?? 0) + error / H;
        const length = value.greatest[g * N + j] ?? 0;
        context += error * length + weight * (value.error[g * N + j] ?? 0);
        size += weight * length;
      }
      sizes[i * H + h] = size;
      contexts[i * H + h] = context + (2 * u + (N + 4) * 2 * units.a) * size + e;
    }
  }
  most.meanWeights = meanErrors.reduce((greatest, error) => Math.max(greatest, error), 0);
  most.context = projectedContext(attention, call, sizes, contexts, units);
  if (value.greatest.some((length) => length > units.greatest)) most.context = Number.POSITIVE_INFINITY;
  return most;
}

/** The row's largest errors of a score and of a logit, and which keys take part. */
interface RowBound {
  readonly score: number;
  readonly logit: number;
  readonly attended: Uint8Array;
}

interface RowPlace {
  readonly h: number;
  readonly i: number;
  readonly query: number;
  readonly keys: number;
  readonly lengths: { readonly query: Lengths; readonly key: Lengths };
}

function rowBounds(
  { call, scores, weights }: Right,
  { u, a, e, greatest }: Units,
  { h, i, query, keys, lengths: { query: q, key: k } }: RowPlace,
): RowBound {
  const { M, N, D } = call.axes;
  const { scale, softcap, bias, alibi } = call;
  const attended = new Uint8Array(N);
  let [score, logit] = [0, 0];
  for (let j = 0; j < N; j++) {
    const [ql, qe, kl, ke] = [q.length[query] ?? 0, q.off[query] ?? 0, k.length[keys + j] ?? 0, k.off[keys + j] ?? 0];
    const s = scores[(h * M + i) * N + j] ?? 0;
    const size = Math.abs(scale) * ql * kl;
    const error = Math.abs(scale) * (qe * kl + ql * ke + qe * ke) + (D + 4) * 2 * a * size + 4 * u * Math.abs(s) + e * (1 + Math.abs(scale));
    score = Math.max(score, size / Math.max(Math.abs(scale), 1e-300) > greatest || size > greatest ? Number.POSITIVE_INFINITY : error);
    attended[j] = (weights[(h * M + i) * N + j] ?? 0) > 0 ? 1 : 0;
    if (attended[j] === 0 && !isIn(call, h, i, j)) continue;
    attended[j] = 1;
    const capped = softcap === undefined ? s : softcap * Math.tanh(s / softcap);
    const added = bias ? (bias.data[h * bias.headStride + i * bias.rowStride + j * bias.keyStride] ?? 0) : 0;
    const far = alibi ? (alibi.slopes[h] ?? 0) * Math.abs((alibi.positions[i] ?? 0) - j) : 0;
    const total = Math.abs(capped) + Math.abs(added) + Math.abs(far);
    logit = Math.max(logit, error + 4 * u * total + 64 * a * (1 + total + (softcap ?? 0)) + u * (softcap ?? 0) + e);
  }
  return { score, logit, attended };
}

function isIn({ keyRanges, mask }: Call, h: number, i: number, j: number): boolean {
  if (j < (keyRanges.first[i] ?? 0) || j >= (keyRanges.end[i] ?? 0)) return false;
  return !mask || mask.data[h * mask.headStride + i * mask.rowStride + j * mask.keyStride] === 1;
}

/** Of each row of a head: its length, the length of its error, its greatest element and that one's error. */
interface Lengths {
  readonly length: Floats;
  readonly off: Floats;
  readonly greatest: Floats;
  readonly error: Floats;
}

function lengths(rows: Rows, errors: Floats, heads: number, count: number, width: number): Lengths {
  const make = (of: (from: number) => number) => {
    const out = new Float64Array(heads * count);
    for (let h = 0; h < heads; h++) for (let r = 0; r < count; r++) out[h * count + r] = of(startOf(rows, 0, h, r));
    return out;
  };
  const greatest = (data: Floats) => (from: number) => greatestMagnitude(data.subarray(from, from + width));
  return {
    length: make((from) => norm(rows.data, from, width)),
    off: make((from) => norm(errors, from, width)),
    greatest: make(greatest(rows.data)),
    error: make(greatest(errors)),
  };
}

/** The largest error of the context, after w_output and b_output where there are any; `sizes` and `errors` are [M, H]. */
function projectedContext(
  { projections: { output } }: TokenAttention,
  { axes: { H, M, E } }: Call,
  sizes: Floats,
  errors: Floats,
  { u, a, e }: Units,
): number {
  const { weight, bias } = output;
  const added = greatestMagnitude(bias ?? []);
  if (!weight) return greatestMagnitude(errors) + (bias ? u * (greatestMagnitude(sizes) + 2 * added) : 0);
  const { columns } = weight;
  const sums = new Float64Array(H * columns);
  for (let row = 0; row < H * E; row++) {
    const head = Math.floor(row / E);
    for (let c = 0; c < columns; c++) sums[head * columns + c] = (sums[head * columns + c] ?? 0) + Math.abs(weight.data[row * columns + c] ?? 0);
  }
  let most = 0;
  for (let i = 0; i < M; i++) {
    for (let c = 0; c < columns; c++) {
      let total = e + 2 * u * added;
      for (let h = 0; h < H; h++) {
        const relative = 2 * u + 2 * (H * E + 4) * a;
        total += ((errors[i * H + h] ?? 0) + relative * (sizes[i * H + h] ?? 0)) * (sums[h * columns + c] ?? 0);
      }
      most = Math.max(most, total);
    }
  }
  return most;
}
