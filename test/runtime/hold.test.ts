import { describe, expect, test, vi } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';
import { Admission } from '../../src/runtime/admission.ts';
import { Ledger } from '../../src/runtime/ledger.ts';
import { failureOf } from '../wire/refused.ts';

const KIB = 1024;
const SMALL = 64 * KIB;

/** Admission that says when something is free again; `held` are both sums. */
function admission(most = { bytes: 1000 * KIB, work: 1000 }) {
  const by = new Admission(new Ledger(most), () => 7);
  const given = vi.fn();
  by.onGiven = given;
  const held = () => [by.ledger.held('bytes'), by.ledger.held('work')];
  return { by, given, held };
}

describe('the longest body', () => {
  test('is half of the bytes, less an eighth of them, where it is held once', () => {
    expect(admission({ bytes: 16_000_000, work: 1 }).by.longestBody(1)).toBe(7_000_000);
  });

  test('is what reading it leaves room for, where that is less', () => {
    expect(admission({ bytes: 16_000_000, work: 1 }).by.longestBody(4)).toBe(3_500_000);
  });

  test('is one that may have the eighth too, where there is little', () => {
    expect(admission({ bytes: 100_000, work: 1 }).by.longestBody(1)).toBe(50_000);
    expect(admission({ bytes: 100_000, work: 1 }).by.longestBody(4)).toBe(25_000);
    expect(admission({ bytes: 4 * SMALL, work: 1 }).by.longestBody(1)).toBe(2 * SMALL - SMALL / 4);
    expect(admission({ bytes: 2 * SMALL, work: 1 }).by.longestBody(1)).toBe(SMALL);
  });

  test.each([1, 2, 4])('held %i times is admitted, and a byte more is not', (times) => {
    for (const bytes of [1000, 100_000, 300_000, 16_000_001]) {
      const { by } = admission({ bytes, work: 1 });
      const longest = by.longestBody(times);
      const hold = by.open(times);
      hold.expect(longest);
      expect(hold.bytes).toBe(longest * times);
      hold.release();
      expect(failureOf(() => by.open(times).expect(longest + 1)).code).toBe('body-too-large');
    }
  });
});

describe('what reading a body holds more', () => {
  test('is borrowed and returned, and is a 413 where it would not fit even alone', () => {
    const { by, given, held } = admission({ bytes: 1000, work: 1 });
    const hold = by.open(2);
    hold.expect(100);
    hold.arrived(100);
    hold.borrow(300);
    expect(held()).toEqual([500, 0]);
    expect(failureOf(() => by.open(1).borrow(501))).toMatchObject({ code: 'too-many-requests', retryAfter: 7 });
    expect(failureOf(() => hold.borrow(501))).toMatchObject({
      code: 'body-too-large',
      message: 'the request takes 1001 bytes by itself; MAX_PENDING_BYTES is 1000',
    });
    given.mockClear();
    hold.return(300);
    expect([held(), given.mock.calls.length]).toEqual([[200, 0], 1]);
    hold.release();
    expect(held()).toEqual([0, 0]);
  });
});

describe('a body that arrives', () => {
  test('is told by what it is refused: its own size, or that of others', () => {
    const { by } = admission();
    expect(failureOf(() => by.open(1).expect(438 * KIB)).message).toBe(
      `the body has ${438 * KIB} bytes; bodies that still arrive hold at most 448000 bytes together, of the 1024000 of MAX_PENDING_BYTES`,
    );
    by.open(1).expect(300 * KIB);
    expect(failureOf(() => by.open(1).expect(200 * KIB))).toMatchObject({
      code: 'too-many-requests',
      retryAfter: 7,
      message: `bodies that still arrive hold at most 448000 bytes together, of the 1024000 of MAX_PENDING_BYTES; others hold ${300 * KIB}, and this one has ${200 * KIB}`,
    });
  });

  test('that grew counts those before it alone as others', () => {
    const { by } = admission();
    by.open(1).expect(300 * KIB);
    const growing = by.open(1);
    growing.expect(100 * KIB);
    expect(failureOf(() => growing.expect(200 * KIB)).message).toContain(`others hold ${300 * KIB}, and this one has ${200 * KIB}`);
    expect([growing.bytes, growing.body, by.arriving]).toEqual([100 * KIB, 100 * KIB, 400 * KIB]);
  });

  test('that is no longer than was said changes nothing', () => {
    const { by } = admission();
    const hold = by.open(2);
    hold.expect(100);
    hold.expect(50);
    expect([hold.body, hold.bytes, by.arriving]).toEqual([100, 200, 100]);
    hold.arrived(60);
    expect([hold.body, hold.bytes, by.arriving]).toEqual([60, 120, 0]);
  });

  test('that nobody announced has room in steps of 64 KiB, twice what is here at the beginning, and never beyond the most', () => {
    const { by } = admission();
    const hold = by.open(1);
    const bodies = [1000, 1500, 2000, 2001, 70_000, 140_000, 300_000].map((bytes) => {
      hold.grow(bytes, 300_000);
      return hold.body;
    });
    expect(bodies).toEqual([2000, 2000, 2000, 4002, 70_000 + SMALL, 140_000 + SMALL, 300_000]);
  });

  /** A queue with places for bodies of more than 100 bytes; `reach` has the last one read, where there is room for it. */
  function line({ near = true } = {}) {
    const asked: number[] = [];
    let places = 0;
    let isReady = () => true;
    let reached = Promise.withResolvers<void>();
    const announce = (bytes: number, ready: () => boolean) => {
      asked.push(bytes);
      if (bytes <= 100) return undefined;
      places++;
      isReady = ready;
      reached = Promise.withResolvers<void>();
      const { promise, resolve } = reached;
      const leave = () => {
        places--;
        resolve();
      };
      return { since: 5, reached: () => (near ? undefined : promise), leave };
    };
    const reach = () => {
      if (!isReady()) return false;
      reached.resolve();
      return true;
    };
    return { asked, announce, reach, places: () => places };
  }

  test('is announced once there is room for it, until it is here or given up; what never fits is refused first', () => {
    const { by } = admission();
    const { asked, announce, places } = line();
    const hold = by.open(2, announce);
    // As short ones are, the first is not announced.
    expect(hold.expect(100)).toBe(undefined);
    expect(hold.since).toBe(undefined);
    hold.grow(150, 150);
    hold.grow(200, 200);
    expect([asked, places(), hold.since]).toEqual([[100, 150], 1, 5]);
    hold.arrived(200);
    expect([places(), hold.since]).toEqual([0, 5]);
    const leaves = by.open(1, announce);
    leaves.expect(300);
    expect(places()).toBe(1);
    leaves.release();
    expect(places()).toBe(0);
    expect(failureOf(() => by.open(1, announce).expect(1e9)).code).toBe('body-too-large');
    expect(asked).toEqual([100, 150, 300]);
    const late = new Failure('too-many-requests', 'its turn would come late');
    const refused = by.open(1, () => {
      throw late;
    });
    expect(failureOf(() => refused.expect(10))).toBe(late);
  });

  test('that waits for its turn to be read holds what a connection brings of it, and then its room', async () => {
    const { by, held } = admission();
    const { announce, reach } = line({ near: false });
    const hold = by.open(2, announce);
    const turn = hold.expect(200 * KIB);
    expect([held(), by.arriving]).toEqual([[256 * KIB, 0], 128 * KIB]);
    expect(reach()).toBe(true);
    await turn;
    expect([held(), by.arriving, hold.waited > 0]).toEqual([[400 * KIB, 0], 200 * KIB, true]);
  });

  test('waits on where there is no room for it at its turn', async () => {
    const { by, held } = admission();
    const { announce, reach } = line({ near: false });
    const hold = by.open(2, announce);
    void hold.expect(200 * KIB);
    const other = by.openLine(SMALL);
    other.pay({ holds: 600 * KIB, work: 0 });
    expect([reach(), held(), by.arriving]).toEqual([false, [856 * KIB, 0], 128 * KIB]);
    other.release();
    expect([reach(), held()]).toEqual([true, [400 * KIB, 0]]);
  });

  test('waits no longer once it is released', async () => {
    const { by, held } = admission();
    const { announce } = line({ near: false });
    const hold = by.open(2, announce);
    const turn = hold.expect(200 * KIB);
    hold.release();
    await turn;
    expect([held(), by.arriving]).toEqual([[0, 0], 0]);
  });

  test('after its release holds nothing', () => {
    const { by, held } = admission();
    const hold = by.open(1);
    hold.release();
    hold.expect(100);
    expect([held(), by.arriving]).toEqual([[0, 0], 0]);
  });
});

describe('lines of a stream', () => {
  test('are followed: more of them, fewer, and none', () => {
    const { by, held } = admission();
    const hold = by.open(3);
    expect(hold.tryFollow(100)).toBe(true);
    expect([held(), by.arriving, hold.body]).toEqual([[300, 0], 100, 100]);
    expect(hold.tryFollow(40)).toBe(true);
    expect([held(), by.arriving, hold.body]).toEqual([[120, 0], 40, 40]);
    expect(hold.tryFollow(0)).toBe(true);
    expect([held(), by.arriving]).toEqual([[0, 0], 0]);
  });

  test('hold nothing after their release, however few of them are followed', () => {
    const { by, held } = admission();
    const hold = by.open(3);
    hold.tryFollow(100);
    hold.release();
    const followed = hold.tryFollow(40);
    expect([held(), by.arriving]).toEqual([[0, 0], 0]);
    expect(followed).toBe(false);
  });

  test('for which there is no room change nothing', () => {
    const { by, held } = admission();
    const hold = by.open(1);
    expect(hold.tryFollow(100)).toBe(true);
    by.open(1).expect(430 * KIB);
    expect(hold.tryFollow(80 * KIB)).toBe(false);
    expect([held(), hold.body]).toEqual([[430 * KIB + 100, 0], 100]);
  });

  test('for which all bytes together leave no room do not count as arriving', () => {
    const { by, held } = admission();
    by.openLine(0).pay({ holds: 900 * KIB, work: 0 });
    const hold = by.open(4);
    expect(hold.tryFollow(60 * KIB)).toBe(false);
    expect([held(), by.arriving]).toEqual([[900 * KIB, 0], 0]);
    expect(failureOf(() => by.open(4).expect(60 * KIB)).message).toContain('the requests under way hold');
    expect(by.arriving).toBe(0);
  });

  test('hold no body of their own, and pay like any other', () => {
    const { by, held } = admission();
    const line = by.openLine(100_000);
    expect([line.body, line.bytes]).toEqual([100_000, 0]);
    line.pay({ holds: 10.2, work: 4.5 });
    expect([held(), line.bytes, line.work]).toEqual([[11, 5], 11, 5]);
  });
});

describe('what is held', () => {
  test('is resized where there is room, and never after its release', () => {
    const { by, held } = admission({ bytes: 100, work: 1 });
    const hold = by.openLine(0);
    expect([hold.tryResize(60), hold.tryResize(101), hold.tryResize(100)]).toEqual([true, false, true]);
    expect(hold.tryResize(30)).toBe(true);
    expect(held()).toEqual([30, 0]);
    hold.release();
    expect([hold.tryResize(10), hold.tryResize(0), held()]).toEqual([false, false, [0, 0]]);
  });

  test('is all of a price or nothing of it, and nobody is told of what was not free before', () => {
    const { by, given, held } = admission();
    const hold = by.openLine(0);
    by.openLine(0).pay({ holds: 0, work: 999 });
    expect(failureOf(() => hold.pay({ holds: 500, work: 2 })).code).toBe('too-many-requests');
    expect([held(), hold.bytes, hold.work, given.mock.calls.length]).toEqual([[0, 999], 0, 0, 0]);
    expect(hold.tryPay({ holds: 500, work: 2 })).toBe(false);
    expect(hold.tryPay({ holds: 500, work: 1 })).toBe(true);
    expect([held(), hold.bytes, hold.work]).toEqual([[500, 1000], 500, 1]);
  });

  test('is nothing after its release, whoever still pays, borrows, or settles', () => {
    const { by, held } = admission();
    const hold = by.open(1);
    hold.expect(100);
    hold.release();
    hold.borrow(50);
    hold.pay({ holds: 500, work: 10 });
    expect(hold.tryPay({ holds: 500, work: 10 })).toBe(true);
    hold.settle(20);
    expect([held(), hold.bytes, hold.work]).toEqual([[0, 0], 0, 0]);
  });

  test('adds up: what would not fit alone counts what is held already', () => {
    const { by } = admission({ bytes: 1000, work: 1000 });
    const hold = by.openLine(0);
    hold.pay({ holds: 600, work: 600 });
    hold.refuseAlone({ holds: 400, work: 400 });
    expect(failureOf(() => hold.refuseAlone({ holds: 400.5, work: 0 }))).toMatchObject({
      code: 'work-too-large',
      message: 'the request takes 1001 bytes by itself; MAX_PENDING_BYTES is 1000',
    });
    expect(failureOf(() => hold.refuseAlone({ holds: 0, work: 400.5 })).message).toBe(
      'the request takes 1001 multiply-adds by itself; MAX_PENDING_WORK is 1000',
    );
    expect(failureOf(() => hold.pay({ holds: 401, work: 0 })).code).toBe('work-too-large');
  });

  test('by a large body leaves an eighth, and says so', () => {
    const { by } = admission({ bytes: 1000, work: 1000 });
    by.openLine(SMALL).refuseAlone({ holds: 1000, work: 1000 });
    expect(failureOf(() => by.openLine(SMALL + 1).refuseAlone({ holds: 876, work: 0 })).message).toBe(
      'the request takes 876 bytes by itself; MAX_PENDING_BYTES is 1000, an eighth of which is kept for bodies up to 65536 bytes',
    );
  });

  test('is the reply alone once it is answered; a reply larger than all before holds no more', () => {
    const { by, given, held } = admission();
    const hold = by.openLine(0);
    hold.pay({ holds: 500, work: 10 });
    hold.settle(600);
    expect([held(), given.mock.calls.length]).toEqual([[500, 0], 1]);
    hold.settle(500);
    expect(given).toHaveBeenCalledTimes(1);
    hold.settle(200);
    expect([held(), given.mock.calls.length]).toEqual([[200, 0], 2]);
  });

  test('is what a thread took too, and is given back with the rest', () => {
    const { by, held } = admission();
    const hold = by.openLine(0);
    by.ledger.take('bytes', 30);
    by.ledger.take('work', 40);
    hold.adopt({ bytes: 30, work: 40 });
    expect([hold.bytes, hold.work]).toEqual([30, 40]);
    hold.release();
    expect([held(), hold.bytes, hold.work]).toEqual([[0, 0], 0, 0]);
  });

  test('stays while threads work on it, to the last of them, and goes with it where it was released', () => {
    const { by, held } = admission();
    const hold = by.openLine(0);
    hold.pay({ holds: 10, work: 10 });
    hold.pin();
    hold.pin();
    hold.unpin();
    hold.release();
    expect(held()).toEqual([10, 10]);
    hold.unpin();
    expect(held()).toEqual([0, 0]);
    const kept = by.openLine(0);
    kept.pay({ holds: 10, work: 10 });
    kept.pin();
    kept.unpin();
    expect(held()).toEqual([10, 10]);
    kept.release();
    expect(held()).toEqual([0, 0]);
  });

  test('of which nothing is given back makes no news', () => {
    const { by, given } = admission();
    by.give('bytes', 0);
    by.openLine(0).release();
    expect(given).not.toHaveBeenCalled();
  });
});

test('a defect is no refusal: it goes on as it is', () => {
  const { by } = admission();
  const defect = new Error('of ours');
  by.ledger.take = () => {
    throw defect;
  };
  expect(() => by.openLine(0).tryPay({ holds: 1, work: 0 })).toThrow(defect);
  expect(by.withRetryAfter(defect)).toBe(defect);
  const other = new Failure('work-too-large', 'too much');
  expect(by.withRetryAfter(other)).toBe(other);
});

describe('memory that is lent', () => {
  test('of the body and of the reply is given back, each once', () => {
    const hold = admission().by.open(1);
    const [body, reply] = [vi.fn(), vi.fn()];
    hold.lend(body);
    hold.lend(reply);
    hold.release();
    hold.release();
    expect([body, reply].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });
});

describe('a reply in memory that is lent', () => {
  test('is given back once, when the request is released', () => {
    const hold = admission().by.open(1);
    const giveBack = vi.fn();
    hold.lend(giveBack);
    hold.settle(10);
    expect(giveBack).not.toHaveBeenCalled();
    hold.release();
    hold.release();
    expect(giveBack).toHaveBeenCalledTimes(1);
  });

  test('of a request that nobody waits for any more is given back when its thread lets go', () => {
    const hold = admission().by.open(1);
    const giveBack = vi.fn();
    hold.pin();
    hold.release();
    hold.lend(giveBack);
    expect(giveBack).not.toHaveBeenCalled();
    hold.unpin();
    expect(giveBack).toHaveBeenCalledTimes(1);
  });
});

describe('a process that can take no request', () => {
  test('opens none, and says why and when to ask again; one that can opens them', () => {
    let why: string | undefined = 'memory is short';
    const by = new Admission(
      new Ledger({ bytes: 1000, work: 1000 }),
      () => 7,
      () => why,
    );
    expect(failureOf(() => by.open(1))).toMatchObject({ code: 'overloaded', message: 'memory is short', retryAfter: 7 });
    why = undefined;
    expect(by.open(1).bytes).toBe(0);
  });
});

describe('a refusal for load says', () => {
  const refusedOf = (body: number) => {
    const { by } = admission({ bytes: 10 * SMALL, work: 1000 });
    by.openLine(1).pay({ holds: 0, work: 900 });
    return failureOf(() => by.openLine(body).pay({ holds: 0, work: 101 })).message;
  };

  test('what others hold, what is asked for, and the bound', () => {
    expect(refusedOf(SMALL)).toBe('the requests under way hold 900 multiply-adds together, and this one asks for 101 more; MAX_PENDING_WORK is 1000');
  });

  test('what is kept of it for small bodies, where the body is none', () => {
    expect(refusedOf(SMALL + 1)).toBe(
      `the requests under way hold 900 multiply-adds together, and this one asks for 101 more; MAX_PENDING_WORK is 1000, an eighth of which is kept for bodies up to ${SMALL} bytes`,
    );
  });
});

describe('the memory of a large body', () => {
  /** A hold whose body is there. */
  function received({ by }: ReturnType<typeof admission>, text: string) {
    const hold = by.open(1);
    hold.memory.push(Buffer.from(text), text.length);
    return { hold, buffer: hold.memory.bytes()[0]?.buffer };
  }

  test('is others’ once it is answered', () => {
    const made = admission();
    const { hold, buffer } = received(made, 'first');
    expect(received(made, 'second').buffer).not.toBe(buffer);
    hold.settle(0);
    expect(received(made, 'third').buffer).toBe(buffer);
    hold.release();
    expect(received(made, 'fourth').buffer).not.toBe(buffer);
  });

  test('is others’ once it is released, but not while a thread reads it', () => {
    const made = admission();
    const { hold, buffer } = received(made, 'first');
    hold.pin();
    hold.release();
    expect(received(made, 'second').buffer).not.toBe(buffer);
    hold.unpin();
    expect(received(made, 'third').buffer).toBe(buffer);
  });

  test('is none where it was released before', () => {
    const made = admission();
    const hold = made.by.open(1);
    hold.release();
    hold.memory.push(Buffer.from('late'), 4);
    expect(hold.memory.bytes()).toEqual([]);
  });
});
