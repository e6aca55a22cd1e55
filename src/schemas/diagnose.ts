import { type Static, Type } from '@sinclair/typebox';
import { AttentionRequest } from './attention.ts';
import { ofKind } from './kinds.ts';
import { MISTAKE_CODES } from './mistake-codes.ts';
import { Nested, NumberOrNull, named } from './shapes.ts';

const Seen = <Depth extends 0 | 1 | 2 | 3>(depths: readonly Depth[], title: string, description: string) =>
  Type.Optional(ofKind({ ...Nested(depths, NumberOrNull, named(title, description)) }, { kind: 'numbers-or-null' }));

const Observed = ofKind(
  Type.Object(
    {
      scores: Seen([1, 2, 3], 'ObservedScores', '[h?, m?, n]: the scores.'),
      weights: Seen([1, 2, 3], 'ObservedWeights', '[h?, m?, n]: the weights; without the axis of heads, they are compared with the heads’ mean.'),
      context: Seen([1, 2], 'ObservedContext', '[m?, width]: the context vectors.'),
      lse: Seen([0, 1, 2], 'ObservedLogSumExp', '[h?, m?]: the log-sum-exps.'),
    },
    {
      additionalProperties: false,
      minProperties: 1,
      ...named(
        'Observed',
        'What your code gave, in the shapes of the reply of `/attention`; one output is enough. null stands for NaN or ±Infinity.',
      ),
    },
  ),
  { kind: 'object', oneOf: 'needs at least one of `scores`, `weights`, `context` and `lse`', what: 'what your code gave' },
);

const Bound = (description: string) => ofKind(Type.Number({ minimum: 0, description }), { kind: 'finite', least: 0 });

const Tolerance = Type.Optional(
  ofKind(
    Type.Object(
      { absolute: Bound('Allowed of every number.'), relative: Bound('Allowed beside it, times the right number’s size.') },
      {
        additionalProperties: false,
        ...named(
          'Tolerance',
          'A number matches where |got − wanted| ≤ absolute + relative · |wanted|. 1e-5 and 1e-4 by default; for the dtype float64 1e-9 and 1e-7.',
        ),
      },
    ),
    { kind: 'object' },
  ),
);

/** What a request to be diagnosed has besides the request of `POST /attention`. */
export const DiagnoseMembers = Type.Object({ observed: Observed, tolerance: Tolerance });

export const DiagnoseRequest = Type.Object(
  { ...AttentionRequest.properties, ...DiagnoseMembers.properties },
  {
    $id: 'DiagnoseRequest',
    additionalProperties: false,
    description:
      'The request of `/attention` that your code should have answered, and what it gave. `include`, `decimals` and `labels` change nothing.',
  },
);
export type DiagnoseRequest = Static<typeof DiagnoseRequest>;

const NumberOrNone = (description: string) => Type.Unsafe<number | null>({ type: ['number', 'null'], description });

const OutputErrors = Type.Object(
  {
    max_absolute: NumberOrNone('The largest |got − wanted|; null where one of the two is not finite.'),
    max_relative: NumberOrNone('The largest |got − wanted| / |wanted| where wanted is not 0; null where there is none, or one is not finite.'),
    pointer: Type.String({ description: 'Where the largest absolute error stands in the request.' }),
    correlation: NumberOrNone('Pearson’s, of the numbers that are finite; null where one side does not vary.'),
  },
  named('OutputErrors', 'How far one output is from the right one.'),
);

const Mistake = Type.Object(
  {
    code: Type.Unsafe<(typeof MISTAKE_CODES)[number]>({ type: 'string', enum: [...MISTAKE_CODES], ...named('MistakeCode', 'A known mistake.') }),
    also: Type.Optional(
      Type.Unsafe<(typeof MISTAKE_CODES)[number]>({ type: 'string', enum: [...MISTAKE_CODES], ...named('MistakeCode', 'A known mistake.') }),
    ),
    title: Type.String(),
    explanation: Type.String({ description: 'What went wrong, how it shows, and the fix.' }),
    library: Type.Optional(Type.String({ description: 'Whose habit it is.' })),
    max_absolute_error: NumberOrNone('How far the numbers are from those that the mistake gives; null where one of the two is not finite.'),
  },
  named('Mistake', 'A known mistake that gives these numbers; `also` is the second one, where only two together do.'),
);

const perOutput = <Value extends ReturnType<typeof Type.Unsafe | typeof NumberOrNone> | typeof OutputErrors>(value: Value) => ({
  scores: Type.Optional(value),
  weights: Type.Optional(value),
  context: Type.Optional(value),
  lse: Type.Optional(value),
});

const Certified = Type.Object(
  perOutput(NumberOrNone('null where the arithmetic’s range may be left.')),
  named('CertifiedBounds', 'The largest absolute error of each observed output.'),
);

export const DiagnoseReply = Type.Object(
  {
    matches: Type.Boolean({ description: 'Whether every number is within the tolerance.' }),
    errors: Type.Object(perOutput(OutputErrors), named('ObservedErrors', 'For each observed output.')),
    mistakes: Type.Array(Mistake, {
      description:
        'Empty where the numbers match, or no known mistake gives them. Those that fit equally well are all named. Numbers that were printed with few decimals are held against the mistakes to as many.',
    }),
    precision: Type.Unsafe<'float64' | 'float32' | 'float16' | 'bfloat16' | null>({
      type: ['string', 'null'],
      enum: ['float64', 'float32', 'float16', 'bfloat16', null],
      ...named('ObservedPrecision', 'The arithmetic whose rounding the errors look like, or null.'),
    }),
    tolerance_is_blind: Type.Boolean({
      description: 'True where the plain mean of the values would be within the tolerance too: it tells nothing then.',
    }),
    certified: Type.Object(
      { float64: Certified, float32: Certified, float16: Certified, bfloat16: Certified },
      named(
        'Certified',
        'The largest absolute error that an honest implementation in each arithmetic, summing in float32 at least, can make on this very input: a tolerance that need not be guessed.',
      ),
    ),
  },
  { $id: 'DiagnoseReply', description: 'What is known of the numbers.' },
);
export type DiagnoseReply = Static<typeof DiagnoseReply>;
