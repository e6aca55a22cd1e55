import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../engine/failure.ts';
import type { Hold } from '../runtime/admission.ts';
import { BATCH_LINE_COST, type Outcome } from '../runtime/batch.ts';
import type { LineMemory } from '../runtime/line-memory.ts';
import { asBytes } from '../runtime/memory.ts';
import type { Facts, Question } from '../runtime/question.ts';
import { bytesOf, type Line, Lines } from '../wire/lines.ts';
import { type Answering, admit } from './answering.ts';
import { Batches } from './batches.ts';
import { openBody } from './body.ts';
import { failureOf } from './failures.ts';
import { goneSignal, isGone } from './gone.ts';
import { Incoming } from './incoming.ts';
import type { Lifecycle } from './lifecycle.ts';
import { LineRoom } from './line-room.ts';
import { LineFailures } from './logging.ts';
import { ReaderPace } from './pace.ts';
import { PIECE_BYTES, piecesOf } from './pieces.ts';
import { problemDetails } from './problems.ts';
import { bodyComes, dropRest } from './rest.ts';
import { KEPT_BYTES, StreamRoom } from './stream-room.ts';
import { brokenEncoding } from './unpacking.ts';

/** After so long without a turn of the event loop, others get theirs. */
const TURN_MS = 10;
/** Lines of so many bytes together are answered on the event loop at once; threads take more. */
const HERE_BYTES = 8192;
const NEWLINE = Buffer.from('\n');

/**
 * One reply line for each request line, in order. A bad line yields its problem with `line`, and the rest go on. The
 * stream ends early, after a problem that says why, where a line does not arrive in time, the encoding is broken, or the
 * service closes. It holds lines for a batch a thread and one more, or one longer line, one chunk, the replies of those
 * batches, and up to KEPT_BYTES of replies or one larger reply; where there is no room for more, it waits.
 */
export function answerStream(
  request: FastifyRequest,
  reply: FastifyReply,
  ask: (line: readonly Buffer[]) => Question,
  answering: Answering,
): Readable {
  const { bodies, base, answerer, streams } = answering;
  const arriving = new LineRoom(streams.lines, admit(reply, answerer));
  const pace = new ReaderPace(request.raw.socket, bodies.timeoutMs);
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
    lines.release();
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
  answers: AsyncGenerator<Buffer>,
  pace: ReaderPace,
  { raw, server }: FastifyRequest,
  reply: FastifyReply,
): AsyncGenerator<Buffer> {
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
  readonly arriving: LineRoom;
  readonly room: StreamRoom;
  readonly lifecycle: Lifecycle;
  readonly failures: LineFailures;
  readonly ask: (line: readonly Buffer[]) => Question;
  readonly gone: () => AbortSignal;
  readonly refuse: (failure: Failure, line: number) => string;
}

/** A line's answer, or its problem, and what made it; `hold` is released once it has been handed on. */
interface LineAnswer {
  readonly body: string | Buffer;
  readonly facts?: Facts;
  readonly hold?: Hold;
}

class LineAnswers {
  readonly #by: StreamOfLines;
  readonly #most: number;
  readonly #lines: Lines;
  readonly #memory: LineMemory;
  readonly #batches: Batches;
  /** Replies that are handed on together. */
  #printed: Buffer[] = [];
  #printedBytes = 0;
  #turnEnds = 0;

  constructor(by: StreamOfLines) {
    this.#by = by;
    this.#most = Math.min(by.answering.bodies.maxBytes, by.answering.answerer.longestBody);
    this.#lines = new Lines(this.#most);
    this.#memory = by.answering.answerer.openLines();
    this.#batches = new Batches(by.answering.answerer, by.ask, this.#memory, by.arriving);
  }

  async *replies(incoming: Incoming): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const chunk = yield* this.#next(incoming);
        yield* this.#arrive(chunk?.length ?? 0);
        const lines = chunk === undefined ? [...this.#lines.end()] : this.#cut(chunk, incoming);
        if (this.#batches.empty && bytesOf(lines) <= HERE_BYTES) for (const line of lines) yield* this.#here(line);
        else yield* this.#onThreads(lines);
        this.#follow();
        if (chunk === undefined) break;
      }
      yield* this.#rest();
    } catch (error) {
      const failure = error instanceof Failure ? error : brokenEncoding(error);
      if (!failure) throw error;
      yield* this.#rest();
      yield Buffer.from(`${this.#refused(failure, this.#lines.number)}\n`);
    } finally {
      this.#by.failures.log();
      incoming.stop();
    }
  }

  /** Nobody waits for an answer any more. */
  release(): void {
    this.#batches.release();
    this.#memory.release();
  }

  /** The lines that a chunk completes. */
  #cut(chunk: Buffer, incoming: Incoming): Line[] {
    const pieces = this.#memory.keep(chunk);
    if (pieces.every(({ buffer }) => buffer !== chunk.buffer)) incoming.free(chunk);
    return pieces.flatMap((piece) => [...this.#lines.push(piece)]);
  }

  /** The next chunk, or undefined at the end. Until it comes, what has been answered is handed on. @throws Failure, ClientGone */
  async *#next(incoming: Incoming): AsyncGenerator<Buffer, Buffer | undefined> {
    while (this.#batches.settled) yield* this.#oldest();
    yield* this.#flush();
    let here = false;
    const chunk = incoming.next(this.#lines.number).finally(() => {
      here = true;
    });
    // Where it fails while a reply is handed on, that is told afterwards.
    chunk.catch(() => undefined);
    while (!this.#batches.empty) {
      await Promise.race([chunk, this.#batches.progress()]);
      if (here) break;
      yield* this.#oldest();
      yield* this.#flush();
    }
    return await chunk;
  }

  /** Comes back once there is room for so many bytes more. @throws Failure */
  async *#arrive(bytes: number): AsyncGenerator<Buffer> {
    const expected = () => this.#batches.bytes + Math.min(this.#lines.heldBytes + bytes, this.#most);
    const { arriving } = this.#by;
    while ((!this.#batches.empty && arriving.isEnough(expected())) || !arriving.tryFollow(expected())) {
      if (this.#batches.empty) return await this.#room(expected());
      yield* this.#oldest();
    }
  }

  /** Comes back once there is room for what is here of the lines that follow. It belongs to the time that a line has. @throws Failure */
  async #room(bytes: number): Promise<void> {
    const { arriving, room, lifecycle, answering } = this.#by;
    const { timeoutMs } = answering.bodies;
    const deadline = performance.now() + timeoutMs;
    const late = () => lifecycle.closing || performance.now() >= deadline;
    let there = false;
    await arriving.waiting(() =>
      room.wait(() => {
        there = arriving.tryFollow(bytes);
        return there || late();
      }),
    );
    if (there) return;
    if (lifecycle.closing) throw new Failure('shutting-down', 'this replica is closing; send this line and the rest again');
    throw new Failure('timeout', `there was no room for the line within ${timeoutMs} ms`);
  }

  /** Holds what is here of the lines that have not been answered. */
  #follow(): void {
    this.#by.arriving.tryFollow(this.#batches.bytes + this.#lines.heldBytes);
  }

  async *#onThreads(lines: readonly Line[]): AsyncGenerator<Buffer> {
    for (const line of lines) this.#batches.push(line);
    this.#batches.start();
    while (this.#batches.enough) yield* this.#oldest();
  }

  /** All that has not been handed on. */
  async *#rest(): AsyncGenerator<Buffer> {
    while (!this.#batches.empty) yield* this.#oldest();
    yield* this.#flush();
  }

  /** Hands on what comes of the first lines that threads have, or of the first line, where it has to be answered by itself. */
  async *#oldest(): AsyncGenerator<Buffer> {
    const single = this.#batches.takeSingle();
    if (single) {
      const facts = yield* this.#here(single);
      if (!facts || isQuick(facts)) this.#batches.together();
    } else {
      const { lines, outcomes, hold } = await this.#batches.takeFirst();
      this.#memory.answered(lines.at(-1)?.end ?? 0);
      try {
        for (const [place, outcome] of outcomes.entries()) yield* this.#handOn(this.#outcome(outcome, lines[place]?.number ?? 0));
      } finally {
        hold.release();
      }
    }
    this.#batches.start();
    this.#follow();
  }

  /** Answers a line, on the event loop where it is small, and hands the answer on. */
  async *#here(line: Line): AsyncGenerator<Buffer, Facts | undefined> {
    const answer = await this.#answer(line);
    this.#memory.answered(line.end);
    yield* this.#handOn(answer);
    if (performance.now() >= this.#turnEnds) {
      await nextTurn();
      this.#turnEnds = performance.now() + TURN_MS;
    }
    return answer.facts;
  }

  async #answer({ number, pieces, length }: Line): Promise<LineAnswer> {
    const { answering, ask, gone } = this.#by;
    const hold = answering.answerer.openLine(length);
    try {
      if (!pieces) throw new Failure('body-too-large', `the line has more than ${this.#most} bytes; ${this.#bound()}`);
      hold.lend(this.#memory.read(pieces));
      const asked = answering.answerer.answer(ask(pieces), { hold, gone, patient: true });
      return { ...this.#outcome(asked instanceof Promise ? await asked : asked, number), hold };
    } catch (error) {
      hold.release();
      return this.#outcome({ failure: error }, number);
    }
  }

  /** What a line is answered with; counted, and a failure logged. */
  #outcome(outcome: Outcome<unknown>, number: number): LineAnswer {
    const { metrics } = this.#by.answering;
    metrics.lines++;
    this.#by.failures.lines++;
    if ('failure' in outcome) return { body: this.#refused(outcome.failure, number) };
    metrics.answer(outcome.facts);
    return { body: outcome.answer.body, facts: outcome.facts };
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

  async *#handOn({ body, hold }: LineAnswer): AsyncGenerator<Buffer> {
    const bytes = asBytes(body);
    if (bytes.length >= PIECE_BYTES) return yield* this.#large(bytes, hold);
    this.#print(bytes, NEWLINE);
    hold?.release();
    if (this.#printedBytes >= PIECE_BYTES) yield* this.#flush();
  }

  /** A large reply is held once, and goes out piece by piece, as there is room. */
  async *#large(bytes: Buffer, hold?: Hold): AsyncGenerator<Buffer> {
    try {
      yield* this.#flush();
      for (const piece of piecesOf(bytes)) yield* this.#piece(piece);
      // Its pieces are parts of one memory, which is there until the last is gone.
      if (bytes.length > KEPT_BYTES) await this.#by.room.drained();
      this.#print(NEWLINE);
    } finally {
      hold?.release();
    }
  }

  #print(...parts: Buffer[]): void {
    this.#printed.push(...parts);
    for (const { length } of parts) this.#printedBytes += length;
  }

  async *#flush(): AsyncGenerator<Buffer> {
    if (this.#printedBytes === 0) return;
    const printed = Buffer.concat(this.#printed, this.#printedBytes);
    this.#printed = [];
    this.#printedBytes = 0;
    yield* this.#piece(printed);
  }

  async *#piece(piece: Buffer): AsyncGenerator<Buffer> {
    await this.#by.room.keep(piece.length);
    yield piece;
    this.#by.room.handed();
  }
}

/** Whether such a line can be answered together with others. */
function isQuick({ stages: { decode, compute, encode } }: Facts): boolean {
  return decode + compute + encode < BATCH_LINE_COST;
}
