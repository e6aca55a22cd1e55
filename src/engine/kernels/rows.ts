import { contextLayout, type NonFinite, type Call as Problem, type Result, type SoftmaxPrecision } from '../call.ts';
import { excludedKeys } from '../mask.ts';
import { type Floats, floats, type Precision, type Rows } from '../tensor.ts';

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
  /** out[j] = capped[j] + bias − slope · |position − j|, or −Infinity where excluded. */
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

/** Rounds the result of one operation to the arithmetic in use. */
type Round = (value: number) => number;

/**
 * The naive kernels, kept for ever: every other kernel is tested against them. One operation at a time, keys in
 * order, each result rounded to `precision`. exp, tanh and log are the platform's double precision, rounded once.
 */
function rowKernels(precision: Precision): Omit<RowKernels, 'softmax'> {
  const round = rounding[precision];

  return {
    scores(query, i, key, N, D, scale, out) {
      const q = query.offset + i * query.stride;
      for (let j = 0; j < N; j++) out[j] = round(scale * dot(precision, query.data, q, key.data, key.offset + j * key.stride, D));
    },

    softcap(scores, cap, out) {
      for (let j = 0; j < scores.length; j++) out[j] = round(cap * round(Math.tanh(round(scores[j]! / cap))));
      return out;
    },

    logits(capped, { axes: { M }, bias, alibi }, b, h, i, excluded, out) {
      const biasRow = bias ? b * bias.batchStride + h * bias.headStride + i * bias.rowStride : 0;
      const position = alibi?.positions[b * M + i] ?? 0;
      const slope = alibi?.slopes[h] ?? 0;
      for (let j = 0; j < capped.length; j++) {
        let logit = capped[j]!;
        if (bias) logit = round(logit + bias.data[biasRow + j * bias.keyStride]!);
        if (alibi) logit = round(logit - round(slope * Math.abs(position - j)));
        out[j] = excluded[j] === 1 ? Number.NEGATIVE_INFINITY : logit;
      }
    },

    blend(weights, excluded, value, E, out) {
      out.fill(0);
      for (let j = 0; j < weights.length; j++) {
        if (excluded[j] === 1) continue;
        addScaled(precision, weights[j]!, value.data, value.offset + j * value.stride, E, out);
      }
    },

    entropy(weights, sinkWeight) {
      let bits = sinkWeight > 0 ? round(0 - round(sinkWeight * round(Math.log2(sinkWeight)))) : 0;
      for (const weight of weights) if (weight > 0) bits = round(bits - round(weight * round(Math.log2(weight))));
      return bits;
    },
  };
}

/** Σ a[c]·b[c] over D elements, in order. Two loops, since V8 makes one that serves both precisions ten times slower. */
function dot(precision: Precision, a: Floats, aOffset: number, b: Floats, bOffset: number, D: number): number {
  let sum = 0;
  if (precision === 'float32') for (let c = 0; c < D; c++) sum = Math.fround(sum + Math.fround(a[aOffset + c]! * b[bOffset + c]!));
  else for (let c = 0; c < D; c++) sum += a[aOffset + c]! * b[bOffset + c]!;
  return sum;
}

/** out += weight · row over E elements. */
function addScaled(precision: Precision, weight: number, row: Floats, offset: number, E: number, out: Floats): void {
  if (precision === 'float32') for (let e = 0; e < E; e++) out[e] = Math.fround(out[e]! + Math.fround(weight * row[offset + e]!));
  else for (let e = 0; e < E; e++) out[e] = out[e]! + weight * row[offset + e]!;
}

/** softmax with every step rounded; the logits, which may be wider, first. */
function softmaxKernel(round: Round): RowKernels['softmax'] {
  const exp = (x: number) => round(Math.exp(x));
  return (logits, excluded, sink, out): Softmax => {
    let max = sink ?? Number.NEGATIVE_INFINITY;
    for (let j = 0; j < logits.length; j++) if (excluded[j] === 0) max = Math.max(max, round(logits[j]!));
    const sinkTerm = sink === undefined ? 0 : exp(round(sink - max));
    let sum = 0;
    for (let j = 0; j < logits.length; j++) {
      out[j] = excluded[j] === 1 ? 0 : exp(round(round(logits[j]!) - max));
      sum = round(sum + out[j]!);
    }
    sum = round(sum + sinkTerm);
    for (let j = 0; j < logits.length; j++) if (excluded[j] === 0) out[j] = round(out[j]! / sum);
    const lse = sum === 0 ? Number.NEGATIVE_INFINITY : round(max + round(Math.log(sum)));
    return { max, sum, lse, sinkWeight: sink === undefined ? 0 : round(sinkTerm / sum) };
  };
}

const float16 = new Float16Array(1);
const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

const rounding: Record<SoftmaxPrecision, Round> = {
  float64: (value) => value,
  float32: Math.fround,
  float16: (value) => {
    float16[0] = value;
    return float16[0]!;
  },
  // The upper half of a float32, rounded to nearest, ties to even; NaN stays NaN.
  bfloat16: (value) => {
    if (Number.isNaN(value)) return value;
    single[0] = value;
    bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff0000;
    return single[0]!;
  },
};

const softmaxes: Record<SoftmaxPrecision, RowKernels['softmax']> = {
  float64: softmaxKernel(rounding.float64),
  float32: softmaxKernel(rounding.float32),
  float16: softmaxKernel(rounding.float16),
  bfloat16: softmaxKernel(rounding.bfloat16),
};

const byPrecision: Record<Precision, Omit<RowKernels, 'softmax'>> = {
  float32: rowKernels('float32'),
  float64: rowKernels('float64'),
};

/** Temporary: until the tiled kernel redoes rows by the steps. */
export const rowsOf = (precision: Precision, softmaxPrecision: SoftmaxPrecision): RowKernels => ({
  ...byPrecision[precision],
  softmax: softmaxes[softmaxPrecision],
});

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
    if (row.excluded[j] === 1) continue;
    if (!Number.isFinite(row.scores[j])) return { output: 'scores', row: r };
    if (!Number.isFinite(row.logits[j])) return { output: 'logits', row: r };
  }
  if (!Number.isFinite(lse)) return { output: 'lse', row: r };
  for (const element of row.context) if (!Number.isFinite(element)) return { output: 'context', row: r };
  return undefined;
}
