import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../engine/failure.ts';
import type { Answered } from '../runtime/question.ts';
import { Lines } from '../wire/lines.ts';
import type { Answering } from './answering.ts';
import { openBody } from './body.ts';
import { failureOf, logFailure } from './failures.ts';
import { Incoming } from './incoming.ts';
import { ReaderPace } from './pace.ts';
import { problemDetails } from './problems.ts';
import { bodyComes, dropRest } from './rest.ts';
import { brokenEncoding } from './unpacking.ts';

/** Replies kept for a client that does not read yet. Past that, nothing more is read from it (CONTRACT section 2). */
const KEPT_BYTES = 8 * 2 ** 20;
const WRITE_BYTES = 65_536;
/** After so long without a turn of the event loop, others get theirs. */
const TURN_MS = 10;

type AnswerLine = (line: Buffer) => Answered | Promise<Answered>;

/**
 * One reply line for each request line, in order. A bad line yields its problem with `line`, and the rest go on. The
 * stream ends early, after a problem that says why, where a line does not arrive in time, the encoding is broken, or the
 * service closes. It holds one line, one chunk, and up to KEPT_BYTES of replies or one larger reply.
 */
export function answerStream(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: AnswerLine,
  { bodies, base }: Omit<Answering, 'answerer'>,
): Readable {
  const incoming = new Incoming(openBody(request), bodies.timeoutMs, request.server.attentionLifecycle);
  const pace = new ReaderPace(request.raw.socket, bodies.timeoutMs);
  const refuse = (failure: Failure, line: number) => JSON.stringify({ ...problemDetails(failure, base), line });
  const answers = answerLines(incoming, { answer, refuse, maxBytes: bodies.maxBytes, log: request.log });
  const replies = Readable.from(paced(answers, pace, request, reply), { objectMode: false, highWaterMark: KEPT_BYTES });
  // A generator that never began has no end that could tidy up.
  return replies.once('close', () => {
    pace.stop();
    incoming.stop();
  });
}

/** While the stream asks for no more, its buffer is full. */
async function* paced(
  answers: AsyncGenerator<string | Buffer>,
  pace: ReaderPace,
  { raw, server }: FastifyRequest,
  reply: FastifyReply,
): AsyncGenerator<string | Buffer> {
  for await (const piece of answers) {
    pace.full = true;
    yield piece;
    pace.full = false;
  }
  // A connection that closes after this reply would lose it, where its client still sends.
  if (!reply.raw.shouldKeepAlive && bodyComes(raw)) await dropRest(raw, server.attentionLifecycle.closing);
}

/** How lines are answered, and how one that is refused is. */
interface LineAnswers {
  readonly answer: AnswerLine;
  readonly refuse: (failure: Failure, line: number) => string;
  readonly maxBytes: number;
  readonly log: FastifyBaseLogger;
}

async function* answerLines(incoming: Incoming, by: LineAnswers): AsyncGenerator<string | Buffer> {
  const lines = new Lines(by.maxBytes);
  let turnEnds = performance.now() + TURN_MS;
  let printed = '';
  try {
    for (;;) {
      const chunk = await incoming.next(lines.number);
      for (const { number, bytes } of chunk === undefined ? lines.end() : lines.push(chunk)) {
        const body = await answerOrProblem(number, bytes, by);
        if (body.length < WRITE_BYTES) printed += `${body}\n`;
        else {
          yield* inPieces(printed, body);
          printed = '\n';
        }
        if (printed.length >= WRITE_BYTES) {
          yield printed;
          printed = '';
        }
        if (performance.now() >= turnEnds) {
          await nextTurn();
          turnEnds = performance.now() + TURN_MS;
        }
      }
      if (printed !== '') yield printed;
      printed = '';
      if (chunk === undefined) return;
    }
  } catch (error) {
    const failure = error instanceof Failure ? error : brokenEncoding(error);
    if (!failure) throw error;
    yield `${printed}${by.refuse(failure, lines.number)}\n`;
  } finally {
    incoming.stop();
  }
}

/** A large reply goes out piece by piece, so that what its reader has taken can be seen, and it is held once. */
function* inPieces(before: string, body: Buffer | string): Generator<string | Buffer> {
  if (before !== '') yield before;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  for (let at = 0; at < bytes.length; at += WRITE_BYTES) yield bytes.subarray(at, at + WRITE_BYTES);
}

async function answerOrProblem(number: number, bytes: Buffer | undefined, { answer, refuse, maxBytes, log }: LineAnswers): Promise<string | Buffer> {
  try {
    if (!bytes) throw new Failure('body-too-large', `the line has more than ${maxBytes} bytes; MAX_BODY_BYTES is ${maxBytes}`);
    const answered = answer(bytes);
    return (answered instanceof Promise ? await answered : answered).answer.body;
  } catch (error) {
    const failure = failureOf(error);
    logFailure(failure, log);
    return refuse(failure, number);
  }
}
