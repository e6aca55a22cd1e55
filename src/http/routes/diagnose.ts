import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { DiagnoseReply, DiagnoseRequest } from '../../schemas/diagnose.ts';
import { BodyHeaders } from '../../schemas/headers.ts';
import { type Answering, answerRequest } from '../answering.ts';
import { JSON_TYPE, requireMediaType } from '../media.ts';
import { negotiate } from '../representation.ts';
import { varyBy } from '../vary.ts';
import { REFUSALS, TIMING } from './responses.ts';
import { DIAGNOSE_WORDS } from './words.ts';

/** `POST /attention/diagnose`. */
export async function diagnoseRoutes(app: FastifyInstance, { answering }: { answering: Answering }): Promise<void> {
  app.post('/attention/diagnose', { schema: diagnoseDocumentation }, async (request, reply) => {
    requireMediaType(request, [JSON_TYPE]);
    const type = negotiate(request, [JSON_TYPE]);
    return answerRequest(request, reply, answering, {
      ask: (body) => ({ kind: 'diagnose', body }),
      head: () => varyBy(reply, 'accept').type(`${type}; charset=utf-8`),
    });
  });
}

const diagnoseDocumentation = {
  operationId: 'diagnose',
  tags: ['diagnosis'],
  summary: 'Which known mistake gives the numbers that your code gave',
  description: DIAGNOSE_WORDS,
  headers: BodyHeaders,
  body: { content: { [JSON_TYPE]: { schema: Type.Ref(DiagnoseRequest) } } },
  response: {
    200: { description: 'What is known of the numbers.', headers: TIMING, content: { [JSON_TYPE]: { schema: Type.Ref(DiagnoseReply) } } },
    ...REFUSALS,
  },
};
