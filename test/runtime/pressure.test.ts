import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { Pressure } from '../../src/runtime/pressure.ts';

let pressure: Pressure | undefined;
afterEach(() => pressure?.stop());

const plenty = { resident: 1e8, limit: 0, available: 8e9, total: 16e9 };

/** What it says of this memory. */
async function saidOf(memory: Partial<typeof plenty>): Promise<string | undefined> {
  pressure = new Pressure(() => ({ ...plenty, ...memory }));
  await sleep(600);
  return pressure.why;
}

test('there is none with memory left and an event loop that keeps up', async () => {
  expect(await saidOf({})).toBeUndefined();
});

test('there is where the process fills its limit, whatever the machine has', async () => {
  expect(await saidOf({ resident: 0.95e9, limit: 1e9 })).toBe('the process fills 950000000 of the 1000000000 bytes of memory that it may have');
});

test('there is none where its limit is far, though the machine has little left', async () => {
  expect(await saidOf({ limit: 1e9, available: 1e7 })).toBeUndefined();
});

test('there is where the machine has little left', async () => {
  expect(await saidOf({ available: 1e8 })).toBe('100000000 of the machine’s 16000000000 bytes of memory are left');
});

test('ends when it is over', async () => {
  let resident = 0.95e9;
  pressure = new Pressure(() => ({ ...plenty, limit: 1e9, resident }));
  await expect.poll(() => pressure?.why).toContain('fills');
  resident = 1e8;
  await expect.poll(() => pressure?.why).toBeUndefined();
});

/** Looks for six seconds at most, while the event loop is held by `hold` again and again. */
async function saidWhileHeld(hold: () => void): Promise<string | undefined> {
  pressure = new Pressure(() => plenty);
  for (let turn = 0; turn < 4 && pressure.why === undefined; turn++) {
    hold();
    await sleep(1);
  }
  return pressure.why;
}

test('there is where the event loop is late by its own work', async () => {
  const said = await saidWhileHeld(() => {
    const before = process.threadCpuUsage();
    while (process.threadCpuUsage(before).user < 1_400_000) Math.hypot(1, 2);
  });
  expect(said).toMatch(/^the event loop is \d+ ms late, which is more than 1000 ms$/);
});

test('there is none where the event loop is late because the machine gave it no time', async () => {
  expect(await saidWhileHeld(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1400))).toBeUndefined();
});
