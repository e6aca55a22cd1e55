import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../../config.ts';
import type { ChosenCodec } from '../../runtime/codec.ts';
import type { ChosenEngine } from '../../runtime/kernel.ts';
import { named } from '../../schemas/shapes.ts';
import { name, version } from '../../version.ts';

const Engine = Type.Object(
  {
    kernel: Type.String({ description: 'Which kernel was chosen at start.' }),
    threads: Type.Integer({ minimum: 1, description: 'On how many threads large requests are computed.' }),
    gflops: Type.Optional(
      Type.Record(Type.String(), Type.Number(), { description: 'What each tile reached in the measurement at start, on one thread, in GFLOP/s.' }),
    ),
    chosen_in_ms: Type.Optional(Type.Number({ description: 'How long self-check and measurement took.' })),
  },
  named('Engine', 'What computes here.'),
);

/** From a machine with two cores; the numbers are that machine's. */
const EXAMPLE = {
  name,
  version,
  node: 'v26.10.0',
  limits: {
    MAX_BODY_BYTES: 67108864,
    MAX_WORK: 200000000000,
    MAX_PENDING_WORK: 1000000000000,
    MAX_PENDING_BYTES: 1073741824,
    MAX_CONNECTIONS: 10000,
    MAX_REPLY_NUMBERS: 16777216,
    REQUEST_TIMEOUT_MS: 30000,
    DRAIN_MS: 5000,
  },
  engine: { kernel: 'wasm 6x16 relaxed-simd revectorised', threads: 2, gflops: { '6x8': 68.4, '4x16': 83.2, '6x16': 86.9 }, chosen_in_ms: 40 },
  json_codec: 'wasm',
};

const Info = Type.Object(
  {
    name: Type.String({ description: 'The service.' }),
    version: Type.String({ description: 'Its version.' }),
    node: Type.String({ description: 'The version of Node.js that runs it.' }),
    limits: Type.Record(Type.String(), Type.Number(), { description: 'The settings in force.' }),
    engine: Engine,
    json_codec: Type.String({ description: 'Who prints the numbers of JSON: wasm, or portable (JavaScript alone).' }),
  },
  { ...named('Info', 'What runs here.'), examples: [EXAMPLE] },
);

/** What runs here, and within which limits. */
export async function infoRoutes(
  app: FastifyInstance,
  { config, engine, codec }: { config: Config; engine: ChosenEngine; codec: ChosenCodec },
): Promise<void> {
  const { MAX_BODY_BYTES, MAX_WORK, MAX_PENDING_WORK, MAX_PENDING_BYTES, MAX_CONNECTIONS, MAX_REPLY_NUMBERS, REQUEST_TIMEOUT_MS, DRAIN_MS } = config;
  const info = {
    name,
    version,
    node: process.version,
    limits: { MAX_BODY_BYTES, MAX_WORK, MAX_PENDING_WORK, MAX_PENDING_BYTES, MAX_CONNECTIONS, MAX_REPLY_NUMBERS, REQUEST_TIMEOUT_MS, DRAIN_MS },
    engine: {
      kernel: engine.name,
      threads: config.THREADS,
      ...(engine.choice && { gflops: rounded(engine.choice.rates), chosen_in_ms: Math.round(engine.choice.milliseconds) }),
    },
    json_codec: codec.name,
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
