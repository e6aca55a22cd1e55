import type { Socket } from 'node:net';
import type { Connections } from './connections.ts';

/** CONTRACT section 9: what a reader for whom bytes wait takes at least, averaged over the time that a reply may take. */
const SLOWEST_BYTES_PER_MS = 1;
const LOOKS = 10;

/** Connections whose replies are a stream: their readers are slow only while the stream's buffer is full. */
const streams = new WeakSet<Socket>();

/** What one reader has taken, as its socket took it. */
class Reader {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  #since = performance.now();
  #takenBefore: number;

  constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#takenBefore = this.#taken;
  }

  /** Looks at a reader for whom bytes wait, or not: one that took too little while they did is cut off. */
  look(waits: boolean): void {
    const now = performance.now();
    const fell = now - this.#since >= this.#timeoutMs;
    const taken = this.#taken;
    if (fell && waits && taken - this.#takenBefore < this.#timeoutMs * SLOWEST_BYTES_PER_MS) this.#socket.destroy();
    if (waits && !fell) return;
    this.#since = now;
    this.#takenBefore = taken;
  }

  get #taken(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }
}

/**
 * Cuts the connection of a stream's reader that stands still: one that has left the replies' buffer full for
 * `timeoutMs`, and has taken less than 1 kB/s meanwhile.
 */
export class ReaderPace {
  /** Replies wait for the reader, and nothing more is read for it. */
  full = false;
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;

  constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    streams.add(socket);
    const reader = new Reader(socket, timeoutMs);
    this.#timer = setInterval(
      () => {
        if (socket.destroyed) this.stop();
        else reader.look(this.full);
      },
      Math.max(1, timeoutMs / LOOKS),
    );
  }

  stop(): void {
    clearInterval(this.#timer);
    streams.delete(this.#socket);
  }
}

/** Cuts every connection whose reader takes less than 1 kB/s, over `timeoutMs`, of a reply that waits for it. The function returned ends it. */
export function paceReaders(connections: Connections, timeoutMs: number): () => void {
  let readers = new Map<Socket, Reader>();
  const timer = setInterval(
    () => {
      const waiting = new Map<Socket, Reader>();
      for (const socket of connections) {
        if (socket.writableLength === 0 || streams.has(socket)) continue;
        const reader = readers.get(socket) ?? new Reader(socket, timeoutMs);
        reader.look(true);
        waiting.set(socket, reader);
      }
      readers = waiting;
    },
    Math.max(1, timeoutMs / LOOKS),
  ).unref();
  return () => clearInterval(timer);
}
