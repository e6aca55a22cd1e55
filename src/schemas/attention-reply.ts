import { type Static, Type } from '@sinclair/typebox';
import { FullyMasked, Nested, NumberOrNull, named } from './shapes.ts';

const Numbers = (description: string) => Type.Array(Type.Number(), { description });
const NumbersOrNull = (description: string) => Type.Array(NumberOrNull, { description });
const Rows = (description: string) => Type.Array(Type.Array(NumberOrNull), { description });

/** What is not finite, which only an excluded key or a row without any can have, is null. */
const RowTrace = Type.Object(
  {
    products: Rows('[n, d_k]: query · key, number by number.'),
    dot: NumbersOrNull('[n]: the products of each key added up.'),
    scaled: NumbersOrNull('[n]: scale · dot, the scores.'),
    capped: NumbersOrNull('[n]: softcap of the scores, or the scores themselves.'),
    biased: NumbersOrNull('[n]: with bias and position bias added.'),
    excluded: Type.Array(Type.Boolean(), { description: '[n]: whether the key takes no part.' }),
    max: Type.Unsafe<number | null>({
      type: ['number', 'null'],
      description: 'The greatest logit, the sink’s included; null where there is none.',
    }),
    exponentials: Numbers('[n]: exp(biased − max), 0 where excluded.'),
    sum: Type.Number({ description: 'The exponentials added up, the sink’s included.' }),
    contributions: Type.Array(Type.Array(Type.Number()), { description: '[n, d_v]: weight · value of each key.' }),
  },
  named(
    'RowTrace',
    'Every number of the arithmetic of one query row in one head, each step in the order of the formula. A number is null where it is not finite, which only an excluded key can cause.',
  ),
);

/** The reply of `POST /attention`: one member for each of `include`, in that order. */
export const AttentionReply = Type.Object(
  {
    scores: Type.Optional(
      Nested([1, 2, 3], Type.Number(), named('Scores', '[h?, m?, n]: the scaled similarity of query and key, for every key, excluded or not.')),
    ),
    logits: Type.Optional(Nested([1, 2, 3], NumberOrNull, named('Logits', '[h?, m?, n]: what softmax sees; null where the key is excluded.'))),
    weights: Type.Optional(Nested([1, 2, 3], Type.Number(), named('Weights', '[h?, m?, n]: softmax of the logits; 0 where the key is excluded.'))),
    context: Type.Optional(
      Nested(
        [1, 2],
        Type.Number(),
        named('ContextVectors', '[m?, width]: the weighted sum of the values, the heads side by side, projected where that is asked for.'),
      ),
    ),
    lse: Type.Optional(
      Nested(
        [0, 1, 2],
        NumberOrNull,
        named(
          'LogSumExp',
          '[h?, m?]: the natural log of the softmax denominator, sink included; null where every key is excluded and there is no sink.',
        ),
      ),
    ),
    entropy: Type.Optional(
      Nested(
        [0, 1, 2],
        Type.Number(),
        named('Entropy', '[h?, m?]: how spread the weights are, in bits: 0 for one key, log2(n) for n equal ones. The sink’s share counts.'),
      ),
    ),
    sink_weight: Type.Optional(Nested([0, 1, 2], Type.Number(), named('SinkWeight', '[h?, m?]: the sink’s share.'))),
    queries: Type.Optional(Nested([1, 2, 3], Type.Number(), named('HeadQueries', '[h?, m?, d_k]: the queries as they enter the dot product.'))),
    keys: Type.Optional(Nested([2, 3], Type.Number(), named('HeadKeys', '[h_kv?, n, d_k]: the keys as they enter the dot product.'))),
    values: Type.Optional(Nested([2, 3], Type.Number(), named('HeadValues', '[h_kv?, n, d_v]: the values as they enter the weighted sum.'))),
    trace: Type.Optional(Nested([0, 1, 2], RowTrace, named('Trace', '[h?, m?] of the arithmetic of one query row each.'))),
    fully_masked: Type.Optional(FullyMasked),
  },
  {
    $id: 'AttentionReply',
    description:
      'The h axis is there exactly when `heads` is in the request; the m axis is missing exactly when `query` is one integer or `queries` one vector.',
  },
);
export type AttentionReply = Static<typeof AttentionReply>;
