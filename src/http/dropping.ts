import type { Socket } from 'node:net';

/**
 * What nobody reads is dropped at 128 MB a second, which takes less than a tenth of a core: a flood of refused bodies leaves the
 * rest to requests that are served. Before that so much is dropped at any pace.
 */
export const PACE_BYTES_PER_MS = 128_000;
export const AT_ANY_PACE_BYTES = 128 * 2 ** 20;
/** A body up to this is mostly here, and never waits. */
const NEVER_WAITS_BYTES = 65_536;
/** No more is reckoned with before it comes: a client may say much and send nothing. */
export const UP_FRONT_BYTES = 2 ** 20;
/** So many wait to be dropped; then the connection of the one that waits longest is closed: its client had the longest time to see its refusal. */
export const MOST_WAITING = 1024;
const TICK_MS = 10;

/** A body that is to be dropped. */
export interface Unread {
  readonly socket: Socket;
  /** Bytes that it has left, as its client says. */
  readonly bytes: number;
  /** Lets it come. */
  readonly read: () => void;
  /** Leaves what comes of it with its client, until it is read again. */
  readonly hold: () => void;
}

/** One whose turn it was: what its connection had brought before, and for how much of what has come since it has been reckoned. */
interface Coming {
  readonly before: number;
  reckoned: number;
}

/** All bodies that one event loop drops, in turn. What has not been read of them stays with their clients. */
export class Dropping {
  /** The one that waits longest first. */
  readonly #waiting = new Set<Unread>();
  readonly #coming = new Map<Unread, Coming>();
  #left = AT_ANY_PACE_BYTES;
  #refilledAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** Whether a body of so many bytes would have to wait now. */
  waits(bytes: number): boolean {
    this.#refill();
    return bytes > NEVER_WAITS_BYTES && (this.#left <= 0 || this.#waiting.size > 0);
  }

  /** Has a body read once it may be, and held while too much has come of others. Ends by the function returned. */
  begin(unread: Unread): () => void {
    if (unread.bytes <= NEVER_WAITS_BYTES) {
      this.#left -= unread.bytes;
      unread.read();
      return () => undefined;
    }
    if (this.waits(unread.bytes)) this.#hold(unread);
    else this.#read(unread);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    const [longest] = this.#waiting;
    if (this.#waiting.size > MOST_WAITING) longest?.socket.destroy();
    return () => this.#forget(unread);
  }

  #read(unread: Unread): void {
    const { bytesRead } = unread.socket;
    const coming = this.#coming.get(unread) ?? { before: bytesRead, reckoned: 0 };
    const upFront = Math.min(UP_FRONT_BYTES, unread.bytes);
    this.#left -= upFront;
    coming.reckoned += upFront;
    this.#coming.set(unread, coming);
    this.#waiting.delete(unread);
    unread.read();
  }

  #hold(unread: Unread): void {
    this.#waiting.add(unread);
    unread.hold();
  }

  #forget(unread: Unread): void {
    this.#reckon(unread);
    this.#waiting.delete(unread);
    this.#coming.delete(unread);
    if (this.#waiting.size + this.#coming.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Counts what has come of a body, and says whether that is more than has been reckoned with. */
  #reckon(unread: Unread): boolean {
    const coming = this.#coming.get(unread);
    if (!coming) return false;
    const more = unread.socket.bytesRead - coming.before - coming.reckoned;
    if (more <= 0) return false;
    this.#left -= more;
    coming.reckoned += more;
    return true;
  }

  #refill(): void {
    const now = performance.now();
    this.#left = Math.min(AT_ANY_PACE_BYTES, this.#left + (now - this.#refilledAt) * PACE_BYTES_PER_MS);
    this.#refilledAt = now;
  }

  #tick(): void {
    this.#refill();
    for (const unread of this.#coming.keys()) if (!this.#waiting.has(unread) && this.#reckon(unread) && this.#left <= 0) this.#hold(unread);
    for (const unread of this.#waiting) {
      if (this.#left <= 0) return;
      this.#read(unread);
    }
  }
}
