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
    socket.pause();
    waiting.set(socket, (waiting.get(socket) ?? 0) + 1);
    response.once('socket', () => {
      const left = (waiting.get(socket) ?? 1) - 1;
      waiting.set(socket, left);
      if (left === 0) socket.resume();
      // Node has not written the reply before by now, and is in the middle of giving this one the connection.
      process.nextTick(handler, request, response);
    });
  };
}
