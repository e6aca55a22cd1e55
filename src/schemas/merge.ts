import { Type } from '@sinclair/typebox';
import { MOST_DECIMALS } from './options.ts';
import { FullyMasked, Matrix, Nested, NumberOrNull, named, Vector } from './shapes.ts';

const Context = Nested([1, 2], Type.Number(), named('ContextVectors', '[m?, width], as /attention gave it'));
const Lse = Nested([0, 1, 2], NumberOrNull, named('LogSumExp', '[h?, m?], as /attention gave it; null where the part had no key for a row'));

export const MergePart = Type.Object(
  { context: Context, lse: Lse },
  { additionalProperties: false, ...named('MergePart', 'What one part of the keys gave.') },
);

export const MergeRequest = Type.Object(
  {
    parts: Type.Array(MergePart, { minItems: 1, description: 'One for each part of the keys, all of the same shape, in any order.' }),
    w_output: Type.Optional(Matrix('The projection of the merged context; leave it out when asking for the parts.')),
    b_output: Type.Optional(Vector('Added to the merged context.')),
    decimals: Type.Optional(Type.Integer({ minimum: 0, maximum: MOST_DECIMALS, description: 'Rounds every printed number.' })),
  },
  { $id: 'MergeRequest', additionalProperties: false, description: 'Parts of one attention, computed over parts of its keys.' },
);

export const MergeReply = Type.Object(
  {
    context: Context,
    lse: Lse,
    fully_masked: Type.Optional(FullyMasked),
  },
  { $id: 'MergeReply', description: 'Attention over all the keys, in double precision.' },
);
