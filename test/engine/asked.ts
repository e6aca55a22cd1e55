import type { TokenAttention } from '../../src/engine/token-attention.ts';
import type { TokenOutput } from '../../src/engine/token-outputs.ts';

const numbers = (length: number, seed: number) => Float64Array.from({ length }, (_, n) => Math.sin(n + seed));
/** Numbers that are the same in every run. */
export const matrix = (rows: number, columns: number, seed: number) => ({ data: numbers(rows * columns, seed), rows, columns });
export const EVERYTHING: readonly TokenOutput[] = [
  'queries',
  'keys',
  'values',
  'scores',
  'logits',
  'weights',
  'context',
  'lse',
  'entropy',
  'sink_weight',
];

/** Three tokens of six columns, five query rows from outside, four heads over two of keys; widths that all differ. */
export function asked(options: Partial<TokenAttention> = {}): TokenAttention {
  return {
    precision: 'float64',
    tokens: matrix(3, 6, 1),
    queries: { from: 'queries', vectors: matrix(5, 7, 2) },
    similarity: 'dot',
    scale: 1,
    projections: {
      query: { weight: matrix(7, 4 * 8, 3) },
      key: { weight: matrix(6, 2 * 8, 4) },
      value: { weight: matrix(6, 2 * 9, 5) },
      output: { weight: matrix(4 * 9, 10, 6) },
    },
    heads: 4,
    kvHeads: 2,
    causal: false,
    window: {},
    include: new Set(EVERYTHING),
    ...options,
  };
}
