import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { EXPOSITION_TYPE } from '../exposition.ts';

const EXAMPLE = `# HELP attention_requests_total Requests, by the pattern of their route, their method and the status of their reply.
# TYPE attention_requests_total counter
attention_requests_total{route="/attention",method="POST",status="200"} 1027
`;

/** What has happened since the start, for Prometheus. */
export async function metricsRoutes(app: FastifyInstance, { text }: { text: () => Promise<string> }): Promise<void> {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'metrics',
        tags: ['operations'],
        summary: 'What has happened since the start, for Prometheus',
        description: 'The text format 0.0.4. Where METRICS_PORT is set, this and /info are there instead.',
        response: { 200: { description: 'Every metric.', content: { 'text/plain': { schema: Type.String({ examples: [EXAMPLE] }) } } } },
      },
    },
    async (_request, reply) => reply.type(EXPOSITION_TYPE).send(await text()),
  );
}
