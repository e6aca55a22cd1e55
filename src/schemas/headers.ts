import { Type } from '@sinclair/typebox';
import { named } from './shapes.ts';

/**
 * What a request with a body may say of it. Tools that import the document send every header that it lists, with its
 * default where it has one, and else with a value that they make up.
 */
export const BodyHeaders = Type.Object({
  'content-encoding': Type.Optional(
    Type.Unsafe<string>({
      type: 'string',
      enum: ['identity', 'gzip', 'deflate'],
      default: 'identity',
      ...named('ContentEncoding', 'How the body is packed. The limit on bytes holds for what it unpacks to; any other coding is refused.'),
    }),
  ),
});
