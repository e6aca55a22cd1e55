import { Failure } from '../engine/failure.ts';
import type { Hold } from '../runtime/admission.ts';
import type { Answerer } from '../runtime/answerer.ts';
import { BATCH_BYTES, BATCH_LINES, type BatchAnswer, type Outcome } from '../runtime/batch.ts';
import type { LineMemory } from '../runtime/line-memory.ts';
import type { Question } from '../runtime/question.ts';
import { bytesOf, type Line } from '../wire/lines.ts';
import { ClientGone } from './gone.ts';
import type { LineRoom } from './line-room.ts';

type WholeLine = Line & { readonly pieces: readonly Buffer[] };

/** Lines that a thread is at, or has answered. */
interface Batch {
  readonly lines: readonly WholeLine[];
  readonly hold: Hold;
  readonly end: AbortController;
  /** What comes of it. It never fails: where the thread ends, it got through none. */
  readonly answered: Promise<BatchAnswer>;
  settled: boolean;
}

/** The first lines of a stream, and what came of each. */
export interface AnsweredLines {
  readonly lines: readonly Line[];
  readonly outcomes: readonly Outcome[];
  /** Holds their replies; whoever hands them on releases it. */
  readonly hold: Hold;
}

/**
 * The lines of one stream that have not been handed on, in order. Threads that are free take several at a time; while all
 * are busy, lines gather. At most one batch a thread and one more are under way, which bounds what they hold.
 */
export class Batches {
  readonly #answerer: Answerer;
  readonly #ask: (line: readonly Buffer[]) => Question;
  readonly #memory: LineMemory;
  readonly #room: Pick<LineRoom, 'isEnough'>;
  readonly #waiting: Line[] = [];
  #waitingBytes = 0;
  #batches: Batch[] = [];
  /** The first line can be no part of a batch. */
  #single = false;
  #released = false;

  /**
   * @param memory where the lines lie
   * @param room what they may hold
   */
  constructor(answerer: Answerer, ask: (line: readonly Buffer[]) => Question, memory: LineMemory, room: Pick<LineRoom, 'isEnough'>) {
    this.#answerer = answerer;
    this.#ask = ask;
    this.#memory = memory;
    this.#room = room;
  }

  /** Bytes of the lines that have not been handed on. */
  get bytes(): number {
    return this.#batches.reduce((sum, { lines }) => sum + bytesOf(lines), this.#waitingBytes);
  }

  /** Whether no more lines have to be read for all threads to have some, or this stream has its share. */
  get enough(): boolean {
    const most = this.#answerer.threads + 1;
    const count = this.#batches.reduce((sum, { lines }) => sum + lines.length, this.#waiting.length);
    return this.bytes > most * BATCH_BYTES || count > most * BATCH_LINES || this.#room.isEnough(this.bytes);
  }

  get empty(): boolean {
    return this.#batches.length === 0 && this.#waiting.length === 0;
  }

  push(line: Line): void {
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
  }

  /** Gives lines to the threads that are free; and where none is, one batch to the queue. */
  start(): void {
    const { threads } = this.#answerer;
    while (!this.#single && !this.#released && this.#batches.length <= threads) {
      const { idleThreads } = this.#answerer;
      if (idleThreads === 0 && this.#batches.length > 0) return;
      const lines = this.#take(Math.min(BATCH_BYTES, this.#waitingBytes / Math.max(1, idleThreads)));
      if (lines.length === 0) return;
      this.#batches.push(this.#begin(lines));
    }
  }

  /** Whether the first batch has been answered. */
  get settled(): boolean {
    return this.#batches[0]?.settled ?? false;
  }

  /** Comes back once the first batch has been answered, or there is none. */
  async progress(): Promise<void> {
    await this.#batches[0]?.answered;
  }

  /** The first line, where it has to be answered by itself: nothing behind it is under way then. */
  takeSingle(): Line | undefined {
    const [first] = this.#waiting;
    if (!first || this.#batches.length > 0 || !(this.#single || !isShort(first))) return undefined;
    this.#drop(1);
    return first;
  }

  /** The lines that follow may be answered together. */
  together(): void {
    this.#single = false;
  }

  /** The first batch, once it has been answered, as far as it was. @throws ClientGone once nobody waits any more */
  async takeFirst(): Promise<AnsweredLines> {
    const batch = this.#batches[0];
    const answer = await batch?.answered;
    if (this.#released) throw new ClientGone('the connection closed before the stream was answered');
    if (!batch || !answer) throw new Error('no line is under way');
    const { outcomes, stopped } = answer;
    this.#batches.shift();
    const left = batch.lines.slice(outcomes.length);
    if (stopped) this.#takeBack(left);
    else if (left.length > 0) this.#batches.unshift(this.#begin(left));
    return { lines: batch.lines.slice(0, outcomes.length), outcomes, hold: batch.hold };
  }

  /** Nobody waits for an answer any more. */
  release(): void {
    this.#released = true;
    this.#giveUp();
  }

  #giveUp(): void {
    for (const { end, hold } of this.#batches) {
      end.abort(new Error('the lines are answered later, or nobody waits for them'));
      hold.release();
    }
    this.#batches = [];
  }

  #begin(lines: readonly WholeLine[]): Batch {
    const hold = this.#answerer.openLine(bytesOf(lines));
    const end = new AbortController();
    const questions = lines.map(({ pieces }) => this.#ask(pieces));
    hold.lend(this.#memory.read(lines.flatMap(({ pieces }) => pieces)));
    const answered = this.#answerer.answerBatch(questions, { hold, gone: end.signal }).catch((error: unknown) => unanswered(lines, error));
    const batch: Batch = { lines, hold, end, answered, settled: false };
    answered.then(() => {
      batch.settled = true;
      // This thread is free for lines that have gathered meanwhile.
      this.start();
    });
    return batch;
  }

  /** The first lines that wait, of at most so many bytes together and as many as a batch may have, and at least one; none where the first is too long. */
  #take(most: number): WholeLine[] {
    const taken: WholeLine[] = [];
    let bytes = 0;
    for (const line of this.#waiting.slice(0, BATCH_LINES)) {
      if (!isShort(line) || (taken.length > 0 && bytes + line.length > most)) break;
      bytes += line.length;
      taken.push(line);
    }
    this.#drop(taken.length);
    return taken;
  }

  #drop(count: number): void {
    this.#waitingBytes -= bytesOf(this.#waiting.splice(0, count));
  }

  /**
   * The first of these has to be answered by itself. What is under way behind it is given up and answered later: replies
   * that wait for it may hold the very room that it waits for.
   */
  #takeBack(lines: readonly Line[]): void {
    this.#single = true;
    const behind = this.#batches.flatMap((batch) => batch.lines);
    this.#giveUp();
    this.#waiting.unshift(...lines, ...behind);
    this.#waitingBytes += bytesOf(lines) + bytesOf(behind);
  }
}

/** What comes of lines whose thread did not get through: each is asked by itself, but where no more is begun. */
function unanswered(lines: readonly Line[], error: unknown): BatchAnswer {
  if (!(error instanceof Failure) || error.code !== 'shutting-down') return { outcomes: [], stopped: true };
  return { outcomes: lines.map(() => ({ failure: error })), stopped: false };
}

/** Whether a line can be part of a batch, by its length; one that is longer than a line may be has no pieces. */
function isShort(line: Line): line is WholeLine {
  return line.pieces !== undefined && line.length <= BATCH_BYTES;
}
