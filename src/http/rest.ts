import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** CONTRACT: of a body that nobody reads, so much is dropped and for so long, so that a client that sends first sees its refusal. */
export const MOST_DROPPED_BYTES = 128 * 2 ** 20;
export const LONGEST_DROPPING_MS = 5000;
/** A service that is about to end waits no longer than this for a client that still sends. */
const LONGEST_WHEN_CLOSING_MS = 1000;
/**
 * To read a megabyte takes the event loop about a millisecond, and it has others to serve: of all bodies together so much is dropped in
 * each tick, some 33 MB a second, and so many at a time. When there are more, the one that came first is cut off: its client has had the longest time
 * to see its refusal.
 */
export const DROPPED_A_TICK = 5 * 65_536;
export const MOST_BODIES = 256;
const TICK_MS = 10;
const TICKS_A_LOOK = 10;

/** Does a body still come that has not been read to its end? */
export function bodyComes(raw: IncomingMessage): boolean {
  const there = raw.complete || raw.readableEnded || raw.destroyed;
  return !there && (raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length']) > 0);
}

/** A body that is read and dropped, until it ends, its client goes, or a bound is reached: then its connection is closed. */
class Rest {
  readonly #raw: IncomingMessage;
  readonly #startedAt: number;
  readonly #deadline: number;
  readonly #dropping: Dropping;
  readonly #ended: () => void;

  constructor(raw: IncomingMessage, ms: number, dropping: Dropping, ended: () => void) {
    this.#raw = raw;
    this.#startedAt = raw.socket.bytesRead;
    this.#deadline = performance.now() + ms;
    this.#dropping = dropping;
    this.#ended = ended;
    raw.on('end', this.#stop).on('close', this.#stop);
    raw.unpipe();
  }

  readonly #stop = (): void => {
    this.#raw.off('end', this.#stop).off('close', this.#stop).off('readable', this.#read);
    this.#dropping.forget(this);
    this.#ended();
  };

  /** Nothing is read before its turn has come: what is not read waits with the client. */
  begin(): void {
    if (this.#raw.listenerCount('readable', this.#read) === 0) this.#raw.on('readable', this.#read);
    this.#read();
  }

  readonly #read = (): void => {
    if (!this.#dropping.allows(this)) return;
    this.#dropping.spend((this.#raw.read() as Buffer | null)?.length ?? 0);
  };

  look(now: number): void {
    // Of a body that Node drops itself nobody is told how much, so the socket's count is looked at.
    if (now >= this.#deadline || this.#raw.socket.bytesRead - this.#startedAt > MOST_DROPPED_BYTES) this.cut();
  }

  cut(): void {
    this.#stop();
    this.#raw.socket.destroy();
  }
}

/** All bodies that one event loop drops. */
export class Dropping {
  #left = DROPPED_A_TICK;
  #ticks = 0;
  readonly #bodies = new Set<Rest>();
  /** Those that wait for the next tick, in turn. */
  readonly #waiting = new Set<Rest>();
  #timer: NodeJS.Timeout | undefined;

  /** Comes back once the body has ended, its client has gone, or its connection is closed. */
  add(raw: IncomingMessage, ms: number): Promise<void> {
    if (raw.complete || raw.readableEnded || raw.destroyed) return Promise.resolve();
    const [first] = this.#bodies;
    if (first && this.#bodies.size >= MOST_BODIES) first.cut();
    return new Promise((resolve) => {
      const body = new Rest(raw, ms, this, resolve);
      this.#bodies.add(body);
      this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
      if (this.allows(body)) body.begin();
    });
  }

  /** Whether more may be read in this tick; where not, the body is called in a later one. */
  allows(body: Rest): boolean {
    if (this.#left > 0) return true;
    this.#waiting.add(body);
    return false;
  }

  spend(bytes: number): void {
    this.#left -= bytes;
  }

  forget(body: Rest): void {
    this.#bodies.delete(body);
    this.#waiting.delete(body);
    if (this.#bodies.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#left = DROPPED_A_TICK;
  }

  #tick(): void {
    this.#left = DROPPED_A_TICK;
    const now = performance.now();
    if (++this.#ticks % TICKS_A_LOOK === 0) for (const body of this.#bodies) body.look(now);
    for (const body of this.#waiting) {
      if (this.#left <= 0) break;
      this.#waiting.delete(body);
      body.begin();
    }
  }
}

const ofTheProcess = new Dropping();

/** Reads what still comes of a body and drops it, within the bounds. */
export function dropRest(raw: IncomingMessage, closing = false, dropping: Dropping = ofTheProcess): Promise<void> {
  return dropping.add(raw, closing ? LONGEST_WHEN_CLOSING_MS : LONGEST_DROPPING_MS);
}

/** A body that nobody has read by the time of the reply may come on for as long as is said here, whatever the route. */
export function dropUnreadBodies(app: FastifyInstance): void {
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (bodyComes(raw)) void dropRest(raw, app.attentionLifecycle.closing);
    done();
  });
}
