import { describe, expectTypeOf, test } from 'vitest';
import type { Floats, Matrix } from '../../src/engine/tensor.ts';
import type { TokenAttention } from '../../src/engine/token-attention.ts';
import type { AttentionRequest } from '../../src/schemas/attention.ts';
import type { AttentionReply } from '../../src/schemas/attention-reply.ts';
import type { MergeReply, MergeRequest } from '../../src/schemas/merge.ts';
import type { AttentionMembers, Complete, ShapedPerPair } from '../../src/wire/members.ts';

/*
 * What the compiler knows of requests, replies and readers. `tsc` checks this file: a directive that expects an error fails
 * where there is none.
 */

describe('a request has the type that its schema says', () => {
  test('words, numbers and shapes', () => {
    expectTypeOf<AttentionRequest['similarity']>().toEqualTypeOf<'dot' | 'cosine' | undefined>();
    expectTypeOf<AttentionRequest['tokens']>().toEqualTypeOf<number[][]>();
    expectTypeOf<AttentionRequest['scale']>().toEqualTypeOf<number | '1/sqrt(d_k)' | undefined>();
    expectTypeOf<AttentionRequest['mask']>().toEqualTypeOf<boolean[] | boolean[][] | boolean[][][] | undefined>();
    expectTypeOf<AttentionRequest['bias']>().toEqualTypeOf<number[] | number[][] | number[][][] | undefined>();
    expectTypeOf<AttentionRequest['window']>().toEqualTypeOf<{ left?: number; right?: number } | undefined>();
    expectTypeOf<MergeRequest['parts'][number]['lse']>().toEqualTypeOf<number | null | (number | null)[] | (number | null)[][]>();
  });

  test('what the service refuses does not compile', () => {
    const tokens = [[1]];
    // @ts-expect-error a word that is none of the two
    const manhattan: AttentionRequest = { tokens, similarity: 'manhattan' };
    // @ts-expect-error `tokens` is required
    const nothing: AttentionRequest = {};
    // @ts-expect-error a member that the service does not know
    const misspelt: AttentionRequest = { tokens, tolkens: 1 };
    // @ts-expect-error a mask of numbers
    const numeric: AttentionRequest = { tokens, mask: [1] };
    // @ts-expect-error a member of another position
    const mixed: AttentionRequest = { tokens, position: { type: 'alibi', base: 2 } };
    // @ts-expect-error an output that there is not
    const other: AttentionRequest = { tokens, include: ['wieghts'] };
    expectTypeOf([manhattan, nothing, misspelt, numeric, mixed, other]).toExtend<AttentionRequest[]>();
  });
});

test('a reply has the type that its schema says', () => {
  expectTypeOf<AttentionReply['weights']>().toEqualTypeOf<number[] | number[][] | number[][][] | undefined>();
  expectTypeOf<AttentionReply['logits']>().toEqualTypeOf<(number | null)[] | (number | null)[][] | (number | null)[][][] | undefined>();
  expectTypeOf<AttentionReply['fully_masked']>().toEqualTypeOf<(number | [head: number, row: number])[] | undefined>();
  expectTypeOf<MergeReply['context']>().toEqualTypeOf<number[] | number[][]>();
});

describe('what a reader gives has the type of its kind', () => {
  test('undefined where a member is absent or at fault', () => {
    expectTypeOf<AttentionMembers['tokens']>().toEqualTypeOf<Matrix | undefined>();
    expectTypeOf<AttentionMembers['similarity']>().toEqualTypeOf<'dot' | 'cosine' | undefined>();
    expectTypeOf<AttentionMembers['mask']>().toEqualTypeOf<ShapedPerPair<Uint8Array> | undefined>();
    expectTypeOf<AttentionMembers['bias']>().toEqualTypeOf<ShapedPerPair<Floats> | undefined>();
    expectTypeOf<AttentionMembers['sink']>().toEqualTypeOf<number | Floats | undefined>();
  });

  test('and its default where it has one and none is at fault', () => {
    type Whole = Complete<typeof AttentionRequest>;
    expectTypeOf<Whole['tokens']>().toEqualTypeOf<Matrix>();
    expectTypeOf<Whole['similarity']>().toEqualTypeOf<TokenAttention['similarity']>();
    expectTypeOf<Whole['causal']>().toEqualTypeOf<boolean>();
    expectTypeOf<Whole['softcap']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Whole['position']>().toExtend<TokenAttention['position']>();
  });
});
