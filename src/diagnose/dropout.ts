import type { Floats } from '../engine/tensor.ts';
import { following, step } from './changed-steps.ts';
import type { Described, Form, Setting } from './mistake.ts';

/** A weight below this says nothing of whether it was dropped, nor by what the others were divided. */
const LEAST_WEIGHT = 1e-6;
/** The factor 1/(1 − p) is one number: each weight that is left shows it, but for the rounding of bfloat16. */
const SAME_FACTOR = 0.02;
/** The weights that are left, so that one number explains several. */
const LEAST_KEPT = 3;

/** Which weights are left, and 1/(1 − p). */
interface Dropout {
  readonly kept: readonly boolean[];
  readonly factor: number;
}

export const dropoutOn: Described = {
  title: 'Dropout is on',
  explanation:
    'Some weights are 0 and all others are the right ones over 1 − p: dropout acts on the weights. It is for training. Turn it off where results are compared or served: model.eval(), dropout_p=0.0, training=False.',
  library:
    'scaled_dot_product_attention applies dropout_p even in evaluation mode; nn.MultiheadAttention and Keras layers drop in training mode alone.',
  forms: (setting) => {
    const dropout = dropoutOf(setting);
    return dropout ? [dropping(dropout)] : [];
  },
};

/** What was dropped, as the observed weights of each head show it beside the honest ones. */
function dropoutOf({ observed, honest }: Setting): Dropout | undefined {
  const seen = observed.find(({ output }) => output === 'weights')?.data;
  const weights = honest.weights;
  if (!seen || !weights || seen.length !== weights.length) return undefined;
  const kept = Array.from(seen, (value) => value !== 0);
  const factors = kept.flatMap((isKept, k) => (isKept && (weights[k] ?? 0) > LEAST_WEIGHT ? [(seen[k] ?? 0) / (weights[k] ?? 1)] : []));
  const isAnyDropped = kept.some((isKept, k) => !isKept && (weights[k] ?? 0) > LEAST_WEIGHT);
  const factor = factors.toSorted((a, b) => a - b)[Math.floor(factors.length / 2)] ?? 0;
  if (!isAnyDropped || factors.length < LEAST_KEPT || !(factor > 1)) return undefined;
  return factors.every((one) => Math.abs(one / factor - 1) <= SAME_FACTOR) ? { kept, factor } : undefined;
}

function dropping({ kept, factor }: Dropout): Form {
  const drop = step(({ axes: { M, N } }, { h, first, rows, weights }) => scaleKept(weights, rows * N, (h * M + first) * N), ['weights']);
  const scaleKept = (weights: Floats, length: number, from: number): void => {
    for (let k = 0; k < length; k++) weights[k] = kept[from + k] ? (weights[k] ?? 0) * factor : 0;
  };
  return (plan) => ({ ...following(plan, 'softmax', drop), acrossRows: true });
}

/** Every third weight dropped. */
export const sampleDropout: Form = (plan) => {
  const drop = step(
    ({ axes: { M, N } }, { h, first, rows, weights }) => {
      for (let k = 0; k < rows * N; k++) weights[k] = ((h * M + first) * N + k) % 3 === 0 ? 0 : (weights[k] ?? 0) * 1.5;
    },
    ['weights'],
  );
  return { ...following(plan, 'softmax', drop), acrossRows: true };
};
