import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** CONTRACT: of a body that nobody reads, so much is dropped and for so long, so that a client that sends first sees its refusal. */
export const MOST_DROPPED_BYTES = 128 * 2 ** 20;
export const LONGEST_DROPPING_MS = 5000;
/** A service that is about to end waits no longer than this for a client that still sends. */
const LONGEST_WHEN_CLOSING_MS = 1000;
const LOOK_MS = 100;
/**
 * Of all bodies together so much is dropped in each tick, some 100 MB a second: it takes the event loop's time from those who are
 * served, and who sends more than that waits for it to be read.
 */
export const DROPPED_A_TICK = 2 ** 20;
const TICK_MS = 10;

/** What may still be dropped in this tick, and who waits for the next. */
export class Budget {
  #left = DROPPED_A_TICK;
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  /** Whether more may be read now; where not, `goOn` is called in a later tick. */
  allows(goOn: () => void): boolean {
    if (this.#left > 0) return true;
    this.#waiting.add(goOn);
    return false;
  }

  spend(bytes: number): void {
    this.#left -= bytes;
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  forget(goOn: () => void): void {
    this.#waiting.delete(goOn);
  }

  #tick(): void {
    this.#left = DROPPED_A_TICK;
    if (this.#waiting.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    for (const goOn of this.#waiting) {
      if (this.#left <= 0) break;
      this.#waiting.delete(goOn);
      goOn();
    }
  }
}

/** Of the one event loop. */
const ofTheProcess = new Budget();

/** Does a body still come that has not been read to its end? */
export function bodyComes(raw: IncomingMessage): boolean {
  const there = raw.complete || raw.readableEnded || raw.destroyed;
  return !there && (raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length']) > 0);
}

/** Node itself drops at any pace what nobody has begun to read by the end of the reply: this begins to. */
export function keepFromNode(raw: IncomingMessage): void {
  raw.read(0);
}

/**
 * Reads what still comes of a body and drops it. It ends when the body does, when the client goes, or at the bounds:
 * then the connection is closed. The time in which the client had to wait for us is not the client's.
 */
export function dropRest(raw: IncomingMessage, closing = false, budget: Budget = ofTheProcess): Promise<void> {
  return new Promise((resolve) => {
    const { socket } = raw;
    const startedAt = socket.bytesRead;
    let deadline = performance.now() + (closing ? LONGEST_WHEN_CLOSING_MS : LONGEST_DROPPING_MS);
    let waitsSince: number | undefined;
    const stop = (): void => {
      clearInterval(timer);
      budget.forget(goOn);
      raw.off('end', stop).off('close', stop).off('readable', read);
      resolve();
    };
    const read = (): void => {
      while (waitsSince === undefined && raw.readableLength > 0) {
        if (budget.allows(goOn)) budget.spend((raw.read() as Buffer).length);
        else waitsSince = performance.now();
      }
      // It asks for what follows, the end too.
      if (waitsSince === undefined) raw.read(0);
    };
    const goOn = (): void => {
      deadline += performance.now() - (waitsSince ?? 0);
      waitsSince = undefined;
      read();
    };
    // Of a body that Node drops itself nobody is told how much, so the socket's count is looked at.
    const timer = setInterval(() => {
      if ((performance.now() < deadline || waitsSince !== undefined) && socket.bytesRead - startedAt <= MOST_DROPPED_BYTES) return;
      stop();
      socket.destroy();
    }, LOOK_MS);
    raw.on('end', stop).on('close', stop);
    raw.unpipe();
    raw.on('readable', read);
    if (raw.complete || raw.readableEnded || raw.destroyed) stop();
  });
}

/** A body that nobody has read by the time of the reply may come on for as long as is said here, whatever the route. */
export function dropUnreadBodies(app: FastifyInstance): void {
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (bodyComes(raw)) void dropRest(raw, app.attentionLifecycle.closing);
    done();
  });
}
