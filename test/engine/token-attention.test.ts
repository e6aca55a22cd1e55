import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arithmeticOverflow, ZeroVectors } from '../../src/engine/errors.ts';
import { reference } from '../../src/engine/kernels/reference.ts';
import type { Floats, Matrix, Precision } from '../../src/engine/tensor.ts';
import { attendTokens, type TokenAttention } from '../../src/engine/token-attention.ts';
import type { TokenOutput } from '../../src/engine/token-outputs.ts';

type Numbers = Partial<Record<TokenOutput, Floats>> & { readonly fullyMasked: readonly number[] };

/** The outputs by name, flat. */
function attend(asked: TokenAttention, kernel = reference): Numbers {
  const { tensors, fullyMasked } = attendTokens(asked, kernel);
  return { ...Object.fromEntries([...tensors].map(([name, { data }]) => [name, data])), fullyMasked };
}

const number = fc.double({ min: -3, max: 3, noNaN: true });
const tokensOf = (rows: readonly (readonly number[])[], precision: Precision): Matrix => ({
  data: precision === 'float32' ? Float32Array.from(rows.flat()) : Float64Array.from(rows.flat()),
  rows: rows.length,
  columns: rows[0]?.length ?? 0,
});
/** n rows of d numbers, n and d from 1 to 6. */
const rows = fc.integer({ min: 1, max: 6 }).chain((d) => fc.array(fc.array(number, { minLength: d, maxLength: d }), { minLength: 1, maxLength: 6 }));

function over(tokens: readonly (readonly number[])[], options: Partial<TokenAttention> = {}): TokenAttention {
  const precision = options.precision ?? 'float64';
  return {
    precision,
    tokens: tokensOf(tokens, precision),
    queries: { from: 'tokens', positions: Int32Array.from(tokens.keys()) },
    similarity: 'dot',
    scale: 1,
    projections: { query: {}, key: {}, value: {}, output: {} },
    heads: 1,
    kvHeads: options.heads ?? 1,
    window: {},
    causal: false,
    include: new Set(['scores', 'logits', 'weights', 'context', 'lse', 'entropy']),
    ...options,
  };
}

describe('properties', () => {
  test('weights sum to 1 within n · 2⁻²³', () => {
    fc.assert(
      fc.property(rows, (tokens) => {
        const { weights } = attend(over(tokens, { precision: 'float32' }));
        for (let i = 0; i < tokens.length; i++) {
          let sum = 0;
          for (const weight of weights?.subarray(i * tokens.length, (i + 1) * tokens.length) ?? []) sum += weight;
          expect(Math.abs(sum - 1)).toBeLessThanOrEqual(tokens.length * 2 ** -23);
        }
      }),
    );
  });

  test('shifting all scores of a row changes no weight', () => {
    fc.assert(
      fc.property(rows, fc.double({ min: -50, max: 50, noNaN: true }), (tokens, shift) => {
        // A last dimension that is 1 in every key and `shift` in every query adds `shift` to every score.
        const queries = tokensOf(
          tokens.map((row) => [...row, shift]),
          'float64',
        );
        const flat = { ...queries, data: queries.data.map((x, i) => ((i + 1) % queries.columns === 0 ? 0 : x)) };
        const keys = tokens.map((row) => [...row, 1]);
        const shifted = attend(over(keys, { queries: { from: 'queries', vectors: queries } }));
        const plain = attend(over(keys, { queries: { from: 'queries', vectors: flat } }));
        expectAllClose(shifted.weights, plain.weights, 1e-12);
      }),
    );
  });

  test('permuting the keys permutes the weights and leaves the context', () => {
    fc.assert(
      fc.property(rows, (tokens) => {
        const asking = { from: 'queries', vectors: tokensOf(tokens, 'float64') } as const;
        const forward = attend(over(tokens, { queries: asking }));
        const backward = attend(over(tokens.toReversed(), { queries: asking }));
        const n = tokens.length;
        const unreversed = backward.weights?.map((_, i) => backward.weights?.[i - (i % n) + n - 1 - (i % n)] ?? 0);
        expectAllClose(unreversed, forward.weights, 1e-12);
        expectAllClose(backward.context, forward.context, 1e-12);
      }),
    );
  });

  test('causal equals the mask that says the same', () => {
    fc.assert(
      fc.property(rows, (tokens) => {
        const n = tokens.length;
        const data = Uint8Array.from({ length: n * n }, (_, pair) => (pair % n <= Math.floor(pair / n) ? 1 : 0));
        const causal = attend(over(tokens, { causal: true }));
        const masked = attend(over(tokens, { mask: { data, rank: 2 } }));
        for (const output of ['logits', 'weights', 'context', 'lse', 'entropy'] as const) expectAllClose(causal[output], masked[output], 1e-12);
      }),
    );
  });

  test('a scale of 0 makes the context the mean of the values', () => {
    fc.assert(
      fc.property(rows, (tokens) => {
        const { context } = attend(over(tokens, { scale: 0 }));
        const mean = tokens[0]?.map((_, c) => tokens.reduce((sum, row) => sum + (row[c] ?? 0), 0) / tokens.length) ?? [];
        expectAllClose(context?.subarray(0, mean.length), Float64Array.from(mean), 1e-12);
      }),
    );
  });

  test('the cosine of any two vectors is within ±1, and of a vector with itself 1', () => {
    fc.assert(
      fc.property(
        rows.filter((tokens) => tokens.every((row) => row.some((x) => Math.abs(x) > 1e-150))),
        fc.constantFrom(1, 1e150, 1e-150),
        (tokens, magnitude) => {
          const scaled = tokens.map((row) => row.map((x) => x * magnitude));
          fc.pre(scaled.every((row) => row.some((x) => x !== 0)));
          const { scores } = attend(over(scaled, { similarity: 'cosine' }));
          tokens.forEach((_, i) => {
            expect(scores?.[i * tokens.length + i]).toBeCloseTo(1, 10);
          });
          for (const score of scores ?? []) expect(Math.abs(score)).toBeLessThanOrEqual(1 + 1e-12);
        },
      ),
    );
  });

  test('float32 cosine is within (2·d_k + 12) · 2⁻²³ of float64', () => {
    fc.assert(
      fc.property(
        rows.filter((tokens) => tokens.every((row) => row.some((x) => Math.abs(x) > 1e-3))),
        (tokens) => {
          const same = tokens.map((row) => row.map(Math.fround));
          const single = attend(over(same, { precision: 'float32', similarity: 'cosine', scale: 3 }));
          const double = attend(over(same, { similarity: 'cosine', scale: 3 }));
          expectAllClose(single.scores, double.scores, (2 * (tokens[0]?.length ?? 0) + 12) * 2 ** -23 * 3);
        },
      ),
    );
  });
});

describe('refusals', () => {
  test('cosine of a vector of length 0 is refused wherever it stands', () => {
    const refused = () => attend(over([[1], [0], [2], [0]], { similarity: 'cosine', mask: { data: Uint8Array.of(1, 0, 1, 0), rank: 1 } }));
    expect(refused).toThrow(ZeroVectors);
    try {
      refused();
    } catch (error) {
      expect((error as ZeroVectors).rows).toEqual([
        { vectors: 'tokens', row: 1, head: 0 },
        { vectors: 'tokens', row: 3, head: 0 },
      ]);
    }
  });

  test('a result that is not finite says which output, and in which row', () => {
    expect(() => attend(over([[1], [1e200]]))).toThrow(arithmeticOverflow('scores', 'query row', 1));
  });
});

describe('what is not included is not computed', () => {
  test('only what is asked for comes back', () => {
    const result = attend(over([[1], [2]], { include: new Set(['lse']) }));
    expect(
      Object.entries(result)
        .filter(([, value]) => value instanceof Float64Array)
        .map(([name]) => name),
    ).toEqual(['lse']);
  });
});

function expectAllClose(got: Float32Array | Float64Array | undefined, wanted: Float32Array | Float64Array | undefined, tolerance: number): void {
  expect(got?.length).toBe(wanted?.length);
  got?.forEach((value, i) => {
    const other = wanted?.[i] ?? Number.NaN;
    if (value !== other) expect(Math.abs(value - other)).toBeLessThanOrEqual(tolerance);
  });
}
