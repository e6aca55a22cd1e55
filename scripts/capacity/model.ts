/** What one request of a kind costs a replica, as measured by `npm run capacity -- --measure`. */
export interface Cost {
  readonly name: string;
  readonly what: string;
  readonly requestBytes: number;
  readonly replyBytes: number;
  /** Answered a second by one core that has the event loop and one compute thread. */
  readonly perSecond: number;
  /** Milliseconds of a core that the event loop takes for one. */
  readonly loopMs: number;
  /** Milliseconds of a core that all other threads take for one: computing, compiling, collecting. */
  readonly threadMs: number;
}

export interface Traffic {
  /** Requests a second, by the name of their kind. */
  readonly rates: Readonly<Record<string, number>>;
  /** THREADS of a replica; it has this many cores and one for its event loop. */
  readonly threads: number;
  /** The share of a core that may be busy at the peak: at 0.6 a request waits, on average, 1.5 times its own time (M/M/1). */
  readonly use: number;
}

export interface Need {
  /** Cores that event loops and compute threads are busy with, over all replicas. */
  readonly loopCores: number;
  readonly threadCores: number;
  /** Replicas that carry it with one of them gone. */
  readonly replicas: number;
  readonly megabitsIn: number;
  readonly megabitsOut: number;
}

/**
 * How many replicas a traffic needs: each has one event loop and `threads` compute threads, and whichever is busier decides; one more is
 * for the one that is being replaced.
 * @throws RangeError for a kind that was not measured, or a rate, a number of threads or a share that is none
 */
export function need({ rates, threads, use }: Traffic, costs: readonly Cost[]): Need {
  if (!Number.isInteger(threads) || threads < 1) throw new RangeError(`threads must be an integer from 1, got ${threads}`);
  if (!(use > 0 && use <= 1)) throw new RangeError(`use must be above 0 and at most 1, got ${use}`);
  const sums = { loop: 0, thread: 0, in: 0, out: 0 };
  for (const [name, rate] of Object.entries(rates)) {
    const cost = costs.find((one) => one.name === name);
    if (!cost) throw new RangeError(`${name} is no kind; there are ${costs.map((one) => one.name).join(', ')}`);
    if (!(rate >= 0 && rate < Number.POSITIVE_INFINITY)) throw new RangeError(`${name} must be a number of requests a second, got ${rate}`);
    sums.loop += (rate * cost.loopMs) / 1000;
    sums.thread += (rate * cost.threadMs) / 1000;
    sums.in += (rate * cost.requestBytes * 8) / 1e6;
    sums.out += (rate * cost.replyBytes * 8) / 1e6;
  }
  const carrying = Math.max(1, Math.ceil(sums.loop / use), Math.ceil(sums.thread / (use * threads)));
  return { loopCores: sums.loop, threadCores: sums.thread, replicas: carrying + 1, megabitsIn: sums.in, megabitsOut: sums.out };
}
