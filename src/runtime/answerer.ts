import { channel } from 'node:diagnostics_channel';
import { performance } from 'node:perf_hooks';
import { Failure } from '../engine/failure.ts';
import { TooMuchToRedo } from '../engine/kernels/kernel.ts';
import type { Hold } from './admission.ts';
import { type Begun, beginAnswer, beginQuickly } from './answers.ts';
import type { BatchAnswer } from './batch.ts';
import { type ChosenCodec, codecOf } from './codec.ts';
import { INLINE_BYTES, INLINE_COST, INLINE_HELD, INLINE_REDONE, QUICK_BYTES, READ_HOLDS, REST_IN_VAIN } from './cost.ts';
import { type ChosenEngine, kernelOf } from './kernel.ts';
import type { Sums } from './ledger.ts';
import { LineMemory } from './line-memory.ts';
import { bodyBytes } from './memory.ts';
import { Offload } from './offload.ts';
import type { Pending } from './pending.ts';
import { Pressure } from './pressure.ts';
import type { Answered, Kind, Limits, Means, Price, Question } from './question.ts';
import { heldForLine, isForLoad, ReadingRoom, SPARED_BODY_BYTES } from './reading.ts';

/** Gets the Facts of every answer. Nothing is done for it where nobody subscribes. */
const ANSWERS = channel('attention:answer');

export interface AnswererSettings {
  readonly engine: ChosenEngine;
  readonly codec: ChosenCodec;
  readonly limits: Limits;
  /** What all admitted requests may hold and do together. */
  readonly most: Sums;
  readonly threads: number;
  readonly timeoutMs: number;
}

/** Kinds that are little more than their numbers: others take long to carry out. */
const QUICK_KINDS: ReadonlySet<Kind> = new Set(['attention', 'merge', 'inference']);

/** Who asks, and how long they wait. */
export interface Asking {
  /** What the request holds, which grows by its price. */
  readonly hold: Hold;
  /** Asked for only where the answer takes its time: aborted when nobody waits any more. */
  readonly gone: () => AbortSignal;
  /** It waits rather than be refused for load, and its deadline begins with its turn. */
  readonly patient?: boolean;
  /** The reply may lie in memory that is lent until `hold` is released: then nobody looks at it any more. */
  readonly lent?: boolean;
}

/** Why a question is not answered on the event loop, and what is known of it by then. */
interface Elsewhere {
  readonly price?: Price;
  readonly paid?: boolean;
}

/** Answers questions: small ones at once, on the event loop; large ones on worker threads. */
export class Answerer {
  readonly #means: Means;
  readonly #offload: Offload;
  readonly #pressure = new Pressure();
  readonly #timeoutMs: number;
  /** Until then the event loop is left to others, and no longer body is read on it… */
  #restUntil = 0;
  /** … unless it has been idle for longer than this in all: then others have had what they want of it. */
  #idleBefore = 0;

  constructor({ engine, codec, limits, most, threads, timeoutMs }: AnswererSettings) {
    this.#means = { kernel: kernelOf(engine, undefined, INLINE_REDONE), codec: codecOf(codec), limits };
    this.#offload = new Offload({ engine, codec, limits, most, threads }, () => this.#pressure.why);
    this.#timeoutMs = timeoutMs;
  }

  /** What is under way now. */
  get pending(): Pending {
    const { admission, turns } = this.#offload;
    return {
      bytes: admission.ledger.held('bytes'),
      work: admission.ledger.held('work'),
      queueLength: turns.length,
      busyThreads: turns.busy,
    };
  }

  /** The most that `pending` can come to. */
  get most(): Sums {
    return this.#offload.admission.ledger.most;
  }

  /**
   * What a request will hold, before a byte of its body is read; whoever opens it releases it.
   * @throws Failure `overloaded`
   */
  open(body: keyof typeof READ_HOLDS): Hold {
    return this.#offload.open(READ_HOLDS[body], this.#timeoutMs);
  }

  /** What a line of a stream will hold, besides its body, which the stream holds. */
  openLine(bodyBytes: number): Hold {
    return this.#offload.admission.openLine(bodyBytes);
  }

  /** Where the lines of one stream lie; whoever opens it releases it. */
  openLines(): LineMemory {
    return new LineMemory(this.#offload.admission.bodies);
  }

  /** The longest body that could be admitted, if no other request were there. */
  get longestBody(): number {
    return this.#offload.admission.longestBody(READ_HOLDS.json);
  }

  /**
   * The answer, at once where the question is small; a promise of it otherwise. The hold is left with the reply's bytes.
   * @throws Failure
   */
  answer(question: Question, { hold, gone, patient = false, lent = false }: Asking): Answered | Promise<Answered> {
    const here = this.#answerHere(question, hold, patient);
    if ('answer' in here) return published(here, hold);
    return this.#offload.ask(question, this.#timeoutMs, gone(), { hold, patient, lent, ...here }).then((answered) => published(answered, hold));
  }

  #answerHere(question: Question, hold: Hold, patient: boolean): Answered | Elsewhere {
    const bytes = bodyBytes(question);
    if (bytes <= INLINE_BYTES) return this.#tryHere(bytes, (means) => beginAnswer(question, means), hold, patient);
    const began = performance.now();
    if (bytes > QUICK_BYTES || !QUICK_KINDS.has(question.kind) || this.#isResting(began)) return {};
    // Half of the time is for others, as long as they want it.
    let rest = REST_IN_VAIN;
    try {
      const answered = this.#tryHere(bytes, (means) => beginQuickly(question, means), hold, patient);
      if ('answer' in answered) rest = 1;
      return answered;
    } finally {
      const now = performance.now();
      this.#restUntil = now + rest * (now - began);
      this.#idleBefore = rest === REST_IN_VAIN ? Number.POSITIVE_INFINITY : performance.nodeTiming.idleTime;
    }
  }

  #isResting(now: number): boolean {
    return now < this.#restUntil && performance.nodeTiming.idleTime <= this.#idleBefore;
  }

  /** Answers a question that is quick to answer; it goes elsewhere where it is not, or was not begun. @throws Failure */
  #tryHere(bytes: number, begin: (means: Means) => Begun | undefined, hold: Hold, patient: boolean): Answered | Elsewhere {
    let paid: Price | undefined;
    const room = bytes <= SPARED_BODY_BYTES ? undefined : roomIn(hold, bytes, patient);
    try {
      const begun = begin(room ? { ...this.#means, makeRoom: room.make } : this.#means);
      room?.leave();
      if (!begun) return {};
      const { task, finish } = begun;
      const costly = task.cost > INLINE_COST || task.holds > INLINE_HELD;
      // The price alone: the task holds all that was read.
      const price = { work: task.work, cost: task.cost, holds: task.holds };
      // One that waits for a thread anyway waits for room too.
      if (patient && (costly || !hold.tryPay(price))) return { price, paid: false };
      if (!patient) hold.pay(price);
      paid = price;
      return costly ? { price, paid: true } : finish('inline');
    } catch (error) {
      if (error instanceof TooMuchToRedo && paid) return { price: paid, paid: true };
      // A line waits for the room to be read in.
      if (patient && isForLoad(error)) return {};
      throw error;
    } finally {
      room?.leave();
      this.#means.kernel.giveBack();
    }
  }

  get threads(): number {
    return this.#offload.threads.length;
  }

  /** Threads that are free. */
  get idleThreads(): number {
    return this.#offload.turns.idle;
  }

  /**
   * What one thread makes of questions that come one after the other; `hold` is left with the bytes of their replies.
   * @param gone aborted when nobody waits any more
   * @throws where the thread ends, the time is over, or nobody waits any more
   */
  async answerBatch(questions: readonly Question[], { hold, gone }: { readonly hold: Hold; readonly gone: AbortSignal }): Promise<BatchAnswer> {
    const answered = await this.#offload.askBatch(questions, this.#timeoutMs, gone, hold);
    if (ANSWERS.hasSubscribers) for (const outcome of answered.outcomes) if ('facts' in outcome) ANSWERS.publish(outcome.facts);
    return answered;
  }

  /** Those that wait for a thread are told to go elsewhere. */
  refuseWaiting(): void {
    this.#offload.refuseWaiting(new Failure('shutting-down', 'this replica is closing'));
  }

  close(): Promise<void> {
    this.#pressure.stop();
    return this.#offload.close();
  }
}

function roomIn(hold: Hold, bytes: number, patient: boolean): ReadingRoom {
  const purse = { take: (more: number) => hold.borrow(more), give: (more: number) => hold.return(more) };
  return new ReadingRoom(bytes, patient ? heldForLine(bytes) : hold.bytes, purse);
}

function published(answered: Answered, hold: Hold): Answered {
  hold.settle(answered.answer.body.length);
  const whole = hold.waited > 0 ? afterWaiting(answered, hold.waited) : answered;
  if (ANSWERS.hasSubscribers) ANSWERS.publish(whole.facts);
  return whole;
}

/** It was in the queue already while its body was left with its client. */
function afterWaiting({ answer, facts }: Answered, waited: number): Answered {
  return { answer, facts: { ...facts, stages: { ...facts.stages, queue: facts.stages.queue + waited } } };
}
