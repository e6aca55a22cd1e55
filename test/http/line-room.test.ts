import { describe, expect, test } from 'vitest';
import { LineRoom, LineRooms } from '../../src/http/line-room.ts';
import { Admission } from '../../src/runtime/admission.ts';
import { READ_HOLDS } from '../../src/runtime/cost.ts';
import { Ledger } from '../../src/runtime/ledger.ts';

const MIB = 2 ** 20;
/** Bytes of lines for which a mebibyte is held. */
const LINES = MIB / READ_HOLDS.json;

/** Streams that hold lines, where all requests may hold so many mebibytes. */
function streams(most: number) {
  const admission = new Admission(new Ledger({ bytes: most * MIB, work: 1 }), () => 1);
  const rooms = new LineRooms(most * MIB);
  const open = () => {
    const hold = admission.open(READ_HOLDS.json);
    return { hold, room: new LineRoom(rooms, hold) };
  };
  return { admission, rooms, open };
}

describe('the room of lines', () => {
  test('is a quarter of what all may hold, shared by the streams that have lines', () => {
    const { rooms, open } = streams(80);
    const [a, b] = [open().room, open().room];
    expect(rooms.share).toBe(20 * MIB);
    expect(a.tryFollow(3 * LINES)).toBe(true);
    expect([rooms.held, rooms.share]).toEqual([3 * MIB, 20 * MIB]);
    expect(b.tryFollow(2 * LINES)).toBe(true);
    expect([rooms.held, rooms.share]).toEqual([5 * MIB, 10 * MIB]);
    expect([a.isEnough(10 * LINES), a.isEnough(10 * LINES + 1)]).toEqual([false, true]);
    expect(b.tryFollow(0)).toBe(true);
    expect([rooms.held, rooms.share]).toEqual([3 * MIB, 20 * MIB]);
    a.release();
    a.release();
    expect(rooms.held).toBe(0);
  });

  test('is no more than half of it, but for a line of a stream beside which the others hold little', () => {
    const { rooms, open } = streams(80);
    const [a, b, c] = [open().room, open().room, open().room];
    expect(a.tryFollow(50 * LINES)).toBe(true);
    expect(b.tryFollow(LINES)).toBe(false);
    expect(a.tryFollow(30 * LINES)).toBe(true);
    expect(b.tryFollow(11 * LINES)).toBe(false);
    expect(b.tryFollow(10 * LINES)).toBe(true);
    // Less is never refused.
    expect(a.tryFollow(25 * LINES)).toBe(true);
    expect(c.tryFollow(6 * LINES)).toBe(false);
    expect(rooms.held).toBe(35 * MIB);
  });

  test('is what is held in truth: none where there is no room among all requests, or somebody else has released it', () => {
    const { admission, rooms, open } = streams(80);
    const { hold, room } = open();
    const other = admission.openLine(0);
    expect(other.tryResize(70 * MIB)).toBe(true);
    expect(room.tryFollow(LINES)).toBe(false);
    expect(rooms.held).toBe(0);
    other.release();
    expect(room.tryFollow(LINES)).toBe(true);
    hold.release();
    expect(room.tryFollow(2 * LINES)).toBe(false);
    room.release();
    expect([rooms.held, rooms.share]).toEqual([0, 20 * MIB]);
  });

  test('is given to those that wait for it first', async () => {
    const { open } = streams(80);
    const [a, b] = [open().room, open().room];
    expect(a.tryFollow(LINES)).toBe(true);
    const came = Promise.withResolvers<string>();
    const waited = b.waiting(() => came.promise);
    expect(a.tryFollow(2 * LINES)).toBe(false);
    expect(a.tryFollow(LINES / 2)).toBe(true);
    expect(b.tryFollow(LINES)).toBe(true);
    came.resolve('room');
    expect(await waited).toBe('room');
    expect(a.tryFollow(2 * LINES)).toBe(true);
    await expect(b.waiting(() => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
    expect(a.tryFollow(3 * LINES)).toBe(true);
  });
});
