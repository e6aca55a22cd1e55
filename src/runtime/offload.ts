import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { Failure } from '../engine/failure.ts';
import { isLarge, type Job, stopJob } from '../engine/kernels/job.ts';
import { collectAll } from './collect.ts';
import { reportLoss } from './crew.ts';
import type { Answered, Question } from './question.ts';
import type { AskTask, Calling, HelpTask, Told, WorkerSettings } from './worker.ts';

/** A thread that does not stop by itself within this time, once nobody waits for its answer, is ended and replaced. */
const PATIENCE_MS = 1000;
/** After an answer, when nothing on this thread refers to its job's memory any more. */
const FORGOTTEN_AFTER_MS = 100;
const WORKER_HEAP_MB = 1536;

/** A question that a worker is busy with. */
interface Pending {
  readonly control: Int32Array;
  /** Its job, once it has laid one out. */
  job?: Job;
  stopped: boolean;
  /** Whether this thread has seen a memory that is given back after the answer. */
  large: boolean;
}

/**
 * Worker threads for what would hold the event loop: each reads, computes and prints a whole question, and calls the
 * others to large jobs. A thread that dies fails its own question alone.
 */
export class Offload {
  readonly #pool: Piscina;
  readonly #pending = new Map<number, Pending>();
  readonly #threads: number;
  readonly #heapMb: number;
  #last = 0;

  constructor(settings: WorkerSettings) {
    this.#threads = settings.threads;
    this.#heapMb = settings.heapMb ?? WORKER_HEAP_MB;
    this.#pool = new Piscina({
      filename: new URL('./worker.ts', import.meta.url).href,
      workerData: settings,
      minThreads: settings.threads,
      maxThreads: settings.threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxOldGenerationSizeMb: this.#heapMb },
    });
    this.#pool.on('message', (calling: Calling) => this.#sendHelp(calling));
    this.#pool.on('error', () => undefined); // each failure is told to its own question
  }

  /**
   * The answer to a question.
   * @param gone aborted when nobody waits any more
   * @throws Failure `deadline-exceeded`, `body-too-large` where a thread's memory does not suffice, and what reading and carrying out throws
   */
  async ask(question: Question, timeoutMs: number, gone: AbortSignal): Promise<Answered> {
    const asked = performance.now();
    const id = ++this.#last;
    const pending: Pending = { control: new Int32Array(new SharedArrayBuffer(4)), stopped: false, large: false };
    this.#pending.set(id, pending);
    const kill = new AbortController();
    const body = question.body.map(ownMemory);
    const task: AskTask = { type: 'ask', id, question: { ...question, body }, control: pending.control.buffer as SharedArrayBuffer };
    const told: Promise<Told> = this.#pool.run(task, {
      signal: kill.signal,
      // Piscina's type for this misreads Node's newer one; it is the list that postMessage takes.
      transferList: [...new Set(body.map((bytes) => bytes.buffer))] as never,
    });
    // A worker starts on the next question only once this end has been heard: until then this job is in its memory.
    const forget = () => {
      this.#pending.delete(id);
      delete pending.job;
      // Once the helpers' tasks are done with too. It holds this thread for some milliseconds, after a very large job alone.
      if (pending.large) setTimeout(collectAll, FORGOTTEN_AFTER_MS).unref();
    };
    told.then(forget, forget);
    try {
      const reply = await givenUp(told, timeoutMs, gone, () => this.#stop(pending, kill, told));
      if ('failure' in reply) throw Failure.fromPlain(reply.failure);
      return received(reply, performance.now() - asked);
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? new Failure('body-too-large', `reading and answering it takes more than the ${this.#heapMb} MB that a thread has`)
        : error;
    }
  }

  /** The worker threads as they are now. */
  get threads(): readonly Worker[] {
    return this.#pool.threads;
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  /** Asks a job to stop, and ends its thread where it does not. */
  #stop(pending: Pending, kill: AbortController, told: Promise<unknown>): void {
    pending.stopped = true;
    Atomics.store(pending.control, 0, 1);
    if (pending.job) stopJob(pending.job);
    const timer = setTimeout(() => kill.abort(), PATIENCE_MS);
    told.catch(() => undefined).finally(() => clearTimeout(timer));
  }

  /** A worker has laid out a job that is worth more threads: those that are idle come. */
  #sendHelp({ id, call }: Calling): void {
    const pending = this.#pending.get(id);
    // A quick worker has answered before its call is heard; its memory may hold the next job by now.
    if (!pending) return;
    pending.large ||= isLarge(call.job);
    pending.job = call.job;
    if (pending.stopped) stopJob(call.job);
    for (let place = 1; place < this.#threads; place++) {
      const task: HelpTask = { type: 'help', call, place };
      this.#pool.run(task).catch(() => reportLoss(call));
    }
  }
}

/** What took `ms` from asking on: what is in none of the worker's stages was spent in the queue, or on the way. */
function received({ answer: { body, jsonLength }, facts }: Exclude<Told, { failure: unknown }>, ms: number): Answered {
  const { decode, compute, encode } = facts.stages;
  const stages = { ...facts.stages, queue: Math.max(0, ms - decode - compute - encode) };
  return { answer: { body: Buffer.from(body.buffer, body.byteOffset, body.byteLength), jsonLength }, facts: { ...facts, stages } };
}

/** The promise, unless it comes too late or nobody waits any more: then `onGivenUp` is called. */
async function givenUp<T>(promise: Promise<T>, timeoutMs: number, gone: AbortSignal, onGivenUp: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const give = (error: Error): void => {
      stop();
      onGivenUp();
      reject(error);
    };
    const onGone = (): void => give(gone.reason);
    const timer = setTimeout(
      () => give(new Failure('deadline-exceeded', `the answer did not begin within ${timeoutMs} ms (REQUEST_TIMEOUT_MS)`)),
      timeoutMs,
    );
    const stop = (): void => {
      clearTimeout(timer);
      gone.removeEventListener('abort', onGone);
    };
    gone.addEventListener('abort', onGone);
    if (gone.aborted) onGone();
    promise.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error) => {
        stop();
        reject(error);
      },
    );
  });
}

/** Bytes in memory of their own, which can be handed to another thread; copied where they share it. */
function ownMemory(bytes: Buffer): Buffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return whole ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
}
