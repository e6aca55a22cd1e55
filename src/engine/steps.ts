import { addScaled, dotProduct, roundedIn } from './arithmetic.ts';
import { type Block, KEY, startOf } from './block.ts';
import type { Call, Output } from './call.ts';
import { excludeKeys } from './mask.ts';
import { rounded } from './tensor.ts';

/** One step of attention over a block of one head's query rows. */
export interface Step {
  readonly name: string;
  /** The outputs that are there once the step has run. */
  readonly gives: readonly Output[];
  run(call: Call, block: Block): void;
}

/**
 * Attention (Vaswani et al. 2017, 3.2.1), step by step. Each step works on the block's matrices one operation at a time
 * and rounds each result to the call's precision; exp, tanh and log are the platform's double precision, rounded once.
 */
export const STEPS = [
  { name: 'dot', gives: [], run: dot }, //                                    Q · Kᵀ
  { name: 'scale', gives: ['scores'], run: scale }, //                        scores = scale · Q · Kᵀ
  { name: 'softcap', gives: ['capped'], run: softcap }, //                    c · tanh(scores / c)
  { name: 'bias', gives: [], run: bias }, //                                  + bias
  { name: 'distance', gives: [], run: distance }, //                          − slope · |position − j|
  { name: 'exclude', gives: ['logits'], run: exclude }, //                    −∞ where a key is excluded
  { name: 'softmax', gives: ['weights', 'lse', 'entropy', 'sink_weight'], run: softmax }, // weights = exp(logits) / Σ exp(logits)
  { name: 'weightedSum', gives: ['context'], run: weightedSum }, //           context = weights · V
] as const satisfies readonly Step[];

export type StepName = (typeof STEPS)[number]['name'];

/** The steps up to that one, and with it. */
export function stepsUpTo(name: StepName): readonly Step[] {
  return STEPS.slice(0, STEPS.findIndex((step) => step.name === name) + 1);
}

function dot({ axes: { N, D }, query, key }: Call, { b, h, g, first, rows, logits }: Block): void {
  const keys = startOf(key, b, g, 0);
  for (let i = 0, k = 0; i < rows; i++) {
    const row = startOf(query, b, h, first + i);
    for (let j = 0; j < N; j++, k++) logits[k] = dotProduct(query.data, row, key.data, keys + j * key.rowStride, D);
  }
}

function scale({ axes: { N }, scale }: Call, { rows, logits, scores }: Block): void {
  for (let k = 0; k < rows * N; k++) {
    logits[k] = scale * (logits[k] ?? 0);
    scores[k] = logits[k] ?? 0;
  }
}

function softcap({ axes: { N }, softcap, precision }: Call, { rows, logits }: Block): void {
  if (softcap === undefined) return;
  for (let k = 0; k < rows * N; k++) logits[k] = softcap * rounded(precision, Math.tanh(rounded(precision, (logits[k] ?? 0) / softcap)));
}

function bias({ axes: { N }, bias }: Call, { b, h, first, rows, logits }: Block): void {
  if (!bias) return;
  for (let i = 0, k = 0; i < rows; i++) {
    const row = b * bias.batchStride + h * bias.headStride + (first + i) * bias.rowStride;
    for (let j = 0; j < N; j++, k++) logits[k] = (logits[k] ?? 0) + (bias.data[row + j * bias.keyStride] ?? 0);
  }
}

function distance({ axes: { M, N }, alibi, precision }: Call, { b, h, first, rows, logits }: Block): void {
  if (!alibi) return;
  const slope = alibi.slopes[h] ?? 0;
  for (let i = 0, k = 0; i < rows; i++) {
    const position = alibi.positions[b * M + first + i] ?? 0;
    for (let j = 0; j < N; j++, k++) logits[k] = (logits[k] ?? 0) - rounded(precision, slope * Math.abs(position - j));
  }
}

function exclude(call: Call, { b, h, first, rows, logits, excluded }: Block): void {
  const { N } = call.axes;
  for (let i = 0; i < rows; i++) excludeKeys(call, b, h, first + i, excluded, i * N);
  for (let k = 0; k < rows * N; k++) {
    if (excluded[k] !== KEY.attended) logits[k] = Number.NEGATIVE_INFINITY;
    else if (logits[k] === Number.NEGATIVE_INFINITY) excluded[k] = KEY.overflowed;
  }
}

/** The greatest logit is taken off first, so that no exponential overflows. An excluded key is skipped, whatever its logit. */
function softmax({ axes: { N }, sink, precision, softmaxPrecision }: Call, block: Block): void {
  const { h, rows, logits, excluded, shifted, exponentials, weights, sums } = block;
  const arithmetic = softmaxPrecision ?? precision;
  const round = (value: number) => roundedIn(arithmetic, value);
  const sinkLogit = sink?.[h];
  for (let i = 0; i < rows; i++) {
    const start = i * N;
    const end = start + N;
    let max = sinkLogit ?? Number.NEGATIVE_INFINITY;
    for (let k = start; k < end; k++) if (excluded[k] === KEY.attended) max = Math.max(max, round(logits[k] ?? 0));
    const sinkShifted = sinkLogit === undefined ? Number.NEGATIVE_INFINITY : round(sinkLogit - max);
    const sinkExponential = sinkLogit === undefined ? 0 : round(Math.exp(sinkShifted));
    let sum = 0;
    for (let k = start; k < end; k++) {
      const less = excluded[k] !== KEY.attended ? Number.NEGATIVE_INFINITY : round(round(logits[k] ?? 0) - max);
      shifted[k] = less;
      exponentials[k] = round(Math.exp(less));
      sum = round(sum + (exponentials[k] ?? 0));
    }
    sum = round(sum + sinkExponential);
    for (let k = start; k < end; k++) weights[k] = excluded[k] !== KEY.attended ? 0 : round((exponentials[k] ?? 0) / sum);
    const lse = round(max + round(Math.log(sum)));
    sums[i] = { max, sum, lse, sinkShifted, sinkExponential, sinkWeight: sinkLogit === undefined ? 0 : round(sinkExponential / sum) };
  }
}

function weightedSum({ axes: { N, E }, value, want }: Call, { b, g, rows, excluded, weights, context }: Block): void {
  if (!want.has('context')) return;
  const values = startOf(value, b, g, 0);
  for (let e = 0; e < rows * E; e++) context[e] = 0;
  for (let i = 0, k = 0; i < rows; i++) {
    for (let j = 0; j < N; j++, k++) {
      if (excluded[k] === KEY.attended) addScaled(context, i * E, weights[k] ?? 0, value.data, values + j * value.rowStride, E);
    }
  }
}
