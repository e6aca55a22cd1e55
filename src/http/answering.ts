import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Hold } from '../runtime/admission.ts';
import type { Answerer } from '../runtime/answerer.ts';
import type { Answered, Facts, Question } from '../runtime/question.ts';
import { type BodyLimits, readChunks } from './body.ts';
import { goneSignal } from './gone.ts';
import type { Metrics } from './metrics.ts';
import { sendInPieces } from './pieces.ts';
import { serverTiming } from './server-timing.ts';
import type { StreamRooms } from './stream-room.ts';
import type { TraceAnswer } from './tracing.ts';
import { varyBy } from './vary.ts';

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
  readonly metrics: Metrics;
  /** Makes spans, where there are any. */
  readonly trace?: TraceAnswer | undefined;
  /** What the replies of all streams of lines hold. */
  readonly streams: StreamRooms;
}

/** What a request with one answer is. */
interface Asking {
  /** The question that its body is. */
  readonly ask: (body: readonly Buffer[]) => Question;
  /** Whether most of its body is tensors as bytes. */
  readonly binary?: boolean;
  /** Sets the type of the reply, and headers of its own. */
  readonly head: (answered: Answered) => void;
}

/**
 * The one way of a request with one answer: it is admitted, its body is read, the question that it is gets answered, and
 * the reply is sent. What it holds is free once the last byte of the reply is with the socket, or the connection is closed.
 * @throws Failure, ClientGone
 */
export async function answerRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  { answerer, bodies, metrics, trace }: Answering,
  { ask, binary = false, head }: Asking,
): Promise<FastifyReply> {
  const hold = admit(reply, answerer, binary);
  try {
    const body = await readChunks(request, bodies, hold);
    const receivedMs = reply.elapsedTime - hold.waited;
    metrics.stages.receive.add(receivedMs);
    const answered = await answerer.answer(ask(body), { hold, gone: () => goneSignal(reply), lent: isSentOnce(request) });
    request.answerFacts = answered.facts;
    metrics.answer(answered.facts);
    reply.header('server-timing', serverTiming(answered.facts.stages));
    trace?.(request, reply, answered.facts, receivedMs);
    head(answered);
    request.answerSentAt = reply.elapsedTime;
    return sendInPieces(reply, answered.answer.body);
  } catch (error) {
    // The refusal itself may take seconds, where a body still comes.
    hold.release();
    throw error;
  }
}

/**
 * Whether nothing looks at a reply any more once its response is closed. In HTTP/2 the connection outlives the stream, and
 * may have its last frames to send yet.
 */
function isSentOnce({ raw }: FastifyRequest): boolean {
  return raw.httpVersionMajor === 1;
}

/** Answers in one of a route's representations, the one that Accept chose; `head` is called for what its reply has besides. */
export function answerAs(
  request: FastifyRequest,
  reply: FastifyReply,
  answering: Answering,
  type: string,
  ask: Asking['ask'],
  head?: () => void,
): Promise<FastifyReply> {
  return answerRequest(request, reply, answering, {
    ask,
    head: () => {
      head?.();
      varyBy(reply, 'accept').type(`${type}; charset=utf-8`);
    },
  });
}

/** What the request holds from now on, until its connection is done with the reply. @throws Failure `overloaded` */
export function admit({ raw }: FastifyReply, answerer: Answerer, binary = false): Hold {
  const hold = answerer.open(binary ? 'tensors' : 'json');
  if (!raw.closed) raw.once('close', () => hold.release());
  return hold;
}
