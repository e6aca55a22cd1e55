import { totalmem } from 'node:os';

/** How often it is looked. */
const LOOK_MS = 250;
/**
 * The event loop may be so late by its own work, three times in a row; admission keeps it far below, so this is the last
 * net and not the first. A loop that the machine gives no time is late too, but refusing requests would not help it.
 */
const LATEST_MS = 1000;
/** The share of a memory limit, such as a container's, that the process may fill. */
const FULLEST = 0.92;
/** The share of the machine's memory that has to be left. */
const LEFT = 0.02;

/** What the process has of the machine. */
interface Memory {
  readonly resident: number;
  /** The limit that is set on the process; 0 without one. */
  readonly limit: number;
  readonly available: number;
  readonly total: number;
}

/** Looks whether the process can take requests at all: whether its event loop keeps up, and memory is left. */
export class Pressure {
  /** Why no request can be taken now; undefined where they can. */
  why: string | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #memory: () => Memory;
  #last = performance.now();
  #lastBusy = busyMs();
  /** How late the last looks were, the newest last. */
  #late = [0, 0, 0];

  constructor(memory: () => Memory = memoryNow) {
    this.#memory = memory;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    const busy = busyMs();
    const late = Math.min(now - this.#last, busy - this.#lastBusy) - LOOK_MS;
    this.#last = now;
    this.#lastBusy = busy;
    this.#late = [...this.#late.slice(1), late];
    const always = Math.min(...this.#late);
    this.why =
      always > LATEST_MS ? `the event loop is ${Math.round(always)} ms late, which is more than ${LATEST_MS} ms` : memoryPressure(this.#memory());
  }
}

/** Milliseconds of a processor that this thread has had. */
function busyMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function memoryPressure({ resident, limit, available, total }: Memory): string | undefined {
  if (limit > 0 && limit < total)
    return resident > FULLEST * limit ? `the process fills ${resident} of the ${limit} bytes of memory that it may have` : undefined;
  return available < LEFT * total ? `${available} of the machine’s ${total} bytes of memory are left` : undefined;
}

function memoryNow(): Memory {
  return { resident: process.memoryUsage.rss(), limit: process.constrainedMemory() ?? 0, available: process.availableMemory(), total: totalmem() };
}
