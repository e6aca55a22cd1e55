import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ReaderPace } from '../../src/http/pace.ts';
import { KEPT_BYTES, StreamRoom, StreamRooms } from '../../src/http/stream-room.ts';
import { Admission } from '../../src/runtime/admission.ts';
import { Ledger } from '../../src/runtime/ledger.ts';

const MIB = 2 ** 20;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Rooms of all streams, where all requests together may hold so many bytes. */
function house(mostBytes = 64 * MIB) {
  const admission = new Admission(new Ledger({ bytes: mostBytes, work: 1 }), () => 1);
  const rooms = new StreamRooms(mostBytes);
  /** A stream whose response and whose buffer keep what a test says. */
  const stream = () => {
    const response = { writableLength: 0, closed: false };
    const replies = { readableLength: 0 };
    const pace = { full: false };
    const room = new StreamRoom(rooms, admission.openLine(0), response as unknown as ServerResponse, pace as unknown as ReaderPace);
    room.watch(replies as Readable);
    /** Lets so many bytes in: they are with the response then. */
    const put = async (bytes: number) => {
      await room.keep(bytes);
      response.writableLength += bytes;
      room.handed();
    };
    return { room, response, replies, pace, put };
  };
  const held = () => admission.ledger.held('bytes');
  return { rooms, stream, held, admission };
}

/** Whether a promise has come back, failed or still waits, once the streams have been looked at. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  let state = 'waits';
  promise.then(
    () => {
      state = 'back';
    },
    (error: Error) => {
      state = error.name;
    },
  );
  await vi.advanceTimersByTimeAsync(100);
  return state;
}

describe('the replies of a stream', () => {
  test('are held while they are kept: in the buffer, with the response, or on the way', async () => {
    const { rooms, stream, held } = house();
    const { room, response, replies } = stream();
    await room.keep(1000);
    expect([rooms.kept, held()]).toEqual([1000, 1000]);
    // On its way it is counted, though nobody has it yet.
    expect(room.measure()).toBe(1000);
    room.handed();
    [replies.readableLength, response.writableLength] = [300, 600];
    expect([room.measure(), rooms.kept, held()]).toEqual([900, 900, 900]);
    [replies.readableLength, response.writableLength] = [0, 0];
    await vi.advanceTimersByTimeAsync(100);
    expect([rooms.kept, held()]).toEqual([0, 0]);
    // Nobody keeps anything, and nobody looks.
    expect(vi.getTimerCount()).toBe(0);
  });

  test('are up to 8 MiB; for more it waits until its reader has read, who has to meanwhile', async () => {
    const { stream, held } = house();
    const { room, response, pace, put } = stream();
    await put(KEPT_BYTES);
    expect(pace.full).toBe(false);
    const more = room.keep(1);
    expect([await stateOf(more), pace.full]).toEqual(['waits', true]);
    response.writableLength -= 1;
    expect([await stateOf(more), pace.full]).toEqual(['back', false]);
    expect(held()).toBe(KEPT_BYTES);
  });

  test('may be one that is larger, alone', async () => {
    const { stream } = house();
    const { room, response, put } = stream();
    await put(1);
    const large = room.keep(KEPT_BYTES + 1);
    expect(await stateOf(large)).toBe('waits');
    response.writableLength = 0;
    expect(await stateOf(large)).toBe('back');
  });

  test('fail to be kept once the client is gone, whether it waits for room or not', async () => {
    const { stream } = house();
    const { room, response, put } = stream();
    await put(KEPT_BYTES);
    const more = room.keep(1);
    const failed = expect(more).rejects.toMatchObject({ name: 'ClientGone', message: 'the connection closed before the stream was answered' });
    response.closed = true;
    await vi.advanceTimersByTimeAsync(100);
    await failed;
    await expect(room.drained()).rejects.toMatchObject({ name: 'ClientGone' });
  });
});

describe('all streams together', () => {
  test('keep a quarter of what all requests may hold', () => {
    expect(new StreamRooms(4 * MIB + 3).most).toBe(MIB);
  });

  test('wait for each other’s readers; one that keeps nothing waits for nobody else’s', async () => {
    const { stream } = house(16 * MIB);
    const [first, second, third] = [stream(), stream(), stream()];
    await first.put(3 * MIB);
    await second.put(MIB);
    const more = second.room.keep(1);
    expect(await stateOf(more)).toBe('waits');
    const beginning = third.room.keep(1);
    expect(await stateOf(beginning)).toBe('waits');
    first.response.writableLength = 0;
    expect([await stateOf(more), await stateOf(beginning)]).toEqual(['back', 'back']);
  });

  test('wait for room among all requests too', async () => {
    const { stream, admission } = house(16 * MIB);
    const others = admission.openLine(0);
    expect(others.tryResize(16 * MIB - 10)).toBe(true);
    const { room } = stream();
    const waiting = room.keep(11);
    expect(await stateOf(waiting)).toBe('waits');
    others.release();
    expect(await stateOf(waiting)).toBe('back');
  });

  test('one that is larger than their share goes out alone', async () => {
    const { stream } = house(16 * MIB);
    const { room } = stream();
    expect(await stateOf(room.keep(5 * MIB))).toBe('back');
  });

  test('are looked at as long as one of them keeps or waits', async () => {
    const { stream } = house();
    const [first, second] = [stream(), stream()];
    await first.put(10);
    await second.put(10);
    first.response.writableLength = 0;
    await vi.advanceTimersByTimeAsync(100);
    expect(vi.getTimerCount()).toBe(1);
    second.response.writableLength = 0;
    await vi.advanceTimersByTimeAsync(100);
    expect(vi.getTimerCount()).toBe(0);
    await first.put(10);
    expect(vi.getTimerCount()).toBe(1);
  });
});

describe('waiting', () => {
  test('ends at once where what it waits for is so', async () => {
    const { stream } = house();
    await stream().room.wait(() => true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('ends once it is so', async () => {
    const { stream } = house();
    let ready = false;
    const waiting = stream().room.wait(() => ready);
    expect(await stateOf(waiting)).toBe('waits');
    ready = true;
    expect(await stateOf(waiting)).toBe('back');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is refused where the client is gone already, whatever is so', async () => {
    const { stream } = house();
    const { room, response } = stream();
    response.closed = true;
    await expect(room.wait(() => true)).rejects.toMatchObject({ name: 'ClientGone' });
  });

  test('for the reader to have taken everything takes as long as that takes', async () => {
    const { stream } = house();
    const { room, response, put } = stream();
    await put(10);
    const drained = room.drained();
    response.writableLength = 1;
    expect(await stateOf(drained)).toBe('waits');
    response.writableLength = 0;
    expect(await stateOf(drained)).toBe('back');
  });
});

test('a stream that is over keeps nothing, whatever its buffer says, and is not looked at', async () => {
  const { rooms, stream, held } = house();
  const [over, other] = [stream(), stream()];
  await over.put(1000);
  await other.put(10);
  over.room.release();
  expect([rooms.kept, held(), over.room.measure()]).toEqual([10, 10, 0]);
  await vi.advanceTimersByTimeAsync(100);
  expect([rooms.kept, held()]).toEqual([10, 10]);
  over.room.release();
  expect(rooms.kept).toBe(10);
});
