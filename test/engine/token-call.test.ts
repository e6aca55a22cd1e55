import { describe, expect, test } from 'vitest';
import type { Kernel } from '../../src/engine/kernels/kernel.ts';
import { reference } from '../../src/engine/kernels/reference.ts';
import type { Floats } from '../../src/engine/tensor.ts';
import { attendTokens, type TokenAttention, tokenSizes } from '../../src/engine/token-attention.ts';
import { asked, matrix } from './asked.ts';

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
