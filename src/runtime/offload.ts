import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { Failure } from '../engine/failure.ts';
import { dismiss, invite, type JobPlace, stopJob } from '../engine/kernels/job.ts';
import type { CodecName } from '../wire/numbers/codec.ts';
import { Admission, type Hold, type Place, type Pressure } from './admission.ts';
import type { BatchAnswer } from './batch.ts';
import { collectAll } from './collect.ts';
import { INLINE_BYTES, READ_HOLDS, readingCost } from './cost.ts';
import { reportLoss } from './crew.ts';
import { GivenBack, KnownMemories } from './job-memory.ts';
import { Ledger, Slip } from './ledger.ts';
import { bodyBytes, handedOver, ownMemory } from './memory.ts';
import { givenUp } from './patience.ts';
import type { Answered, Price, Question } from './question.ts';
import { tooLargeFor } from './reading.ts';
import { giveBack } from './reply-memory.ts';
import { type Turn, Turns } from './turns.ts';
import type { AskTask, BatchTask, BatchTold, Calling, GaveBack, HelpTask, SentCall, Told, WakeTask, WorkerSettings } from './worker.ts';

/** A thread that does not stop by itself within this time, once nobody waits for its answer, is ended and replaced. */
const PATIENCE_MS = 1000;
/** After an answer, when no task of a helper refers to its job's memory any more. */
const FORGOTTEN_AFTER_MS = 100;
const WORKER_HEAP_MB = 1536;

/** How a question is asked for. */
export interface Asked {
  /** What it holds; what it holds more on the way is added. */
  readonly hold: Hold;
  /** Its price, where its shapes are known already. */
  readonly price?: Price | undefined;
  /** Whether that price has been paid. */
  readonly paid?: boolean;
  /** Whether it is the price of reading the question alone. */
  readonly isUnread?: boolean;
  /** It is never refused for load, waits for as long as it takes, and its deadline begins with its turn. */
  readonly patient?: boolean | undefined;
  /** The reply may lie in memory that is lent until `hold` is released. */
  readonly lent?: boolean | undefined;
}

/** A question that a worker is busy with. */
interface Pending {
  readonly slip: Slip;
  /** What its worker said of its job, once that has laid one out. */
  calling?: Calling;
  /** Those that help with it, by their place, which is theirs until they have left. */
  readonly helpers: Map<number, Helper>;
}

/** A thread that helps with another's job. */
interface Helper {
  readonly job: JobPlace;
  dismissed: boolean;
}

/**
 * Worker threads for what would hold the event loop: each reads, computes and prints a whole question, and calls the
 * others to large jobs, which leave once a question waits for them. A thread that dies fails its own question alone. The pool has no queue: a thread is asked only
 * when it is free, by the order of `turns`.
 */
export class Offload {
  readonly admission: Admission;
  readonly turns: Turns;
  readonly #pool: Piscina;
  readonly #pending = new Map<number, Pending>();
  readonly #memories = new KnownMemories();
  readonly #givenBack = new GivenBack();
  #collecting: NodeJS.Timeout | undefined;
  readonly #threads: number;
  readonly #heapMb: number;
  readonly #codec: CodecName;
  /** Those that wait for a thread, and how each is told to go. */
  readonly #waiting = new Map<Turn, (error: Error) => void>();
  #last = 0;

  constructor(settings: Omit<WorkerSettings, 'ledger' | 'givenBack'>, pressure?: Pressure) {
    this.#threads = settings.threads;
    this.#codec = settings.codec.name;
    this.#heapMb = settings.heapMb ?? WORKER_HEAP_MB;
    const ledger = new Ledger(settings.most);
    this.turns = new Turns(settings.threads);
    this.turns.onIdle = () => this.#offerHelp();
    this.turns.onHelpersWanted = () => this.#dismissHelpers();
    this.admission = new Admission(ledger, () => this.turns.retryAfter(), pressure);
    // What has been given back may be what a line waits for.
    this.admission.onGiven = () => {
      if (this.turns.length > 0 && this.turns.idle > 0) this.turns.next();
    };
    this.#pool = new Piscina({
      filename: new URL('./worker.ts', import.meta.url).href,
      workerData: { ...settings, ledger: ledger.shared, givenBack: this.#givenBack.shared } satisfies WorkerSettings,
      minThreads: settings.threads,
      maxThreads: settings.threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxOldGenerationSizeMb: this.#heapMb },
    });
    this.#pool.on('message', (message: Calling | GaveBack) => {
      if (message.type === 'calling') this.#called(message);
      else this.#gaveBack(message);
    });
    // The memory of a thread that died may be known to others.
    this.#pool.on('workerDestroy', () => {
      this.#givenBack.note();
      this.#collectSoon();
    });
    this.#pool.on('error', () => undefined); // each failure is told to its own question
  }

  /**
   * The answer to a question. Without `asked` it holds what it takes until it is answered.
   * @param gone aborted when nobody waits any more
   * @throws Failure `deadline-exceeded`, `too-many-requests`, `body-too-large` where a thread's memory does not suffice,
   * and what reading and carrying out throws
   */
  async ask(question: Question, timeoutMs: number, gone: AbortSignal, asked?: Asked): Promise<Answered> {
    if (asked) return this.#answer(question, timeoutMs, gone, asked);
    const hold = this.admission.open(READ_HOLDS.json);
    return this.#answer(question, timeoutMs, gone, { hold }).finally(() => hold.release());
  }

  async #answer(question: Question, timeoutMs: number, gone: AbortSignal, asked: Asked): Promise<Answered> {
    const entered = performance.now();
    const deadline = entered + timeoutMs;
    const heldBefore = asked.hold.bytes;
    let next = { question, asked };
    for (;;) {
      const turn = await this.#turn(next.question, next.asked, { entered, deadline, timeoutMs, gone });
      const began = performance.now();
      const left = asked.patient ? timeoutMs : Math.max(0, deadline - began);
      const { question: asking, asked: by } = next;
      const told = await this.#run(turn, by.hold, (sign) => this.#send(asking, by, sign), { left, timeoutMs, gone });
      if ('failure' in told) throw this.admission.withRetryAfter(Failure.fromPlain(told.failure));
      if ('answer' in told) return received(told, performance.now() - entered);
      // What waits holds nothing that others may wait for.
      asked.hold.tryResize(heldBefore);
      const { deferred: price, isUnread, body } = told;
      next = { question: { ...question, body: body.map(asBuffer) }, asked: { ...asked, price, paid: false, isUnread } };
    }
  }

  /**
   * What one thread makes of questions that come one after the other, in memory that `hold` takes over with their replies.
   * @param timeoutMs from the batch's turn on
   * @throws why nobody waits any more, and where the thread ends or the time is over
   */
  async askBatch(questions: readonly Question[], timeoutMs: number, gone: AbortSignal, hold: Hold): Promise<BatchAnswer> {
    const entered = performance.now();
    const cost = readingCost(
      questions.reduce((sum, question) => sum + bodyBytes(question), 0),
      this.#codec,
    );
    const turn = await this.#enter({ basis: 'bytes', cost, since: entered }, gone);
    const queue = performance.now() - entered;
    const told = await this.#run(turn, hold, (sign) => this.#sendBatch(questions, sign), { left: timeoutMs, timeoutMs, gone });
    hold.settle(told.bytes.length);
    return { outcomes: outcomesOf(told, queue), stopped: told.stopped };
  }

  /**
   * What a request will hold, before a byte of its body is read. A body that a thread will read is left with its client until its turn is near,
   * and refused where that would take too long.
   * @throws Failure `overloaded`
   */
  open(readBytes: number, timeoutMs: number): Hold {
    return this.admission.open(readBytes, (bytes, ready) => (bytes > INLINE_BYTES ? this.#place(bytes, ready, timeoutMs) : undefined));
  }

  /** Takes a place in the queue for a body that has not been read. @throws Failure `too-many-requests` */
  #place(bytes: number, ready: () => boolean, timeoutMs: number): Place {
    const since = performance.now();
    const reached = Promise.withResolvers<void>();
    let isReached = false;
    const reach = (): void => {
      isReached = true;
      reached.resolve();
    };
    const turn: Turn = { basis: 'bytes', cost: readingCost(bytes, this.#codec), since, ready, begin: reach };
    const longest = this.turns.announce(turn, timeoutMs);
    return {
      since,
      reached: () => {
        if (isReached) return undefined;
        const giveUp = (error: Error): void => {
          this.turns.arrived(turn);
          reached.reject(error);
        };
        const timer = setTimeout(() => giveUp(this.turns.late(longest, timeoutMs)), longest);
        this.#waiting.set(turn, giveUp);
        return reached.promise.finally(() => {
          clearTimeout(timer);
          this.#waiting.delete(turn);
        });
      },
      leave: () => {
        this.turns.arrived(turn);
        reach();
      },
    };
  }

  /** The worker threads as they are now. */
  get threads(): readonly Worker[] {
    return this.#pool.threads;
  }

  /** Questions that have not begun are not going to. */
  refuseWaiting(failure: Failure): void {
    for (const leave of [...this.#waiting.values()]) leave(failure);
  }

  close(): Promise<void> {
    this.refuseWaiting(new Failure('shutting-down', 'this replica is closing'));
    return this.#pool.destroy().finally(() => clearTimeout(this.#collecting));
  }

  /** Waits for a thread, which the turn then has. @throws Failure `deadline-exceeded`, `too-many-requests`; why nobody waits any more */
  async #turn(question: Question, { hold, price, paid, patient, isUnread }: Asked, { entered, deadline, timeoutMs, gone }: Times): Promise<Turn> {
    const basis = price && !isUnread ? 'shapes' : 'bytes';
    const cost = price?.cost ?? readingCost(bodyBytes(question), this.#codec);
    if (price && !paid) hold.refuseAlone(price);
    // One whose body has been read at its turn is not refused for what it was known to take before that.
    if (!patient && (price || hold.since === undefined)) this.turns.refuseLate({ cost, basis }, timeoutMs);
    const ready = price && !paid && { ready: () => hold.tryPay(price) };
    return this.#enter({ basis, cost, since: hold.since ?? entered, ...ready }, gone, patient ? undefined : { deadline, timeoutMs });
  }

  /** Enters the queue, and comes back once it has a thread. @throws Failure `deadline-exceeded`, why nobody waits any more */
  #enter(wanted: Omit<Turn, 'begin'>, gone: AbortSignal, until?: Pick<Times, 'deadline' | 'timeoutMs'>): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        gone.removeEventListener('abort', onGone);
        this.#waiting.delete(turn);
      };
      const leave = (error: Error): void => {
        stop();
        this.turns.leave(turn);
        reject(error);
      };
      const onGone = (): void => leave(gone.reason);
      const timer = until && setTimeout(() => leave(tooLate(until.timeoutMs)), Math.max(0, until.deadline - performance.now()));
      const begin = (): void => {
        stop();
        resolve(turn);
      };
      const turn: Turn = { ...wanted, begin };
      this.#waiting.set(turn, leave);
      gone.addEventListener('abort', onGone);
      if (gone.aborted) onGone();
      else this.turns.enter(turn);
    });
  }

  /** Asks the thread that the turn has, which is free again once it has told, or died. */
  async #run<T>(turn: Turn, hold: Hold, send: (sign: Sign) => Promise<T>, { left, timeoutMs, gone }: Left): Promise<T> {
    const id = ++this.#last;
    const pending: Pending = { slip: new Slip(), helpers: new Map() };
    const kill = new AbortController();
    this.#pending.set(id, pending);
    hold.pin();
    const told = send({ id, slip: pending.slip.shared, signal: kill.signal });
    // A worker starts on the next question only once this end has been heard: until then this job is in its memory.
    const forget = () => {
      this.#pending.delete(id);
      delete pending.calling;
      hold.adopt(pending.slip.taken);
      hold.unpin();
      this.turns.end(turn);
    };
    told.then((value) => {
      if (isAnswer(value)) hold.lend(() => giveBack(value.answer.body));
      forget();
    }, forget);
    try {
      return await givenUp(told, { ms: left, late: () => tooLate(timeoutMs), gone }, () => this.#stop(pending, kill, told));
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooLargeFor(this.#heapMb * 2 ** 20) : error;
    }
  }

  #send(question: Question, { hold, price, isUnread = false, patient = false, lent = false }: Asked, { id, slip, signal }: Sign): Promise<Told> {
    const body = question.body.map(ownMemory);
    const task: AskTask = {
      type: 'ask',
      id,
      slip,
      question: { ...question, body },
      paid: price !== undefined && !isUnread,
      patient,
      held: hold.bytes,
      lent,
    };
    return this.#hand(task, new Set(handedOver(body)), signal);
  }

  /** Bodies that are not in shared memory are copied into one, so that they are still here where they have to be asked again. */
  #sendBatch(questions: readonly Question[], { id, slip, signal }: Sign): Promise<BatchTold> {
    const isShared = questions.every(({ body }) => body.every(({ buffer }) => buffer instanceof SharedArrayBuffer));
    if (isShared) return this.#hand({ type: 'batch', id, slip, questions }, new Set(), signal);
    const memory = ownMemory(Buffer.concat(questions.flatMap(({ body }) => body)));
    let at = 0;
    const copied = questions.map((question) => {
      const bytes = bodyBytes(question);
      at += bytes;
      return { ...question, body: [memory.subarray(at - bytes, at)] };
    });
    const task: BatchTask = { type: 'batch', id, slip, questions: copied };
    return this.#hand(task, new Set([memory.buffer]), signal);
  }

  #hand<T>(task: AskTask | BatchTask, memory: ReadonlySet<ArrayBufferLike>, signal: AbortSignal): Promise<T> {
    // Piscina's type for this misreads Node's newer one; it is the list that postMessage takes.
    return this.#pool.run(task, { signal, transferList: [...memory] as never });
  }

  /** Asks a job to stop, and ends its thread where it does not. */
  #stop(pending: Pending, kill: AbortController, told: Promise<unknown>): void {
    pending.slip.stop();
    if (pending.calling) stopJob(pending.calling.job);
    const timer = setTimeout(() => kill.abort(), PATIENCE_MS);
    told.catch(() => undefined).finally(() => clearTimeout(timer));
  }

  /** A worker has laid out a job that is worth more threads. */
  #called(calling: Calling): void {
    const { id, job, call, memory } = calling;
    if (call && memory) this.#memories.learn(call.memory, memory);
    const pending = this.#pending.get(id);
    // A quick worker has answered before its call is heard; its memory may hold the next job by now.
    if (!pending) return;
    pending.calling = calling;
    if (pending.slip.stopped) stopJob(job);
    this.#offerHelp();
  }

  /** Threads that are idle come to the jobs that called. */
  #offerHelp(): void {
    for (const pending of this.#pending.values()) {
      for (let place = 1; place < this.#threads; place++) {
        const { job, call } = pending.calling ?? {};
        if (job && call && this.turns.idle > 0 && !pending.slip.stopped && !pending.helpers.has(place)) this.#help(pending, { job, call }, place);
      }
    }
  }

  /** A thread that does not know the job's memory yet is asked again with it. */
  async #help(pending: Pending, { job, call }: { readonly job: JobPlace; readonly call: SentCall }, place: number): Promise<void> {
    const helper: Helper = { job, dismissed: false };
    const ask = (memory?: WebAssembly.Memory): Promise<boolean> => this.#pool.run({ type: 'help', call, place, memory } satisfies HelpTask);
    invite(job, place);
    pending.helpers.set(place, helper);
    this.turns.help();
    try {
      const isKnown = await ask();
      const memory = isKnown || helper.dismissed ? undefined : this.#memories.find(call.memory);
      if (memory) await ask(memory);
    } catch {
      reportLoss(call);
    } finally {
      pending.helpers.delete(place);
      // Whoever leaves unasked has found nothing more to do.
      if (!helper.dismissed && pending.calling?.call === call) pending.calling = { ...pending.calling, call: undefined };
      this.turns.helped();
    }
  }

  /** As many helpers as questions wait are asked to leave. Those that wait come before help. */
  #dismissHelpers(): void {
    const helpers = [...this.#pending.values()].flatMap((pending) => [...pending.helpers]);
    let wanted = this.turns.length - helpers.filter(([, { dismissed }]) => dismissed).length;
    for (const [place, helper] of helpers) {
      if (helper.dismissed || wanted-- <= 0) continue;
      helper.dismissed = true;
      dismiss(helper.job, place);
    }
  }

  #gaveBack({ threadId }: GaveBack): void {
    this.#memories.forget(threadId);
    this.#collectSoon();
  }

  #collectSoon(): void {
    clearTimeout(this.#collecting);
    this.#collecting = setTimeout(() => this.#collect(), FORGOTTEN_AFTER_MS).unref();
  }

  /** Lets go of memories that are nobody's any more, here and on the threads that wait: it holds each for some milliseconds. */
  #collect(): void {
    this.#memories.forgetOthers(this.threads.map(({ threadId }) => threadId));
    collectAll();
    while (this.turns.idle > 0) {
      this.turns.help();
      this.#pool
        .run({ type: 'wake' } satisfies WakeTask)
        .catch(() => undefined)
        .finally(() => this.turns.helped());
    }
  }
}

/** What a task is known by, stopped by and ended by. */
interface Sign {
  readonly id: number;
  readonly slip: SharedArrayBuffer;
  readonly signal: AbortSignal;
}

interface Times {
  readonly entered: number;
  readonly deadline: number;
  readonly timeoutMs: number;
  readonly gone: AbortSignal;
}

interface Left {
  readonly left: number;
  readonly timeoutMs: number;
  readonly gone: AbortSignal;
}

function tooLate(timeoutMs: number): Failure {
  return new Failure('deadline-exceeded', `the answer did not begin within ${timeoutMs} ms (REQUEST_TIMEOUT_MS)`);
}

function isAnswer(told: unknown): told is Extract<Told, { answer: unknown }> {
  return typeof told === 'object' && told !== null && 'answer' in told;
}

/** What took `ms` from asking on: what is in none of the worker's stages was spent in the queue, or on the way. */
function received({ answer: { body, jsonLength }, facts }: Extract<Told, { answer: unknown }>, ms: number): Answered {
  const { decode, compute, encode } = facts.stages;
  const stages = { ...facts.stages, queue: Math.max(0, ms - decode - compute - encode) };
  return { answer: { body: asBuffer(body), jsonLength }, facts: { ...facts, stages } };
}

/** The replies of a batch, each a part of one memory. */
function outcomesOf({ outcomes, bytes }: BatchTold, queue: number): BatchAnswer['outcomes'] {
  const memory = asBuffer(bytes);
  let at = 0;
  return outcomes.map((outcome) => {
    if ('failure' in outcome) return { failure: Failure.fromPlain(outcome.failure) };
    at += outcome.length;
    const { facts } = outcome;
    return { answer: { body: memory.subarray(at - outcome.length, at) }, facts: { ...facts, stages: { ...facts.stages, queue } } };
  });
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
