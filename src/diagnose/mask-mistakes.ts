import type { Call, Window } from '../engine/call.ts';
import { keyRangesOf } from '../engine/mask.ts';
import type { TokenAttention } from '../engine/token-attention.ts';
import { queryPositions } from '../engine/way-in.ts';
import { eachLogit, emptyRows, excludeBeside, filling, following, replacing, type Scope, zeroingWeights } from './changed-steps.ts';
import { asking, calling, type Described, type Form, type Setting, where, withEmptyRows } from './mistake.ts';

/*
 * Mistakes about which keys take part: mask, causal, window, and what excludes a key.
 */

/** What excludes keys in the request: everything, and the mask alone where that is less. */
function scopesOf({ attention, excludes }: Setting): readonly Scope[] {
  const { mask, causal, window } = attention;
  if (!excludes) return [];
  const ranged = causal || window.left !== undefined || window.right !== undefined;
  return mask && ranged ? ['all', 'mask'] : ['all'];
}

export const maskInverted: Described = {
  title: 'The mask is inverted: true is taken for “ignore”',
  explanation:
    'The code attends where the mask is false and leaves out where it is true. Here true means “may attend”. Pass the mask negated: ~mask.',
  library:
    'nn.MultiheadAttention of PyTorch takes true for “ignore” in attn_mask and key_padding_mask; scaled_dot_product_attention, Keras and JAX take it for “may attend”.',
  forms: ({ attention: { mask } }) =>
    where(mask !== undefined, ...withEmptyRows(asking(() => (mask ? { mask: { ...mask, data: mask.data.map((may) => 1 - may) } } : {})))),
};

export const maskMissing: Described = {
  title: 'The mask is left out',
  explanation: 'The mask of the request was not applied: keys that it excludes take weight. Pass it on to the function that takes softmax.',
  library: 'Keras layers drop the mask where a layer between does not pass it on.',
  forms: ({ attention: { mask } }) => where(mask !== undefined, ...withEmptyRows(asking(() => ({ mask: undefined })))),
};

export const maskTransposed: Described = {
  title: 'The mask is transposed',
  explanation:
    'The code reads mask[j, i] for mask[i, j]: rows are queries and columns are keys. Transpose the mask’s last two axes, or what made it.',
  forms: ({ attention: { mask }, sizes: { m, n } }) =>
    where(
      mask !== undefined && mask.rank > 1 && m === n,
      ...withEmptyRows(asking(() => (mask ? { mask: { ...mask, data: transposedSquares(mask.data, n) } } : {}))),
    ),
};

function transposedSquares(data: Uint8Array, n: number): Uint8Array {
  return data.map((_, k) => {
    const square = k - (k % (n * n));
    const [i, j] = [Math.floor((k - square) / n), k % n];
    return data[square + j * n + i] ?? 0;
  });
}

export const maskAdded: Described = {
  title: 'A mask of 0 and 1 is added to the scores',
  explanation:
    'The mask was added to the scores as 0 and 1, so it shifts them by at most 1 and excludes nothing. Make it boolean, or 0 where a key may be attended to and −∞ where not.',
  library: 'attn_mask of PyTorch is added where it is no boolean tensor: a float mask of 0 and 1 does exactly this.',
  forms: (setting) =>
    scopesOf(setting).flatMap((scope): Form[] => {
      const added = eachLogit((logit, excluded) => (excluded ? logit : logit + 1));
      const last: Form = (plan) => replacing(plan, 'exclude', added, excludeBeside(scope));
      const capped: Form = (plan) => following(replacing(plan, 'exclude', excludeBeside(scope)), 'scale', added);
      return setting.attention.softcap === undefined ? [last] : [last, capped];
    }),
};

export const maskAfterSoftmax: Described = {
  title: 'Weights are set to 0 after softmax and not normalised again',
  explanation:
    'Softmax ran over all keys, and the excluded ones’ weights were set to 0 afterwards. Each row adds up to less than 1. Exclude before softmax: logits of −∞.',
  forms: (setting) =>
    scopesOf(setting).map(
      (scope): Form =>
        (plan) =>
          following(replacing(plan, 'exclude', excludeBeside(scope)), 'softmax', zeroingWeights()),
    ),
};

/** What code fills in for −∞ and means to be as good: −1e9, the least float32 and its 0.7 part, as JAX has it, −1e30, −1e10. */
const STRONG_FILLS = [-1e9, -3.4028234663852886e38, -0.7 * 3.4028234663852886e38, -1e30, -1e10];

export const finiteFill: Described = {
  title: 'A finite number stands for −∞: a row without a key comes out uniform',
  explanation:
    'Excluded logits were set to a large negative number. That is the same as −∞ as long as a row has a key left; a row with every key excluded comes out as the mean of all values instead of 0. Set the weights of such rows to 0 after softmax.',
  library:
    'Keras adds −1e9 (−3e4 in float16), jax.nn.dot_product_attention fills 0.7 of the least number, and many Hugging Face models torch.finfo(dtype).min.',
  forms: ({ attention, hasEmptyRow }) =>
    where(
      hasEmptyRow && attention.sink === undefined,
      ...STRONG_FILLS.map(
        (fill): Form =>
          (plan) =>
            following(plan, 'softmax', emptyRows({ fill })),
      ),
      (plan) =>
        replacing(
          plan,
          'exclude',
          filling('all', (logit) => logit - 1e9),
        ),
    ),
};

const WEAK_FILLS = [-100, -1e4, -1e3, -50, -20, -10, -30_000, -65_504];

export const fillTooWeak: Described = {
  title: 'The number that stands for −∞ is too weak, so excluded keys leak',
  explanation:
    'Excluded logits were set to, or lowered by, a number such as −100 or −10000, and the scores are so low that excluded keys still take weight. Use −∞ (or the least number of the dtype) and give rows without a key a weight of 0.',
  library: 'BERT’s first implementation adds −10000 to the scores; Keras adds −3e4 in float16.',
  forms: (setting) =>
    scopesOf(setting).flatMap((scope) =>
      WEAK_FILLS.flatMap((fill): Form[] => [
        (plan) =>
          replacing(
            plan,
            'exclude',
            filling(scope, () => fill),
          ),
        (plan) =>
          replacing(
            plan,
            'exclude',
            filling(scope, (logit) => logit + fill),
          ),
      ]),
    ),
};

export const nanForEmptyRow: Described = {
  title: 'A row with every key excluded comes out as NaN',
  explanation:
    'Softmax of a row of −∞ is 0/0. Such a row attends to nothing: its weights and its context vector are 0. Set them to 0 where a row has no key (torch.where, or nan_to_num on such rows alone).',
  library: 'softmax of PyTorch, NumPy and JAX gives NaN for a row of −∞, and so does nn.MultiheadAttention.',
  forms: ({ attention, hasEmptyRow }) => where(hasEmptyRow && attention.sink === undefined, (plan) => following(plan, 'softmax', emptyRows('nan'))),
};

export const causalMissing: Described = {
  title: 'Future positions are attended to: causal is left out',
  explanation:
    'Each position also sees the ones after it. Exclude j > i before softmax: is_causal=True, or a mask that is true on and below the diagonal.',
  forms: ({ attention }) =>
    where(
      attention.causal,
      asking(() => ({ causal: false })),
    ),
};

export const causalStrict: Described = {
  title: 'The diagonal is excluded: no position sees itself',
  explanation:
    'The causal mask leaves out j ≥ i instead of j > i, so the first row has no key at all. Keep the diagonal: torch.tril with diagonal=0, or torch.triu with diagonal=1 for what is left out.',
  library: 'torch.triu(…) without diagonal=1, taken for what is left out, excludes the diagonal too.',
  forms: ({ attention }) =>
    where(
      attention.causal,
      ...withEmptyRows(
        ranging((positions, n, { window }) => keyRangesOf(positions, [n], { ...window, right: Math.min(window.right ?? -1, -1) }, true)),
      ),
    ),
};

export const causalOtherCorner: Described = {
  title: 'Causal is aligned to another corner',
  explanation:
    'The causal diagonal (or the window) was counted from the row’s number, or from the last row and the last key, instead of the query’s position. With fewer queries than keys, as in decoding, these are not the same. Shift the mask by the position of the first query.',
  library:
    'is_causal of PyTorch and ONNX before opset 24 align to the top left; FlashAttention from 2.1 on and causal_lower_right align to the bottom right.',
  forms: ({ attention, sizes: { m, n } }) => {
    const { causal, window } = attention;
    const hasWindow = window.left !== undefined || window.right !== undefined;
    const own = queryPositions(attention.queries);
    const corners = [0, n - m].filter((start) => own?.some((position, r) => position !== start + r));
    const aligned = corners.flatMap((start): Form[] => {
      const at = (positions: Int32Array) => positions.map((_, r) => start + r);
      const both = ranging((positions, keys) => keyRangesOf(at(positions), [keys], window, causal));
      const causalAlone = ranging((positions, keys) => {
        const windowed = keyRangesOf(positions, [keys], window, false);
        const cut = keyRangesOf(at(positions), [keys], {}, true);
        return { first: windowed.first, end: windowed.end.map((end, r) => Math.min(end, cut.end[r] ?? 0)) };
      });
      return causal && hasWindow ? [both, causalAlone] : [both];
    });
    return where(causal || hasWindow, ...withEmptyRows(...aligned));
  },
};

export const windowOffByOne: Described = {
  title: 'The window is one off: a count is taken for a reach',
  explanation:
    'The window counts how many positions to each side are seen, the query’s own not among them. The code took it for a count with the own position, or the reverse. Add or take off 1 where the window is handed on.',
  library: 'Mistral and Hugging Face’s sliding_window count the own position; FlashAttention’s window_size and this service do not.',
  forms: ({ attention: { window } }) => {
    const { left, right } = window;
    const windows: Window[] = [-1, 1].flatMap((by) => [
      ...(left === undefined ? [] : [{ ...window, left: left + by }]),
      ...(right === undefined ? [] : [{ ...window, right: right + by }]),
      ...(left === undefined || right === undefined ? [] : [{ left: left + by, right: right + by }]),
    ]);
    const possible = windows.filter((one) => (one.left ?? 0) >= 0 && (one.right ?? 0) >= 0);
    return withEmptyRows(...possible.map((one) => asking(() => ({ window: one }))));
  },
};

/** Other key ranges, by the queries' positions; the same where queries stand nowhere. */
function ranging(change: (positions: Int32Array, n: number, attention: TokenAttention) => Call['keyRanges']): Form {
  return calling((call, attention) => {
    const positions = queryPositions(attention.queries);
    return positions ? { ...call, keyRanges: change(positions, call.axes.N, attention) } : call;
  });
}
