import { Type } from '@sinclair/typebox';
import { MOST_DECIMALS } from './options.ts';

const NUMBER = { type: 'number' };
const NUMBER_OR_NULL = { type: ['number', 'null'] };
const listOf = (items: object) => ({ type: 'array', minItems: 1, items });
const Context = Type.Unsafe<unknown>({ description: '[m?, width], as /attention gave it', anyOf: [listOf(NUMBER), listOf(listOf(NUMBER))] });
const Lse = Type.Unsafe<unknown>({
  description: '[h?, m?], as /attention gave it; null where the part had no key for a row',
  anyOf: [NUMBER_OR_NULL, listOf(NUMBER_OR_NULL), listOf(listOf(NUMBER_OR_NULL))],
});

export const MergePart = Type.Object({ context: Context, lse: Lse }, { additionalProperties: false, description: 'What one part of the keys gave.' });

export const MergeRequest = Type.Object(
  {
    parts: Type.Array(MergePart, { minItems: 1, description: 'One for each part of the keys, all of the same shape, in any order.' }),
    w_output: Type.Optional(
      Type.Array(Type.Array(Type.Number(), { minItems: 1 }), {
        minItems: 1,
        description: 'The projection of the merged context; leave it out when asking for the parts.',
      }),
    ),
    b_output: Type.Optional(Type.Array(Type.Number(), { minItems: 1, description: 'Added to the merged context.' })),
    decimals: Type.Optional(Type.Integer({ minimum: 0, maximum: MOST_DECIMALS, description: 'Rounds every printed number.' })),
  },
  { $id: 'MergeRequest', additionalProperties: false, description: 'Parts of one attention, computed over parts of its keys.' },
);

export const MergeReply = Type.Object(
  {
    context: Context,
    lse: Lse,
    fully_masked: Type.Optional(Type.Array(Type.Unknown(), { description: 'Rows without a key in any part, or pairs [head, row].' })),
  },
  { $id: 'MergeReply', description: 'Attention over all the keys, in double precision.' },
);
