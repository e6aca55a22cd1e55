import { Type } from '@sinclair/typebox';
import { named } from './shapes.ts';

/** The one shape of every failure of the native routes. */
export const ProblemDetails = Type.Object(
  {
    type: Type.String({ description: 'The kind of failure: a page of this service that explains it.' }),
    title: Type.String({ description: 'The kind of failure in a few words.' }),
    status: Type.Integer({ description: 'The HTTP status.' }),
    detail: Type.String({ description: 'What was given, and what the rule is.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            pointer: Type.String({ description: 'A JSON pointer (RFC 6901) to the very place; "" is the whole body.' }),
            detail: Type.String({ description: 'What was given there, and what the rule is.' }),
          },
          named('Fault', 'One thing that is wrong in the body.'),
        ),
        { minItems: 1, maxItems: 20, description: 'Each fault, up to 20.' },
      ),
    ),
    line: Type.Optional(Type.Integer({ minimum: 1, description: 'In a stream of lines: which line it is about, 1-based.' })),
  },
  { $id: 'Problem', description: 'RFC 9457 problem details.' },
);
