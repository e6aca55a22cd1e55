import { type Static, Type } from '@sinclair/typebox';
import { ofKind } from './kinds.ts';
import { DEFAULT_INCLUDE, DEFAULT_ROPE_BASE, DTYPE, FARTHEST_POSITION, INCLUDE, INVERSE_ROOT, MOST_DECIMALS, SIMILARITY } from './options.ts';
import { Integer, Matrix, named, OneOf, PerPair, Positive, TrueOrFalse, Vector } from './shapes.ts';

/*
 * Each option is declared here and nowhere else: `wire/` reads it, holds its shape against the others and refuses bad
 * company by its kind and its rules (`kinds.ts`). Faults are listed in the order of the members.
 * In the document defaults stand in the words alone: generators of clients take a member with the keyword `default` for one that is
 * always there, and then ask for it in every request.
 */

/** An option that depends on positions needs queries that have one. */
const NEEDS_POSITIONS = {
  needs: {
    member: 'queries_start',
    beside: 'queries',
    because: 'needs `queries_start`: vectors from outside stand nowhere among the tokens without it',
  },
} as const;

const Side = (side: string) => Type.Optional(Integer({ least: 0 }, `How many positions to the ${side} of its own a query attends to.`));

const WindowOption = ofKind(
  Type.Object(
    { left: Side('left'), right: Side('right') },
    {
      additionalProperties: false,
      minProperties: 1,
      ...named('Window', 'Position i attends to j only where i − left ≤ j ≤ i + right, inclusive. A side left out is unbounded; one must be given.'),
    },
  ),
  { kind: 'object', oneOf: 'needs `left` or `right`, or both', default: {}, ...NEEDS_POSITIONS },
);

const RopeOption = Type.Object(
  {
    type: Type.Literal('rope'),
    base: Type.Optional(
      Positive(`The angle of pair i is position · base^(−2i/d_k); ${DEFAULT_ROPE_BASE} by default.`, { double: true, default: DEFAULT_ROPE_BASE }),
    ),
    interleaved: Type.Optional(TrueOrFalse('Pairs are (2i, 2i+1) instead of (i, i + d_k/2); false by default.', { default: false })),
  },
  {
    additionalProperties: false,
    ...named('Rope', 'Rotates each head’s queries and keys by their position, after projection and bias. d_k must be even.'),
  },
);
const AlibiOption = Type.Object(
  {
    type: Type.Literal('alibi'),
    slopes: Type.Optional(Vector('One slope a head; 2^(−8(g+1)/h) by default, Press’s interpolation where h is no power of 2.', { onePer: 'head' })),
  },
  { additionalProperties: false, ...named('Alibi', 'Adds −slope·|i−j| to the logits.') },
);
const SinusoidalOption = Type.Object(
  { type: Type.Literal('sinusoidal') },
  {
    additionalProperties: false,
    ...named(
      'Sinusoidal',
      'Adds the sinusoids of “Attention is all you need” to the tokens (and `queries`) before projection, hence to the values too unless `values` is given.',
    ),
  },
);

/** The request of `POST /attention`. It types, documents and reads it. */
export const AttentionRequest = Type.Object(
  {
    tokens: Matrix('The token vectors, one row a token: n rows of d numbers. They are the keys, and the values where no `values` are given.', {
      what: 'a matrix, one row a token',
    }),
    query: Type.Optional(
      ofKind(
        Type.Union([Type.Integer({ minimum: 0 }), Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 })], {
          ...named(
            'Query',
            'The 0-based position of the token whose query is answered, or several. Without it, every token’s query is. One integer gives answers without the axis of query rows.',
          ),
        }),
        { kind: 'positions', of: 'tokens' },
      ),
    ),
    queries: Type.Optional(
      ofKind(
        Type.Union([Matrix('m vectors'), Vector('one vector')], {
          ...named(
            'Queries',
            'Query vectors from outside the tokens (cross-attention, pooling): m rows, or one vector. Excludes `query`. Without `queries_start` they stand nowhere, which excludes `causal`, `window` and `position`.',
          ),
        }),
        {
          kind: 'matrix-or-vector',
          excludes: { member: 'query', because: 'can’t be given together with `query`: query rows are either tokens or vectors from outside' },
        },
      ),
    ),
    queries_start: Type.Optional(
      Integer(
        { least: -FARTHEST_POSITION, most: FARTHEST_POSITION },
        'Row r of `queries` stands at position queries_start + r; may be negative. n − m aligns the last query with the last token.',
        { needs: { member: 'queries', because: 'says where `queries` stand, but there are none' } },
      ),
    ),
    values: Type.Optional(Matrix('The values, one row a token, where they are not the tokens themselves.', { onePer: 'token' })),
    labels: Type.Optional(
      ofKind(Type.Array(Type.String(), { minItems: 1, description: 'The tokens’ names, one a token.' }), { kind: 'labels', onePer: 'token' }),
    ),
    similarity: Type.Optional(
      OneOf(
        SIMILARITY,
        named(
          'Similarity',
          '`dot`, the default: the dot product. `cosine`: each query and key is divided by its length first; a vector of length 0 is refused.',
        ),
        { default: 'dot' },
      ),
    ),
    scale: Type.Optional(
      ofKind(
        Type.Union([Type.Number(), Type.Literal(INVERSE_ROOT)], {
          ...named('Scale', 'Multiplies every similarity: a number, or `"1/sqrt(d_k)"` as transformers do; 1 by default.'),
        }),
        { kind: 'number-or-word', word: INVERSE_ROOT, default: 1 },
      ),
    ),
    w_query: Type.Optional(Matrix('A trainable projection of the query rows: query = row · w_query. As many rows as they are wide.')),
    b_query: Type.Optional(Vector('Added to each query after w_query, or without it.')),
    w_key: Type.Optional(Matrix('The projection of the tokens to keys.')),
    b_key: Type.Optional(Vector('Added to each key after w_key, or without it.')),
    w_value: Type.Optional(Matrix('The projection of `values` (or the tokens) to the values that are summed.')),
    b_value: Type.Optional(Vector('Added to each value after w_value, or without it.')),
    w_output: Type.Optional(Matrix('The projection of the context, heads side by side: heads · d_v rows.')),
    b_output: Type.Optional(Vector('Added to each context vector after w_output, or without it.')),
    heads: Type.Optional(
      Integer(
        { least: 1 },
        'Splits the widths of queries, keys and values into that many consecutive blocks, which attend each on its own. Replies then have an axis of heads, for 1 too.',
      ),
    ),
    kv_heads: Type.Optional(
      Integer({ least: 1 }, 'Key/value heads where they are fewer: a divisor of `heads`. Query head g uses key head floor(g / (heads / kv_heads)).', {
        needs: { member: 'heads', because: 'needs `heads`' },
      }),
    ),
    causal: Type.Optional(
      TrueOrFalse('Position i attends to position j only where j ≤ i; false by default.', { default: false, ...NEEDS_POSITIONS }),
    ),
    window: Type.Optional(WindowOption),
    mask: Type.Optional(
      PerPair(
        'boolean',
        named('Mask', '**true = may attend.** A row with nothing to attend to gives weights 0 and a context of 0, and is listed in `fully_masked`.'),
      ),
    ),
    bias: Type.Optional(PerPair('number', named('Bias', 'Added to the scores, after softcap.'))),
    softcap: Type.Optional(Positive('Caps the scores softly, before anything is excluded: c · tanh(score / c).')),
    sink: Type.Optional(
      ofKind(
        Type.Union([Type.Number(), Vector('one a head')], {
          ...named('Sink', 'A logit that takes weight and has no value, so that a row’s weights sum below 1: exp(sink) joins the denominator.'),
        }),
        { kind: 'number-or-vector', onePer: 'head' },
      ),
    ),
    position: Type.Optional(
      ofKind(
        Type.Union([RopeOption, AlibiOption, SinusoidalOption], {
          ...named('Position', 'Positions are token indices; `queries` stand where `queries_start` says.'),
        }),
        { kind: 'tagged', ...NEEDS_POSITIONS },
      ),
    ),
    dtype: Type.Optional(
      OneOf(DTYPE, named('Dtype', 'The arithmetic, `float32` by default: inputs are rounded to it on entry, and every operation is.')),
    ),
    include: Type.Optional(
      ofKind(
        Type.Array(OneOf(INCLUDE, named('Output', 'One output.')), {
          minItems: 1,
          uniqueItems: true,
          description: `What comes back; ${DEFAULT_INCLUDE.join(', ')} by default. \`logits\` is what softmax sees (null where excluded), \`lse\` the natural log of its denominator, \`entropy\` is in bits; \`queries\`, \`keys\` and \`values\` are as they enter the dot product and the weighted sum; \`trace\` is every number of the arithmetic, for at most 64 query rows × 256 keys.`,
        }),
        { kind: 'words', words: INCLUDE, noun: 'output', default: DEFAULT_INCLUDE },
      ),
    ),
    decimals: Type.Optional(
      Integer(
        { least: 0, most: MOST_DECIMALS },
        'Rounds every printed result to that many decimals. Without it numbers have the fewest digits that read back as the same number.',
      ),
    ),
  },
  {
    $id: 'AttentionRequest',
    additionalProperties: false,
    description:
      'Token vectors, and which of them are queries. `tokens` alone is enough; each option adds one idea. `null` for an optional member means that it is absent; a member that is not listed here is refused.',
  },
);
export type AttentionRequest = Static<typeof AttentionRequest>;
