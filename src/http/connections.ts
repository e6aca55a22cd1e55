import type { RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Time for what is being answered when the service closes; then its connections are cut. */
export const LAST_WORDS_MS = 5000;
const LOOK_MS = 50;

/** The reply that a connection is waiting for. Node has no public word for it; its own closeIdleConnections reads the same. */
export function pendingReply(socket: Socket): ServerResponse | undefined {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

/** The connections of a server, from the first. */
export class Connections {
  readonly #open = new Set<Socket>();
  /** Those on which nothing is being answered, the one that is idle longest first. */
  readonly #idle = new Set<Socket>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): Iterator<Socket> {
    return this.#open.values();
  }

  follow(server: Server): void {
    server.on('connection', (socket: Socket) => this.#add(socket));
  }

  /** Tells from now on which connections are idle: `handler`, which answers the requests of them all. */
  watch(handler: RequestListener): RequestListener {
    return (request, response) => {
      const { socket } = request;
      this.#idle.delete(socket);
      response.once('close', () => {
        if (this.#open.has(socket)) this.#idle.add(socket);
      });
      handler(request, response);
    };
  }

  #add(socket: Socket): void {
    if (this.#open.size >= this.#most) {
      const [longest] = this.#idle;
      if (!longest) {
        socket.destroy();
        return;
      }
      // It counts no more, though its end is heard a moment later.
      this.#remove(longest);
      longest.destroy();
    }
    this.#open.add(socket);
    this.#idle.add(socket);
    socket.once('close', () => this.#remove(socket));
  }

  #remove(socket: Socket): void {
    this.#open.delete(socket);
    this.#idle.delete(socket);
  }

  /**
   * For when the server stops listening: connections on which nothing is being answered are closed at once (idle ones,
   * and ones whose request is not here), the others after their answer, and all of them after LAST_WORDS_MS.
   */
  closeInTime(server: Server): void {
    const deadline = performance.now() + LAST_WORDS_MS;
    const timer = setInterval(() => {
      const late = performance.now() >= deadline;
      for (const socket of this.#open) if (late || !pendingReply(socket)) socket.destroy();
      if (this.#open.size === 0 && !server.listening) clearInterval(timer);
    }, LOOK_MS);
  }
}
