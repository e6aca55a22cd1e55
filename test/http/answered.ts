import type { FastifyInstance } from 'fastify';
import { afterAll } from 'vitest';
import type { Answering } from '../../src/http/answering.ts';
import { leaveBodiesToRoutes } from '../../src/http/body.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { StreamRooms } from '../../src/http/stream-room.ts';
import { Answerer } from '../../src/runtime/answerer.ts';
import { chooseCodec } from '../../src/runtime/codec.ts';
import { chooseEngine } from '../../src/runtime/kernel.ts';
import type { Facts } from '../../src/runtime/question.ts';

interface Settings {
  readonly maxBytes?: number;
  readonly pendingBytes?: number;
  readonly timeoutMs?: number;
  readonly trace?: Answering['trace'];
}

/** What answers requests, with one thread that computes by the reference; its limits as a test wants them. */
export function useAnswering({ maxBytes = 1_000_000, pendingBytes = 2 ** 30, timeoutMs = 60_000, trace }: Settings = {}): Answering {
  const most = { bytes: pendingBytes, work: 1e12 };
  const limits = { work: 2e11, replyNumbers: 2 ** 24 };
  const answerer = new Answerer({ engine: chooseEngine('reference'), codec: chooseCodec('portable'), limits, most, threads: 1, timeoutMs });
  afterAll(() => answerer.close());
  return { answerer, bodies: { maxBytes, timeoutMs }, base: '/ai', metrics: new Metrics(), streams: new StreamRooms(most.bytes), trace };
}

/** What routes of single answers and of streams stand on, and what the facts of an answer are noted on. */
export function prepare(app: FastifyInstance): void {
  leaveBodiesToRoutes(app);
  // Fastify keeps the time of a reply only where somebody asks at its end.
  app.addHook('onResponse', async () => undefined);
  app.decorateRequest('answerFacts', undefined as Facts | undefined);
  app.decorateRequest('answerSentAt', undefined as number | undefined);
}
