import { describe, expect, test, vi } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';
import { heldForLine, isForLoad, ReadingRoom, SPARED_BODY_BYTES, SPARED_BYTES } from '../../src/runtime/reading.ts';
import { parsedBytes } from '../../src/wire/parsed-bytes.ts';
import { structureOf } from '../../src/wire/structure.ts';

const purse = () => ({ take: vi.fn(), give: vi.fn() });

describe('the room to read a body in', () => {
  test('is what is held for that body besides itself, and a little that nobody is asked for', () => {
    const by = purse();
    const room = new ReadingRoom(1000, 4000, by);
    room.make(3000 + SPARED_BYTES);
    expect([by.take.mock.calls, room.needed]).toEqual([[], 0]);
    room.make(1);
    expect([by.take.mock.calls, room.needed]).toEqual([[[1]], 1]);
  });

  test('is never more than is spared where the body is short, whatever it is made of', () => {
    const most = (text: string) => {
      const bytes = Buffer.from(text.repeat(SPARED_BODY_BYTES).slice(0, SPARED_BODY_BYTES));
      return SPARED_BODY_BYTES + parsedBytes(bytes, structureOf(bytes, Number.POSITIVE_INFINITY));
    };
    const texts = ['""', '"",', '{},', '[],', '[', '{"":', ',', '"\u00e9",', '"\u00e9'];
    expect(Math.max(...texts.map(most))).toBeLessThanOrEqual(SPARED_BYTES);
  });

  test('is taken for each reading, and given back once', () => {
    const by = purse();
    const room = new ReadingRoom(1000, 1000, by);
    room.make(SPARED_BYTES + 500);
    room.make(300);
    expect(by.take.mock.calls).toEqual([[500], [300]]);
    room.leave();
    room.leave();
    expect(by.give.mock.calls).toEqual([[800]]);
  });

  test('counts what was taken before, and does not give that back', () => {
    const by = purse();
    const room = new ReadingRoom(1000, heldForLine(1000), by, 700);
    room.make(SPARED_BYTES + 3000 + 800);
    expect([by.take.mock.calls, room.needed]).toEqual([[[100]], 800]);
    room.leave();
    expect(by.give.mock.calls).toEqual([[100]]);
  });

  test('is not taken where there is none, but still known', () => {
    const by = purse();
    by.take.mockImplementation(() => {
      throw new Failure('too-many-requests', 'no room');
    });
    const room = new ReadingRoom(0, 0, by);
    expect(() => room.make(SPARED_BYTES + 9)).toThrow('no room');
    expect(room.needed).toBe(9);
    room.leave();
    expect(by.give).not.toHaveBeenCalled();
  });

  test('has at most three quarters of the thread’s heap for JSON.parse, whatever is held or free', () => {
    const by = purse();
    const room = new ReadingRoom(1000, 2 ** 30, by, 0, 64 * 2 ** 20);
    room.make(2 ** 29, 48 * 2 ** 20);
    expect(() => room.make(0, 48 * 2 ** 20 + 1)).toThrow(
      expect.objectContaining({ code: 'body-too-large', message: 'reading and answering it takes more than the 64 MB that a thread has' }),
    );
    expect(by.take).not.toHaveBeenCalled();
  });
});

test('a question that is refused for load is told from others', () => {
  const codes = ['too-many-requests', 'body-too-large', 'invalid-request'] as const;
  expect(codes.map((code) => isForLoad(new Failure(code, '')))).toEqual([true, false, false]);
  expect(isForLoad(new Error('too-many-requests'))).toBe(false);
});
