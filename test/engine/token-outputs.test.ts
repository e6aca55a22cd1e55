import { describe, expect, test } from 'vitest';
import { arithmeticOverflow } from '../../src/engine/errors.ts';
import { reference } from '../../src/engine/kernels/reference.ts';
import { attendTokens } from '../../src/engine/token-attention.ts';
import { overflow, refuseOverflow, type TokenOutput, type TokenSizes } from '../../src/engine/token-outputs.ts';
import { asked, EVERYTHING } from './asked.ts';

describe('what attention over tokens gives back', () => {
  test('has its axes by name, outermost first', () => {
    const { tensors } = attendTokens(asked(), reference);
    const axes = (output: TokenOutput) => {
      const { axes: names = [], shape = [] } = tensors.get(output) ?? {};
      return names.map((name, a) => `${name} ${shape[a]}`).join(', ');
    };
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
    for (const [output, { data, shape }] of tensors) expect(data.length, output).toBe(shape.reduce((product, size) => product * size, 1));
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
    const tensor = { data, axes: axes.map(([name]) => name), shape: axes.map(([, size]) => size) };
    return () => refuseOverflow(SIZES, new Map([[output, tensor]]));
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
