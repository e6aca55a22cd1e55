import { Failure } from '../engine/failure.ts';
import { READ_HOLDS } from './cost.ts';

/** So much may be held besides by a body that is read, without asking: each thread reads one at a time, and the event loop short ones. */
export const SPARED_BYTES = 65_536;

/** A body up to so many bytes never needs more than is spared: JSON.parse makes less than 128 bytes of each (wire/parsed-bytes.ts). */
export const SPARED_BODY_BYTES = SPARED_BYTES / 128;

/** The share of a thread's heap that JSON.parse may take. Where it takes all of it, V8 ends the process now and then, and not that thread alone. */
const HEAP_SHARE = 0.75;

/** What a body is that takes more than a thread has. */
export function tooLargeFor(heapBytes: number): Failure {
  return new Failure('body-too-large', `reading and answering it takes more than the ${heapBytes / 2 ** 20} MB that a thread has`);
}

/** Where room is taken, and where it is given back. */
export interface ReadingPurse {
  /** @throws Failure `body-too-large`, `too-many-requests` */
  take(bytes: number): void;
  give(bytes: number): void;
}

/** What is held for a line when it is read: its stream holds that. */
export function heldForLine(bodyBytes: number): number {
  return READ_HOLDS.json * bodyBytes;
}

/** Whether a question is refused since others are under way: one that is patient waits. */
export function isForLoad(error: unknown): boolean {
  return error instanceof Failure && error.code === 'too-many-requests';
}

/** The room that reading one body takes beyond what is held for that body already. */
export class ReadingRoom {
  readonly #spare: number;
  readonly #purse: ReadingPurse;
  readonly #borrowed: number;
  readonly #heapBytes: number;
  #asked = 0;
  #taken = 0;

  /**
   * @param held bytes that are held for the body already, itself included
   * @param borrowed and those that were taken before for what it needs beyond that
   * @param heapBytes that the thread has
   */
  constructor(bodyBytes: number, held: number, purse: ReadingPurse, borrowed = 0, heapBytes = Number.POSITIVE_INFINITY) {
    this.#spare = SPARED_BYTES + Math.max(0, held - bodyBytes);
    this.#purse = purse;
    this.#borrowed = borrowed;
    this.#heapBytes = heapBytes;
  }

  /** Bytes that reading takes beyond what is held, as far as it has asked. */
  get needed(): number {
    return Math.max(0, this.#asked - this.#spare);
  }

  /**
   * A second reading asks for more: what the first one held may still be there.
   * @throws Failure `body-too-large` where the thread's heap does not suffice; what taking throws
   */
  readonly make = (bytes: number, onHeap = 0): void => {
    if (onHeap > HEAP_SHARE * this.#heapBytes) throw tooLargeFor(this.#heapBytes);
    this.#asked += bytes;
    const more = this.needed - this.#borrowed - this.#taken;
    if (more <= 0) return;
    this.#purse.take(more);
    this.#taken += more;
  };

  /** The body has been read, or given up. */
  leave(): void {
    if (this.#taken > 0) this.#purse.give(this.#taken);
    this.#taken = 0;
  }
}
