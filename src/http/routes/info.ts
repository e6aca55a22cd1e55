import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../../config.ts';
import type { Kernel } from '../../engine/kernels/kernel.ts';
import { name, version } from '../../version.ts';

const Info = Type.Object({
  name: Type.String(),
  version: Type.String(),
  node: Type.String(),
  limits: Type.Record(Type.String(), Type.Number(), { description: 'The settings in force.' }),
  engine: Type.Object({ kernel: Type.String(), threads: Type.Integer() }),
});

/** What runs here, and within which limits. */
export async function infoRoutes(app: FastifyInstance, { config, kernel }: { config: Config; kernel: Kernel }): Promise<void> {
  const { MAX_BODY_BYTES, MAX_WORK, MAX_REPLY_NUMBERS, REQUEST_TIMEOUT_MS, DRAIN_MS } = config;
  const info = {
    name,
    version,
    node: process.version,
    limits: { MAX_BODY_BYTES, MAX_WORK, MAX_REPLY_NUMBERS, REQUEST_TIMEOUT_MS, DRAIN_MS },
    engine: { kernel: kernel.name, threads: 1 },
  };
  app.get(
    '/info',
    {
      schema: {
        operationId: 'info',
        tags: ['operations'],
        summary: 'Version, limits and engine',
        description:
          'Without a setting, MAX_WORK is what the reference kernel computes in about one second on one core of the machine it was measured on.',
        response: { 200: Info },
      },
    },
    async () => info,
  );
}
