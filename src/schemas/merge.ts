import { type Static, Type } from '@sinclair/typebox';
import { ofKind } from './kinds.ts';
import { MOST_DECIMALS } from './options.ts';
import { FullyMasked, Integer, Matrix, Nested, NumberOrNull, named, Vector } from './shapes.ts';

const Context = Nested([1, 2], Type.Number(), named('ContextVectors', '[m?, width], as /attention gave it'));
const Lse = Nested([0, 1, 2], NumberOrNull, named('LogSumExp', '[h?, m?], as /attention gave it; null where the part had no key for a row'));

const MergePart = Type.Object(
  {
    context: ofKind({ ...Context }, { kind: 'matrix-or-vector' }),
    lse: ofKind({ ...Lse }, { kind: 'log-sum-exp', of: 'context' }),
  },
  { additionalProperties: false, ...named('MergePart', 'What one part of the keys gave.') },
);

export const MergeRequest = Type.Object(
  {
    parts: ofKind(Type.Array(MergePart, { minItems: 1, description: 'One for each part of the keys, all of the same shape, in any order.' }), {
      kind: 'objects',
      noun: 'part',
      what: 'what each part of the keys gave',
    }),
    w_output: Type.Optional(Matrix('The projection of the merged context; leave it out of the requests for the parts.')),
    b_output: Type.Optional(Vector('Added to the merged context.')),
    decimals: Type.Optional(Integer({ least: 0, most: MOST_DECIMALS }, 'Rounds every printed number.')),
  },
  { $id: 'MergeRequest', additionalProperties: false, description: 'Parts of one attention, computed over parts of its keys.' },
);
export type MergeRequest = Static<typeof MergeRequest>;

export const MergeReply = Type.Object(
  {
    context: Context,
    lse: Lse,
    fully_masked: Type.Optional(FullyMasked),
  },
  { $id: 'MergeReply', description: 'Attention over all the keys, in double precision.' },
);
export type MergeReply = Static<typeof MergeReply>;
