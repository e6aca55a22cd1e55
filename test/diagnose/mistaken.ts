import type { AttentionRequest } from '../../src/schemas/attention.ts';
import type { MistakeCode } from '../../src/schemas/mistake-codes.ts';
import { flags, type Next, oneOf, row, rows } from './requests.ts';

/** What a mistake needs to be made: a request in which it shows, and how many forms the naive code has of it. */
export interface Made {
  readonly request: (next: Next, form: number) => AttentionRequest;
  readonly forms?: number;
}

const N = 5;
const D = 8;
const INVERSE_ROOT = '1/sqrt(d_k)' as const;

/** Tokens that all ask, in two heads with projections of their own, unless said. */
function usual(next: Next, options: Partial<AttentionRequest> = {}): AttentionRequest {
  return {
    tokens: rows(next, N, D),
    heads: 2,
    scale: INVERSE_ROOT,
    w_query: rows(next, D, D),
    w_key: rows(next, D, D),
    w_value: rows(next, D, D),
    ...options,
  };
}

const someMask = (next: Next) => flags(next, N, N).map((one, i) => one.map((may, j) => may || i === j));
/** The second row may attend to nothing. */
const emptyMask = (next: Next) => someMask(next).map((one, i) => (i === 1 ? one.map(() => false) : one));
const decoding = (next: Next, options: Partial<AttentionRequest>) => usual(next, { queries: rows(next, 2, D), queries_start: 2, ...options });

export const MADE: Readonly<Record<Exclude<MistakeCode, 'dropout-on'>, Made>> = {
  'scale-missing': { request: (next) => usual(next) },
  'scale-unwanted': { request: (next) => usual(next, { scale: oneOf(next, [1, 0.7]) }) },
  'scale-by-d': { request: (next) => usual(next) },
  'softmax-over-queries': { request: (next) => usual(next, { causal: next() < 0.5 }) },
  'sum-instead-of-softmax': { request: (next) => usual(next) },
  'softmax-twice': { request: (next) => usual(next, { causal: next() < 0.5 }) },
  'weights-unnormalised': { request: (next) => usual(next), forms: 2 },
  'mask-inverted': { request: (next) => usual(next, { mask: someMask(next) }) },
  'mask-added': { request: (next) => usual(next, { mask: someMask(next) }) },
  'mask-after-softmax': { request: (next) => usual(next, { mask: someMask(next), causal: next() < 0.5 }) },
  'finite-fill': { request: (next) => usual(next, { mask: emptyMask(next) }) },
  'causal-missing': { request: (next) => usual(next, { causal: true }) },
  'causal-strict': { request: (next) => usual(next, { causal: true }) },
  'causal-other-corner': { request: (next) => decoding(next, { causal: true }), forms: 2 },
  'window-off-by-one': { request: (next) => usual(next, { window: { left: 2, right: 1 } }), forms: 2 },
  'softcap-missing': { request: (next) => usual(next, { softcap: 0.5 }) },
  'softcap-after-mask': { request: (next) => usual(next, { softcap: 0.5, causal: true }) },
  'sink-missing': { request: (next) => usual(next, { sink: row(next, 2) }) },
  'bias-missing': { request: (next) => usual(next, { bias: rows(next, N, N) }) },
  'position-missing': { request: (next) => usual(next, { position: oneOf(next, [{ type: 'rope' }, { type: 'alibi' }, { type: 'sinusoidal' }]) }) },
  'rope-pairing': { request: (next) => usual(next, { position: { type: 'rope', interleaved: next() < 0.5 } }) },
  'kv-heads-tiled': { request: (next) => usual(next, { heads: 4, kv_heads: 2, w_key: rows(next, D, 4), w_value: rows(next, D, 4) }) },
  'heads-interleaved': { request: (next) => usual(next) },
  'heads-not-transposed': { request: (next) => usual(next) },
  'heads-averaged': { request: (next) => usual(next) },
  'projection-transposed': { request: (next) => usual(next, { w_output: rows(next, D, D) }) },
  'query-key-swapped': { request: (next) => usual(next, { b_query: row(next, D) }) },
  'value-projection-missing': { request: (next) => usual(next, { values: rows(next, N, D) }) },
  'output-projection-missing': { request: (next) => usual(next, { w_output: rows(next, D, D), b_output: row(next, D) }) },
  'projection-bias-missing': { request: (next) => usual(next, { b_query: row(next, D), b_value: row(next, D) }) },
  'query-off-by-one': { request: (next) => usual(next, next() < 0.5 ? { query: 2, causal: true } : { query: [0, 3, 4] }), forms: 2 },
  'lse-base-2': { request: (next) => usual(next) },
  'scale-by-model-width': { request: (next) => usual(next) },
  'scale-twice': { request: (next) => usual(next, { scale: 0.6 }) },
  'heads-merged-wrongly': { request: (next) => usual(next) },
  'position-offset': {
    request: (next) => decoding(next, { position: oneOf(next, [{ type: 'rope' }, { type: 'alibi' }, { type: 'sinusoidal' }]) }),
    forms: 3,
  },
  'mask-transposed': { request: (next) => usual(next, { mask: someMask(next) }) },
  'mask-missing': { request: (next) => usual(next, { mask: someMask(next) }) },
  'fill-too-weak': {
    request: (next, form) =>
      usual(next, { mask: someMask(next), scale: form === 0 ? 50 : 5000, b_query: row(next, D).map(() => 8), b_key: row(next, D).map(() => -8) }),
    forms: 2,
  },
  'nan-for-empty-row': { request: (next) => usual(next, { mask: emptyMask(next) }) },
  'bias-scaled': { request: (next) => usual(next, { bias: rows(next, N, N, 3) }) },
  'alibi-slopes': { request: (next) => usual(next, { position: { type: 'alibi' } }), forms: 2 },
  'values-for-keys': { request: (next) => usual(next, { position: next() < 0.5 ? { type: 'rope' } : { type: 'alibi' } }), forms: 2 },
};
