import { Piscina } from 'piscina';
import { afterEach, expect, test } from 'vitest';
import type { Call } from '../../src/engine/call.ts';
import { layOut, readResult } from '../../src/engine/kernels/lay-out.ts';
import { KernelMemory } from '../../src/engine/kernels/memory.ts';
import { reference } from '../../src/engine/kernels/reference.ts';
import { GivenBack } from '../../src/runtime/job-memory.ts';
import { chooseEngine } from '../../src/runtime/kernel.ts';
import { Ledger } from '../../src/runtime/ledger.ts';
import type { HelpTask, WorkerSettings } from '../../src/runtime/worker.ts';
import { chosenCodec } from '../codec.ts';
import { randomCall } from '../engine/calls.ts';

/* A worker thread that is called to help with jobs which the test lays out, as another worker does. */

let pool: Piscina<HelpTask | { readonly type: 'wake' }, boolean | undefined> | undefined;
const givenBack = new GivenBack();

afterEach(() => pool?.destroy());

function start() {
  const most = { bytes: 1e9, work: 1e9 };
  const workerData: WorkerSettings = {
    engine: chooseEngine('simd'),
    codec: chosenCodec,
    limits: { work: 1e9, replyNumbers: 1e6 },
    threads: 2,
    most,
    ledger: new Ledger(most).shared,
    givenBack: givenBack.shared,
  };
  const filename = new URL('../../src/runtime/worker.ts', import.meta.url).href;
  pool = new Piscina({ filename, workerData, minThreads: 1, maxThreads: 1 });
  return pool;
}

const memory = new KernelMemory();
const name = { threadId: 1000, nth: 0 };

/** A job, the call to it, and whether its results are right. */
function called(rows: number) {
  const call: Call = randomCall({ M: rows, N: 40, D: 3, E: 2 }, 'float32', { want: new Set(['context']) });
  const laid = layOut(memory, call, '6x16', 2);
  const { memory: _memory, ...job } = laid.job;
  const isDone = () => {
    const exact = reference.attend(call).context ?? [];
    return readResult(memory, call, laid).context?.every((value, i) => Math.abs(value - (exact[i] ?? Number.NaN)) < 1e-5);
  };
  return { task: { type: 'help', call: { job, memory: name, state: new SharedArrayBuffer(8) }, place: 1 } as const, isDone };
}

test('a thread that does not know the memory of a job says so; once sent, it knows it for later jobs, though it has grown', async () => {
  const thread = start();
  const [first, second] = [called(80), called(90)];
  expect([await thread.run(first.task), first.isDone()]).toEqual([false, false]);
  expect([await thread.run({ ...first.task, memory: memory.memory }), first.isDone()]).toEqual([true, true]);
  memory.allocate(2 ** 24);
  const third = called(100);
  expect([await thread.run(second.task), second.isDone()]).toEqual([true, true]);
  expect([await thread.run(third.task), third.isDone()]).toEqual([true, true]);
  expect(await thread.run({ ...first.task, call: { ...first.task.call, memory: { ...name, nth: 1 } } })).toBe(false);
});

test('a thread has forgotten the memories of others after its next task, once any has been given back', async () => {
  const thread = start();
  const { task } = called(80);
  expect(await thread.run({ ...task, memory: memory.memory })).toBe(true);
  await thread.run({ type: 'wake' });
  expect(await thread.run(task)).toBe(true);
  givenBack.note();
  await thread.run({ type: 'wake' });
  expect(await thread.run(task)).toBe(false);
});
