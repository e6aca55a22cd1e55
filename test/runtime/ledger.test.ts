import { describe, expect, test } from 'vitest';
import { Ledger, Slip } from '../../src/runtime/ledger.ts';

describe('a sum', () => {
  test('takes up to its bound, that included, and nothing beyond', () => {
    const ledger = new Ledger({ bytes: 10, work: 100 });
    expect(ledger.take('bytes', 4)).toBe(true);
    expect(ledger.take('bytes', 7)).toBe(false);
    expect(ledger.take('bytes', 6)).toBe(true);
    expect([ledger.held('bytes'), ledger.held('work')]).toEqual([10, 0]);
    expect(ledger.take('bytes', 1)).toBe(false);
    expect(ledger.take('work', 100)).toBe(true);
    expect([ledger.held('bytes'), ledger.held('work')]).toEqual([10, 100]);
  });

  test('takes up to another bound where one is given', () => {
    const ledger = new Ledger({ bytes: 10, work: 0 });
    expect(ledger.take('bytes', 6, 5)).toBe(false);
    expect(ledger.take('bytes', 5, 5)).toBe(true);
    expect(ledger.take('bytes', 1, 5)).toBe(false);
    expect(ledger.held('bytes')).toBe(5);
  });

  test('has what was given back', () => {
    const ledger = new Ledger({ bytes: 10, work: 10 });
    ledger.take('work', 10);
    ledger.give('work', 3);
    expect(ledger.held('work')).toBe(7);
    expect(ledger.take('work', 3)).toBe(true);
  });

  test('is the same for whoever has its memory, with numbers beyond 32 bits', () => {
    const one = new Ledger({ bytes: 2 ** 40, work: 2 ** 50 });
    const other = new Ledger(one.most, one.shared);
    expect(one.take('work', 2 ** 49 + 1)).toBe(true);
    expect(other.held('work')).toBe(2 ** 49 + 1);
    expect(other.take('work', 2 ** 49)).toBe(false);
    other.give('work', 1);
    expect(one.held('work')).toBe(2 ** 49);
    expect(one.shared.byteLength).toBe(16);
  });
});

describe('a slip', () => {
  test('notes what has been taken, for whoever has its memory', () => {
    const slip = new Slip();
    const other = new Slip(slip.shared);
    expect(other.taken).toEqual({ bytes: 0, work: 0 });
    slip.note('bytes', 2 ** 33);
    slip.note('work', 5);
    slip.note('work', -2);
    expect(other.taken).toEqual({ bytes: 2 ** 33, work: 3 });
  });

  test('says that its question is to stop, and that alone', () => {
    const slip = new Slip();
    slip.note('bytes', 7);
    slip.note('work', 8);
    expect(slip.stopped).toBe(false);
    new Slip(slip.shared).stop();
    expect([slip.stopped, slip.taken]).toEqual([true, { bytes: 7, work: 8 }]);
  });
});
