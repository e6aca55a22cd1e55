import type { Precision } from '../tensor.ts';
import { stopWord } from './descriptor.ts';

/** What the module exports; addresses are byte offsets into its memory. */
export interface KernelExports {
  /**
   * Takes items of the call until none is left, it is stopped, or the word at `dismissal` is not 0; 0 for a thread that can't be
   * dismissed. Any number of threads may, each with its own scratch area.
   */
  readonly run: (descriptor: number, scratch: number, dismissal: number) => void;
  /** Joins the parts, where the keys were cut; once every thread has come back from run(). */
  readonly merge: (descriptor: number, scratch: number) => void;
}

/** The module in either arithmetic. */
export type Modules = Readonly<Record<Precision, WebAssembly.Module>>;

/** A call laid out in memory, for any thread to work on. */
export interface Job {
  /** Which of the modules it is for. */
  readonly precision: Precision;
  readonly memory: WebAssembly.Memory;
  readonly descriptor: number;
  /** One area a thread; the first is the caller's. */
  readonly scratch: readonly number[];
}

/** Where a job lies: enough to stop it. */
export interface JobPlace {
  readonly memory: Pick<WebAssembly.Memory, 'buffer'>;
  readonly descriptor: number;
}

/** Other threads that can take part in a job. */
export interface Crew {
  /** How many threads there are, the caller's included. */
  readonly threads: number;
  /** Runs the job on the caller's thread by `run`, and on others as they come; returns once all have come back. */
  share(job: Job, run: () => void): void;
}

/** A memory that has grown beyond this is given back once the call that needed it has been answered. */
export const KEPT_BYTES = 268_435_456;

/** One thread's instance over a memory. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelExports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
}

/**
 * Takes part in another thread's job until no item of it is left, or it is dismissed; `place` counts the threads, the caller's
 * being 0.
 */
export function workOn({ precision, memory, descriptor, scratch }: Job, modules: Modules, place: number): void {
  const area = scratch[place];
  if (area === undefined) throw new RangeError(`the job has room for ${scratch.length} threads, so there is no thread ${place}`);
  instantiate(modules[precision], memory).run(descriptor, area, dismissalAt(place));
}

/** Where the word stands that dismisses the thread at a place: in the page that a KernelMemory keeps free. Place 0 has none. */
function dismissalAt(place: number): number {
  return 4 * place;
}

function dismissalWord({ memory }: Pick<JobPlace, 'memory'>, place: number): Int32Array {
  return new Int32Array(memory.buffer, dismissalAt(place), 1);
}

/** Before a helper is called to a place: it has not been dismissed. */
export function invite(job: Pick<JobPlace, 'memory'>, place: number): void {
  Atomics.store(dismissalWord(job, place), 0, 0);
}

/** Asks the helper at a place to leave between two items, or not to begin; the others do what is left. */
export function dismiss(job: Pick<JobPlace, 'memory'>, place: number): void {
  Atomics.store(dismissalWord(job, place), 0, 1);
}

/** Ends a job between two of its items, on every thread. It must not have been answered yet: its memory may hold another by then. */
export function stopJob({ memory, descriptor }: JobPlace): void {
  Atomics.store(stopWord(memory.buffer, descriptor), 0, 1);
}

export function isStopped({ memory, descriptor }: JobPlace): boolean {
  return Atomics.load(stopWord(memory.buffer, descriptor), 0) !== 0;
}
