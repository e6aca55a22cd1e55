import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** What goes over a server's connections, counted by their sockets: nothing is added up before somebody asks. */
export class Traffic {
  readonly #open = new Set<Socket>();
  #receivedBefore = 0;
  #sentBefore = 0;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.once('close', () => {
        this.#open.delete(socket);
        this.#receivedBefore += socket.bytesRead;
        this.#sentBefore += sentOn(socket);
      });
    });
  }

  /** Open connections. */
  get connections(): number {
    return this.#open.size;
  }

  /** Bytes that came, headers included, as they were on the wire. */
  get received(): number {
    return this.#receivedBefore + sum(this.#open, (socket) => socket.bytesRead);
  }

  /** Bytes that went. */
  get sent(): number {
    return this.#sentBefore + sum(this.#open, sentOn);
  }
}

/** Node counts what waits to be sent, too. */
function sentOn(socket: Socket): number {
  return (socket.bytesWritten ?? 0) - socket.writableLength;
}

function sum(sockets: Iterable<Socket>, of: (socket: Socket) => number): number {
  let total = 0;
  for (const socket of sockets) total += of(socket);
  return total;
}
