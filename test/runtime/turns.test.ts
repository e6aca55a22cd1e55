import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Turn, Turns } from '../../src/runtime/turns.ts';

/** The names of those that began, in order; `end` gives a thread back. */
function queue(threads: number) {
  const turns = new Turns(threads);
  const begun: string[] = [];
  const known = new Map<string, Turn>();
  const enter = (name: string, cost: number, since: number, ready?: () => boolean) => {
    const turn: Turn = { basis: 'shapes', cost, since, begin: () => begun.push(name), ...(ready && { ready }) };
    known.set(name, turn);
    turns.enter(turn);
    return turn;
  };
  const end = (name: string, now: number) => {
    const turn = known.get(name);
    if (turn) turns.end(turn, now);
  };
  return { turns, begun, enter, end };
}

/** What passes while a test runs is no time. */
function useStandingClock() {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}

describe('the queue', () => {
  test('gives free threads out at once, and no more than there are', () => {
    const { turns, begun, enter } = queue(2);
    for (const name of ['a', 'b', 'c']) enter(name, 10, 0);
    expect(begun).toEqual(['a', 'b']);
    expect([turns.length, turns.busy, turns.idle]).toEqual([1, 2, 0]);
  });

  test('serves the highest response ratio next: short ones pass long ones', () => {
    const { begun, enter, end } = queue(1);
    enter('running', 10, 0);
    enter('long', 1000, 0);
    enter('short', 10, 90);
    // Ratios at 100: (100 + 1000) / 1000 = 1.1, and (10 + 10) / 10 = 2.
    end('running', 100);
    expect(begun).toEqual(['running', 'short']);
  });

  test('lets a long one that has waited long pass a short one that has not', () => {
    const { begun, enter, end } = queue(1);
    enter('running', 10, 0);
    enter('long', 1000, 0);
    enter('short', 10, 4960);
    // Ratios at 5000: 6, and 5.
    end('running', 5000);
    expect(begun).toEqual(['running', 'long']);
  });

  test('forgets one that leaves, and passes over one that is not ready', () => {
    const { turns, begun, enter, end } = queue(1);
    enter('running', 10, 0);
    let ready = false;
    enter('not ready', 1, 0, () => ready);
    turns.leave(enter('gone', 1, 0));
    enter('next', 1000, 0);
    end('running', 100);
    expect(begun).toEqual(['running', 'next']);
    end('next', 200);
    expect([begun.length, turns.idle, turns.length]).toEqual([2, 1, 1]);
    ready = true;
    turns.next();
    expect(begun.at(-1)).toBe('not ready');
  });

  test('serves those that have the same ratio in the order in which they came', () => {
    const { begun, enter, end } = queue(1);
    enter('running', 10, 0);
    for (const name of ['first', 'second', 'third']) enter(name, 10, 0);
    for (const name of ['running', 'first', 'second']) end(name, 100);
    expect(begun).toEqual(['running', 'first', 'second', 'third']);
  });

  test('may be asked again by what happens while it gives threads out', () => {
    const { turns, begun, enter } = queue(2);
    const asking = () => {
      turns.next();
      return false;
    };
    enter('not ready', 1, 0, asking);
    enter('a', 10, 0);
    enter('b', 10, 0);
    enter('c', 10, 0);
    expect([begun, turns.busy, turns.length]).toEqual([['a', 'b'], 2, 2]);
  });

  test('says nothing of idle threads while one waits that is not ready', () => {
    const { turns, enter } = queue(2);
    let idle = 0;
    turns.onIdle = () => idle++;
    turns.leave(enter('not ready', 1, 0, () => false));
    expect(idle).toBe(0);
    turns.next();
    expect(idle).toBe(1);
  });

  test('says when threads are idle, and counts those that help', () => {
    const { turns, begun, enter, end } = queue(2);
    let idle = 0;
    turns.onIdle = () => {
      idle++;
      turns.help();
    };
    enter('a', 10, 0);
    expect([idle, turns.busy]).toEqual([1, 2]);
    enter('b', 10, 0);
    expect(begun).toEqual(['a']);
    turns.helped();
    expect(begun).toEqual(['a', 'b']);
    end('a', 10);
    expect(idle).toBe(2);
  });
});

describe('helpers', () => {
  test('are wanted where one waits, as long as no thread is free', () => {
    const { turns, begun, enter, end } = queue(2);
    let wanted = 0;
    turns.onHelpersWanted = () => wanted++;
    enter('a', 10, 0);
    turns.help();
    turns.next();
    expect(wanted).toBe(0);
    enter('b', 10, 0);
    expect(wanted).toBe(1);
    turns.helped();
    expect([begun, wanted]).toEqual([['a', 'b'], 1]);
    // Nobody helps now.
    enter('c', 10, 0);
    expect(wanted).toBe(1);
    end('a', 10);
    end('b', 10);
    // A thread is free, and the one that waits is not ready.
    turns.help();
    end('c', 10);
    enter('not ready', 1, 0, () => false);
    expect([turns.idle, wanted]).toEqual([1, 1]);
  });
});

describe('the expected wait', () => {
  test('is none while a thread is free', () => {
    const { turns, enter } = queue(2);
    enter('a', 1000, 0);
    expect(turns.expectedWait({ cost: 5, basis: 'shapes' }, 0)).toBe(0);
  });

  test('is none while a thread helps, which leaves for those that wait', () => {
    const { turns, enter } = queue(2);
    enter('a', 1000, 0);
    turns.help();
    expect(turns.expectedWait({ cost: 5, basis: 'shapes' }, 0)).toBe(0);
  });
});

describe('the expected wait, by a clock that stands', () => {
  useStandingClock();
  let now = 0;
  beforeEach(() => {
    vi.advanceTimersByTime(1e6);
    now = performance.now();
  });

  test('counts what is left of those that run, those that are shorter, and long ones that have waited long', () => {
    const { turns, enter } = queue(1);
    enter('running', 100, 0);
    enter('short', 10, now);
    enter('long', 1000, now);
    expect(turns.expectedWait({ cost: 20, basis: 'shapes' }, now + 30)).toBe(70 + 10);
    expect(turns.expectedWait({ cost: 2000, basis: 'shapes' })).toBe(1110);
    // Long has waited for 60 s: a short one that comes now is after it.
    const later = queue(1);
    later.enter('running', 100, 0);
    later.enter('long', 1000, now - 60_000);
    expect(later.turns.expectedWait({ cost: 20, basis: 'shapes' })).toBe(1100);
  });

  test('holds one to be half done that runs for longer than its price says', () => {
    const { turns, enter } = queue(1);
    enter('running', 10, 0);
    expect(turns.expectedWait({ cost: 1, basis: 'shapes' }, now + 1e6)).toBe(1e6);
  });

  test('follows the pace that is measured', () => {
    const { turns, enter, end } = queue(1);
    // Each takes three times its price.
    for (let i = 0; i < 100; i++) {
      enter(`${i}`, 100, 0);
      end(`${i}`, now + 300);
    }
    enter('running', 100, 0);
    enter('waiting', 100, now);
    const wait = turns.expectedWait({ cost: 100, basis: 'shapes' });
    expect(wait).toBeGreaterThan(590);
    expect(wait).toBeLessThanOrEqual(600);
  });

  test('follows the pace of questions that are priced by their bodies apart from that of others', () => {
    const { turns, enter } = queue(1);
    const body = (): Turn => ({ basis: 'bytes', cost: 100, since: now, begin: () => undefined });
    for (let i = 0; i < 100; i++) {
      const turn = body();
      turns.enter(turn);
      turns.end(turn, now + 300);
    }
    enter('running', 100, now);
    expect(turns.expectedWait({ cost: 1000, basis: 'shapes' })).toBe(100);
    turns.enter(body());
    const wait = turns.expectedWait({ cost: 1000, basis: 'shapes' });
    expect(wait).toBeGreaterThan(390);
    expect(wait).toBeLessThanOrEqual(400);
  });

  test('is shared by the threads', () => {
    const { turns, enter } = queue(4);
    for (let i = 0; i < 4; i++) enter(`running ${i}`, 1000, now);
    enter('short', 400, now);
    // What is left of the four, and the one that is shorter.
    expect(turns.expectedWait({ cost: 500, basis: 'shapes' })).toBe(1100);
    // One that has waited for long is before it too.
    enter('long', 4000, now - 8000);
    expect(turns.expectedWait({ cost: 500, basis: 'shapes' })).toBe(2100);
  });

  test('is that until one of them is free, however long the others are held', () => {
    const { turns, enter } = queue(3);
    for (const [name, ms] of Object.entries({ long: 1000, quick: 200, longest: 60_000 })) enter(name, ms, now);
    expect(turns.expectedWait({ cost: 500, basis: 'shapes' })).toBe(200);
    enter('short', 400, now);
    expect(turns.expectedWait({ cost: 500, basis: 'shapes' })).toBe(600);
    // Two threads share what comes before now: 200 + 1000 + 400 + 600.
    enter('another', 600, now);
    expect(turns.expectedWait({ cost: 700, basis: 'shapes' })).toBe(1100);
  });

  test('counts a long one that will have waited long enough by the time of one’s turn', () => {
    const { turns, enter } = queue(1);
    enter('running', 1000, now);
    // In a second their ratios less one are 1.25 and 0.5, and 1.25 is that of this one: the first is before it, the other is not.
    enter('long', 2000, now - 1500);
    enter('longer', 4000, now - 1000);
    expect(turns.expectedWait({ cost: 800, basis: 'shapes' })).toBe(3000);
  });

  test('counts those that take as long as before any that take longer', () => {
    const { turns, enter } = queue(1);
    enter('running', 50, now);
    enter('equal', 100, now);
    // In 150 ms its ratio less one is 0.65, and that of this one 1.5; were it 50 ms, they would be 0.55 and 0.5.
    enter('long', 1000, now - 500);
    expect(turns.expectedWait({ cost: 100, basis: 'shapes' })).toBe(150);
  });

  test('goes by the length of a body as it does by shapes', () => {
    const { turns, enter } = queue(1);
    enter('running', 100, now);
    expect(turns.expectedWait({ cost: 20, basis: 'bytes' })).toBe(100);
  });

  test('is not changed by the end of one that had no thread', () => {
    const { turns, enter } = queue(1);
    enter('running', 100, now);
    turns.end({ basis: 'shapes', cost: 1e9, since: 0, begin: () => undefined }, 1e9);
    expect([turns.busy, turns.expectedWait({ cost: 100, basis: 'shapes' })]).toEqual([1, 100]);
  });
});

describe('a question that would wait for long', () => {
  useStandingClock();

  /** One runs for so many seconds, on one thread. */
  function behind(seconds: number) {
    const { turns, enter } = queue(1);
    enter('running', 1000 * seconds, 0);
    return (cost: number, timeout: number) => () => turns.refuseLate({ cost: 1000 * cost, basis: 'shapes' }, 1000 * timeout);
  }

  test('is refused where that is more than a 12th of its deadline, and told when to come again', () => {
    expect(behind(2900)(1, 30_000)).toThrow(
      expect.objectContaining({
        code: 'too-many-requests',
        retryAfter: 60,
        message: 'its turn would come in about 2900000 ms; it may wait for 2500000 ms of the 30000000 ms of REQUEST_TIMEOUT_MS',
      }),
    );
    expect(behind(2500)(1, 30_000)).not.toThrow();
  });

  test('may wait for four times its own time, never beyond its deadline', () => {
    expect(behind(8000)(2001, 30_000)).not.toThrow();
    expect(behind(8000)(1900, 30_000)).toThrow('7600000 ms');
    expect(behind(8000)(2001, 7000)).toThrow('7000000 ms');
  });
});

describe('a question whose body is with its client', () => {
  let now = 0;
  beforeEach(() => {
    vi.useFakeTimers();
    now = performance.now();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Those whose bodies are read, in order; `arrived` says that one is here, or gone. */
  function bodies(threads: number) {
    const { turns, begun, enter, end } = queue(threads);
    const read: string[] = [];
    const announced = new Map<string, Turn>();
    const announce = (name: string, cost: number, ready: () => boolean = () => true) => {
      const turn: Turn = { basis: 'shapes', cost, since: performance.now(), ready, begin: () => read.push(name) };
      announced.set(name, turn);
      return turns.announce(turn, 30_000);
    };
    const arrived = (name: string) => {
      const turn = announced.get(name);
      if (turn) turns.arrived(turn);
    };
    return { turns, begun, enter, end, read, announce, arrived };
  }

  test('has it read at once where its turn is near', () => {
    const { read, announce, enter } = bodies(1);
    enter('running', 100, now);
    announce('a', 1000);
    expect(read).toEqual(['a']);
  });

  test('has it read once what is before it takes no longer than a tenth of a second', async () => {
    const { read, announce, enter } = bodies(1);
    enter('running', 300, now);
    announce('a', 10);
    await vi.advanceTimersByTimeAsync(180);
    expect(read).toEqual([]);
    await vi.advanceTimersByTimeAsync(40);
    expect(read).toEqual(['a']);
  });

  test('has it read once one thread is nearly through, however long the others are held', async () => {
    const { read, announce, enter } = bodies(2);
    enter('running', 1000, now);
    await vi.advanceTimersByTimeAsync(900);
    enter('another', 1000, now);
    announce('a', 10);
    expect(read).toEqual(['a']);
  });

  test('has it read where another is given the thread that it would have had, whose end was foretold badly', async () => {
    const { begun, read, announce, enter, end } = bodies(2);
    for (const [name, ms] of Object.entries({ running: 10, another: 1000, waiting: 1000 })) enter(name, ms, now);
    await vi.advanceTimersByTimeAsync(300);
    announce('a', 10);
    announce('b', 10_000);
    await vi.advanceTimersByTimeAsync(200);
    expect(read).toEqual([]);
    end('running', performance.now());
    expect([begun, read]).toEqual([['running', 'another', 'waiting'], ['a']]);
  });

  test('has it read behind those that are read already, which are here soon or are here', async () => {
    const { turns, read, announce, arrived, enter } = bodies(2);
    for (const name of ['a', 'b', 'c', 'd']) announce(name, 90);
    // 180 and 270 ms, on two threads.
    expect(read).toEqual(['a', 'b', 'c']);
    arrived('a');
    enter('a', 90, now);
    await vi.advanceTimersByTimeAsync(60);
    expect([read, turns.length]).toEqual([['a', 'b', 'c'], 1]);
    await vi.advanceTimersByTimeAsync(20);
    expect([read, turns.length]).toEqual([['a', 'b', 'c', 'd'], 0]);
  });

  test('has it read behind those that wait for a thread', () => {
    const { read, announce, enter } = bodies(1);
    enter('running', 50, now);
    enter('waiting', 100, now);
    announce('a', 200);
    expect(read).toEqual([]);
  });

  test('has waited, and is read before a longer one that has waited for as long', async () => {
    const { read, announce, enter } = bodies(1);
    enter('running', 2000, now);
    announce('a', 300);
    enter('long', 3000, now);
    await vi.advanceTimersByTimeAsync(1950);
    expect(read).toEqual(['a']);
  });

  test('has it read in the order of the queue, however many wait', async () => {
    const { turns, read, announce, end, enter } = bodies(1);
    enter('running', 1000, now);
    announce('long', 500);
    announce('short', 10);
    announce('shorter', 5);
    expect([read, turns.length, vi.getTimerCount()]).toEqual([[], 3, 1]);
    await vi.advanceTimersByTimeAsync(50);
    end('running', performance.now());
    expect(read).toEqual(['shorter', 'short', 'long']);
  });

  test('waits for room, and is asked again', async () => {
    const { read, announce } = bodies(1);
    let room = false;
    announce('a', 10, () => room);
    announce('b', 1000);
    expect(read).toEqual([]);
    room = true;
    await vi.advanceTimersByTimeAsync(20);
    expect(read).toEqual(['a', 'b']);
  });

  test('is not held up by slow bodies: as many are read as the threads have time for', async () => {
    const { read, announce } = bodies(1);
    for (let i = 0; i < 30; i++) announce(`${i}`, 10);
    expect(read).toHaveLength(11);
    await vi.advanceTimersByTimeAsync(120);
    expect(read).toHaveLength(22);
  });

  test('is forgotten where its client goes', async () => {
    const { turns, read, announce, arrived, enter } = bodies(1);
    enter('running', 1000, now);
    announce('a', 10);
    arrived('a');
    await vi.advanceTimersByTimeAsync(2000);
    expect([read, turns.length, vi.getTimerCount()]).toEqual([[], 0, 0]);
  });

  test('is refused where it would wait for too long behind those that wait with theirs, and told for how long it may', () => {
    const { announce, enter } = bodies(1);
    enter('running', 1000, now);
    expect(announce('a', 700)).toBe(2800);
    expect(announce('b', 400)).toBe(2500);
    for (const name of ['c', 'd', 'e']) expect(() => announce(name, 500)).not.toThrow();
    expect(() => announce('f', 500)).toThrow('its turn would come in about 2900 ms; it may wait for 2500 ms of the 30000 ms of REQUEST_TIMEOUT_MS');
    enter('here', 100, now);
    expect(() => announce('g', 500)).toThrow('its turn would come in about 3000 ms');
  });

  test('counts for Retry-After', () => {
    const { turns, announce, enter } = bodies(1);
    enter('running', 1500, now);
    announce('a', 1500);
    expect(turns.retryAfter()).toBe(3);
  });

  test('is no reason to refuse one that is here', () => {
    const { turns, announce, enter } = bodies(1);
    enter('running', 1, now);
    announce('a', 4000);
    announce('b', 4000);
    expect(() => turns.refuseLate({ cost: 1, basis: 'shapes' }, 30_000)).not.toThrow();
  });

  test('that has waited for as long as it may is told so', () => {
    expect(bodies(1).turns.late(2500, 30_000)).toMatchObject({
      code: 'too-many-requests',
      message: 'its turn has not come; it may wait for 2500 ms of the 30000 ms of REQUEST_TIMEOUT_MS',
      retryAfter: 1,
    });
  });
});

describe('Retry-After', () => {
  useStandingClock();

  test('is a whole number of seconds, from 1 to 60, in which the threads are through', () => {
    const { turns, enter } = queue(2);
    expect(turns.retryAfter()).toBe(1);
    enter('first', 2500, 0);
    expect(turns.retryAfter()).toBe(2);
    for (let i = 0; i < 7; i++) enter(`${i}`, 2500, 0);
    expect(turns.retryAfter()).toBe(10);
    for (let i = 0; i < 80; i++) enter(`more ${i}`, 2500, 0);
    expect(turns.retryAfter()).toBe(60);
  });
});
