import { Failure } from '../engine/failure.ts';
import { BodyMemory, type Lease } from './body-memory.ts';
import { INLINE_BYTES } from './cost.ts';
import type { Ledger, Sum, Sums } from './ledger.ts';
import type { Price } from './question.ts';

/** The share of each sum that is kept for bodies up to INLINE_BYTES: small requests pass while large ones fill the rest. */
const KEPT_SHARE = 8;
/** Bodies that still arrive hold at most this share of the bytes. */
const ARRIVING_SHARE = 2;
const SETTING = { bytes: 'MAX_PENDING_BYTES', work: 'MAX_PENDING_WORK' } as const satisfies Record<Sum, string>;
const UNIT = { bytes: 'bytes', work: 'multiply-adds' } as const satisfies Record<Sum, string>;

/** What a sum may come to with a request whose body has so many bytes. */
function roomFor(bodyBytes: number, most: number): number {
  return bodyBytes <= INLINE_BYTES ? most : most - Math.floor(most / KEPT_SHARE);
}

/** What a request asks of one sum, and what it has of it already. */
interface Claim {
  readonly sum: Sum;
  readonly amount: number;
  readonly before: number;
  readonly bodyBytes: number;
  /** What it is where it would not fit even alone. */
  readonly alone?: 'body-too-large' | 'work-too-large';
}

/**
 * Takes an amount of one sum for a request.
 * @throws Failure `work-too-large` where it would not fit even alone, `too-many-requests` where it does not fit now
 */
export function takeOrRefuse(ledger: Ledger, claim: Claim): void {
  refuseAlone(ledger.most, claim);
  const { sum, amount, bodyBytes } = claim;
  const most = roomFor(bodyBytes, ledger.most[sum]);
  if (ledger.take(sum, amount, most)) return;
  throw new Failure(
    'too-many-requests',
    `the requests under way hold ${ledger.held(sum)} ${UNIT[sum]} together, and this one asks for ${amount} more; ${bound(sum, ledger.most[sum], bodyBytes)}`,
  );
}

/** @throws Failure `work-too-large` where the amount would not fit even if no other request were there */
function refuseAlone(most: Sums, { sum, amount, before, bodyBytes, alone = 'work-too-large' }: Claim): void {
  if (before + amount > roomFor(bodyBytes, most[sum]))
    throw new Failure(alone, `the request takes ${before + amount} ${UNIT[sum]} by itself; ${bound(sum, most[sum], bodyBytes)}`);
}

function bound(sum: Sum, most: number, bodyBytes: number): string {
  const kept = bodyBytes > INLINE_BYTES ? `, an eighth of which is kept for bodies up to ${INLINE_BYTES} bytes` : '';
  return `${SETTING[sum]} is ${most}${kept}`;
}

/** Says when to ask again, in seconds, where a request is refused for load. */
type RetryAfter = () => number;

/** The place of a request in the queue before its body is here. */
export interface Place {
  /** When it entered, in milliseconds. */
  readonly since: number;
  /** Kept once its body is to be read, or comes no more; broken where that has taken too long. Undefined where it is to be read at once. */
  reached(): Promise<void> | undefined;
  /** Its body is here, or comes no more. */
  leave(): void;
}

/**
 * The place of a body of so many bytes, none of which has been read; undefined for one that needs none. It is its turn once `ready` says so too.
 * Throws where that is not to be waited for.
 */
type Announce = (bodyBytes: number, ready: () => boolean) => Place | undefined;

/** Whether the process can take requests at all; undefined where it can, else why not. */
export type Pressure = () => string | undefined;

/** Prices requests, and admits those for which both sums have room. */
export class Admission {
  readonly ledger: Ledger;
  readonly #retryAfter: RetryAfter;
  readonly #pressure: Pressure;
  /** Called when something that was held is free again. */
  onGiven: () => void = () => undefined;
  readonly bodies = new BodyMemory();
  #arriving = 0;

  constructor(ledger: Ledger, retryAfter: RetryAfter, pressure: Pressure = () => undefined) {
    this.ledger = ledger;
    this.#retryAfter = retryAfter;
    this.#pressure = pressure;
  }

  /** Bytes that are held by bodies that still arrive. */
  get arriving(): number {
    return this.#arriving;
  }

  /**
   * What a request will hold, from its first byte on.
   * @param readBytes bytes that are held while one byte of its body is read, that byte included
   * @param announce asked before its body is read
   * @throws Failure `overloaded`
   */
  open(readBytes: number, announce?: Announce): Hold {
    const why = this.#pressure();
    if (why !== undefined) throw new Failure('overloaded', why, { retryAfter: this.#retryAfter() });
    return new Hold(this, readBytes, 0, announce);
  }

  /** What a line holds besides its body, which its stream holds: it is never refused for load. */
  openLine(bodyBytes: number): Hold {
    return new Hold(this, 0, bodyBytes);
  }

  /** The longest body that could be admitted, if no other request were there. */
  longestBody(readBytes: number): number {
    const { bytes } = this.ledger.most;
    const longest = (of: number) => Math.min(roomFor(of, Math.floor(bytes / ARRIVING_SHARE)), Math.floor(roomFor(of, bytes) / readBytes));
    return Math.max(Math.min(INLINE_BYTES, longest(0)), longest(Number.POSITIVE_INFINITY));
  }

  /** @throws Failure `work-too-large`, and `too-many-requests` with the time after which to ask again */
  take(claim: Claim): void {
    try {
      takeOrRefuse(this.ledger, claim);
    } catch (error) {
      throw this.withRetryAfter(error);
    }
  }

  give(sum: Sum, amount: number): void {
    if (amount === 0) return;
    this.ledger.give(sum, amount);
    this.onGiven();
  }

  /** Bodies on their way grow by so many bytes. @throws Failure */
  arrive(amount: number, before: number, bodyBytes: number): void {
    const half = Math.floor(this.ledger.most.bytes / ARRIVING_SHARE);
    const most = roomFor(bodyBytes, half);
    const words = `bodies that still arrive hold at most ${most} bytes together, of the ${this.ledger.most.bytes} of MAX_PENDING_BYTES`;
    if (before + amount > most) throw new Failure('body-too-large', `the body has ${before + amount} bytes; ${words}`);
    if (this.#arriving + amount > most)
      throw this.withRetryAfter(new Failure('too-many-requests', `${words}; others hold ${this.#arriving - before}, and this one has ${bodyBytes}`));
    this.#arriving += amount;
  }

  depart(amount: number): void {
    this.#arriving -= amount;
  }

  /** The failure, and when to ask again where it is for load. */
  withRetryAfter(error: unknown): unknown {
    if (!(error instanceof Failure) || error.code !== 'too-many-requests') return error;
    return new Failure(error.code, error.message, { retryAfter: this.#retryAfter() });
  }
}

/** What Node reads of a body at most before anybody does. */
const LEFT_UNREAD_BYTES = 131_072;

/** Bodies whose length nobody said grow by at least so much at a time. */
const STEP_BYTES = 65_536;

/**
 * What one request holds of the sums: its body while it arrives and is read, its numbers and its work until it is
 * answered, its reply until the last byte is sent. It is released once, whoever says so, and however often.
 */
export class Hold {
  readonly #admission: Admission;
  readonly #readBytes: number;
  readonly #announce: Announce;
  #place: Place | undefined;
  #waited = 0;
  #bytes = 0;
  #work = 0;
  #arriving = 0;
  #body: number;
  #pins = 0;
  #released = false;
  #giveBack: (() => void)[] = [];
  #memory: Lease | undefined;

  /** @param readBytes bytes that are held for each byte of the body, which has `body` bytes so far as is known */
  constructor(admission: Admission, readBytes: number, body = 0, announce: Announce = () => undefined) {
    this.#admission = admission;
    this.#readBytes = readBytes;
    this.#announce = announce;
    this.#body = body;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get work(): number {
    return this.#work;
  }

  /** Nobody waits for the request any more. */
  get isReleased(): boolean {
    return this.#released;
  }

  /** Where its body is received, if it is large: others have that memory once it is answered, or released. */
  get memory(): Lease {
    this.#memory ??= this.#admission.bodies.lease();
    if (this.#released) this.#memory.release();
    return this.#memory;
  }

  /** Bytes of the body, as far as they are known. */
  get body(): number {
    return this.#body;
  }

  /** When the request entered the queue, where it did before its body was read, in milliseconds. */
  get since(): number | undefined {
    return this.#place?.since;
  }

  /** Milliseconds for which its body has been left with its client. */
  get waited(): number {
    return this.#waited;
  }

  /**
   * The body will have this many bytes. It is to be read once the promise is kept, where there is one: the request holds little until then,
   * and has room for its body from then on.
   * @throws Failure `body-too-large`, `work-too-large`, `too-many-requests`
   */
  expect(bytes: number): Promise<void> | undefined {
    this.#announced(bytes);
    const reached = this.#place?.reached();
    if (!reached) return undefined;
    this.#leaveUnread();
    const began = performance.now();
    return reached.then(() => {
      this.#waited = performance.now() - began;
    });
  }

  #announced(bytes: number): void {
    // First by bytes: what never fits is said at once, however long the queue is.
    this.#makeRoom(bytes);
    this.#place ??= this.#announce(bytes, () => {
      if (succeeds(() => this.#makeRoom(bytes))) return true;
      this.#leaveUnread();
      return false;
    });
  }

  #leaveUnread(): void {
    this.tryFollow(Math.min(this.#body, LEFT_UNREAD_BYTES));
  }

  #makeRoom(bytes: number): void {
    if (this.#released || bytes <= this.#body) return;
    const arriving = bytes - this.#arriving;
    const amount = bytes * this.#readBytes - this.#bytes;
    this.#admission.arrive(arriving, this.#arriving, bytes);
    try {
      this.#take('bytes', amount, bytes, 'body-too-large');
    } catch (error) {
      this.#admission.depart(arriving);
      throw error;
    }
    this.#arriving += arriving;
    this.#body = bytes;
  }

  /** So many bytes of a body are here: where nobody said how long it is, room is made in steps. @throws Failure */
  grow(bytes: number, most: number): void {
    if (bytes > this.#body) this.#announced(Math.min(most, Math.max(bytes, bytes + Math.min(bytes, STEP_BYTES))));
  }

  /** The body is here as a whole, and has so many bytes. */
  arrived(bytes: number): void {
    this.#makeRoom(bytes);
    this.#depart();
    this.#body = bytes;
    this.#shrink(bytes * this.#readBytes);
  }

  /** Of a stream so many bytes are here that have not been answered, more or fewer than before; false where there is no room for more. */
  tryFollow(bytes: number): boolean {
    if (this.#released) return false;
    if (bytes > this.#body) return succeeds(() => this.#makeRoom(bytes));
    this.#admission.depart(this.#arriving - bytes);
    this.#arriving = bytes;
    this.#body = bytes;
    this.#shrink(bytes * this.#readBytes);
    return true;
  }

  /** Holds so many bytes from now on, more or fewer than before; false where there is no room for more. */
  tryResize(bytes: number): boolean {
    if (this.#released) return false;
    if (bytes > this.#bytes) return succeeds(() => this.#take('bytes', bytes - this.#bytes, this.#body));
    this.#shrink(bytes);
    return true;
  }

  /** Reading the body holds so many bytes more, until they are returned. @throws Failure `body-too-large`, `too-many-requests` */
  borrow(bytes: number): void {
    this.#take('bytes', bytes, this.#body, 'body-too-large');
  }

  /** Some of what was borrowed, or all of it, is free. */
  return(bytes: number): void {
    this.#shrink(this.#bytes - bytes);
  }

  /** The shapes are known: takes all of the price, or nothing. @throws Failure `work-too-large`, `too-many-requests` */
  pay({ holds, work }: Pick<Price, 'holds' | 'work'>): void {
    const bytes = Math.ceil(holds);
    this.#take('bytes', bytes, this.#body);
    try {
      this.#take('work', Math.ceil(work), this.#body);
    } catch (error) {
      // Nothing is free that was not before: nobody is told.
      this.#admission.ledger.give('bytes', bytes);
      this.#bytes -= bytes;
      throw error;
    }
  }

  /** @throws Failure `work-too-large` where the price can't be paid even if no other request is there */
  refuseAlone({ holds, work }: Pick<Price, 'holds' | 'work'>): void {
    const { most } = this.#admission.ledger;
    refuseAlone(most, { sum: 'bytes', amount: Math.ceil(holds), before: this.#bytes, bodyBytes: this.#body });
    refuseAlone(most, { sum: 'work', amount: Math.ceil(work), before: this.#work, bodyBytes: this.#body });
  }

  /** Pays where there is room, and says whether it did. */
  tryPay(price: Pick<Price, 'holds' | 'work'>): boolean {
    return succeeds(() => this.pay(price));
  }

  /** The answer is here: of all that was held, the bytes of the reply are left until they are sent. */
  settle(replyBytes: number): void {
    this.#giveWork();
    this.#memory?.release();
    // A body that is gone and a computation that is over make room for the reply; where they do not, it is there all the same.
    if (replyBytes <= this.#bytes) this.#shrink(replyBytes);
  }

  /** Takes over what a worker thread has taken for this request. */
  adopt({ bytes, work }: Sums): void {
    this.#bytes += bytes;
    this.#work += work;
  }

  /** Its body, or its reply, lies in memory that others have again once it is released, by `giveBack`. */
  lend(giveBack: () => void): void {
    this.#giveBack.push(giveBack);
  }

  /** A thread works on it: what it holds is not free before that thread has let go, even where nobody waits any more. */
  pin(): void {
    this.#pins++;
  }

  unpin(): void {
    this.#pins--;
    if (this.#released) this.#free();
  }

  release(): void {
    this.#released = true;
    this.#free();
  }

  #free(): void {
    if (this.#pins > 0) return;
    this.#depart();
    this.#giveWork();
    this.#shrink(0);
    this.#memory?.release();
    for (const giveBack of this.#giveBack.splice(0)) giveBack();
  }

  #take(sum: Sum, amount: number, bodyBytes: number, alone?: 'body-too-large'): void {
    // What has been released takes nothing: nobody would give it back.
    if (amount <= 0 || this.#released) return;
    const before = sum === 'bytes' ? this.#bytes : this.#work;
    this.#admission.take({ sum, amount, before, bodyBytes, ...(alone && { alone }) });
    if (sum === 'bytes') this.#bytes += amount;
    else this.#work += amount;
  }

  #shrink(bytes: number): void {
    const amount = this.#bytes - bytes;
    // What has been released holds nothing, whoever still follows it.
    if (amount <= 0) return;
    this.#bytes = bytes;
    this.#admission.give('bytes', amount);
  }

  #giveWork(): void {
    const amount = this.#work;
    this.#work = 0;
    this.#admission.give('work', amount);
  }

  #depart(): void {
    this.#place?.leave();
    this.#admission.depart(this.#arriving);
    this.#arriving = 0;
  }
}

/** Whether `act` was not refused. */
function succeeds(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}
