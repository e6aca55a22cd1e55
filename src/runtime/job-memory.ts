/*
 * A WebAssembly.Memory counts, on each thread and each time that it is received there, as outside memory that a collection
 * might free: memories that came with every job had the garbage of the event loop and of helpers collected every few large
 * answers. So a thread sends its memory once and names it from then on. Its buffer alone does not count.
 *
 * A very large memory is given back, and the memory of a thread that died with it: the pages are free once no thread refers
 * to them any more. So each thread forgets and collects then, after its task; the main thread wakes those that have none.
 */

/** A thread's memory, which another follows once it has been given back. */
export interface MemoryName {
  readonly threadId: number;
  /** How many memories that thread had before. */
  readonly nth: number;
}

/** Names the memories of this thread, and holds none of them. */
export class OwnMemories {
  readonly #threadId: number;
  readonly #named = new WeakMap<WebAssembly.Memory, MemoryName>();
  #count = 0;

  constructor(threadId: number) {
    this.#threadId = threadId;
  }

  /** The memory's name, and whether it was given now. */
  nameOf(memory: WebAssembly.Memory): { readonly name: MemoryName; readonly isNew: boolean } {
    const known = this.#named.get(memory);
    const name = known ?? { threadId: this.#threadId, nth: this.#count++ };
    this.#named.set(memory, name);
    return { name, isNew: !known };
  }
}

/** The last memory of each other thread that this one has met. Held, not by WeakRef: a thread of piscina never comes to the end of a job, where these are let go. */
export class KnownMemories {
  readonly #last = new Map<number, { readonly nth: number; readonly memory: WebAssembly.Memory }>();

  learn({ threadId, nth }: MemoryName, memory: WebAssembly.Memory): void {
    this.#last.set(threadId, { nth, memory });
  }

  find({ threadId, nth }: MemoryName): WebAssembly.Memory | undefined {
    const last = this.#last.get(threadId);
    return last?.nth === nth ? last.memory : undefined;
  }

  forget(threadId: number): void {
    this.#last.delete(threadId);
  }

  /** Forgets those of all threads but these. */
  forgetOthers(threadIds: readonly number[]): void {
    for (const threadId of this.#last.keys()) if (!threadIds.includes(threadId)) this.#last.delete(threadId);
  }
}

/** How many memories have been given back by all threads, as one of them has seen it. */
export class GivenBack {
  /** To hand to other threads, which make a GivenBack of their own over it. */
  readonly shared: SharedArrayBuffer;
  readonly #count: Int32Array;
  #seen: number;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#count = new Int32Array(shared);
    this.#seen = Atomics.load(this.#count, 0);
  }

  note(): void {
    Atomics.add(this.#count, 0, 1);
  }

  /** Whether there are more than at the last look. */
  look(): boolean {
    const count = Atomics.load(this.#count, 0);
    const more = count !== this.#seen;
    this.#seen = count;
    return more;
  }
}
