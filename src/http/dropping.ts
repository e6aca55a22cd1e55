import type { Socket } from 'node:net';

/**
 * What nobody reads is dropped at 256 MB a second, which takes about a tenth of a core: a flood of refused bodies leaves the
 * rest to requests that are served. Before that so much is dropped at any pace.
 */
export const PACE_BYTES_PER_MS = 256_000;
export const AT_ANY_PACE_BYTES = 128 * 2 ** 20;
/** A body up to this is mostly here, and never waits. */
const NEVER_WAITS_BYTES = 65_536;
/** So many wait to be dropped; then the connection of the one that waits longest is closed: its client had the longest time to see its refusal. */
export const MOST_WAITING = 1024;
const TICK_MS = 10;

/** All bodies that one event loop drops, in turn. What has not been read of them stays with their clients. */
export class Dropping {
  readonly #waiting = new Map<Socket, () => void>();
  #left = AT_ANY_PACE_BYTES;
  #refilledAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** Calls `read` once bodies of so many bytes may be read from the connection. The function returned ends the wait. */
  begin(socket: Socket, bytes: number, read: () => void): () => void {
    this.#refill();
    if (bytes <= NEVER_WAITS_BYTES || (this.#left > 0 && this.#waiting.size === 0)) {
      this.#left -= bytes;
      read();
      return () => undefined;
    }
    const leave = (): void => {
      socket.off('resume', stayPaused);
      this.#forget(socket);
    };
    this.#waiting.set(socket, () => {
      leave();
      this.#left -= bytes;
      socket.resume();
      read();
    });
    socket.on('resume', stayPaused).pause();
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    const [longest] = this.#waiting.keys();
    if (this.#waiting.size > MOST_WAITING) longest?.destroy();
    return leave;
  }

  #forget(socket: Socket): void {
    this.#waiting.delete(socket);
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #refill(): void {
    const now = performance.now();
    this.#left = Math.min(AT_ANY_PACE_BYTES, this.#left + (now - this.#refilledAt) * PACE_BYTES_PER_MS);
    this.#refilledAt = now;
  }

  #tick(): void {
    this.#refill();
    for (const begin of this.#waiting.values()) {
      if (this.#left <= 0) return;
      begin();
    }
  }
}

/** Node reads on by itself once the reply is out. */
function stayPaused(this: Socket): void {
  this.pause();
}
