import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { Failure } from '../../engine/failure.ts';
import { named } from '../../schemas/shapes.ts';
import { problemResponses } from '../representation.ts';

const Health = Type.Object({ status: Type.Literal('ok') }, { ...named('Health', 'All is well.'), examples: [{ status: 'ok' }] });

/** Is the process alive, and does it want requests? For load balancers and orchestrators. */
export async function healthRoutes(app: FastifyInstance): Promise<void> {
  app.get(
    '/livez',
    {
      schema: {
        operationId: 'live',
        tags: ['operations'],
        summary: 'Is the process alive?',
        description: 'Stays 200 while draining.',
        response: { 200: Health },
      },
    },
    async () => ({ status: 'ok' }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'ready',
        tags: ['operations'],
        summary: 'Does the service want requests?',
        description: 'Turns 503 when the process has been asked to stop; requests are still served meanwhile.',
        response: { 200: Health, ...problemResponses(['shutting-down']) },
      },
    },
    async () => {
      if (!app.attentionLifecycle.ready) throw new Failure('shutting-down', 'asked to stop; draining');
      return { status: 'ok' };
    },
  );
}
