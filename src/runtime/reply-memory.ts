/*
 * Memory in which a worker thread prints a reply, and from which the event loop sends it: shared, and used again. Fresh memory costs
 * more than the printing of it: the kernel clears each page, and V8 counts memory that is handed over between threads as
 * a reason to collect garbage, every few replies of some megabytes. Shared memory it does not count.
 */

/** A thread keeps at most so many bytes for replies to come; a longer reply has memory of its own. */
export const KEPT_BYTES = 24 * 2 ** 20;
/** In front of the bytes of a reply: whether somebody has them. */
const HEAD_BYTES = 64;
/** Sizes are multiples of this, so that what was taken for one reply fits another. Pages that nobody writes to take no memory. */
const STEP_BYTES = 2 ** 20;

const FREE = 0;
const TAKEN = 1;

/** What one worker thread keeps. */
export class ReplyMemory {
  /** Whether a reply may lie in memory that is lent: whoever gets it says when it is done with. */
  lends = false;
  #kept: SharedArrayBuffer[] = [];
  /** What has been taken since the last reply was handed over. */
  #open = new Set<SharedArrayBuffer>();

  /** Memory for so many bytes, whatever stands in it: lent, or of its own. */
  readonly allocate = (bytes: number): Buffer => {
    const size = STEP_BYTES * Math.ceil((HEAD_BYTES + bytes) / STEP_BYTES);
    if (!this.lends || size > KEPT_BYTES) return Buffer.allocUnsafeSlow(bytes);
    const memory = this.#kept.find((each) => each.byteLength >= size && isFree(each)) ?? this.#more(size);
    if (!memory) return Buffer.allocUnsafeSlow(bytes);
    setState(memory, TAKEN);
    this.#open.add(memory);
    return Buffer.from(memory, HEAD_BYTES, bytes);
  };

  /** The reply is handed over: it is free again when `giveBack` has been called for it. */
  handOver({ buffer }: Uint8Array): void {
    if (buffer instanceof SharedArrayBuffer) this.#open.delete(buffer);
  }

  /** What was taken and not handed over is free. */
  letGo(): void {
    for (const memory of this.#open) setState(memory, FREE);
    this.#open.clear();
  }

  /** One more, where there is room for it besides those that somebody has. */
  #more(size: number): SharedArrayBuffer | undefined {
    const taken = this.#kept.filter((each) => !isFree(each));
    let room = KEPT_BYTES - size - bytesOf(taken);
    if (room < 0) return undefined;
    const memory = new SharedArrayBuffer(size);
    const free = this.#kept.filter((each) => {
      if (!isFree(each) || each.byteLength > room) return false;
      room -= each.byteLength;
      return true;
    });
    this.#kept = [...taken, ...free, memory];
    return memory;
  }
}

/** A reply that lies in memory of a worker's ReplyMemory has been sent, or nobody wants it. Of other memory nothing is done. */
export function giveBack({ buffer }: Uint8Array): void {
  if (buffer instanceof SharedArrayBuffer) setState(buffer, FREE);
}

function bytesOf(memory: readonly SharedArrayBuffer[]): number {
  return memory.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function isFree(memory: SharedArrayBuffer): boolean {
  return Atomics.load(new Int32Array(memory, 0, 1), 0) === FREE;
}

function setState(memory: SharedArrayBuffer, state: typeof FREE | typeof TAKEN): void {
  Atomics.store(new Int32Array(memory, 0, 1), 0, state);
}
