import { Failure } from '../engine/failure.ts';
import type { Cost } from './question.ts';

/** By what a question was priced: by the length of its body, before it was read, or by its shapes. */
export type Basis = 'bytes' | 'shapes';

interface Priced {
  readonly basis: Basis;
  /** Milliseconds that its thread will be held, by its price. */
  readonly cost: Cost;
}

/** A question that waits for a thread, or has one. */
export interface Turn extends Priced {
  /** When it entered the queue first, in milliseconds. */
  readonly since: number;
  /** Asked once a thread is free: whether it can begin now, having taken what it needs. Without it, it can. */
  readonly ready?: () => boolean;
  /** It has a thread now. */
  begin(): void;
}

/** How much what was measured before still counts, once another question has been answered. */
const FADES = 0.95;
/** Milliseconds of price that are taken for measured at the start, at the pace of 1. */
const ASSUMED_MS = 100;
/** What is taken in is served long before its deadline: a question may be expected to wait for this share of it, or for so many times its own time where that is more. */
const WAIT_SHARE = 12;
const WAIT_RATIO = 4;
/** A body is read so long before its question's turn. What is read earlier is held in memory for nothing. */
const READ_EARLY_MS = 100;
/** One that takes longer to come is not reckoned with any more: however slow all clients are, bodies are read at the pace of the threads. */
const COMES_WITHIN_MS = READ_EARLY_MS;
/** So often it is looked at who is late. */
const LOOK_MS = 20;
/** Bounds of Retry-After, in seconds. */
const SOONEST_S = 1;
const LATEST_S = 60;

/**
 * The one queue, and how many threads are free. Next is the one with the highest response ratio, (wait + cost) / cost
 * (Brinch Hansen, 1971): short ones pass long ones, and no long one waits for ever.
 */
export class Turns {
  readonly #threads: number;
  readonly #waiting = new Set<Turn>();
  readonly #running = new Map<Turn, number>();
  /** Questions whose bodies are left with their clients. */
  readonly #unread = new Set<Turn>();
  /** Questions whose bodies are being read, and the time until which they are reckoned with. */
  readonly #coming = new Map<Turn, number>();
  #look: NodeJS.Timeout | undefined;
  /** Threads that help with another's question. */
  #helping = 0;
  /** Milliseconds that were asked by price, and that it took in truth. */
  readonly #measured: Record<Basis, { priced: number; took: number }> = {
    bytes: { priced: ASSUMED_MS, took: ASSUMED_MS },
    shapes: { priced: ASSUMED_MS, took: ASSUMED_MS },
  };
  #giving = false;
  /** Called when threads are free and nothing waits for them. */
  onIdle: () => void = () => undefined;
  /** Called when some wait and all threads are busy, helpers among them. */
  onHelpersWanted: () => void = () => undefined;

  constructor(threads: number) {
    this.#threads = threads;
  }

  get length(): number {
    return this.#waiting.size + this.#unread.size;
  }

  get busy(): number {
    return this.#running.size + this.#helping;
  }

  get idle(): number {
    return Math.max(0, this.#threads - this.busy);
  }

  /** Waits for a thread; begins at once where one is free and none that is ready waits. */
  enter(turn: Turn): void {
    this.#waiting.add(turn);
    this.next();
  }

  /** Waits no more. */
  leave(turn: Turn): void {
    this.#waiting.delete(turn);
  }

  /** Its thread is free again. */
  end(turn: Turn, now: number = performance.now()): void {
    const began = this.#running.get(turn);
    if (began === undefined) return;
    this.#running.delete(turn);
    const measured = this.#measured[turn.basis];
    measured.priced = FADES * measured.priced + turn.cost;
    measured.took = FADES * measured.took + now - began;
    this.next(now);
  }

  /** A free thread helps another one, until `helped` is called. */
  help(): void {
    this.#helping++;
  }

  helped(): void {
    this.#helping--;
    this.next();
  }

  /** Gives the threads that are free to those that wait. What happens on the way may ask for it again: that is seen to here. */
  next(now: number = performance.now()): void {
    if (this.#giving) return;
    this.#giving = true;
    try {
      while (this.idle > 0) {
        const turn = this.#best(now);
        if (!turn) break;
        this.#waiting.delete(turn);
        this.#running.set(turn, now);
        turn.begin();
        this.#readPassed(turn, now);
      }
      this.#readOn(now);
    } finally {
      this.#giving = false;
    }
    if (this.idle > 0 && this.#waiting.size === 0) this.onIdle();
    if (this.idle === 0 && this.#waiting.size > 0 && this.#helping > 0) this.onHelpersWanted();
  }

  /** Has bodies read whose questions will have their turn soon. */
  #readOn(now: number): void {
    clearTimeout(this.#look);
    for (;;) {
      const turn = highest(this.#unread, now);
      if (!turn || this.#wait(turn, now, this.#before(now)) > READ_EARLY_MS || !this.#read(turn, now)) break;
    }
    if (this.#unread.size > 0) this.#look = setTimeout(() => this.next(), LOOK_MS);
  }

  /** Has the body read of a question whose turn it was, had its body been here. The time that others take is foretold badly, and it must not be passed again. */
  #readPassed(begun: Turn, now: number): void {
    const turn = highest(this.#unread, now);
    if (turn && ratio(turn, now) > ratio(begun, now)) this.#read(turn, now);
  }

  /** Has a body read, where there is room for it. */
  #read(turn: Turn, now: number): boolean {
    if (!(turn.ready?.() ?? true)) return false;
    this.#unread.delete(turn);
    this.#coming.set(turn, now + COMES_WITHIN_MS);
    turn.begin();
    return true;
  }

  /** Questions whose bodies are here, or may be soon. */
  #before(now: number): Turn[] {
    const before = [...this.#waiting];
    for (const [turn, until] of this.#coming) if (until > now) before.push(turn);
    return before;
  }

  /** Milliseconds until a question of this cost, entering now, would begin. */
  expectedWait(turn: Priced, now: number = performance.now()): number {
    return this.#wait({ ...turn, since: now }, now, this.#waiting);
  }

  /** Milliseconds until a question would begin that is served among these. */
  #wait(turn: Priced & Pick<Turn, 'since'>, now: number, among: Iterable<Turn>): number {
    const own = this.#took(turn);
    const waited = now - turn.since;
    const longer: Turn[] = [];
    const left = this.#left(now);
    let sum = 0;
    for (const other of among) {
      if (this.#took(other) <= own) sum += this.#took(other);
      else longer.push(other);
    }
    const soonest = firstFree(left, sum);
    for (const other of longer) {
      const took = this.#took(other);
      // A longer one that has waited long enough is still before this one when it has waited so long itself.
      if ((now - other.since + soonest) / took >= (waited + soonest) / own) sum += took;
    }
    return firstFree(left, sum);
  }

  /**
   * Refuses a question rather than let it wait long: it may be sent elsewhere meanwhile, and what waits holds bytes.
   * @throws Failure `too-many-requests`
   */
  refuseLate(turn: Priced, timeoutMs: number): void {
    this.#refuseLate(this.expectedWait(turn), turn, timeoutMs);
  }

  /**
   * A question whose body is left with its client until its turn is near, and has begun once it is to be read. It is refused where it
   * would wait long behind those that wait and those that come.
   * @returns the milliseconds for which it may wait
   * @throws Failure `too-many-requests`
   */
  announce(turn: Turn, timeoutMs: number, now: number = performance.now()): number {
    const longest = this.#refuseLate(this.#wait(turn, now, [...this.#before(now), ...this.#unread]), turn, timeoutMs);
    this.#unread.add(turn);
    this.next(now);
    return longest;
  }

  /** Its body is here, or comes no more. */
  arrived(turn: Turn): void {
    this.#unread.delete(turn);
    this.#coming.delete(turn);
  }

  /** The milliseconds for which it may wait. @throws Failure `too-many-requests` */
  #refuseLate(wait: number, turn: Priced, timeoutMs: number): number {
    const longest = Math.min(timeoutMs, Math.max(timeoutMs / WAIT_SHARE, WAIT_RATIO * this.#took(turn)));
    if (wait <= longest) return longest;
    throw this.#refusal(`its turn would come in about ${Math.ceil(wait)} ms`, longest, timeoutMs);
  }

  /** What one is told that has waited for as long as it may. */
  late(longest: number, timeoutMs: number): Failure {
    return this.#refusal('its turn has not come', longest, timeoutMs);
  }

  #refusal(why: string, longest: number, timeoutMs: number): Failure {
    const words = `${why}; it may wait for ${Math.floor(longest)} ms of the ${timeoutMs} ms of REQUEST_TIMEOUT_MS`;
    return new Failure('too-many-requests', words, { retryAfter: this.retryAfter() });
  }

  /** Whole seconds in which the threads will be through with what they have and what waits. */
  retryAfter(now: number = performance.now()): number {
    let sum = this.#left(now).reduce((total, left) => total + left, 0);
    for (const turn of [...this.#waiting, ...this.#unread]) sum += this.#took(turn);
    return Math.min(LATEST_S, Math.max(SOONEST_S, Math.ceil(sum / this.#threads / 1000)));
  }

  /** The one with the highest ratio that is ready. */
  #best(now: number): Turn | undefined {
    const passed = new Set<Turn>();
    for (;;) {
      const turn = highest(this.#waiting, now, passed);
      if (!turn || (turn.ready?.() ?? true)) return turn;
      passed.add(turn);
    }
  }

  /** Milliseconds for which each thread is held, ascending. Helpers leave for those that wait. */
  #left(now: number): number[] {
    const left = Array<number>(this.#threads - this.#running.size).fill(0);
    for (const [turn, began] of this.#running) {
      const [took, ran] = [this.#took(turn), now - began];
      // One that takes longer than its price says, which may be that of its body alone, is held to be half done.
      left.push(took > ran ? took - ran : ran);
    }
    return left.sort((a, b) => a - b);
  }

  /** Milliseconds that a question of this price takes here in truth. */
  #took({ cost, basis }: Priced): number {
    const { took, priced } = this.#measured[basis];
    return Math.max(Number.MIN_VALUE, (cost * took) / priced);
  }
}

/**
 * Milliseconds until a thread is free for the next, once work has been shared out that takes one thread `sum` milliseconds.
 * @param left for how many milliseconds each is held, ascending
 */
function firstFree(left: readonly number[], sum: number): number {
  let free = 0;
  let [threads, held] = [0, 0];
  for (const ms of left) {
    if (threads > 0 && ms >= free) break;
    threads++;
    held += ms;
    free = (held + sum) / threads;
  }
  return free;
}

/** What the order goes by: the response ratio less one. */
function ratio({ since, cost }: Turn, now: number): number {
  return (now - since) / Math.max(Number.MIN_VALUE, cost);
}

/** The one with the highest ratio. */
function highest(waiting: Iterable<Turn>, now: number, passed?: ReadonlySet<Turn>): Turn | undefined {
  let best: Turn | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const turn of waiting) {
    const own = ratio(turn, now);
    if (own > most && !passed?.has(turn)) {
      best = turn;
      most = own;
    }
  }
  return best;
}
