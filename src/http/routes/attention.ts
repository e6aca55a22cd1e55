import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { STYLE_SOURCE } from '../../explain/palette.ts';
import { AttentionRequest } from '../../schemas/attention.ts';
import { AttentionReply } from '../../schemas/attention-reply.ts';
import { BodyHeaders } from '../../schemas/headers.ts';
import { MergeReply, MergeRequest } from '../../schemas/merge.ts';
import { type Answering, answerAs } from '../answering.ts';
import { JSON_TYPE, NDJSON_TYPES, requireMediaType } from '../media.ts';
import { answerStream } from '../ndjson.ts';
import { negotiate, negotiateLines } from '../representation.ts';
import { REFUSALS, TIMING } from './responses.ts';
import { ATTENTION_WORDS, MERGE_WORDS } from './words.ts';

const [NDJSON_TYPE] = NDJSON_TYPES;
const MARKDOWN_TYPE = 'text/markdown';
const SVG_TYPE = 'image/svg+xml';
const REPRESENTATIONS = { [JSON_TYPE]: undefined, [MARKDOWN_TYPE]: 'markdown', [SVG_TYPE]: 'svg' } as const;
/** The picture brings its style for light and dark, exactly that one, and nothing else. */
const SVG_POLICY = `default-src 'none'; style-src ${STYLE_SOURCE}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** `POST /attention`, one or many; `POST /attention/merge`. */
export async function attentionRoutes(app: FastifyInstance, { answering }: { answering: Answering }): Promise<void> {
  app.post('/attention', { schema: attentionDocumentation }, (request, reply) => {
    const given = requireMediaType(request, [JSON_TYPE, ...NDJSON_TYPES]);
    if (given === JSON_TYPE) {
      const type = negotiate(request, [JSON_TYPE, MARKDOWN_TYPE, SVG_TYPE]);
      const as = REPRESENTATIONS[type];
      return answerAs(
        request,
        reply,
        answering,
        type,
        (body) => (as === undefined ? { kind: 'attention', body } : { kind: 'shown', as, body }),
        () => {
          if (type === SVG_TYPE) reply.header('content-security-policy', SVG_POLICY);
        },
      );
    }
    const type = negotiateLines(request, given, NDJSON_TYPES);
    return reply.type(`${type}; charset=utf-8`).send(answerStream(request, reply, (body) => ({ kind: 'attention', body }), answering));
  });

  app.post('/attention/merge', { schema: mergeDocumentation }, async (request, reply) => {
    requireMediaType(request, [JSON_TYPE]);
    negotiate(request, [JSON_TYPE]);
    return answerAs(request, reply, answering, JSON_TYPE, (body) => ({ kind: 'merge', body }));
  });
}

const attentionDocumentation = {
  operationId: 'attention',
  tags: ['attention'],
  summary: 'Attention scores, weights and context vectors',
  description: ATTENTION_WORDS,
  headers: BodyHeaders,
  body: {
    content: {
      [JSON_TYPE]: { schema: Type.Ref(AttentionRequest) },
      [NDJSON_TYPE]: { schema: Type.String({ description: 'One AttentionRequest a line, as many lines as you like.' }) },
    },
  },
  response: {
    200: {
      description: 'What was asked for.',
      headers: TIMING,
      content: {
        [JSON_TYPE]: { schema: Type.Ref(AttentionReply) },
        [MARKDOWN_TYPE]: {
          schema: Type.String({
            description: 'The walk-through: each step for these vectors, in words and numbers. At most 64 query rows × 256 keys.',
          }),
        },
        [SVG_TYPE]: {
          schema: Type.String({
            description: 'The weights as a heatmap, one panel a head, for light pages and dark ones. At most 256 × 256 a head.',
          }),
        },
        [NDJSON_TYPE]: {
          schema: Type.String({ description: 'One AttentionReply a line, in order; a bad line yields its Problem with `line` added.' }),
        },
      },
    },
    ...REFUSALS,
  },
};

const mergeDocumentation = {
  operationId: 'merge',
  tags: ['attention'],
  summary: 'Attention over all keys from attention over parts of them',
  description: MERGE_WORDS,
  headers: BodyHeaders,
  body: { content: { [JSON_TYPE]: { schema: Type.Ref(MergeRequest) } } },
  response: {
    200: { description: 'Attention over all the keys.', headers: TIMING, content: { [JSON_TYPE]: { schema: Type.Ref(MergeReply) } } },
    ...REFUSALS,
  },
};
