import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Hold } from '../runtime/admission.ts';
import { ClientGone } from './gone.ts';
import { LineRooms } from './line-room.ts';
import type { ReaderPace } from './pace.ts';

/** Replies kept for a client that does not read yet. Past that, nothing more is read from it (CONTRACT section 2). */
export const KEPT_BYTES = 8 * 2 ** 20;
/** All streams together keep at most this share of MAX_PENDING_BYTES. */
const STREAMS_SHARE = 4;
/** What a reader has taken tells nobody, so it is looked at. */
const LOOK_MS = 20;

/** What all streams of a service keep together, and those of them that wait for room, in the order in which they came. */
export class StreamRooms {
  /** Bytes of replies that all streams keep now. */
  kept = 0;
  readonly most: number;
  /** What their lines hold before that. */
  readonly lines: LineRooms;
  readonly #keeping = new Set<StreamRoom>();
  readonly #waiting = new Set<() => boolean>();
  #timer: NodeJS.Timeout | undefined;

  /** @param mostBytes what all requests may hold together */
  constructor(mostBytes: number) {
    this.most = Math.floor(mostBytes / STREAMS_SHARE);
    this.lines = new LineRooms(mostBytes);
  }

  /** This room keeps replies now, and is looked at until it keeps none. */
  watch(room: StreamRoom): void {
    this.#keeping.add(room);
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
  }

  forget(room: StreamRoom): void {
    this.#keeping.delete(room);
  }

  /** Comes back once `ready` is true. */
  until(ready: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(() => {
        if (!ready()) return false;
        resolve();
        return true;
      });
      this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
    });
  }

  #look(): void {
    for (const room of this.#keeping) if (room.measure() === 0) this.#keeping.delete(room);
    for (const waiting of this.#waiting) if (waiting()) this.#waiting.delete(waiting);
    if (this.#keeping.size > 0 || this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** The replies that one stream keeps for its reader: those that are with neither the socket nor the reader yet. */
export class StreamRoom {
  readonly #rooms: StreamRooms;
  readonly #hold: Hold;
  readonly #response: ServerResponse;
  readonly #pace: ReaderPace;
  #replies: Readable | undefined;
  #kept = 0;
  #released = false;
  /** Bytes that have been let in, and are not in `replies` yet. */
  #onTheWay = 0;

  constructor(rooms: StreamRooms, hold: Hold, response: ServerResponse, pace: ReaderPace) {
    this.#rooms = rooms;
    this.#hold = hold;
    this.#response = response;
    this.#pace = pace;
  }

  /** The stream of replies whose buffer is looked at. */
  watch(replies: Readable): void {
    this.#replies = replies;
  }

  /** Comes back once so many bytes more can be kept. While it waits, the reader has to read. @throws ClientGone */
  async keep(bytes: number): Promise<void> {
    await this.#untilRead(() => this.#fits(bytes));
    this.#onTheWay = bytes;
    this.#become(this.#kept + bytes);
    this.#rooms.watch(this);
  }

  /** What was let in last is in the stream of replies now. */
  handed(): void {
    this.#onTheWay = 0;
  }

  /** Comes back once the reader has taken all that is kept. @throws ClientGone */
  drained(): Promise<void> {
    return this.#untilRead(() => this.#kept === 0);
  }

  /** Comes back once `ready` is true. @throws ClientGone */
  async wait(ready: () => boolean): Promise<void> {
    this.#refuseGone();
    if (ready()) return;
    await this.#rooms.until(() => this.#response.closed || ready());
    this.#refuseGone();
  }

  /** Looks how much is kept now. */
  measure(): number {
    if (!this.#released) this.#become((this.#replies?.readableLength ?? 0) + this.#response.writableLength + this.#onTheWay);
    return this.#kept;
  }

  release(): void {
    this.#released = true;
    this.#rooms.forget(this);
    this.#rooms.kept -= this.#kept;
    this.#kept = 0;
    this.#hold.release();
  }

  async #untilRead(ready: () => boolean): Promise<void> {
    const measured = () => {
      this.measure();
      return ready();
    };
    if (measured()) return;
    this.#pace.full = true;
    await this.wait(measured);
    this.#pace.full = false;
  }

  #fits(bytes: number): boolean {
    const own = this.#kept === 0 || this.#kept + bytes <= KEPT_BYTES;
    const all = this.#rooms.kept === 0 || this.#rooms.kept + bytes <= this.#rooms.most;
    return own && all && this.#hold.tryResize(this.#kept + bytes);
  }

  #become(kept: number): void {
    this.#rooms.kept += kept - this.#kept;
    this.#kept = kept;
    this.#hold.tryResize(kept);
  }

  #refuseGone(): void {
    if (this.#response.closed) throw new ClientGone('the connection closed before the stream was answered');
  }
}
