import { Failure } from '../engine/failure.ts';
import { READ_HOLDS } from './cost.ts';

/** So much may be held besides by a body that is read, without asking: each thread reads one at a time, and the event loop short ones. */
export const SPARED_BYTES = 65_536;

/** A body up to so many bytes never needs more than is spared: JSON.parse makes less than 128 bytes of each (wire/parsed-bytes.ts). */
export const SPARED_BODY_BYTES = SPARED_BYTES / 128;

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
  #asked = 0;
  #taken = 0;

  /**
   * @param held bytes that are held for the body already, itself included
   * @param borrowed and those that were taken before for what it needs beyond that
   */
  constructor(bodyBytes: number, held: number, purse: ReadingPurse, borrowed = 0) {
    this.#spare = SPARED_BYTES + Math.max(0, held - bodyBytes);
    this.#purse = purse;
    this.#borrowed = borrowed;
  }

  /** Bytes that reading takes beyond what is held, as far as it has asked. */
  get needed(): number {
    return Math.max(0, this.#asked - this.#spare);
  }

  /** A second reading asks for more: what the first one held may still be there. @throws what taking throws */
  readonly make = (bytes: number): void => {
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
