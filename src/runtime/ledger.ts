/** What is summed over all requests that have been admitted: bytes held, and multiply-adds to do. */
export interface Sums {
  readonly bytes: number;
  readonly work: number;
}

export type Sum = keyof Sums;

const PLACE = { bytes: 0, work: 1 } as const satisfies Record<Sum, number>;

/**
 * The two sums, in memory that all threads share. A thread takes before it spends, and gives back afterwards; no thread
 * can take what would make a sum pass its bound.
 */
export class Ledger {
  /** To hand to other threads, which make a Ledger of their own over it. */
  readonly shared: SharedArrayBuffer;
  readonly most: Sums;
  readonly #sums: BigInt64Array;

  constructor(most: Sums, shared: SharedArrayBuffer = new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.most = most;
    this.shared = shared;
    this.#sums = new BigInt64Array(shared);
  }

  held(sum: Sum): number {
    return Number(Atomics.load(this.#sums, PLACE[sum]));
  }

  /** Takes a whole amount where the sum stays at or below `most`, and says whether it did. */
  take(sum: Sum, amount: number, most: number = this.most[sum]): boolean {
    const place = PLACE[sum];
    let held = Atomics.load(this.#sums, place);
    for (;;) {
      const after = Number(held) + amount;
      if (after > most) return false;
      const before = Atomics.compareExchange(this.#sums, place, held, BigInt(after));
      if (before === held) return true;
      held = before;
    }
  }

  give(sum: Sum, amount: number): void {
    Atomics.sub(this.#sums, PLACE[sum], BigInt(amount));
  }
}

/**
 * What one question has taken on a worker thread, and whether it is to stop, in memory that its thread and the main
 * thread share: where the worker dies, the main thread still knows what to give back.
 */
export class Slip {
  readonly shared: SharedArrayBuffer;
  readonly #stop: Int32Array;
  readonly #taken: BigInt64Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(3 * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.shared = shared;
    this.#taken = new BigInt64Array(shared, 0, 2);
    this.#stop = new Int32Array(shared, this.#taken.byteLength, 1);
  }

  get stopped(): boolean {
    return Atomics.load(this.#stop, 0) !== 0;
  }

  stop(): void {
    Atomics.store(this.#stop, 0, 1);
  }

  get taken(): Sums {
    return { bytes: Number(Atomics.load(this.#taken, PLACE.bytes)), work: Number(Atomics.load(this.#taken, PLACE.work)) };
  }

  /** Notes what has been taken from the ledger, besides what was before. */
  note(sum: Sum, amount: number): void {
    Atomics.add(this.#taken, PLACE[sum], BigInt(amount));
  }
}
