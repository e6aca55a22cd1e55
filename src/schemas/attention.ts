import { type Static, Type } from '@sinclair/typebox';
import { DEFAULT_INCLUDE, DEFAULT_ROPE_BASE, DTYPE, FARTHEST_POSITION, INCLUDE, INVERSE_ROOT, MOST_DECIMALS, SIMILARITY } from './options.ts';
import { Matrix, named, OneOf, PerPair, Vector } from './shapes.ts';

/*
 * Defaults stand in the words alone: generators of clients take a member with the keyword `default` for one that is
 * always there, and then ask for it in every request.
 */

const Reach = (side: string) =>
  Type.Optional(Type.Integer({ minimum: 0, description: `How many positions to the ${side} are seen, besides the own one.` }));

export const WindowOption = Type.Object(
  { left: Reach('left'), right: Reach('right') },
  {
    additionalProperties: false,
    minProperties: 1,
    ...named('Window', 'Position i attends to j only where i − left ≤ j ≤ i + right, inclusive. A side left out is unbounded; one must be given.'),
  },
);

export const RopeOption = Type.Object(
  {
    type: Type.Literal('rope'),
    base: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: `The angle of pair i is position · base^(−2i/d_k); ${DEFAULT_ROPE_BASE} by default.` }),
    ),
    interleaved: Type.Optional(Type.Boolean({ description: 'Pairs are (2i, 2i+1) instead of (i, i + d_k/2); false by default.' })),
  },
  {
    additionalProperties: false,
    ...named('Rope', 'Rotates each head’s queries and keys by their position, after projection and bias. d_k must be even.'),
  },
);
export const AlibiOption = Type.Object(
  {
    type: Type.Literal('alibi'),
    slopes: Type.Optional(Vector('One slope a head; 2^(−8(g+1)/h) by default, Press’s interpolation where h is no power of 2.')),
  },
  { additionalProperties: false, ...named('Alibi', 'Adds −slope·|i−j| to the logits.') },
);
export const SinusoidalOption = Type.Object(
  { type: Type.Literal('sinusoidal') },
  {
    additionalProperties: false,
    ...named(
      'Sinusoidal',
      'Adds the sinusoids of “Attention is all you need” to the tokens (and `queries`) before projection, hence to the values too unless `values` is given.',
    ),
  },
);

/** The request of `POST /attention`. The walker in `wire/` checks it; this schema types and documents it. */
export const AttentionRequest = Type.Object(
  {
    tokens: Matrix('The token vectors, one row a token: n rows of d numbers. They are the keys, and the values where no `values` are given.'),
    query: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0 }), Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 })], {
        ...named(
          'Query',
          'The 0-based position of the asking token, or several. Without it, every token asks. One integer gives answers without the axis of asking rows.',
        ),
      }),
    ),
    queries: Type.Optional(
      Type.Union([Matrix('m vectors'), Vector('one vector')], {
        ...named(
          'Queries',
          'Asking vectors from outside the tokens (cross-attention, pooling): m rows, or one vector. Excludes `query`. Without `queries_start` they stand nowhere, which excludes `causal`, `window` and `position`.',
        ),
      }),
    ),
    queries_start: Type.Optional(
      Type.Integer({
        minimum: -FARTHEST_POSITION,
        maximum: FARTHEST_POSITION,
        description: 'Row r of `queries` stands at position queries_start + r; may be negative. n − m aligns the last query with the last token.',
      }),
    ),
    values: Type.Optional(Matrix('What is blended, one row a token, where it is not the tokens themselves.')),
    labels: Type.Optional(Type.Array(Type.String(), { minItems: 1, description: 'The tokens’ names, one a token.' })),
    similarity: Type.Optional(
      OneOf(
        SIMILARITY,
        named(
          'Similarity',
          '`dot`, the default: the dot product. `cosine`: each query and key is divided by its length first; a vector of length 0 is refused.',
        ),
      ),
    ),
    scale: Type.Optional(
      Type.Union([Type.Number(), Type.Literal(INVERSE_ROOT)], {
        ...named('Scale', 'Multiplies every similarity: a number, or `"1/sqrt(d_k)"` as transformers do; 1 by default.'),
      }),
    ),
    w_query: Type.Optional(Matrix('A trainable projection of the asking rows: query = row · w_query. As many rows as they are wide.')),
    w_key: Type.Optional(Matrix('The projection of the tokens to keys.')),
    w_value: Type.Optional(Matrix('The projection of the values (or tokens) to what is blended.')),
    w_output: Type.Optional(Matrix('The projection of the context, heads side by side: heads · d_v rows.')),
    b_query: Type.Optional(Vector('Added to each query after w_query, or without it.')),
    b_key: Type.Optional(Vector('Added to each key after w_key, or without it.')),
    b_value: Type.Optional(Vector('Added to each value after w_value, or without it.')),
    b_output: Type.Optional(Vector('Added to each context vector after w_output, or without it.')),
    heads: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          'Splits the widths of queries, keys and values into that many consecutive blocks, which attend each on its own. Replies then have an axis of heads, for 1 too.',
      }),
    ),
    kv_heads: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Key/value heads where they are fewer: a divisor of `heads`. Query head g uses key head floor(g / (heads / kv_heads)).',
      }),
    ),
    causal: Type.Optional(Type.Boolean({ description: 'Position i attends to position j only where j ≤ i; false by default.' })),
    window: Type.Optional(WindowOption),
    mask: Type.Optional(
      PerPair(
        Type.Boolean(),
        named('Mask', '**true = may attend.** A row with nothing to attend to gives weights 0 and a context of 0, and is listed in `fully_masked`.'),
      ),
    ),
    bias: Type.Optional(PerPair(Type.Number(), named('Bias', 'Added to the scores, after softcap.'))),
    softcap: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'Caps the scores softly, before anything is excluded: c · tanh(score / c).' }),
    ),
    sink: Type.Optional(
      Type.Union([Type.Number(), Vector('one a head')], {
        ...named('Sink', 'A logit that takes weight and gives no value, so that rows sum below 1: exp(sink) joins the denominator.'),
      }),
    ),
    position: Type.Optional(
      Type.Union([RopeOption, AlibiOption, SinusoidalOption], {
        ...named('Position', 'Positions are token indices; `queries` stand where `queries_start` says.'),
      }),
    ),
    dtype: Type.Optional(
      OneOf(DTYPE, named('Dtype', 'The arithmetic, `float32` by default: inputs are rounded to it on entry, and every operation is.')),
    ),
    include: Type.Optional(
      Type.Array(OneOf(INCLUDE, named('Output', 'One output.')), {
        minItems: 1,
        uniqueItems: true,
        description: `What comes back; ${DEFAULT_INCLUDE.join(', ')} by default. \`logits\` is what softmax sees (null where excluded), \`lse\` the natural log of its denominator, \`entropy\` is in bits; \`queries\`, \`keys\` and \`values\` are as they enter the dot product and the blend; \`trace\` is every number of the arithmetic, for at most 64 asking rows × 256 keys.`,
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
    description:
      'Token vectors and who asks. `tokens` alone is enough; each option adds one idea. `null` for an optional member means that it is absent; a member that is not listed here is refused.',
  },
);
export type AttentionRequest = Static<typeof AttentionRequest>;
