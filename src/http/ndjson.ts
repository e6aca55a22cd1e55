import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../engine/failure.ts';
import type { Hold } from '../runtime/admission.ts';
import type { Question } from '../runtime/question.ts';
import { Lines } from '../wire/lines.ts';
import { type Answering, admit } from './answering.ts';
import { openBody } from './body.ts';
import { failureOf } from './failures.ts';
import { goneSignal, isGone } from './gone.ts';
import { Incoming } from './incoming.ts';
import type { Lifecycle } from './lifecycle.ts';
import { LineFailures } from './logging.ts';
import { ReaderPace } from './pace.ts';
import { PIECE_BYTES, piecesOf } from './pieces.ts';
import { problemDetails } from './problems.ts';
import { bodyComes, dropRest } from './rest.ts';
import { KEPT_BYTES, StreamRoom } from './stream-room.ts';
import { brokenEncoding } from './unpacking.ts';

/** After so long without a turn of the event loop, others get theirs. */
const TURN_MS = 10;

/**
 * One reply line for each request line, in order. A bad line yields its problem with `line`, and the rest go on. The
 * stream ends early, after a problem that says why, where a line does not arrive in time, the encoding is broken, or the
 * service closes. It holds one line, one chunk, and up to KEPT_BYTES of replies or one larger reply; where there is no
 * room for more, it waits.
 */
export function answerStream(request: FastifyRequest, reply: FastifyReply, ask: (line: Buffer) => Question, answering: Answering): Readable {
  const { bodies, base, answerer, streams } = answering;
  const pace = new ReaderPace(request.raw.socket, bodies.timeoutMs);
  const arriving = admit(reply, answerer);
  const room = new StreamRoom(streams, answerer.openLine(0), reply.raw, pace);
  let gone: AbortSignal | undefined;
  const lines = new LineAnswers({
    answering,
    arriving,
    room,
    lifecycle: request.server.attentionLifecycle,
    failures: new LineFailures(request),
    ask,
    gone: () => {
      gone ??= goneSignal(reply);
      return gone;
    },
    refuse: (failure, line) => JSON.stringify({ ...problemDetails(failure, base), line }),
  });
  const incoming = new Incoming(openBody(request), bodies.timeoutMs, request.server.attentionLifecycle);
  const replies = Readable.from(paced(lines.replies(incoming), pace, request, reply), { objectMode: false, highWaterMark: KEPT_BYTES });
  room.watch(replies);
  const release = (): void => {
    pace.stop();
    incoming.stop();
    arriving.release();
    room.release();
  };
  // A generator that never began has no end that could tidy up; and what was kept goes out after its end.
  replies.once('close', () => {
    pace.stop();
    incoming.stop();
  });
  reply.raw.once('close', release);
  return replies;
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

/** How the lines of one stream are answered, and what they hold. */
interface StreamOfLines {
  readonly answering: Answering;
  /** Holds what is here of lines that have not been answered. */
  readonly arriving: Hold;
  readonly room: StreamRoom;
  readonly lifecycle: Lifecycle;
  readonly failures: LineFailures;
  readonly ask: (line: Buffer) => Question;
  readonly gone: () => AbortSignal;
  readonly refuse: (failure: Failure, line: number) => string;
}

/** A line's answer, or its problem; `hold` is released once it has been handed on. */
interface LineAnswer {
  readonly body: string | Buffer;
  readonly hold?: Hold;
}

class LineAnswers {
  readonly #by: StreamOfLines;
  readonly #most: number;
  #printed = '';

  constructor(by: StreamOfLines) {
    this.#by = by;
    this.#most = Math.min(by.answering.bodies.maxBytes, by.answering.answerer.longestBody);
  }

  async *replies(incoming: Incoming): AsyncGenerator<string | Buffer> {
    const lines = new Lines(this.#most);
    let turnEnds = performance.now() + TURN_MS;
    try {
      for (;;) {
        const chunk = await incoming.next(lines.number);
        await this.#arrive(lines.heldBytes + (chunk?.length ?? 0));
        for (const { number, bytes } of chunk === undefined ? lines.end() : lines.push(chunk)) {
          const answer = await this.#answer(number, bytes);
          if (answer.body.length < PIECE_BYTES) this.#append(answer);
          else yield* this.#large(answer);
          if (this.#printed.length >= PIECE_BYTES) yield* this.#piece(this.#taken());
          if (performance.now() < turnEnds) continue;
          await nextTurn();
          turnEnds = performance.now() + TURN_MS;
        }
        this.#by.arriving.tryFollow(lines.heldBytes);
        if (this.#printed !== '') yield* this.#piece(this.#taken());
        if (chunk === undefined) return;
      }
    } catch (error) {
      const failure = error instanceof Failure ? error : brokenEncoding(error);
      if (!failure) throw error;
      yield `${this.#printed}${this.#refused(failure, lines.number)}\n`;
    } finally {
      this.#by.failures.log();
      incoming.stop();
    }
  }

  /** Comes back once there is room for what is here of the lines that follow. It belongs to the time that a line has. @throws Failure */
  async #arrive(bytes: number): Promise<void> {
    const { arriving, room, lifecycle, answering } = this.#by;
    const expected = Math.min(bytes, this.#most);
    if (arriving.tryFollow(expected)) return;
    const { timeoutMs } = answering.bodies;
    const deadline = performance.now() + timeoutMs;
    const late = () => lifecycle.closing || performance.now() >= deadline;
    let there = false;
    await room.wait(() => {
      there = arriving.tryFollow(expected);
      return there || late();
    });
    if (there) return;
    if (lifecycle.closing) throw new Failure('shutting-down', 'this replica is closing; send this line and the rest again');
    throw new Failure('timeout', `there was no room for the line within ${timeoutMs} ms`);
  }

  async #answer(number: number, bytes: Buffer | undefined): Promise<LineAnswer> {
    const { answering, ask, gone, failures } = this.#by;
    answering.metrics.lines++;
    failures.lines++;
    const hold = answering.answerer.openLine(bytes?.length ?? 0);
    try {
      if (!bytes) throw new Failure('body-too-large', `the line has more than ${this.#most} bytes; ${this.#bound()}`);
      const asked = answering.answerer.answer(ask(bytes), { hold, gone, patient: true });
      const { answer, facts } = asked instanceof Promise ? await asked : asked;
      answering.metrics.answer(facts);
      return { body: answer.body, hold };
    } catch (error) {
      hold.release();
      return { body: this.#refused(error, number) };
    }
  }

  /** The problem that a line, or the stream at a line, is answered with; logged and counted. */
  #refused(error: unknown, number: number): string {
    const { answering, failures, refuse } = this.#by;
    const failure = failureOf(error);
    failures.note(failure, number);
    if (!isGone(error)) answering.metrics.failure(failure.code);
    return refuse(failure, number);
  }

  #bound(): string {
    const { bodies, answerer } = this.#by.answering;
    return this.#most === bodies.maxBytes ? `MAX_BODY_BYTES is ${bodies.maxBytes}` : `MAX_PENDING_BYTES is ${answerer.most.bytes}`;
  }

  #append({ body, hold }: LineAnswer): void {
    this.#printed += `${body}\n`;
    hold?.release();
  }

  /** A large reply is held once, and goes out piece by piece, as there is room. */
  async *#large({ body, hold }: LineAnswer): AsyncGenerator<string | Buffer> {
    try {
      if (this.#printed !== '') yield* this.#piece(this.#taken());
      for (const piece of piecesOf(typeof body === 'string' ? Buffer.from(body) : body)) yield* this.#piece(piece);
      // Its pieces are parts of one memory, which is there until the last is gone.
      if (body.length > KEPT_BYTES) await this.#by.room.drained();
      this.#printed = '\n';
    } finally {
      hold?.release();
    }
  }

  async *#piece(piece: string | Buffer): AsyncGenerator<string | Buffer> {
    await this.#by.room.keep(piece.length);
    yield piece;
    this.#by.room.handed();
  }

  #taken(): string {
    const printed = this.#printed;
    this.#printed = '';
    return printed;
  }
}
