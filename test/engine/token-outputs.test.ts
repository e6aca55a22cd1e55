import { describe, expect, test } from 'vitest';
import { arithmeticOverflow } from '../../src/engine/errors.ts';
import type { Kernel } from '../../src/engine/kernels/kernel.ts';
import { reference } from '../../src/engine/kernels/reference.ts';
import type { Floats } from '../../src/engine/tensor.ts';
import { attendTokens, type TokenAttention, tokenSizes } from '../../src/engine/token-attention.ts';
import { overflow, refuseOverflow, type TokenOutput, type TokenSizes } from '../../src/engine/token-outputs.ts';

const numbers = (length: number, seed: number) => Float64Array.from({ length }, (_, n) => Math.sin(n + seed));
const matrix = (rows: number, columns: number, seed: number) => ({ data: numbers(rows * columns, seed), rows, columns });
const EVERYTHING: readonly TokenOutput[] = ['queries', 'keys', 'values', 'scores', 'logits', 'weights', 'context', 'lse', 'entropy', 'sink_weight'];

/** Three tokens of six columns, five query rows from outside, four heads over two of keys; widths that all differ. */
function asked(options: Partial<TokenAttention> = {}): TokenAttention {
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

describe('the sizes of attention over tokens', () => {
  test('are those of the projections', () => {
    expect(tokenSizes(asked())).toEqual({ m: 5, n: 3, h: 4, kvHeads: 2, d_k: 8, d_v: 9, width: 10 });
  });

  test('are those of the vectors, where nothing is projected', () => {
    const none = { query: {}, key: {}, value: {}, output: {} };
    const queries = { from: 'tokens', positions: Int32Array.of(2, 0) } as const;
    expect(tokenSizes(asked({ projections: none, queries, kvHeads: 2, heads: 2 }))).toEqual({
      m: 2,
      n: 3,
      h: 2,
      kvHeads: 2,
      d_k: 3,
      d_v: 3,
      width: 6,
    });
    const own = { queries: { from: 'queries', vectors: matrix(1, 12, 1) }, values: matrix(3, 4, 1) } as const;
    expect(tokenSizes(asked({ projections: none, ...own }))).toEqual({ m: 1, n: 3, h: 4, kvHeads: 2, d_k: 3, d_v: 2, width: 8 });
  });
});

describe('what attention over tokens gives back', () => {
  test('has its axes by name, outermost first', () => {
    const { tensors } = attendTokens(asked(), reference);
    const axes = (output: TokenOutput) =>
      tensors
        .get(output)
        ?.axes.map(([name, size]) => `${name} ${size}`)
        .join(', ');
    expect(EVERYTHING.map(axes)).toEqual([
      'h 4, m 5, d_k 8',
      'g 2, n 3, d_k 8',
      'g 2, n 3, d_v 9',
      'h 4, m 5, n 3',
      'h 4, m 5, n 3',
      'h 4, m 5, n 3',
      'm 5, width 10',
      'h 4, m 5',
      'h 4, m 5',
      'h 4, m 5',
    ]);
    expect([...tensors.keys()]).toEqual(EVERYTHING);
    for (const [output, { data, axes }] of tensors) expect(data.length, output).toBe(axes.reduce((product, [, size]) => product * size, 1));
  });

  test('has the vectors head by head, as they entered', () => {
    const tokens = { data: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8), rows: 2, columns: 4 };
    const { tensors } = attendTokens(
      asked({
        tokens,
        queries: { from: 'tokens', positions: Int32Array.of(1) },
        projections: { query: {}, key: {}, value: { bias: Float64Array.of(10, 20, 30, 40) }, output: {} },
        heads: 2,
        include: new Set(['queries', 'keys', 'values']),
      }),
      { ...reference, attend: () => expect.fail('vectors alone need no attention') },
    );
    const data = (output: TokenOutput) => [...(tensors.get(output)?.data ?? [])];
    expect([data('queries'), data('keys'), data('values')]).toEqual([
      [5, 6, 7, 8],
      [1, 2, 5, 6, 3, 4, 7, 8],
      [11, 22, 15, 26, 33, 44, 37, 48],
    ]);
  });

  test('lists fully masked rows, where vectors alone are asked for too', () => {
    const mask = { data: Uint8Array.of(0, 0, 0), rank: 1 } as const;
    for (const include of [['keys'], ['lse']] as const) {
      expect(attendTokens(asked({ mask, include: new Set(include) }), reference).fullyMasked).toEqual(Array.from({ length: 20 }, (_, r) => r));
    }
  });

  test('has the context projected, heads side by side', () => {
    const { tensors } = attendTokens(
      asked({
        tokens: { data: Float64Array.of(1, 2, 3, 4), rows: 1, columns: 4 },
        queries: { from: 'tokens', positions: Int32Array.of(0) },
        projections: { query: {}, key: {}, value: {}, output: { weight: { data: Float64Array.of(1, 10, 100, 1000), rows: 4, columns: 1 } } },
        heads: 2,
        include: new Set(['context']),
      }),
      reference,
    );
    expect([...(tensors.get('context')?.data ?? [])]).toEqual([4321]);
  });
});

describe('the call for attention over tokens', () => {
  const seen = (options: Partial<TokenAttention>) => {
    const calls: Parameters<Kernel['attend']>[0][] = [];
    attendTokens(asked({ include: new Set(['lse', 'keys', 'queries', 'values', 'context']), ...options }), {
      ...reference,
      attend: (call) => {
        calls.push(call);
        return reference.attend(call);
      },
    });
    return calls[0];
  };

  test('has one batch entry, and asks for what the operator gives', () => {
    expect(seen({})).toMatchObject({ axes: { B: 1, H: 4, G: 2, M: 5, N: 3, D: 8, E: 9 }, finiteOnly: true, want: new Set(['lse', 'context']) });
  });

  test('has the scale that was asked for, 1/√d_k rounded', () => {
    expect([seen({ scale: 0.3 })?.scale, seen({ scale: '1/sqrt(d_k)' })?.scale]).toEqual([0.3, 1 / Math.sqrt(8)]);
    const single = (columns: number) => ({ data: new Float32Array(columns), rows: 1, columns });
    const projections = { query: {}, key: {}, value: {}, output: {} };
    const queries = { from: 'queries', vectors: single(6) } as const;
    expect(seen({ precision: 'float32', tokens: single(6), queries, heads: 2, projections, scale: '1/sqrt(d_k)' })?.scale).toBe(
      Math.fround(1 / Math.sqrt(3)),
    );
  });

  test.each([
    [1, 3, { headStride: 0, rowStride: 0 }],
    [2, 15, { headStride: 0, rowStride: 3 }],
    [3, 60, { headStride: 15, rowStride: 3 }],
  ] as const)('broadcasts a mask and a bias of rank %d', (rank, length, strides) => {
    const mask = { data: new Uint8Array(length).fill(1), rank };
    const bias = { data: new Float64Array(length), rank };
    const call = seen({ mask, bias });
    expect(call?.mask).toEqual({ data: mask.data, batchStride: 0, keyStride: 1, ...strides });
    expect(call?.bias).toEqual({ data: bias.data, batchStride: 0, keyStride: 1, ...strides });
  });

  test('has ALiBi’s slopes, given or Press’s, where the queries stand somewhere', () => {
    const at = (slopes?: Floats, start: number | undefined = 4) =>
      seen({ queries: { from: 'queries', vectors: matrix(2, 7, 2), start }, position: { type: 'alibi', slopes } })?.alibi;
    const positions = Int32Array.of(4, 5);
    expect(at()).toEqual({ slopes: Float64Array.of(1 / 4, 1 / 16, 1 / 64, 1 / 256), positions });
    expect(at(Float64Array.of(1, 2, 3, 4))).toEqual({ slopes: Float64Array.of(1, 2, 3, 4), positions });
    expect(seen({ position: { type: 'alibi' } })?.alibi).toBeUndefined();
    expect(seen({ position: { type: 'sinusoidal' }, queries: { from: 'queries', vectors: matrix(2, 7, 2), start: 0 } })?.alibi).toBeUndefined();
  });

  test('has the keys that rows see where they stand, and all where they stand nowhere', () => {
    const ends = (start: number | undefined) =>
      Array.from(seen({ causal: true, queries: { from: 'queries', vectors: matrix(2, 7, 2), start } })?.keyRanges.end ?? []);
    expect([ends(0), ends(undefined)]).toEqual([
      [1, 2],
      [3, 3],
    ]);
  });

  test('hands on softcap and sink, and is shown to the recorder', () => {
    const sink = Float64Array.of(1, 2, 3, 4);
    expect(seen({ softcap: 2, sink })).toMatchObject({ softcap: 2, sink });
    const names: string[] = [];
    const recorder = {
      onVectors: ({ name }: { name: string }) => names.push(name),
      onCall: ({ scale }: { scale: number }) => names.push(`call ${scale}`),
    };
    attendTokens(asked(), reference, undefined, recorder);
    expect(names).toEqual(['position', 'project', 'split', 'rotate', 'normalise', 'call 1']);
  });
});

describe('a result that is not finite', () => {
  const SIZES: TokenSizes = { m: 5, n: 3, h: 4, kvHeads: 2, d_k: 8, d_v: 9, width: 10 };

  test('is refused by its row: of a query in its head, of a token, or of the context', () => {
    const said = (output: TokenOutput, row: number, sizes = SIZES) => overflow(sizes, output, row).message;
    expect(said('scores', 13)).toBe('scores of query row 3 in head 2 is not finite, though all inputs are');
    expect(said('queries', 4)).toBe('queries of query row 4 in head 0 is not finite, though all inputs are');
    expect(said('keys', 4)).toBe('keys of token 1 in head 1 is not finite, though all inputs are');
    expect(said('values', 2)).toBe('values of token 2 in head 0 is not finite, though all inputs are');
    expect(said('context', 3)).toBe('context of query row 3 is not finite, though all inputs are');
    expect(said('lse', 3, { ...SIZES, h: 1 })).toBe('lse of query row 3 is not finite, though all inputs are');
    expect(overflow(SIZES, 'lse', 0)).toMatchObject({ name: 'Failure', code: 'arithmetic-overflow' });
  });

  const refused = (output: TokenOutput, axes: readonly (readonly ['h' | 'g' | 'm' | 'n' | 'd_k' | 'width', number])[], place: number) => {
    const data = new Float64Array(axes.reduce((product, [, size]) => product * size, 1));
    data[place] = Number.NEGATIVE_INFINITY;
    return () => refuseOverflow(SIZES, new Map([[output, { data, axes }]]));
  };

  test('is found at the place where it stands, the first one too', () => {
    const pairs = [
      ['h', 4],
      ['m', 5],
      ['n', 3],
    ] as const;
    expect(refused('scores', pairs, 0)).toThrow('scores of query row 0 in head 0 ');
    expect(refused('scores', pairs, 3 * 12 + 2)).toThrow('scores of query row 2 in head 2 ');
    expect(
      refused(
        'keys',
        [
          ['g', 2],
          ['n', 3],
          ['d_k', 8],
        ],
        8 * 3,
      ),
    ).toThrow('keys of token 0 in head 1 ');
    expect(
      refused(
        'entropy',
        [
          ['h', 4],
          ['m', 5],
        ],
        7,
      ),
    ).toThrow('entropy of query row 2 in head 1 ');
    expect(
      refused(
        'context',
        [
          ['m', 5],
          ['width', 10],
        ],
        19,
      ),
    ).toThrow('context of query row 1 is');
  });

  test('is none where it is the logit or the log-sum-exp of what is excluded', () => {
    expect(
      refused(
        'logits',
        [
          ['h', 4],
          ['m', 5],
          ['n', 3],
        ],
        1,
      ),
    ).not.toThrow();
    expect(
      refused(
        'lse',
        [
          ['h', 4],
          ['m', 5],
        ],
        1,
      ),
    ).not.toThrow();
  });

  test('is refused where a projection makes it, though attention was finite', () => {
    const weight = { data: Float64Array.of(1e308, 1e308), rows: 2, columns: 1 };
    const big = asked({
      tokens: { data: Float64Array.of(1, 1), rows: 1, columns: 2 },
      queries: { from: 'tokens', positions: Int32Array.of(0) },
      projections: { query: {}, key: {}, value: {}, output: { weight } },
      heads: 1,
      kvHeads: 1,
      include: new Set(['context']),
    });
    expect(() => attendTokens(big, reference)).toThrow(arithmeticOverflow('context', 'query row', 0));
  });

  test('is refused where it is attended, though it is not asked for', () => {
    const vectors = { data: new Float64Array(35).fill(1e200), rows: 5, columns: 7 };
    expect(() => attendTokens(asked({ queries: { from: 'queries', vectors }, scale: 1e300, include: new Set(['lse']) }), reference)).toThrow(
      arithmeticOverflow('scores', 'query row', 0, 0),
    );
  });
});
