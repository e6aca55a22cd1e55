import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answerer } from '../runtime/answerer.ts';
import type { Answered, Facts, Question } from '../runtime/question.ts';
import { type BodyLimits, readChunks } from './body.ts';
import { goneSignal } from './gone.ts';
import { serverTiming } from './server-timing.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What its answer was and took, once there is one; a stream of lines has many, and none here. */
    answerFacts: Facts | undefined;
  }
}

/** Who answers, what a body may weigh, and how the service's addresses begin. */
export interface Answering {
  readonly answerer: Answerer;
  readonly bodies: BodyLimits;
  readonly base: string;
}

/**
 * The one way of a request with one answer: its body is read, the question that it is gets answered, and the reply is sent.
 * @param ask the question that the body is
 * @param head sets the type of the reply, and headers of its own
 * @throws Failure, ClientGone
 */
export async function answerRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  { answerer, bodies }: Answering,
  ask: (body: readonly Buffer[]) => Question,
  head: (answered: Answered) => void,
): Promise<FastifyReply> {
  const body = await readChunks(request, bodies);
  const answered = await answerer.answer(ask(body), () => goneSignal(reply));
  request.answerFacts = answered.facts;
  reply.header('server-timing', serverTiming(answered.facts.stages));
  head(answered);
  return reply.send(answered.answer.body);
}
