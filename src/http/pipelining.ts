import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';

/** How many requests of a connection wait for the replies before theirs. */
const waiting = new WeakMap<Socket, number>();

/**
 * One connection has one answer in work at a time: a request that came before the replies to those before it are sent
 * (RFC 9112, 9.3.2) is begun, and what follows it on the connection is read, once they are.
 */
export function oneAtATime(handler: RequestListener): RequestListener {
  return (request, response) => {
    if (response.socket) {
      handler(request, response);
      return;
    }
    const { socket } = request;
    const before = waiting.get(socket) ?? 0;
    waiting.set(socket, before + 1);
    if (before === 0) socket.on('resume', stayPaused);
    socket.pause();
    response.once('socket', () => {
      const left = (waiting.get(socket) ?? 1) - 1;
      waiting.set(socket, left);
      if (left === 0) socket.off('resume', stayPaused).resume();
      // Node has not written the reply before by now, and is in the middle of giving this one the connection.
      process.nextTick(handler, request, response);
    });
  };
}

/** Node reads on by itself, each time that a request has arrived as a whole. */
function stayPaused(this: Socket): void {
  this.pause();
}
