import { parentPort, threadId, workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { Failure, type PlainFailure } from '../engine/failure.ts';
import { isLarge, workOn } from '../engine/kernels/job.ts';
import { Stopped, TooMuchToRedo } from '../engine/kernels/kernel.ts';
import { beginAnswer } from './answers.ts';
import { collectAll } from './collect.ts';
import { mostRedone } from './cost.ts';
import { conduct, type HelpCall, help } from './crew.ts';
import { type ChosenEngine, kernelOf } from './kernel.ts';
import { workTooLarge } from './limits.ts';
import type { Answered, Facts, Limits, Question } from './question.ts';

/** What a worker thread is started with. */
export interface WorkerSettings {
  readonly engine: ChosenEngine;
  readonly limits: Limits;
  readonly threads: number;
  /** Heap of each. A body that takes more to read ends its worker alone. */
  readonly heapMb?: number;
}

/** A question for a worker; `control` is set to stop it between two rows. */
export interface AskTask {
  readonly type: 'ask';
  readonly id: number;
  readonly question: Question;
  readonly control: SharedArrayBuffer;
}

/** A call for help with another worker's job; `place` says which scratch area is ours. */
export interface HelpTask {
  readonly type: 'help';
  /** Absent once the help has been given: the task outlives it, and must not hold the job's memory. */
  call?: HelpCall | undefined;
  readonly place: number;
}

/** What a worker says before it is done: it calls others to its job. */
export interface Calling {
  readonly id: number;
  readonly threadId: number;
  readonly call: HelpCall;
}

/** What an asked worker gives back. */
export type Told =
  | { readonly answer: { readonly body: Uint8Array; readonly jsonLength: number | undefined }; readonly facts: Facts }
  | { readonly failure: PlainFailure };

const { engine, limits, threads } = settings();
let asked = 0;
const kernel = kernelOf(
  engine,
  conduct(threads, (call) => parentPort?.postMessage({ id: asked, threadId, call } satisfies Calling)),
  mostRedone(limits),
);

/** What piscina runs on this thread, one task at a time. */
export default function work(task: AskTask | HelpTask): unknown {
  if (task.type === 'help') {
    // The job is handled in a function of its own: what a running one has held in a register is not collected.
    if (helpWith(task)) collectAll();
    return undefined;
  }
  try {
    return answered(task);
  } finally {
    letGo(task);
  }
}

/** Helps, lets go of the job, and says whether that was much. */
function helpWith(task: HelpTask): boolean {
  const { call, place } = task;
  task.call = undefined;
  if (!call || !engine.choice) return false;
  const { modules } = engine.choice;
  help(call, () => workOn(call.job, modules, place));
  return isLarge(call.job);
}

/** Gives back what the question took: this thread may wait long for the next one, and what it waits with stays. */
function letGo({ question }: AskTask): void {
  for (const { buffer } of question.body) if (buffer instanceof ArrayBuffer) buffer.transfer(0);
  if (kernel.giveBack()) collectAll();
}

function answered(task: AskTask): unknown {
  asked = task.id;
  const control = new Int32Array(task.control);
  const checkpoint = () => {
    if (Atomics.load(control, 0) !== 0) throw new Stopped('nobody waits for the answer any more');
  };
  try {
    const body = task.question.body.map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return told(beginAnswer({ ...task.question, body }, { kernel, limits, checkpoint }).finish('worker'));
  } catch (error) {
    const failure = error instanceof TooMuchToRedo ? tooLarge(error) : error;
    // A defect crosses as the error that it is.
    if (!(failure instanceof Failure)) throw failure;
    return { failure: failure.toPlain() } satisfies Told;
  }
}

function tooLarge({ message }: TooMuchToRedo): Failure {
  return workTooLarge(`${message} (a 60th of MAX_WORK). Mask such keys, send finite numbers, or ask with fewer rows.`);
}

function told({ answer: { body, jsonLength }, facts }: Answered): unknown {
  // Moved, not copied: memory of its own, since a small Buffer may share its memory with others.
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : ownMemory(body);
  return move(new Moved({ answer: { body: bytes, jsonLength }, facts }, bytes.buffer));
}

/** A value for piscina that carries memory over to the other thread. */
class Moved {
  readonly #value: unknown;
  readonly #memory: ArrayBuffer;

  constructor(value: unknown, memory: ArrayBuffer) {
    this.#value = value;
    this.#memory = memory;
  }

  get [transferableSymbol](): object {
    return [this.#memory];
  }

  get [valueSymbol](): object {
    return this.#value as object;
  }
}

function ownMemory(buffer: Buffer): Uint8Array<ArrayBuffer> {
  const whole = buffer.byteOffset === 0 && buffer.byteLength === buffer.buffer.byteLength;
  return whole && buffer.buffer instanceof ArrayBuffer ? new Uint8Array(buffer.buffer) : new Uint8Array(buffer);
}

function settings(): WorkerSettings {
  return workerData as WorkerSettings;
}
