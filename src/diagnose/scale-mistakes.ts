import type { Call } from '../engine/call.ts';
import { eachLogit, following, movingBefore, replacing, step } from './changed-steps.ts';
import { asking, calling, type Described, type Form, type Setting, where } from './mistake.ts';

/*
 * Mistakes between the dot product and the logits: the scale, the softcap, the bias.
 */

/** A scale so near to 1/√d_k is meant to be it. */
const NEAR = 1e-6;

function scaleOf({ attention: { scale }, sizes: { d_k } }: Setting): number {
  return scale === '1/sqrt(d_k)' ? 1 / Math.sqrt(d_k) : scale;
}

function isInverseRoot(setting: Setting): boolean {
  return Math.abs(scaleOf(setting) * Math.sqrt(setting.sizes.d_k) - 1) <= NEAR;
}

const scaledBy = (scale: number) => asking(() => ({ scale }));

export const scaleMissing: Described = {
  title: 'The scores are not scaled',
  explanation:
    'The dot products went into softmax as they are. Unscaled scores are larger, so the weights are too sharp. Multiply Q · Kᵀ by the scale of the request before softmax.',
  library: 'Implementations of dot-product attention after Luong et al., and keras.layers.Attention with use_scale=False, do not scale.',
  forms: (setting) => where(scaleOf(setting) !== 1, scaledBy(1)),
};

export const scaleUnwanted: Described = {
  title: 'The scores are scaled by 1/√d_k, and the request does not scale so',
  explanation:
    'The code multiplies the scores by 1/√d_k, by its own default, though the request has another scale. The weights come out too even. Pass the scale explicitly: 1 where plain dot products are wanted.',
  library:
    'scaled_dot_product_attention of PyTorch, jax.nn.dot_product_attention and the ONNX operator scale by 1/√d_k unless they are given a scale.',
  forms: (setting) => {
    const root = Math.sqrt(setting.sizes.d_k);
    const scale = scaleOf(setting);
    return where(!isInverseRoot(setting) && root !== 1, ...[...new Set([scale / root, 1 / root])].map(scaledBy));
  },
};

export const scaleByD: Described = {
  title: 'The scores are divided by d_k instead of √d_k',
  explanation: 'The square root is missing: the scores were divided by d_k. The weights come out too even. Divide by math.sqrt(d_k).',
  library: 'Models with µP (maximal update parametrisation) divide by d_k on purpose.',
  forms: (setting) => where(isInverseRoot(setting) && setting.sizes.d_k > 1, scaledBy(1 / setting.sizes.d_k)),
};

export const scaleByModelWidth: Described = {
  title: 'The scores are divided by the root of the model’s width instead of one head’s',
  explanation:
    'The code divides by √(heads · d_k), the root of the width of the whole model. Each head has its own dot product of d_k products, so d_k is the width of one head: query.shape[-1] after the split, not before.',
  forms: (setting) => {
    const { attention, sizes } = setting;
    const widths = new Set([sizes.h * sizes.d_k, attention.tokens.columns].filter((width) => width !== sizes.d_k));
    return where(isInverseRoot(setting) && sizes.h > 1, ...[...widths].map((width) => scaledBy(1 / Math.sqrt(width))));
  },
};

export const scaleTwice: Described = {
  title: 'The scores are scaled twice',
  explanation:
    'The queries were scaled before the product, and the scores again after it, so the scale is in them squared. Keep one of the two: a function that scales by itself must get queries that are not scaled.',
  library: 'nn.MultiheadAttention and many Hugging Face models scale the queries; scaled_dot_product_attention scales the scores.',
  forms: (setting) => where(scaleOf(setting) !== 1, scaledBy(scaleOf(setting) ** 2)),
};

export const softcapMissing: Described = {
  title: 'The scores are not capped',
  explanation: 'The softcap was left out. Apply softcap · tanh(scores / softcap) after the scale and before the bias and the mask.',
  library: 'scaled_dot_product_attention of PyTorch has no softcap; flex_attention takes it as a score_mod, FlashAttention as `softcap`.',
  forms: ({ attention }) =>
    where(
      attention.softcap !== undefined,
      asking(() => ({ softcap: undefined })),
    ),
};

export const biasMissing: Described = {
  title: 'The score bias is left out',
  explanation: 'The bias of the request was not added to the scores. Add it after the softcap and before softmax.',
  library: 'FlashAttention takes no bias but ALiBi’s.',
  forms: ({ attention }) =>
    where(
      attention.bias !== undefined,
      asking(() => ({ bias: undefined })),
    ),
};

export const biasScaled: Described = {
  title: 'The bias is added before the scale',
  explanation:
    'The bias was added to the dot products and then scaled with them, so it counts scale times as much as it should. Scale first, then add the bias: scale · Q · Kᵀ + bias.',
  library: 'T5 has no scale, so code that was written for it can add the bias first.',
  forms: (setting) =>
    where(
      setting.attention.bias !== undefined && scaleOf(setting) !== 1,
      calling(scaledBias),
      (plan) => movingBefore(plan, 'bias', 'scale'),
      (plan) => movingBefore(calling(scaledBias)(plan), 'bias', 'softcap'),
    ),
};

function scaledBias(call: Call): Call {
  const { bias, scale } = call;
  return bias ? { ...call, bias: { ...bias, data: bias.data.map((value) => value * scale) } } : call;
}

export const sinkMissing: Described = {
  title: 'The sink is left out of the denominator',
  explanation:
    'The weights of each row add up to 1, though the sink should take its share: exp(sink) belongs in the denominator of softmax. Append the sink as a logit, take softmax, and drop its column; do not divide again.',
  library: 'scaled_dot_product_attention of PyTorch has no sink; gpt-oss and StreamingLLM need one.',
  forms: ({ attention }) =>
    where(
      attention.sink !== undefined,
      asking(() => ({ sink: undefined })),
    ),
};

/** Base 2, as FlashInfer and kernels with exp2 give the log-sum-exp. */
const PER_NAT = Math.LOG2E;

export const lseBase2: Described = {
  title: 'The log-sum-exp is in base 2',
  explanation: 'The log-sum-exp is log₂ of the denominator instead of ln. Multiply it by ln 2 before it is merged or compared.',
  library: 'FlashInfer, and kernels that compute exp2, give it in base 2; FlashAttention and PyTorch give ln.',
  forms: () => [
    (plan) => ({
      ...plan,
      report: (answer, sizes) => {
        const reported = plan.report(answer, sizes);
        return { ...reported, ...(reported.lse && { lse: reported.lse.map((value) => value * PER_NAT) }) };
      },
    }),
    (plan) => following(plan, 'softmax', lseWithLog2OfTheSum),
  ],
};

const lseWithLog2OfTheSum = step(
  (_, { rows, sums }) => {
    for (let i = 0; i < rows; i++) {
      const of = sums[i];
      if (of) sums[i] = { ...of, lse: of.max + Math.log2(of.sum) };
    }
  },
  ['lse'],
);

export const softcapAfterMask: Described = {
  title: 'The scores are capped after the exclusion, so masked keys leak',
  explanation:
    'Keys were excluded by −∞, and then the cap turned −∞ into −softcap, a finite logit. Excluded keys take weight. Cap the scores first, and exclude afterwards.',
  forms: ({ attention: { softcap }, excludes }) => {
    if (softcap === undefined || !excludes) return [];
    const capped = eachLogit((logit, excluded) => (excluded ? -softcap : logit));
    const leaking: Form = (plan) => following(replacing(plan, 'exclude', attendingAll), 'softcap', capped);
    return [leaking, (plan) => movingBefore(movingBefore(leaking(plan), 'bias', 'softcap'), 'distance', 'softcap')];
  },
};

const attendingAll = step((_, { excluded }) => {
  excluded.fill(0);
});
