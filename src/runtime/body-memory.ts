/*
 * Memory into which large bodies are copied as they arrive, and from which a thread reads them: shared, and used again. Node gives
 * each piece of a body memory of its own, which counts as a reason to collect garbage until V8 has found it dead; and the kernel clears each page
 * of what is fresh. A piece that has been copied is freed at once, so the next one has the same pages, and shared memory V8 does not count.
 */

/** Memory is lent by the slab. Pages that nobody has written to take no memory. */
export const SLAB_BYTES = 2 ** 19;
/** So much is kept at most; what comes when all of it is lent gets memory of its own. */
export const KEPT_BYTES = 2 ** 25;

/** What one service keeps. */
export class BodyMemory {
  readonly #free: SharedArrayBuffer[] = [];
  #made = 0;

  /** Where one body is received. Whoever gets it releases it. */
  lease(): Lease {
    return new Lease(this);
  }

  /** One slab, where there is one. */
  take(): SharedArrayBuffer | undefined {
    const free = this.#free.pop();
    if (free || this.#made * SLAB_BYTES === KEPT_BYTES) return free;
    this.#made++;
    return new SharedArrayBuffer(SLAB_BYTES);
  }

  give(slabs: readonly SharedArrayBuffer[]): void {
    this.#free.push(...slabs);
  }
}

/** The memory of one body. */
export class Lease {
  readonly #memory: BodyMemory;
  #slabs: SharedArrayBuffer[] = [];
  #blocks: Buffer[] = [];
  /** Bytes of the last block that have been filled. */
  #filled = 0;
  #released = false;

  constructor(memory: BodyMemory) {
    this.#memory = memory;
  }

  /**
   * Copies bytes to the end of the body. Once it is released it does nothing: nobody would give that memory back.
   * @param left bytes that are still to come, these included, as far as anybody knows
   */
  push(bytes: Buffer, left: number): void {
    if (this.#released) return;
    for (let from = 0; from < bytes.length; ) {
      const block = this.#blockWithRoom(Math.max(bytes.length, left) - from);
      const copied = bytes.copy(block, this.#filled, from);
      this.#filled += copied;
      from += copied;
    }
  }

  /** All bytes in order, as long as it is not released. */
  bytes(): Buffer[] {
    return this.#blocks.map((block, i) => (i < this.#blocks.length - 1 ? block : block.subarray(0, this.#filled)));
  }

  /** Nobody reads the body any more. */
  release(): void {
    this.#released = true;
    this.#memory.give(this.#slabs);
    this.#slabs = [];
    this.#blocks = [];
  }

  #blockWithRoom(left: number): Buffer {
    const last = this.#blocks.at(-1);
    if (last && this.#filled < last.length) return last;
    const slab = this.#memory.take();
    if (slab) this.#slabs.push(slab);
    const block = slab ? Buffer.from(slab) : Buffer.allocUnsafeSlow(Math.min(SLAB_BYTES, left));
    this.#blocks.push(block);
    this.#filled = 0;
    return block;
  }
}
