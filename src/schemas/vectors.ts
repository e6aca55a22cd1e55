import { type Static, Type } from '@sinclair/typebox';
import { AttentionRequest } from './attention.ts';
import { ofKind } from './kinds.ts';
import { MISTAKE_CODES } from './mistake-codes.ts';
import { Integer, named, TrueOrFalse } from './shapes.ts';

/** Test vectors are small: they are read by people, and kept in somebody's repository. */
const MOST_ROWS = 32;
const MOST_COLUMNS = 64;

const Rows = () => Integer({ least: 1, most: MOST_ROWS }, 'How many rows.');
const Columns = () => Integer({ least: 1, most: MOST_COLUMNS }, 'How many columns.');
const Size = (what: string) =>
  ofKind(Type.Object({ rows: Rows(), columns: Columns() }, { additionalProperties: false, ...named('Size', 'The size of a matrix.') }), {
    kind: 'object',
    what,
  });
const Width = () =>
  Type.Optional(
    ofKind(
      Type.Object(
        { rows: Type.Optional(Rows()), columns: Columns() },
        { additionalProperties: false, ...named('Width', 'The size of a matrix whose rows follow from what it multiplies, or stands beside.') },
      ),
      { kind: 'object' },
    ),
  );
const There = (what: string) => Type.Optional(TrueOrFalse(`Whether there is ${what}.`));

/** What of a request has a size, or is there. */
export const SizeMembers = Type.Object({
  tokens: Size('the size of the matrix of tokens'),
  queries: Type.Optional(Size('the size of the matrix of queries')),
  values: Width(),
  w_query: Width(),
  w_key: Width(),
  w_value: Width(),
  w_output: Width(),
  b_query: There('a bias of the queries'),
  b_key: There('a bias of the keys'),
  b_value: There('a bias of the values'),
  b_output: There('a bias of the context'),
  mask: There('a mask'),
  bias: There('a score bias'),
});
export type Sizes = Static<typeof SizeMembers>;

const { query, queries_start, similarity, scale, heads, kv_heads, causal, window, softcap, position, dtype } = AttentionRequest.properties;
const Sink = Type.Optional(
  Type.Union([Type.Boolean(), Type.Number(), Type.Array(Type.Number())], {
    ...named('SinkOrTrue', 'true, or the sink itself: a number, or one a head.'),
  }),
);

export const VectorsRequest = Type.Object(
  { ...SizeMembers.properties, query, queries_start, similarity, scale, heads, kv_heads, causal, window, softcap, sink: Sink, position, dtype },
  {
    $id: 'VectorsRequest',
    additionalProperties: false,
    description: 'Sizes where `/attention` takes matrices, `true` where it takes a vector, a mask or a bias, and the options as they are.',
  },
);

const Code = () =>
  Type.Unsafe<(typeof MISTAKE_CODES)[number]>({ type: 'string', enum: [...MISTAKE_CODES], ...named('MistakeCode', 'A known mistake.') });

export const VectorsReply = Type.Object(
  {
    cases: Type.Array(
      Type.Object(
        {
          request: Type.Ref(AttentionRequest),
          expected: Type.Object(
            { scores: Type.Unknown(), weights: Type.Unknown(), context: Type.Unknown(), lse: Type.Unknown() },
            named('ExpectedOutputs', 'The right outputs, in the shapes of the reply of `/attention`.'),
          ),
          kills: Type.Array(Code(), { description: 'The mistakes, every form of which gives something else here, by at least 0.01 in some output.' }),
        },
        named('TestVector', 'An input, its right answer, and what it tells.'),
      ),
    ),
    not_told_apart: Type.Array(Type.Array(Code(), { minItems: 2, maxItems: 2 }), {
      description: 'Pairs of mistakes that give the same in every case.',
    }),
    not_killed: Type.Optional(
      Type.Array(Code(), {
        description: 'Mistakes that could be made, and give the right answer to within 0.01 in every case. Absent where there is none.',
      }),
    ),
  },
  { $id: 'VectorsReply', description: 'Few small inputs that tell every known mistake of these options from the right answer.' },
);
