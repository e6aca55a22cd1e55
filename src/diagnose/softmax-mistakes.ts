import { KEY } from '../engine/block.ts';
import { averagingHeads, following, meanOverHeads, reweighing, softmaxOverQueries } from './changed-steps.ts';
import type { Described, Form } from './mistake.ts';
import { where } from './mistake.ts';

/*
 * Mistakes from the logits to the weights.
 */

const afterSoftmax =
  (...steps: Parameters<typeof following>[2][]): Form =>
  (plan) =>
    following(plan, 'softmax', ...steps);

export const overQueries: Described = {
  title: 'Softmax runs over the queries instead of the keys',
  explanation:
    'The weights add up to 1 down each column instead of along each row: softmax was taken along the wrong axis. Take it along the keys, the last axis of [heads, queries, keys]: axis=-1 or dim=-1.',
  library: 'A softmax without an axis guesses one; keras.layers.Softmax and torch.softmax take axis=-1 and dim=-1.',
  forms: () =>
    [0, Number.NaN].map(
      (empty): Form =>
        (plan) => ({ ...afterSoftmax(softmaxOverQueries(empty))(plan), acrossRows: true }),
    ),
};

export const sumInsteadOfSoftmax: Described = {
  title: 'The scores are divided by their sum instead of softmax',
  explanation: 'The weights are logit / Σ logits. Negative scores then give negative weights. Take softmax: exp(logit) / Σ exp(logits).',
  forms: () => [
    afterSoftmax(
      reweighing(({ logits, weights, attended }) => {
        const sum = attended.reduce((total, k) => total + (logits[k] ?? 0), 0);
        for (const k of attended) weights[k] = (logits[k] ?? 0) / sum;
      }),
    ),
  ],
};

export const softmaxTwice: Described = {
  title: 'Softmax is taken twice',
  explanation:
    'Softmax was taken of weights that were softmax already, which makes them nearly equal. Take it once, of the logits: a loss or a function that takes softmax by itself must get logits.',
  forms: ({ attention }) => [
    afterSoftmax(again(false)),
    afterSoftmax(
      // Excluded keys come in with a weight of 0, and exp(0) = 1.
      reweighing(({ call, weights, row, excluded }) => {
        excluded.fill(KEY.attended, row, row + call.axes.N);
        softmaxOf(
          weights,
          Array.from({ length: call.axes.N }, (_, j) => row + j),
          0,
        );
      }),
    ),
    ...where(attention.sink !== undefined, afterSoftmax(again(true))),
  ],
};

const again = (withSink: boolean) =>
  reweighing(({ weights, attended, sink }) => softmaxOf(weights, attended, withSink && sink !== undefined ? Math.exp(sink) : 0));

/** weights := softmax(weights) at these places, with `beside` more in the denominator. */
function softmaxOf(weights: Float32Array | Float64Array, places: readonly number[], beside: number): void {
  let sum = beside;
  for (const k of places) sum += Math.exp(weights[k] ?? 0);
  for (const k of places) weights[k] = Math.exp(weights[k] ?? 0) / sum;
}

export const weightsUnnormalised: Described = {
  title: 'The exponentials are not divided by their sum',
  explanation: 'The weights are exp(logit), or exp(logit − max), and do not add up to 1. Divide each row by its sum.',
  library: 'Kernels with a running softmax, as FlashAttention has it, divide by the sum at the very end; a port can lose that line.',
  forms: ({ attention }) => [
    unnormalised(() => 0),
    unnormalised((max) => max),
    ...where(
      attention.sink !== undefined,
      unnormalised((max, sink) => Math.max(max, sink)),
    ),
  ],
};

function unnormalised(shift: (greatest: number, sink: number) => number): Form {
  return afterSoftmax(
    reweighing(({ logits, weights, attended, sink }) => {
      const greatest = attended.reduce((max, k) => Math.max(max, logits[k] ?? 0), Number.NEGATIVE_INFINITY);
      const by = shift(greatest, sink ?? greatest);
      for (const k of attended) weights[k] = Math.exp((logits[k] ?? 0) - by);
    }),
  );
}

export const headsAveraged: Described = {
  title: 'Every head has the heads’ mean',
  explanation:
    'The heads’ weights, or their context vectors, were averaged, so that each head shows the same. Heads stay apart until they are set side by side before w_output; average only what is looked at.',
  library: 'nn.MultiheadAttention of PyTorch returns the heads’ mean weights unless average_attn_weights=False.',
  forms: ({ sizes: { h } }) =>
    where(
      h > 1,
      (plan) => following(plan, 'softmax', averagingHeads(plan)),
      (plan) => ({
        ...plan,
        report: (answer, sizes) => {
          const reported = plan.report(answer, sizes);
          return { ...reported, ...(reported.weights && { weights: repeated(meanOverHeads(reported.weights, h), h) }) };
        },
      }),
      (plan) => ({
        ...plan,
        join: (context, call) => averagedBlocks(plan.join(context, call), call.axes.H, call.axes.E),
      }),
    ),
};

function repeated(data: Float32Array | Float64Array, times: number): Float64Array {
  const all = new Float64Array(data.length * times);
  for (let t = 0; t < times; t++) all.set(data, t * data.length);
  return all;
}

/** Each row's blocks of `width` numbers replaced by their mean. */
function averagedBlocks(context: Float32Array | Float64Array, heads: number, width: number): Float64Array {
  const columns = heads * width;
  const mean = new Float64Array(context.length);
  for (let k = 0; k < context.length; k++) {
    const row = k - (k % columns);
    for (let h = 0; h < heads; h++) mean[k] = (mean[k] ?? 0) + (context[row + h * width + ((k - row) % width)] ?? 0) / heads;
  }
  return mean;
}
