import { parentPort, resourceLimits, threadId, workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { Failure, type PlainFailure } from '../engine/failure.ts';
import { type Job, type JobPlace, workOn } from '../engine/kernels/job.ts';
import { Stopped, TooMuchToRedo } from '../engine/kernels/kernel.ts';
import { takeOrRefuse } from './admission.ts';
import { type Begun, beginAnswer } from './answers.ts';
import { answerBatch, type Purse } from './batch.ts';
import { type ChosenCodec, codecOf } from './codec.ts';
import { collectAll } from './collect.ts';
import { mostRedone, readingCost } from './cost.ts';
import { conduct, type HelpCall, help } from './crew.ts';
import { GivenBack, KnownMemories, type MemoryName, OwnMemories } from './job-memory.ts';
import { type ChosenEngine, kernelOf } from './kernel.ts';
import { Ledger, Slip, type Sum, type Sums } from './ledger.ts';
import { workTooLarge } from './limits.ts';
import { bodyBytes, handedOver, ownMemory } from './memory.ts';
import type { Answered, Facts, Limits, Price, Question } from './question.ts';
import { heldForLine, isForLoad, type ReadingPurse, ReadingRoom } from './reading.ts';
import { ReplyMemory } from './reply-memory.ts';

/** What a worker thread is started with. */
export interface WorkerSettings {
  readonly engine: ChosenEngine;
  readonly codec: ChosenCodec;
  readonly limits: Limits;
  readonly threads: number;
  /** Bounds of what all admitted requests hold together, and the memory of the ledger that counts it. */
  readonly most: Sums;
  readonly ledger: SharedArrayBuffer;
  /** The memory of what counts memories that have been given back. */
  readonly givenBack: SharedArrayBuffer;
  /** Heap of each. A body that may take more to read is refused; one that takes more all the same ends its worker. */
  readonly heapMb?: number;
}

/** A question for a worker. */
export interface AskTask {
  readonly type: 'ask';
  readonly id: number;
  readonly question: Question;
  /** The memory of its slip, by which it is stopped too. */
  readonly slip: SharedArrayBuffer;
  /** Whether its price has been paid already. */
  readonly paid: boolean;
  /** Whether it waits rather than be refused for load. */
  readonly patient: boolean;
  /** Bytes that it holds already. */
  readonly held: number;
  /** Whether the reply may lie in memory that is lent, see reply-memory.ts. */
  readonly lent: boolean;
}

/** Questions for a worker that come one after the other. */
export interface BatchTask {
  readonly type: 'batch';
  readonly id: number;
  readonly questions: readonly Question[];
  readonly slip: SharedArrayBuffer;
}

/** A call for help with another worker's job; `place` says which scratch area is ours. */
export interface HelpTask {
  readonly type: 'help';
  readonly call: SentCall;
  readonly place: number;
  /** The job's memory, for a thread that does not know it. Taken out once it is: the task outlives the help. */
  memory?: WebAssembly.Memory | undefined;
}

/** Nothing to do: a thread that waits comes to what it does after every task. */
export interface WakeTask {
  readonly type: 'wake';
}

/** A call for help, as it crosses threads: its job's memory by name. */
export interface SentCall extends Omit<HelpCall, 'job'> {
  readonly job: Omit<Job, 'memory'>;
  readonly memory: MemoryName;
}

/** What a worker says before it is done: where its job lies, and the call for others, where there are any. */
export interface Calling {
  readonly type: 'calling';
  readonly id: number;
  readonly job: JobPlace;
  readonly call?: SentCall | undefined;
  /** The memory that the call names for the first time. */
  readonly memory?: WebAssembly.Memory | undefined;
}

/** A worker has given back the memory that it named last, which was very large. */
export interface GaveBack {
  readonly type: 'gave-back';
  readonly threadId: number;
}

/** What a worker gives back for a question. */
export type Told =
  | { readonly answer: { readonly body: Uint8Array; readonly jsonLength: number | undefined }; readonly facts: Facts }
  | { readonly failure: PlainFailure }
  /** There is no room for it now, and it waits: its price, or that of reading it alone, and its body again. */
  | { readonly deferred: Price; readonly isUnread: boolean; readonly body: readonly Uint8Array[] };

/** What a worker gives back for a batch: the replies lie one after the other in one memory. */
export interface BatchTold {
  readonly outcomes: readonly ({ readonly length: number; readonly facts: Facts } | { readonly failure: PlainFailure })[];
  readonly stopped: boolean;
  readonly bytes: Uint8Array;
}

const { engine, codec: chosenCodec, limits, threads, most, ledger: shared, givenBack: countShared } = settings();
const ledger = new Ledger(most, shared);
const givenBack = new GivenBack(countShared);
const own = new OwnMemories(threadId);
const known = new KnownMemories();
const HEAP_BYTES = (resourceLimits.maxOldGenerationSizeMb ?? Number.POSITIVE_INFINITY) * 2 ** 20;
/** The question that this thread is at. */
let current = 0;
const kernel = kernelOf(engine, conduct(threads, callOut), mostRedone(limits));
const replyMemory = new ReplyMemory();
const codec = codecOf(chosenCodec, replyMemory.allocate);

function callOut({ job: { memory, ...job }, state }: HelpCall): void {
  const place = { memory: { buffer: memory.buffer }, descriptor: job.descriptor };
  const calling: Calling = { type: 'calling', id: current, job: place };
  if (threads === 1) {
    say(calling);
    return;
  }
  const { name, isNew } = own.nameOf(memory);
  say({ ...calling, call: { job, memory: name, state }, memory: isNew ? memory : undefined });
}

function say(message: Calling | GaveBack): void {
  parentPort?.postMessage(message);
}

/** What piscina runs on this thread, one task at a time. */
export default function work(task: AskTask | BatchTask | HelpTask | WakeTask): unknown {
  try {
    // The job is handled in a function of its own: what a running one has held in a register is not collected.
    if (task.type === 'help') return helpWith(task);
    if (task.type === 'ask') return answered(task);
    return task.type === 'batch' ? batchAnswered(task) : undefined;
  } finally {
    if (task.type === 'ask') letGo([task.question]);
    if (task.type === 'batch') letGo(task.questions);
    if (givenBack.look()) {
      known.forgetOthers([]);
      collectAll();
    }
  }
}

/** Helps, and says whether this thread knows the job's memory. */
function helpWith(task: HelpTask): boolean {
  const { call, place, memory: sent } = task;
  task.memory = undefined;
  if (sent) known.learn(call.memory, sent);
  const memory = sent ?? known.find(call.memory);
  if (!memory || !engine.choice) return false;
  const { modules } = engine.choice;
  help(call, () => workOn({ ...call.job, memory }, modules, place));
  return true;
}

/** Gives back what the question took: this thread may wait long for the next one, and what it waits with stays. */
function letGo(questions: readonly Question[]): void {
  for (const question of questions) forget(question);
  replyMemory.letGo();
  if (!kernel.giveBack()) return;
  givenBack.note();
  say({ type: 'gave-back', threadId });
}

function forget({ body }: Question): void {
  for (const { buffer } of body) if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}

function answered(task: AskTask): unknown {
  current = task.id;
  const slip = new Slip(task.slip);
  replyMemory.lends = task.lent;
  const { question, held, patient } = task;
  const bytes = bodyBytes(question);
  const purse = readingPurse({ bytes, held }, slip);
  const [forBody, borrowed] = patient ? [heldForLine(bytes), held] : [held, 0];
  const room = new ReadingRoom(bytes, forBody, purse, borrowed, HEAP_BYTES);
  try {
    const begun = begin(task, slip, room);
    // What waits is read again, in room that it has taken by then.
    if (!begun) return deferred({ cost: readingCost(bytes, codec.name), holds: room.needed, work: 0 }, true, task);
    if (!task.paid && !pay(begun.task, { bytes, held, patient }, slip)) {
      const { cost, holds, work } = begun.task;
      return deferred({ cost, holds: holds + room.needed, work }, false, task);
    }
    // All of it has been read: its memory is the answer's.
    forget(question);
    return told(begun.finish('worker'));
  } catch (error) {
    const failure = error instanceof TooMuchToRedo ? tooLarge(error) : error;
    // A defect crosses as the error that it is.
    if (!(failure instanceof Failure)) throw failure;
    return { failure: failure.toPlain() } satisfies Told;
  }
}

/** Reads a question; undefined where one that waits needs more room for that than there is now. @throws as beginAnswer does */
function begin({ question, patient }: AskTask, slip: Slip, room: ReadingRoom): Begun | undefined {
  try {
    return beginAnswer(received(question), { kernel, codec, limits, makeRoom: room.make, checkpoint: checkpointOf(slip) });
  } catch (error) {
    if (patient && isForLoad(error)) return undefined;
    throw error;
  } finally {
    room.leave();
  }
}

/** Where reading a body takes room on this thread. */
function readingPurse({ bytes, held }: Omit<Payer, 'patient'>, slip: Slip): ReadingPurse {
  return {
    take(amount) {
      const before = held + slip.taken.bytes;
      takeOrRefuse(ledger, { sum: 'bytes', amount, before, bodyBytes: bytes, alone: 'body-too-large' });
      slip.note('bytes', amount);
    },
    give: (amount) => giveBack(slip, 'bytes', amount),
  };
}

/** What piscina hands over has lost its class. */
function received(question: Question): Question {
  return { ...question, body: question.body.map((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) };
}

function checkpointOf(slip: Slip): () => void {
  return () => {
    if (slip.stopped) throw new Stopped('nobody waits for the answer any more');
  };
}

function batchAnswered(task: BatchTask): unknown {
  current = task.id;
  const slip = new Slip(task.slip);
  replyMemory.lends = false;
  const told = answerBatch(task.questions.map(received), { kernel, codec, limits, checkpoint: checkpointOf(slip) }, purseOf(slip));
  const bodies = told.outcomes.flatMap((outcome) => ('answer' in outcome ? [outcome.answer.body as Buffer] : []));
  const bytes = ownMemory(Buffer.concat(bodies));
  const outcomes = told.outcomes.map((outcome) => ('answer' in outcome ? { length: outcome.answer.body.length, facts: outcome.facts } : outcome));
  return move(new Moved({ outcomes, stopped: told.stopped, bytes } satisfies BatchTold, [bytes.buffer as ArrayBuffer]));
}

/** What the questions of one batch take, one after the other. */
function purseOf(slip: Slip): Purse {
  let current: Sums = { bytes: 0, work: 0 };
  return {
    reading: (bytes) => readingPurse({ bytes, held: 0 }, slip),
    pay(price, bytes) {
      const before = slip.taken;
      if (!pay(price, { bytes, held: 0, patient: true }, slip)) return false;
      current = { bytes: slip.taken.bytes - before.bytes, work: slip.taken.work - before.work };
      return true;
    },
    settle(replyBytes) {
      giveBack(slip, 'work', current.work);
      giveBack(slip, 'bytes', Math.max(0, current.bytes - replyBytes));
    },
  };
}

function giveBack(slip: Slip, sum: Sum, amount: number): void {
  slip.note(sum, -amount);
  ledger.give(sum, amount);
}

/** Who pays: the bytes of the body, those that are held already, and whether it waits where there is no room. */
interface Payer {
  readonly bytes: number;
  readonly held: number;
  readonly patient: boolean;
}

/** Takes what the answer will hold and do, before it is begun; false where one that waits has to. @throws Failure */
function pay({ holds, work }: Pick<Price, 'holds' | 'work'>, { bytes, held, patient }: Payer, slip: Slip): boolean {
  const claims = [
    { sum: 'work', amount: Math.ceil(work), before: 0, bodyBytes: bytes },
    { sum: 'bytes', amount: Math.ceil(holds), before: held, bodyBytes: bytes },
  ] as const;
  const taken: { sum: Sum; amount: number }[] = [];
  try {
    for (const claim of claims) {
      takeOrRefuse(ledger, claim);
      slip.note(claim.sum, claim.amount);
      taken.push(claim);
    }
    return true;
  } catch (error) {
    for (const { sum, amount } of taken) giveBack(slip, sum, amount);
    if (patient && error instanceof Failure && error.code === 'too-many-requests') return false;
    throw error;
  }
}

function deferred(price: Price, isUnread: boolean, { question }: AskTask): unknown {
  const body = question.body.map((piece) => (piece.buffer instanceof ArrayBuffer ? new Uint8Array(piece.buffer.transfer()) : piece));
  return move(new Moved({ deferred: price, isUnread, body } satisfies Told, handedOver(body)));
}

function tooLarge({ message }: TooMuchToRedo): Failure {
  return workTooLarge(`${message} (a 60th of MAX_WORK). Mask such keys, send finite numbers, or ask with fewer rows.`);
}

function told({ answer: { body, jsonLength }, facts }: Answered): unknown {
  if (typeof body !== 'string' && body.buffer instanceof SharedArrayBuffer) {
    replyMemory.handOver(body);
    return { answer: { body, jsonLength }, facts } satisfies Told;
  }
  // Moved, not copied: memory of its own, which a small Buffer shares with others of the pool.
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body.length > Buffer.poolSize ? body : ownMemory(body);
  return move(new Moved({ answer: { body: bytes, jsonLength }, facts } satisfies Told, [bytes.buffer as ArrayBuffer]));
}

/** A value for piscina that carries memory over to the other thread. */
class Moved {
  readonly #value: unknown;
  readonly #memory: ArrayBuffer[];

  constructor(value: unknown, memory: ArrayBuffer[]) {
    this.#value = value;
    this.#memory = memory;
  }

  get [transferableSymbol](): object {
    return this.#memory;
  }

  get [valueSymbol](): object {
    return this.#value as object;
  }
}

function settings(): WorkerSettings {
  return workerData as WorkerSettings;
}
