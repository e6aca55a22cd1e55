import type { TokenAttention } from '../../src/engine/token-attention.ts';
import { readAttentionRequest } from '../../src/wire/attention-request.ts';

/** What a request asks for, as the reader of requests gives it. */
export const attentionOf = (request: object): TokenAttention => readAttentionRequest(request).attention;

export const rows = (count: number, columns: number) => Array.from({ length: count }, () => Array<number>(columns).fill(0.5));

/** A body that is JSON. */
export const json = (body: object) => [Buffer.from(JSON.stringify(body))];

/**
 * Every axis has a length of its own: 3 query rows of 7 numbers, 5 tokens of 6, values of 9; 4 heads of keys of 2 numbers,
 * 2 heads of keys and values, values of 3 numbers a head, and contexts of 10.
 */
export const EVERY_AXIS = {
  tokens: rows(5, 6),
  queries: rows(3, 7),
  values: rows(5, 9),
  heads: 4,
  kv_heads: 2,
  w_query: rows(7, 8),
  w_key: rows(6, 4),
  w_value: rows(9, 6),
  w_output: rows(12, 10),
};
