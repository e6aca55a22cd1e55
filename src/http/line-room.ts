import type { Hold } from '../runtime/admission.ts';
import { heldForLine } from '../runtime/reading.ts';

/** The lines of all streams together hold at most this share of MAX_PENDING_BYTES, and twice as much while streams begin: to compute them needs room too. */
const LINES_SHARE = 4;
const AT_MOST = 2;

/** What the lines of all streams hold that have not been answered. */
export class LineRooms {
  readonly #most: number;
  #held = 0;
  #holding = 0;
  /** Streams that wait for room: others do not pass them. */
  #waiting = 0;

  /** @param mostBytes what all requests may hold together */
  constructor(mostBytes: number) {
    this.#most = Math.floor(mostBytes / LINES_SHARE);
  }

  /** Bytes that the lines of all streams hold now. */
  get held(): number {
    return this.#held;
  }

  /** Bytes that the lines of each stream may hold, of those that have lines now. */
  get share(): number {
    return Math.floor(this.#most / Math.max(1, this.#holding));
  }

  /** Whether a stream that holds `own` bytes may hold `wanted`, which are more. One that has the room nearly to itself may have a line of any length. */
  fits(own: number, wanted: number, waits: boolean): boolean {
    const others = this.#held - own;
    return (waits || this.#waiting === 0) && (others <= this.#most || others + wanted <= AT_MOST * this.#most);
  }

  wait(): void {
    this.#waiting++;
  }

  waited(): void {
    this.#waiting--;
  }

  /** A stream holds so many bytes now, and held others before. */
  become(before: number, now: number): void {
    this.#held += now - before;
    this.#holding += Number(now > 0) - Number(before > 0);
  }
}

/** What the lines of one stream hold that have not been answered. */
export class LineRoom {
  readonly #rooms: LineRooms;
  readonly #hold: Hold;
  #held = 0;
  #waits = false;

  constructor(rooms: LineRooms, hold: Hold) {
    this.#rooms = rooms;
    this.#hold = hold;
  }

  /** Whether lines of so many bytes are as much as this stream may hold, beside the others. */
  isEnough(bytes: number): boolean {
    return heldForLine(bytes) > this.#rooms.share;
  }

  /** Lines of so many bytes are here now, more or fewer than before; false where there is no room for more. */
  tryFollow(bytes: number): boolean {
    const wanted = heldForLine(bytes);
    if (wanted > this.#held && !this.#rooms.fits(this.#held, wanted, this.#waits)) return false;
    const done = this.#hold.tryFollow(bytes);
    this.#become(this.#hold.bytes);
    return done;
  }

  /** Comes back with what `until` gives: room is looked for until then. */
  async waiting<T>(until: () => Promise<T>): Promise<T> {
    this.#waits = true;
    this.#rooms.wait();
    try {
      return await until();
    } finally {
      this.#waits = false;
      this.#rooms.waited();
    }
  }

  release(): void {
    this.#hold.release();
    this.#become(0);
  }

  #become(held: number): void {
    this.#rooms.become(this.#held, held);
    this.#held = held;
  }
}
