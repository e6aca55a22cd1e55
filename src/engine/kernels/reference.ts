import { roundToBfloat16 } from '../bfloat16.ts';
import type { SoftmaxPrecision } from '../operator.ts';
import type { Floats, Precision } from '../tensor.ts';
import { KEY, type Kernel, type RowKernels, type Softmax } from './kernel.ts';

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
        if (excluded[j] === KEY.attended && logit === Number.NEGATIVE_INFINITY) excluded[j] = KEY.overflowed;
        out[j] = excluded[j] === KEY.attended ? logit : Number.NEGATIVE_INFINITY;
      }
    },

    blend(weights, excluded, value, E, out) {
      out.fill(0);
      for (let j = 0; j < weights.length; j++) {
        if (excluded[j] !== KEY.attended) continue;
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
    for (let j = 0; j < logits.length; j++) if (excluded[j] === KEY.attended) max = Math.max(max, round(logits[j]!));
    const sinkTerm = sink === undefined ? 0 : exp(round(sink - max));
    let sum = 0;
    for (let j = 0; j < logits.length; j++) {
      out[j] = excluded[j] !== KEY.attended ? 0 : exp(round(round(logits[j]!) - max));
      sum = round(sum + out[j]!);
    }
    sum = round(sum + sinkTerm);
    for (let j = 0; j < logits.length; j++) if (excluded[j] === KEY.attended) out[j] = round(out[j]! / sum);
    const lse = sum === 0 ? Number.NEGATIVE_INFINITY : round(max + round(Math.log(sum)));
    return { max, sum, lse, sinkWeight: sink === undefined ? 0 : round(sinkTerm / sum) };
  };
}

const rounding: Record<SoftmaxPrecision, Round> = {
  float64: (value) => value,
  float32: Math.fround,
  float16: Math.f16round,
  bfloat16: roundToBfloat16,
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

/** The oracle: naive, legible, in double precision or rounded to float32 at every step. */
export const reference: Kernel = {
  name: 'reference',
  rows: (precision, softmaxPrecision) => ({ ...byPrecision[precision], softmax: softmaxes[softmaxPrecision] }),
};
