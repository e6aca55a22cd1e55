import { createHash } from 'node:crypto';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { Failure, type FailureCode } from '../../engine/failure.ts';
import { named, OneOf } from '../../schemas/shapes.ts';
import { helpOf, PROBLEMS } from '../problems.ts';
import { problemResponses } from '../representation.ts';

const STYLE =
  'body{font:18px/1.6 system-ui,sans-serif;max-width:40em;margin:3em auto;padding:0 1em;color-scheme:light dark}code{font-family:ui-monospace,monospace}';
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** A page for each kind of failure, from the same catalogue as the failures themselves. */
export async function problemRoutes(app: FastifyInstance, { base }: { base: string }): Promise<void> {
  app.withTypeProvider<TypeBoxTypeProvider>().get(
    '/problems/:code',
    {
      schema: {
        operationId: 'problem',
        tags: ['operations'],
        summary: 'What a kind of failure means',
        params: Type.Object({
          code: OneOf(Object.keys(PROBLEMS), { ...named('ProblemCode', 'The last part of a problem’s `type`.'), examples: ['invalid-request'] }),
        }),
        response: {
          200: {
            description: 'A page that explains it.',
            content: { 'text/html': { schema: { type: 'string', examples: [page('invalid-request', base)] } } },
          },
          ...problemResponses(['not-found']),
        },
      },
    },
    async (request, reply) => {
      const { code } = request.params;
      if (!isCode(code)) throw new Failure('not-found', `there is no problem of this name; they are ${Object.keys(PROBLEMS).join(', ')}`);
      return reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(page(code, base));
    },
  );
}

function isCode(code: string): code is FailureCode {
  return Object.hasOwn(PROBLEMS, code);
}

function page(code: FailureCode, base: string): string {
  const { status, title } = PROBLEMS[code];
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style><h1>${title}</h1><p><code>${code}</code>, status ${status}</p><p>${helpOf(code, base)}</p></html>\n`;
}
