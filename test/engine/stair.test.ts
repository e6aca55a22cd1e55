import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reference } from '../../src/engine/kernels/reference.ts';
import { mergeAndProject } from '../../src/engine/merge.ts';
import { alibiSlopes, rotate } from '../../src/engine/position.ts';
import type { Floats, Matrix } from '../../src/engine/tensor.ts';
import { attendTokens, type TokenAttention } from '../../src/engine/token-attention.ts';
import type { TokenOutput } from '../../src/engine/token-outputs.ts';
import { random } from './calls.ts';

const TOLERANCE = 1e-10;
const OUTPUTS: readonly TokenOutput[] = ['scores', 'logits', 'weights', 'context', 'lse', 'entropy', 'sink_weight'];

function matrix(rows: number, columns: number, seed: number): Matrix {
  const next = random(seed);
  return { data: Float64Array.from({ length: rows * columns }, next), rows, columns };
}

function over(tokens: Matrix, options: Partial<TokenAttention> = {}): TokenAttention {
  return {
    precision: 'float64',
    tokens,
    queries: { from: 'tokens', positions: Int32Array.from({ length: tokens.rows }, (_, i) => i) },
    similarity: 'dot',
    scale: 1,
    projections: { query: {}, key: {}, value: {}, output: {} },
    heads: 1,
    kvHeads: options.heads ?? 1,
    causal: false,
    window: {},
    include: new Set(OUTPUTS),
    ...options,
  };
}

function ask(asked: TokenAttention): Partial<Record<TokenOutput, Floats>> & { fullyMasked: readonly number[] } {
  const { tensors, fullyMasked } = attendTokens(asked, reference);
  return { ...Object.fromEntries([...tensors].map(([name, { data }]) => [name, data])), fullyMasked };
}

function expectSame(got: ReturnType<typeof ask>, wanted: ReturnType<typeof ask>, outputs = OUTPUTS): void {
  expect(got.fullyMasked).toEqual(wanted.fullyMasked);
  for (const output of outputs) expectClose(got[output], wanted[output], output);
}

function expectClose(got: Floats | undefined, wanted: Floats | undefined, what: string): void {
  expect(got?.length, what).toBe(wanted?.length);
  got?.forEach((value, i) => {
    const other = wanted?.[i] ?? Number.NaN;
    if (value !== other && !(Math.abs(value - other) <= TOLERANCE)) expect.fail(`${what} ${i} is ${value}, not ${other}`);
  });
}

/** The columns [from, to) of a matrix. */
function columns({ data, rows, columns: width }: Matrix, from: number, to: number): Matrix {
  const part = Array.from({ length: rows }, (_, r) => [...data.subarray(r * width + from, r * width + to)]);
  return { data: Float64Array.from(part.flat()), rows, columns: to - from };
}

const sizes = fc.record({
  n: fc.integer({ min: 1, max: 6 }),
  d: fc.integer({ min: 1, max: 3 }).map((half) => 2 * half),
  h: fc.integer({ min: 1, max: 3 }),
  seed: fc.integer(),
});
const holds = (property: (sizes: { n: number; d: number; h: number; seed: number }) => void) =>
  fc.assert(fc.property(sizes, property), { numRuns: 50 });

describe('heads', () => {
  test('one head of full width equals no heads', () => {
    holds(({ n, d, seed }) => expectSame(ask(over(matrix(n, d, seed), { heads: 1, kvHeads: 1 })), ask(over(matrix(n, d, seed)))));
  });

  test('h heads equal h separate calls on blocks of columns', () => {
    holds(({ n, d, h, seed }) => {
      const tokens = matrix(n, d * h, seed);
      const together = ask(over(tokens, { heads: h }));
      for (let g = 0; g < h; g++) {
        const alone = ask(over(columns(tokens, g * d, (g + 1) * d)));
        for (const output of OUTPUTS.filter((name) => name !== 'context')) {
          const size = (together[output]?.length ?? 0) / h;
          expectClose(together[output]?.subarray(g * size, (g + 1) * size), alone[output], output);
        }
        expectClose(
          columns({ data: together.context ?? new Float64Array(), rows: n, columns: d * h }, g * d, (g + 1) * d).data,
          alone.context,
          'context',
        );
      }
    });
  });

  test('grouped heads equal as many key heads, each repeated', () => {
    holds(({ n, d, h, seed }) => {
      const tokens = matrix(n, d * h, seed);
      const group = 2;
      const queries = matrix(3, d * h * group, seed + 1);
      const repeated = Array.from({ length: h }, (_, g) => columns(tokens, g * d, (g + 1) * d)).flatMap((block) =>
        Array.from({ length: group }, () => block),
      );
      const rows = Array.from({ length: n }, (_, r) => repeated.flatMap((block) => [...block.data.subarray(r * d, (r + 1) * d)]));
      const wide: Matrix = { data: Float64Array.from(rows.flat()), rows: n, columns: d * h * group };
      const asking = { from: 'queries', vectors: queries } as const;
      expectSame(ask(over(tokens, { queries: asking, heads: h * group, kvHeads: h })), ask(over(wide, { queries: asking, heads: h * group })));
      const turned = { queries: { ...asking, start: 1 }, heads: h * group, position: { type: 'rope', base: 100, interleaved: true } } as const;
      expectSame(ask(over(tokens, { ...turned, kvHeads: h })), ask(over(wide, turned)));
    });
  });
});

describe('options at their neutral ends', () => {
  test('a window wide enough equals none', () => {
    holds(({ n, d, seed }) => expectSame(ask(over(matrix(n, d, seed), { window: { left: n, right: n } })), ask(over(matrix(n, d, seed)))));
  });

  test('a window to the left alone, with causal, equals the mask that says the same', () => {
    holds(({ n, d, seed }) => {
      const data = Uint8Array.from({ length: n * n }, (_, pair) => {
        const [i, j] = [Math.floor(pair / n), pair % n];
        return j <= i && j >= i - 1 ? 1 : 0;
      });
      expectSame(ask(over(matrix(n, d, seed), { causal: true, window: { left: 1 } })), ask(over(matrix(n, d, seed), { mask: { data, rank: 2 } })));
    });
  });

  test('a sink of −∞, nearly, equals none', () => {
    holds(({ n, d, seed }) => expectSame(ask(over(matrix(n, d, seed), { sink: Float64Array.of(-800) })), ask(over(matrix(n, d, seed)))));
  });

  test('a softcap of ∞, nearly, equals none', () => {
    holds(({ n, d, seed }) => expectSame(ask(over(matrix(n, d, seed), { softcap: 1e8 })), ask(over(matrix(n, d, seed)))));
  });

  test('a bias of 0 and slopes of 0 equal none', () => {
    holds(({ n, d, seed }) => {
      const plain = ask(over(matrix(n, d, seed)));
      expectSame(ask(over(matrix(n, d, seed), { bias: { data: new Float64Array(n), rank: 1 } })), plain);
      expectSame(ask(over(matrix(n, d, seed), { position: { type: 'alibi', slopes: new Float64Array(1) } })), plain);
    });
  });

  test('an identity projection without a bias equals none', () => {
    holds(({ n, d, seed }) => {
      const weight = { data: Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0)), rows: d, columns: d };
      expectSame(
        ask(over(matrix(n, d, seed), { projections: { query: { weight }, key: { weight }, value: { weight }, output: { weight } } })),
        ask(over(matrix(n, d, seed))),
      );
    });
  });
});

describe('positions', () => {
  test('rope leaves the scores where every position shifts by the same amount', () => {
    holds(({ n, d, h, seed }) => {
      const vectors = matrix(n, d * h, seed);
      const places = Int32Array.from({ length: n }, (_, i) => i);
      for (const interleaved of [false, true]) {
        const turned = (shift: number) =>
          rotate(
            vectors,
            h,
            places.map((place) => place + shift),
            { base: 10_000, interleaved },
            'float64',
          );
        expectClose(ask(over(turned(17), { heads: h })).scores, ask(over(turned(0), { heads: h })).scores, 'scores');
      }
    });
  });

  test('rope turns the pair (x, y) at position p by p radians in the first pair of any width', () => {
    const { data } = rotate(
      { data: Float64Array.of(1, 0, 0, 0), rows: 1, columns: 4 },
      1,
      Int32Array.of(2),
      { base: 10_000, interleaved: false },
      'float64',
    );
    expect([...data]).toEqual([Math.cos(2), 0, Math.sin(2), 0]);
    const pairs = rotate(
      { data: Float64Array.of(1, 0, 0, 1), rows: 1, columns: 4 },
      1,
      Int32Array.of(2),
      { base: 100, interleaved: true },
      'float64',
    );
    expectClose(pairs.data, Float64Array.of(Math.cos(2), Math.sin(2), -Math.sin(0.2), Math.cos(0.2)), 'turned');
  });

  test('sinusoidal equals adding the table by hand', () => {
    holds(({ n, d, seed }) => {
      const tokens = matrix(n, d, seed);
      const data = tokens.data.map((x, i) => {
        const [position, c] = [Math.floor(i / d), i % d];
        const angle = position / 10_000 ** ((2 * Math.floor(c / 2)) / d);
        return x + (c % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
      });
      expectSame(ask(over(tokens, { position: { type: 'sinusoidal' } })), ask(over({ ...tokens, data })));
    });
  });

  test('sinusoids are added to vectors from outside too, where they stand', () => {
    holds(({ n, d, seed }) => {
      const tokens = matrix(n, d, seed);
      const position = { type: 'sinusoidal' } as const;
      expectSame(ask(over(tokens, { position, queries: { from: 'queries', vectors: tokens, start: 0 } })), ask(over(tokens, { position })));
    });
  });

  test('the slopes of ALiBi are Press’s, also where h is no power of 2', () => {
    expect([...alibiSlopes(8, 'float64')]).toEqual([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256]);
    expect([...alibiSlopes(3, 'float64')]).toEqual([2 ** -4, 2 ** -8, 2 ** -2]);
    expect([...alibiSlopes(6, 'float64')]).toEqual([2 ** -2, 2 ** -4, 2 ** -6, 2 ** -8, 2 ** -1, 2 ** -3]);
    expect(alibiSlopes(3, 'float32')).toEqual(Float32Array.of(2 ** -4, 2 ** -8, 2 ** -2));
    expect([...alibiSlopes(1, 'float64')]).toEqual([2 ** -8]);
  });
});

describe('merge', () => {
  const rank = (options: Partial<TokenAttention>) => options;
  test.each([
    ['plain', rank({})],
    ['causal', rank({ causal: true })],
    ['a window', rank({ window: { left: 1, right: 2 } })],
    ['rope', rank({ position: { type: 'rope', base: 100, interleaved: false } })],
    ['alibi', rank({ position: { type: 'alibi' } })],
    ['all of them, with a softcap', rank({ causal: true, window: { left: 3 }, softcap: 0.5 })],
  ])('any split of the keys equals the whole: %s', (_name, options) => {
    fc.assert(
      fc.property(sizes, fc.array(fc.nat({ max: 6 }), { maxLength: 3 }), fc.integer({ min: -2, max: 4 }), ({ n, d, h, seed }, cuts, start) => {
        const tokens = matrix(n, d * h, seed);
        const queries = matrix(3, d * h, seed + 1);
        const bounds = [...new Set([0, ...cuts.filter((cut) => cut < n), n])].toSorted((a, b) => a - b);
        const asking = (first: number) => ({ from: 'queries', vectors: queries, start: start - first }) as const;
        const parts = bounds.slice(0, -1).map((first, p) => {
          const end = bounds[p + 1] ?? n;
          const part = { data: tokens.data.slice(first * d * h, end * d * h), rows: end - first, columns: d * h };
          const { context = new Float64Array(), lse = new Float64Array() } = ask(
            over(part, { ...options, heads: h, kvHeads: h, queries: asking(first) }),
          );
          return { context: { data: context, rows: 3, columns: d * h }, lse: Float64Array.from(lse) };
        });
        const merged = mergeAndProject(parts, 3, h, {});
        const whole = ask(over(tokens, { ...options, heads: h, kvHeads: h, queries: asking(0) }));
        expectClose(merged.context.data, whole.context, 'context');
        expectClose(merged.lse, whole.lse, 'lse');
        expect(merged.fullyMasked).toEqual(whole.fullyMasked);
      }),
      { numRuns: 60 },
    );
  });

  test('logits far apart neither overflow nor vanish', () => {
    const part = (value: number, lse: number) => ({ context: { data: Float64Array.of(value), rows: 1, columns: 1 }, lse: Float64Array.of(lse) });
    const { context, lse } = mergeAndProject([part(1, 1e308), part(2, -1e308), part(1e308, 1e308)], 1, 1, {});
    expect([context.data[0], lse[0]]).toEqual([0.5 + 0.5e308, 1e308]);
  });
});

describe('fully masked rows', () => {
  const tokens = matrix(3, 4, 7);
  const nobody = { data: Uint8Array.of(1, 1, 1, 0, 0, 0, 1, 0, 0), rank: 2 } as const;

  test.each([
    ['heads', { heads: 2 }],
    ['a sink', { sink: Float64Array.of(0.5) }],
    ['a bias', { bias: { data: Float64Array.of(1, 2, 3), rank: 1 } }],
    ['causal and a softcap', { causal: true, softcap: 2 }],
    ['rope', { position: { type: 'rope', base: 10, interleaved: true } }],
    ['grouped heads', { heads: 4, kvHeads: 2, queries: { from: 'queries', vectors: matrix(3, 8, 9) } }],
  ] satisfies readonly [string, Partial<TokenAttention>][])('have a weighted sum of 0, with %s', (_name, options: Partial<TokenAttention>) => {
    const heads = options.heads ?? 1;
    const { context, weights, lse, entropy, fullyMasked } = ask(over(tokens, { ...options, mask: nobody }));
    expect(fullyMasked).toEqual(Array.from({ length: heads }, (_, h) => h * 3 + 1));
    const width = (context?.length ?? 0) / 3;
    expect([...(context?.subarray(width, 2 * width) ?? [])].every((x) => x === 0)).toBe(true);
    expect([...(weights?.subarray(3, 6) ?? [])]).toEqual([0, 0, 0]);
    expect([lse?.[1], entropy?.[1]]).toEqual([options.sink?.[0] ?? Number.NEGATIVE_INFINITY, 0]);
  });

  test('give b_output after w_output', () => {
    const output = { weight: matrix(4, 2, 3), bias: Float64Array.of(5, 6) };
    const { context } = ask(over(tokens, { mask: nobody, projections: { query: {}, key: {}, value: {}, output } }));
    expect([...(context?.subarray(2, 4) ?? [])]).toEqual([5, 6]);
  });
});
