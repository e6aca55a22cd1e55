import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Pressure } from '../../src/runtime/pressure.ts';

const plenty = { resident: 1e8, limit: 0, available: 8e9, total: 16e9 };
const LOOK_MS = 250;

let pressure: Pressure | undefined;
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  pressure?.stop();
  vi.useRealTimers();
});

/** Pressure by a clock and a memory that are set; `look` lets a look come so much later than the last one, of which the thread computed so much. */
function watched(memory: Partial<typeof plenty> = {}) {
  const now = { passed: 0, computed: 0 };
  const has = { ...plenty, ...memory };
  const watching = new Pressure(
    () => ({ ...has }),
    () => ({ ...now }),
  );
  pressure = watching;
  const look = (passed = LOOK_MS, computed = 1) => {
    now.passed += passed;
    now.computed += computed;
    vi.advanceTimersByTime(LOOK_MS);
    return watching.why;
  };
  return { look, has };
}

describe('memory', () => {
  test('is no reason while there is some left', () => {
    expect(watched().look()).toBeUndefined();
  });

  test('is one where the process fills its limit, whatever the machine has', () => {
    expect(watched({ resident: 0.95e9, limit: 1e9 }).look()).toBe('the process fills 950000000 of the 1000000000 bytes of memory that it may have');
  });

  test('is none where its limit is far, though the machine has little left', () => {
    expect(watched({ limit: 1e9, available: 1e7 }).look()).toBeUndefined();
  });

  test('is one where the machine has little left', () => {
    expect(watched({ available: 1e8 }).look()).toBe('100000000 of the machine’s 16000000000 bytes of memory are left');
  });

  test('is none up to the bounds', () => {
    expect(watched({ resident: 0.92e9, limit: 1e9 }).look()).toBeUndefined();
    expect(watched({ available: 0.32e9 }).look()).toBeUndefined();
  });

  test.each([16e9, 1e19])('is that of the machine where the limit, %d, is no less than it', (limit) => {
    expect(watched({ limit, available: 1e8 }).look()).toContain('of the machine');
    expect(watched({ limit, resident: 0.99 * limit }).look()).toBeUndefined();
  });

  test('is none any more once there is some again', () => {
    const { look, has } = watched({ resident: 0.95e9, limit: 1e9 });
    expect(look()).toContain('fills');
    has.resident = 1e8;
    expect(look()).toBeUndefined();
  });
});

describe('the event loop', () => {
  test('is a reason where its own work makes it late, three looks in a row, and none once it keeps up', () => {
    const { look } = watched();
    expect([look(1300, 1300), look(1400, 1400)]).toEqual([undefined, undefined]);
    expect(look(1500, 1500)).toBe('the event loop is 1050 ms late, which is more than 1000 ms');
    expect(look()).toBeUndefined();
  });

  test('is none where it is a second late at most', () => {
    const { look } = watched();
    for (let looks = 0; looks < 5; looks++) expect(look(1250, 1250)).toBeUndefined();
  });

  test('is none where others have the cores, however late it is', () => {
    const { look } = watched();
    for (let looks = 0; looks < 5; looks++) expect(look(9000, 900)).toBeUndefined();
  });

  test('is none where it computes all the time, but looks in time', () => {
    const { look } = watched();
    for (let looks = 0; looks < 5; looks++) expect(look(300, 1200)).toBeUndefined();
  });
});

test('the process’ own clocks and memory are no reason for a thread that has nothing to do', () => {
  const idle = new Pressure();
  pressure = idle;
  vi.advanceTimersByTime(10 * LOOK_MS);
  expect(idle.why).toBeUndefined();
});

test('nothing is looked at any more once it is stopped', () => {
  const { look } = watched({ available: 1e8 });
  pressure?.stop();
  expect(look()).toBeUndefined();
});

describe('what the process says of itself', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('is its memory, its limit, and what the machine has left', () => {
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(1e9);
    vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(0.95e9);
    pressure = new Pressure();
    vi.advanceTimersByTime(LOOK_MS);
    expect(pressure.why).toBe('the process fills 950000000 of the 1000000000 bytes of memory that it may have');
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(0);
    vi.spyOn(process, 'availableMemory').mockReturnValue(7);
    vi.advanceTimersByTime(LOOK_MS);
    expect(pressure.why).toMatch(/^7 of the machine’s \d+ bytes of memory are left$/);
  });

  test.each([
    ['of its own', 1_400_000, 0],
    ['of the system for it', 0, 1_400_000],
    ['of both', 700_000, 700_000],
  ])('is the time %s that it computed, in microseconds', (_whose, user, system) => {
    let looks = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => 1400 * looks);
    vi.spyOn(process, 'threadCpuUsage').mockImplementation(() => ({ user: user * looks, system: system * looks }));
    pressure = new Pressure(() => plenty);
    for (; looks < 3; vi.advanceTimersByTime(LOOK_MS)) looks++;
    expect(pressure.why).toBe('the event loop is 1150 ms late, which is more than 1000 ms');
  });
});

test('the process’ own clocks tell a thread that has no core from one that computes', async () => {
  vi.useRealTimers();
  const starved = new Pressure(() => plenty);
  pressure = starved;
  for (let looks = 0; looks < 4; looks++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1400);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(starved.why).toBeUndefined();
  }
});
