import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { pendingReply } from './connections.ts';
import { Dropping } from './dropping.ts';
import { leaveUnheard } from './unheard.ts';

/** CONTRACT: of a body that nobody reads, so much is dropped and for so long, so that a client that sends first sees its refusal. */
export const MOST_DROPPED_BYTES = 128 * 2 ** 20;
export const LONGEST_DROPPING_MS = 5000;
/** A service that is about to end waits no longer than this for a client that still sends. */
const LONGEST_WHEN_CLOSING_MS = 1000;
const LOOK_MS = 100;
/** What a body has whose length nobody said, for its turn to be dropped. */
const ASSUMED_BYTES = 2 ** 20;

/** Does a body still come that has not been read to its end? */
export function bodyComes(raw: IncomingMessage): boolean {
  const there = raw.complete || raw.readableEnded || raw.destroyed;
  return !there && (raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length']) > 0);
}

const ofTheProcess = new Dropping();

function announcedBytes({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? ASSUMED_BYTES);
}

/** Would a body have to wait before it is dropped? */
export function waitsForDropping(raw: IncomingMessage): boolean {
  return ofTheProcess.waits(announcedBytes(raw));
}

/** Those whose dropping has begun. */
const begun = new WeakSet<IncomingMessage>();

/**
 * Reads what still comes of a body and drops it. It ends when the body does, when the client goes, or at the bounds:
 * then the connection is closed.
 */
export function dropRest(raw: IncomingMessage, closing = false, dropping: Dropping = ofTheProcess): Promise<void> {
  begun.add(raw);
  return new Promise((resolve) => {
    const { socket } = raw;
    const startedAt = socket.bytesRead;
    const deadline = performance.now() + (closing ? LONGEST_WHEN_CLOSING_MS : LONGEST_DROPPING_MS);
    let leave = (): void => undefined;
    const stop = (): void => {
      clearInterval(timer);
      leave();
      socket.off('resume', stayPaused);
      raw.off('end', stop).off('close', stop);
      resolve();
    };
    // Nobody is told how much of a body Node drops, so the socket's count is looked at.
    const timer = setInterval(() => {
      if (performance.now() < deadline && socket.bytesRead - startedAt <= MOST_DROPPED_BYTES) return;
      stop();
      socket.destroy();
    }, LOOK_MS);
    raw.on('end', stop).on('close', stop);
    raw.unpipe();
    let heard = true;
    leave = dropping.begin({
      socket,
      bytes: announcedBytes(raw),
      read() {
        heard = false;
        leaveUnheard(raw);
        socket.off('resume', stayPaused).resume();
        raw.resume();
      },
      hold() {
        // Node's parser reads a connection faster for as long as that has not been paused.
        if (heard && pendingReply(socket)) raw.pause();
        else socket.on('resume', stayPaused).pause();
      },
    });
    if (raw.complete || raw.readableEnded || raw.destroyed) stop();
  });
}

/** A body that nobody has read by the time of the reply may come on for as long as is said here, whatever the route. */
export function dropUnreadBodies(app: FastifyInstance): void {
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (bodyComes(raw) && !begun.has(raw)) void dropRest(raw, app.attentionLifecycle.closing);
    done();
  });
}

/** Node reads on by itself once the reply is out. */
function stayPaused(this: Socket): void {
  this.pause();
}
