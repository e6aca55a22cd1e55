import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../../config.ts';
import type { ChosenEngine } from '../../runtime/kernel.ts';
import { name, version } from '../../version.ts';

const Info = Type.Object({
  name: Type.String(),
  version: Type.String(),
  node: Type.String(),
  limits: Type.Record(Type.String(), Type.Number(), { description: 'The settings in force.' }),
  engine: Type.Object({
    kernel: Type.String({ description: 'Which kernel was chosen at start.' }),
    threads: Type.Integer(),
    gflops: Type.Optional(
      Type.Record(Type.String(), Type.Number(), { description: 'What each tile reached in the measurement at start, on one thread, in GFLOP/s.' }),
    ),
    chosen_in_ms: Type.Optional(Type.Number({ description: 'How long self-check and measurement took.' })),
  }),
});

/** What runs here, and within which limits. */
export async function infoRoutes(app: FastifyInstance, { config, engine }: { config: Config; engine: ChosenEngine }): Promise<void> {
  const { MAX_BODY_BYTES, MAX_WORK, MAX_REPLY_NUMBERS, REQUEST_TIMEOUT_MS, DRAIN_MS } = config;
  const info = {
    name,
    version,
    node: process.version,
    limits: { MAX_BODY_BYTES, MAX_WORK, MAX_REPLY_NUMBERS, REQUEST_TIMEOUT_MS, DRAIN_MS },
    engine: {
      kernel: engine.name,
      threads: config.THREADS,
      ...(engine.choice && { gflops: rounded(engine.choice.rates), chosen_in_ms: Math.round(engine.choice.milliseconds) }),
    },
  };
  app.get(
    '/info',
    {
      schema: {
        operationId: 'info',
        tags: ['operations'],
        summary: 'Version, limits and engine',
        response: { 200: Info },
      },
    },
    async () => info,
  );
}

function rounded(rates: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(rates).map(([tile, rate]) => [tile, Math.round(rate * 10) / 10]));
}
