import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Time for what is being answered when the service closes; then its connections are cut. */
export const LAST_WORDS_MS = 5000;
const LOOK_MS = 50;

/** The reply that a connection is waiting for. Node has no public word for it; its own closeIdleConnections reads the same. */
export function pendingReply(socket: Socket): ServerResponse | undefined {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

/**
 * Follows the server's connections from the first. The function returned is for when the server stops listening:
 * connections on which nothing is being answered are closed at once (idle ones, and ones whose request is not here),
 * the others after their answer, and all of them after LAST_WORDS_MS.
 */
export function closeInTime(server: Server): (done: () => void) => void {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return (done) => {
    const deadline = performance.now() + LAST_WORDS_MS;
    const timer = setInterval(() => {
      const late = performance.now() >= deadline;
      for (const socket of open) if (late || !pendingReply(socket)) socket.destroy();
      if (open.size === 0 && !server.listening) clearInterval(timer);
    }, LOOK_MS);
    done();
  };
}
