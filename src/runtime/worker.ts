import { parentPort, threadId, workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { isLarge, workOn } from '../engine/kernels/job.ts';
import { Stopped, TooMuchToRedo } from '../engine/kernels/kernel.ts';
import { type Answer, type Question, readQuestion } from './answer.ts';
import { collectAll } from './collect.ts';
import { mostRedone } from './cost.ts';
import { type Call, conduct, help } from './crew.ts';
import { type PackedFailure, packFailure } from './failures.ts';
import { type ChosenEngine, kernelOf } from './kernel.ts';
import { type Limits, WorkTooLarge } from './limits.ts';
import { Stages } from './stages.ts';

/** What a worker thread is started with. */
export interface WorkerSettings {
  readonly engine: ChosenEngine;
  readonly limits: Limits;
  readonly threads: number;
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
  call?: Call | undefined;
  readonly place: number;
}

/** What a worker says before it is done: it calls others to its job. */
export interface Calling {
  readonly id: number;
  readonly threadId: number;
  readonly call: Call;
}

/** What an asked worker gives back. */
export type Told =
  | { readonly answer: { readonly body: Uint8Array; readonly jsonLength: number | undefined }; readonly stages: Stages['ended'] }
  | { readonly failure: PackedFailure };

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
    const stages = new Stages();
    const body = task.question.body.map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const answer = readQuestion({ ...task.question, body }, { kernel, limits, checkpoint }, stages).carryOut();
    return told(answer, stages);
  } catch (error) {
    const failure = packFailure(error instanceof TooMuchToRedo ? tooLarge(error) : error);
    if (failure) return { failure } satisfies Told;
    throw error;
  }
}

function tooLarge({ message }: TooMuchToRedo): WorkTooLarge {
  return new WorkTooLarge(`${message} (a 60th of MAX_WORK). Mask such keys, send finite numbers, or ask with fewer rows.`);
}

function told({ body, jsonLength }: Answer, { ended }: Stages): unknown {
  // Moved, not copied: memory of its own, since a small Buffer may share its memory with others.
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : ownMemory(body);
  return move(new Moved({ answer: { body: bytes, jsonLength }, stages: ended }, bytes.buffer));
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
