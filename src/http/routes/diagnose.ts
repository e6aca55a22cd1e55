import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { DiagnoseReply, DiagnoseRequest } from '../../schemas/diagnose.ts';
import { BodyHeaders } from '../../schemas/headers.ts';
import { VectorsReply, VectorsRequest } from '../../schemas/vectors.ts';
import { type Answering, answerAs } from '../answering.ts';
import { JSON_TYPE, requireMediaType } from '../media.ts';
import { negotiate } from '../representation.ts';
import { REFUSALS, TIMING } from './responses.ts';
import { DIAGNOSE_WORDS, VECTORS_WORDS } from './words.ts';

const MARKDOWN_TYPE = 'text/markdown';
const PYTHON_TYPE = 'text/x-python';

/** `POST /attention/diagnose`, and the vectors that tell mistakes. */
export async function diagnoseRoutes(app: FastifyInstance, { answering }: { answering: Answering }): Promise<void> {
  app.post('/attention/diagnose', { schema: diagnoseDocumentation }, async (request, reply) => {
    requireMediaType(request, [JSON_TYPE]);
    const type = negotiate(request, [JSON_TYPE, MARKDOWN_TYPE]);
    return answerAs(request, reply, answering, type, (body) => ({ kind: 'diagnose', as: type === MARKDOWN_TYPE ? 'markdown' : undefined, body }));
  });

  app.post('/attention/diagnose/vectors', { schema: vectorsDocumentation }, async (request, reply) => {
    requireMediaType(request, [JSON_TYPE]);
    const type = negotiate(request, [JSON_TYPE, PYTHON_TYPE]);
    return answerAs(request, reply, answering, type, (body) => ({ kind: 'vectors', as: type === PYTHON_TYPE ? 'python' : undefined, body }));
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
    200: {
      description: 'What is known of the numbers.',
      headers: TIMING,
      content: {
        [JSON_TYPE]: { schema: Type.Ref(DiagnoseReply) },
        [MARKDOWN_TYPE]: {
          schema: Type.String({ description: 'The verdict in sentences, and the right numbers and yours side by side.' }),
        },
      },
    },
    ...REFUSALS,
  },
};

const vectorsDocumentation = {
  operationId: 'diagnoseVectors',
  tags: ['diagnosis'],
  summary: 'Small inputs with right answers that tell every known mistake',
  description: VECTORS_WORDS,
  headers: BodyHeaders,
  body: { content: { [JSON_TYPE]: { schema: Type.Ref(VectorsRequest) } } },
  response: {
    200: {
      description: 'Cases, what each tells, and what none does.',
      headers: TIMING,
      content: {
        [JSON_TYPE]: { schema: Type.Ref(VectorsReply) },
        [PYTHON_TYPE]: {
          schema: Type.String({ description: 'The same as a file for pytest, which needs NumPy and a function to test.' }),
        },
      },
    },
    ...REFUSALS,
  },
};
