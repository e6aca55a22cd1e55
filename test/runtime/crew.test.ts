import { Worker } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import type { Job } from '../../src/engine/kernels/job.ts';
import { conduct, type HelpCall, help, reportLoss } from '../../src/runtime/crew.ts';

const JOB = {} as Job;

/** Shares a job whose conductor works by `run`, which sees the call. */
function share(run: (call: HelpCall) => void): HelpCall {
  const calls: HelpCall[] = [];
  const first = () => {
    const [call] = calls;
    if (!call) throw new Error('nobody was called');
    return call;
  };
  conduct(3, (call) => calls.push(call)).share(JOB, () => run(first()));
  expect(calls).toHaveLength(1);
  return first();
}

const atWork = ({ state }: HelpCall) => new Int32Array(state)[0];

test('a crew has so many threads, and calls the others with the job before the conductor works itself', () => {
  expect(conduct(3, () => undefined).threads).toBe(3);
  let worked = 0;
  const call = share(() => worked++);
  expect(worked).toBe(1);
  expect(call.job).toBe(JOB);
});

test('a helper is counted while it works, and no longer', () => {
  share((call) => {
    expect(atWork(call)).toBe(0);
    help(call, () => {
      expect(atWork(call)).toBe(1);
      help(call, () => expect(atWork(call)).toBe(2));
      expect(atWork(call)).toBe(1);
    });
    expect(atWork(call)).toBe(0);
  });
});

test('a call that is heard when the job is done is no work any more', () => {
  const call = share(() => undefined);
  let helped = false;
  help(call, () => {
    helped = true;
  });
  expect(helped).toBe(false);
  expect(atWork(call)).toBe(-1);
});

test('a call that is heard after a helper died is none any more either: its memory may have the next job', () => {
  const done = share(() => undefined);
  reportLoss(done);
  let failed: HelpCall | undefined;
  expect(() =>
    share((call) => {
      failed = call;
      reportLoss(call);
    }),
  ).toThrow();
  const helped = vi.fn();
  for (const call of [done, failed]) if (call) help(call, helped);
  expect(helped).not.toHaveBeenCalled();
});

test('a helper that died fails the job, though it is counted for ever', () => {
  expect(() => share((call) => help(call, () => reportLoss(call)))).toThrow('a thread that worked on this request died');
  expect(() => share((call) => reportLoss(call))).toThrow(expect.objectContaining({ name: 'HelperLost' }));
});

/** A thread that does `work` with the state of a call, once the conductor has had the time to wait for it. */
const late = (call: HelpCall, work: string) =>
  new Worker(
    `const { workerData } = require('node:worker_threads');
     const state = new Int32Array(workerData);
     setTimeout(() => { ${work} Atomics.notify(state, 0); }, 50);`,
    { eval: true, workerData: call.state },
  );

test('the conductor waits for a helper that is still at work', async () => {
  const threads: Worker[] = [];
  const call = share((calling) => {
    Atomics.add(new Int32Array(calling.state), 0, 1);
    threads.push(late(calling, 'Atomics.store(state, 1, 0); Atomics.sub(state, 0, 1);'));
  });
  expect(atWork(call)).toBe(-1);
  await Promise.all(threads.map((thread) => thread.terminate()));
});

test('the conductor waits no longer where that helper dies', async () => {
  const threads: Worker[] = [];
  const lost = () =>
    share((calling) => {
      Atomics.add(new Int32Array(calling.state), 0, 1);
      threads.push(late(calling, 'Atomics.store(state, 1, 1); Atomics.add(state, 0, 1);'));
    });
  expect(lost).toThrow('a thread that worked on this request died');
  await Promise.all(threads.map((thread) => thread.terminate()));
});

/** What a thread that waits for the count to change is told; `change` is called while it waits. */
async function waits(change: (call: HelpCall, waiting: () => void) => void): Promise<string> {
  const state = new SharedArrayBuffer(12);
  const words = new Int32Array(state);
  const threads: Worker[] = [];
  const begin = () => {
    threads.push(
      new Worker(
        `const { parentPort, workerData } = require('node:worker_threads');
         const state = new Int32Array(workerData);
         const seen = Atomics.load(state, 0);
         Atomics.store(state, 2, 1);
         Atomics.notify(state, 2);
         parentPort.postMessage(Atomics.wait(state, 0, seen, 30_000));`,
        { eval: true, workerData: state },
      ),
    );
    Atomics.wait(words, 2, 0, 30_000);
    // It has said that it is about to wait.
    Atomics.wait(words, 1, 0, 100);
  };
  change({ job: JOB, state }, begin);
  const [thread] = threads;
  if (!thread) throw new Error('nobody waits');
  const told = await new Promise<string>((resolve) => thread.once('message', resolve));
  await thread.terminate();
  return told;
}

test('a helper that is back wakes whoever waits for it', async () => {
  expect(await waits((call, begin) => help(call, begin))).not.toBe('timed-out');
});

test('so does one that died, which changes the count that is waited for', async () => {
  const seen: (number | undefined)[] = [];
  const told = await waits((call, begin) => {
    begin();
    seen.push(atWork(call));
    reportLoss(call);
    seen.push(atWork(call));
  });
  expect(told).not.toBe('timed-out');
  expect(seen).toEqual([0, 1]);
});
