import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { Admission, takeOrRefuse } from '../../src/runtime/admission.ts';
import { Ledger, Slip } from '../../src/runtime/ledger.ts';
import { failureOf } from '../wire/refused.ts';

const KIB = 1024;

function admission(most = { bytes: 1000 * KIB, work: 1000 }, retryAfter = 7): Admission {
  return new Admission(new Ledger(most), () => retryAfter);
}

/** A request whose body has arrived and is to be held once. */
function arrived(by: Admission, body: number) {
  const hold = by.open(1);
  hold.expect(body);
  hold.arrived(body);
  return hold;
}

describe('the sums', () => {
  test('are filled to the last permit, and not beyond', () => {
    const by = admission();
    const holds = [1, 2, 3, 4].map(() => {
      const hold = arrived(by, KIB);
      hold.pay({ holds: 0, work: 250 });
      return hold;
    });
    expect(by.ledger.held('work')).toBe(1000);
    const fifth = arrived(by, KIB);
    expect(failureOf(() => fifth.pay({ holds: 0, work: 1 }))).toMatchObject({
      code: 'too-many-requests',
      retryAfter: 7,
      message: 'the requests under way hold 1000 multiply-adds together, and this one asks for 1 more; MAX_PENDING_WORK is 1000',
    });
    holds[0]?.settle(10);
    fifth.pay({ holds: 0, work: 250 });
    expect(by.ledger.held('work')).toBe(1000);
  });

  test('refuse as too large what would not fit even alone, whatever else is there', () => {
    const by = admission();
    arrived(by, KIB).pay({ holds: 0, work: 999 });
    expect(failureOf(() => arrived(by, KIB).pay({ holds: 0, work: 1001 }))).toMatchObject({
      code: 'work-too-large',
      message: 'the request takes 1001 multiply-adds by itself; MAX_PENDING_WORK is 1000',
    });
    expect(failureOf(() => arrived(by, KIB).pay({ holds: 1000 * KIB, work: 0 }))).toMatchObject({
      code: 'work-too-large',
      message: expect.stringContaining('MAX_PENDING_BYTES is 1024000'),
    });
  });

  test('keep an eighth for bodies up to 64 KiB', () => {
    const by = admission();
    const large = 65 * KIB;
    arrived(by, large).pay({ holds: 0, work: 875 });
    expect(failureOf(() => arrived(by, large).pay({ holds: 0, work: 1 })).code).toBe('too-many-requests');
    expect(failureOf(() => arrived(by, large).pay({ holds: 0, work: 876 })).code).toBe('work-too-large');
    arrived(by, 64 * KIB).pay({ holds: 0, work: 125 });
    expect(by.ledger.held('work')).toBe(1000);
  });

  test('are free again after every end, however often it is said', () => {
    const by = admission();
    const hold = arrived(by, 100 * KIB);
    hold.pay({ holds: 50 * KIB, work: 10 });
    hold.settle(20 * KIB);
    expect([by.ledger.held('bytes'), by.ledger.held('work')]).toEqual([20 * KIB, 0]);
    hold.release();
    hold.release();
    hold.settle(0);
    expect([by.ledger.held('bytes'), by.ledger.held('work'), by.arriving]).toEqual([0, 0, 0]);
  });

  test('wait for the thread that works on it, where nobody waits for the answer any more', () => {
    const by = admission();
    const hold = arrived(by, KIB);
    hold.pin();
    hold.release();
    expect(by.ledger.held('bytes')).toBe(KIB);
    hold.unpin();
    expect(by.ledger.held('bytes')).toBe(0);
  });
});

describe('bodies that arrive', () => {
  test('hold at most half of the bytes together', () => {
    const by = admission();
    const holds = Array.from({ length: 4 }, () => by.open(1));
    for (const hold of holds) hold.expect(100 * KIB);
    const fifth = by.open(1);
    expect(failureOf(() => fifth.expect(100 * KIB))).toMatchObject({ code: 'too-many-requests', retryAfter: 7 });
    expect([by.arriving, by.ledger.held('bytes')]).toEqual([400 * KIB, 400 * KIB]);
    holds[0]?.arrived(100 * KIB);
    fifth.expect(100 * KIB);
    expect([by.arriving, by.ledger.held('bytes')]).toEqual([400 * KIB, 500 * KIB]);
    for (const hold of [...holds, fifth]) hold.release();
    expect([by.arriving, by.ledger.held('bytes')]).toEqual([0, 0]);
  });

  test('are too large where they alone would hold more', () => {
    expect(
      failureOf(() =>
        admission()
          .open(1)
          .expect(501 * KIB),
      ),
    ).toMatchObject({ code: 'body-too-large', message: expect.stringContaining('MAX_PENDING_BYTES') });
    expect(
      failureOf(() =>
        admission()
          .open(4)
          .expect(300 * KIB),
      ),
    ).toMatchObject({ code: 'body-too-large', message: expect.stringContaining('MAX_PENDING_BYTES') });
  });

  test('grow in steps where nobody said how long they are, and shrink to what they were', () => {
    const by = admission();
    const hold = by.open(2);
    hold.grow(1000, 1e9);
    hold.grow(70 * KIB, 1e9);
    expect(by.arriving).toBeGreaterThanOrEqual(70 * KIB);
    expect(by.ledger.held('bytes')).toBe(2 * by.arriving);
    hold.grow(100 * KIB, 100 * KIB);
    hold.arrived(100 * KIB);
    expect([by.arriving, by.ledger.held('bytes')]).toEqual([0, 200 * KIB]);
    hold.release();
    expect(by.ledger.held('bytes')).toBe(0);
  });
});

test('under pressure nothing is taken in', () => {
  const by = new Admission(
    new Ledger({ bytes: 1, work: 1 }),
    () => 3,
    () => 'it is late',
  );
  expect(failureOf(() => by.open(1))).toMatchObject({ code: 'overloaded', message: 'it is late', retryAfter: 3 });
});

test('threads that take at once never pass a sum together, and what they took can be read', async () => {
  const ledger = new Ledger({ bytes: 0, work: 10_000 });
  const ledgerFile = JSON.stringify(new URL('../../src/runtime/ledger.ts', import.meta.url).href);
  const source = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(${ledgerFile}).then(({ Ledger, Slip }) => {
      const ledger = new Ledger(workerData.most, workerData.ledger);
      const slip = new Slip(workerData.slip);
      let worst = 0;
      for (let i = 0; i < 200_000; i++) {
        if (ledger.take('work', 7)) slip.note('work', 7);
        worst = Math.max(worst, ledger.held('work'));
        if (i % 3 === 0 && slip.taken.work > 0) { ledger.give('work', 7); slip.note('work', -7); }
      }
      parentPort.postMessage(worst);
    });`;
  const slips = [new Slip(), new Slip()];
  const worst = await Promise.all(
    slips.map(async (slip) => {
      const worker = new Worker(source, { eval: true, workerData: { most: ledger.most, ledger: ledger.shared, slip: slip.shared } });
      const [most] = await once(worker, 'message');
      return most as number;
    }),
  );
  expect(Math.max(...worst)).toBeLessThanOrEqual(10_000);
  expect(ledger.held('work')).toBe(slips.reduce((sum, { taken }) => sum + taken.work, 0));
  expect(failureOf(() => takeOrRefuse(ledger, { sum: 'work', amount: 9999, before: 0, bodyBytes: 1 })).retryAfter).toBeUndefined();
});
