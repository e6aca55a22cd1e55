import type { Crew, Job } from '../engine/kernels/job.ts';

/*
 * How threads share a job. The thread whose request it is (the conductor) lays the job out, calls for others, and works
 * itself; a helper takes items until none is left, or it is dismissed. The conductor waits only for helpers that have started. The state of a call is
 * two words in shared memory:
 *
 *   HELPERS   how many others are at work now; CLOSED once the conductor wants no more
 *   BROKEN    1 where a helper's thread died at work
 */

const HELPERS = 0;
const BROKEN = 1;
const CLOSED = -1;
const WORDS = 2;

/** A call for help. */
export interface HelpCall {
  readonly job: Job;
  readonly state: SharedArrayBuffer;
}

/** A helper's thread died while it worked on the job: its items are lost. */
class HelperLost extends Error {
  override readonly name = 'HelperLost';
}

/** The conductor's side: `callOut` reaches the other threads. */
export function conduct(threads: number, callOut: (call: HelpCall) => void): Crew {
  return {
    threads,
    share(job, run) {
      const state = new Int32Array(new SharedArrayBuffer(4 * WORDS));
      callOut({ job, state: state.buffer });
      run();
      close(state);
    },
  };
}

/** Wants no more helpers, and waits until those at work are back. @throws HelperLost */
function close(state: Int32Array): void {
  for (;;) {
    const helpers = Atomics.compareExchange(state, HELPERS, 0, CLOSED);
    if (Atomics.load(state, BROKEN) !== 0) throw new HelperLost('a thread that worked on this request died');
    if (helpers === 0) return;
    Atomics.wait(state, HELPERS, helpers);
  }
}

/** A helper's side: works by `run` where the conductor still wants it. */
export function help({ state: buffer }: Pick<HelpCall, 'state'>, run: () => void): void {
  const state = new Int32Array(buffer);
  let helpers = Atomics.load(state, HELPERS);
  for (;;) {
    // Where a helper died the conductor waits for nobody any more.
    if (helpers === CLOSED || Atomics.load(state, BROKEN) !== 0) return;
    const before = Atomics.compareExchange(state, HELPERS, helpers, helpers + 1);
    if (before === helpers) break;
    helpers = before;
  }
  run();
  Atomics.sub(state, HELPERS, 1);
  Atomics.notify(state, HELPERS);
}

/** Tells the conductor that a helper died. */
export function reportLoss({ state: buffer }: Pick<HelpCall, 'state'>): void {
  const state = new Int32Array(buffer);
  Atomics.store(state, BROKEN, 1);
  Atomics.add(state, HELPERS, 1); // so that the conductor's wait ends even where the count did not change
  Atomics.notify(state, HELPERS);
}
