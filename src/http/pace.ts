import type { Socket } from 'node:net';

/** CONTRACT section 9: what a reader for whom bytes wait takes at least, averaged over the time that a reply may take. */
const SLOWEST_BYTES_PER_MS = 1;
const LOOKS = 10;

/**
 * Cuts the connection of a reader that stands still: one that has left the replies' buffer full for `timeoutMs`, and
 * has taken less than 1 kB/s meanwhile, as the socket took it.
 */
export class ReaderPace {
  /** Replies wait for the reader, and nothing more is read for it. */
  full = false;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #timer: NodeJS.Timeout;
  #since = performance.now();
  #takenBefore = 0;

  constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#timer = setInterval(() => this.#look(), Math.max(1, timeoutMs / LOOKS));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#socket.destroyed) this.stop();
    const now = performance.now();
    const taken = this.#socket.bytesWritten - this.#socket.writableLength;
    const fell = now - this.#since >= this.#timeoutMs;
    if (fell && this.full && taken - this.#takenBefore < this.#timeoutMs * SLOWEST_BYTES_PER_MS) {
      this.stop();
      this.#socket.destroy();
    }
    if (this.full && !fell) return;
    this.#since = now;
    this.#takenBefore = taken;
  }
}
