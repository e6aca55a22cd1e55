import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { DEFAULT_INCLUDE, DTYPE, INCLUDE, INVERSE_ROOT, MOST_DECIMALS, SIMILARITY } from './options.ts';

const Vector = (description: string) => Type.Array(Type.Number(), { minItems: 1, description });
const Matrix = (description: string) => Type.Array(Type.Array(Type.Number(), { minItems: 1 }), { minItems: 1, description });
const OneOf = (words: readonly string[], options: { default?: string; description: string }) =>
  Type.Unsafe<string>({ type: 'string', enum: [...words], ...options });

/** The request of `POST /attention`. The walker in `wire/` checks it; this schema types and documents it. */
export const AttentionRequest = Type.Object(
  {
    tokens: Matrix('The token vectors, one row a token: n rows of d numbers. They are the keys, and the values where no `values` are given.'),
    query: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0 }), Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 })], {
        description:
          'The 0-based position of the asking token, or several. Without it, every token asks. One integer gives answers without the axis of asking rows.',
      }),
    ),
    queries: Type.Optional(
      Type.Union([Matrix('m vectors'), Vector('one vector')], {
        description:
          'Asking vectors from outside the tokens (cross-attention, pooling): m rows, or one vector, as wide as the tokens. Excludes `query`; excludes `causal`, since a vector from outside has no position.',
      }),
    ),
    values: Type.Optional(Matrix('What is blended, one row a token, where it is not the tokens themselves.')),
    labels: Type.Optional(Type.Array(Type.String(), { minItems: 1, description: 'The tokens’ names, one a token.' })),
    similarity: Type.Optional(
      OneOf(SIMILARITY, {
        default: 'dot',
        description: '`dot`: the dot product. `cosine`: each query and key is divided by its length first; a vector of length 0 is refused.',
      }),
    ),
    scale: Type.Optional(
      Type.Union([Type.Number(), Type.Literal(INVERSE_ROOT)], {
        default: 1,
        description: 'Multiplies every similarity: a number, or `"1/sqrt(d_k)"` as transformers do.',
      }),
    ),
    causal: Type.Optional(Type.Boolean({ default: false, description: 'Position i attends to position j only where j ≤ i.' })),
    mask: Type.Optional(
      Type.Union([Type.Array(Type.Boolean(), { minItems: 1 }), Type.Array(Type.Array(Type.Boolean(), { minItems: 1 }), { minItems: 1 })], {
        description:
          '**true = may attend.** [n], the same for every asking row, or [m, n], where row r belongs to the r-th asking row. A row with nothing to attend to gives weights 0 and a context of 0, and is listed in `fully_masked`.',
      }),
    ),
    dtype: Type.Optional(
      OneOf(DTYPE, { default: 'float32', description: 'The arithmetic: inputs are rounded to it on entry, and every operation is.' }),
    ),
    include: Type.Optional(
      Type.Array(OneOf(INCLUDE, { description: 'One output.' }), {
        minItems: 1,
        uniqueItems: true,
        default: [...DEFAULT_INCLUDE],
        description:
          'What comes back. `logits` is what softmax sees (null where excluded), `lse` the natural log of its denominator, `entropy` is in bits.',
      }),
    ),
    decimals: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MOST_DECIMALS,
        description:
          'Rounds every printed result to that many decimals. Without it numbers have the fewest digits that read back as the same number.',
      }),
    ),
  },
  {
    $id: 'AttentionRequest',
    additionalProperties: false,
    description: 'Token vectors and who asks. `tokens` alone is enough; each option adds one idea.',
  },
);
export type AttentionRequest = Static<typeof AttentionRequest>;

/** A result with some of the axes before its last: a number, a vector, a matrix. */
const PerRow = (description: string) =>
  Type.Unsafe<unknown>({ description, oneOf: [{ type: ['number', 'null'] }, { type: 'array', items: { type: ['number', 'null'] } }] });
const PerPair = (description: string, item: TSchema | Record<string, unknown>) =>
  Type.Unsafe<unknown>({
    description,
    oneOf: [
      { type: 'array', items: item },
      { type: 'array', items: { type: 'array', items: item } },
    ],
  });
const NUMBER = { type: 'number' };
const NUMBER_OR_NULL = { type: ['number', 'null'] };

/** The reply: one member for each of `include`, in that order. */
export const AttentionReply = Type.Object(
  {
    scores: Type.Optional(PerPair('[m?, n]: the scaled similarity of query and key, for every key, excluded or not.', NUMBER)),
    logits: Type.Optional(PerPair('[m?, n]: what softmax sees; null where the key is excluded.', NUMBER_OR_NULL)),
    weights: Type.Optional(PerPair('[m?, n]: softmax of the logits; 0 where the key is excluded.', NUMBER)),
    context: Type.Optional(PerPair('[m?, width]: the weighted sum of the values.', NUMBER)),
    lse: Type.Optional(PerRow('[m?]: the natural log of the softmax denominator; null where every key is excluded.')),
    entropy: Type.Optional(PerRow('[m?]: how spread the weights are, in bits: 0 for one key, log2(n) for n equal ones.')),
    fully_masked: Type.Optional(
      Type.Array(Type.Integer(), { description: 'The asking rows that have every key excluded. Absent where there is none.' }),
    ),
  },
  { $id: 'AttentionReply', description: 'The m axis is missing exactly when `query` is one integer or `queries` one vector.' },
);
