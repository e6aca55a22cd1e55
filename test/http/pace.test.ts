import { createServer, type Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';
import type { Answering } from '../../src/http/answering.ts';
import { Connections } from '../../src/http/connections.ts';
import { answerStream } from '../../src/http/ndjson.ts';
import { paceReaders, ReaderPace } from '../../src/http/pace.ts';
import { StreamRooms } from '../../src/http/stream-room.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const TIMEOUT_MS = 1000;
/** What its reader takes at least in that time. */
const LEAST_BYTES = 1000;

/** A connection of which a test says how much its reader has taken and how much waits for it. */
function connection() {
  const socket = { bytesWritten: 5000, writableLength: 0, destroyed: false, destroy: () => undefined };
  socket.destroy = () => {
    socket.destroyed = true;
    return undefined;
  };
  return socket;
}
const asSocket = (socket: ReturnType<typeof connection>) => socket as unknown as Socket;

describe('the reader of a stream', () => {
  function watched(timeoutMs = TIMEOUT_MS) {
    const socket = connection();
    return { socket, pace: new ReaderPace(asSocket(socket), timeoutMs) };
  }

  test('that leaves the buffer full and takes too little is cut off once the time is over', () => {
    const { socket, pace } = watched();
    pace.full = true;
    vi.advanceTimersByTime(TIMEOUT_MS - 1);
    expect(socket.destroyed).toBe(false);
    socket.bytesWritten += LEAST_BYTES - 1;
    vi.advanceTimersByTime(1);
    expect(socket.destroyed).toBe(true);
    // Nobody looks at a connection that is gone.
    vi.advanceTimersByTime(TIMEOUT_MS);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that takes a byte a millisecond is not, however long it takes', () => {
    const { socket, pace } = watched();
    pace.full = true;
    for (let times = 0; times < 5; times++) {
      socket.bytesWritten += LEAST_BYTES;
      vi.advanceTimersByTime(TIMEOUT_MS);
      expect(socket.destroyed).toBe(false);
    }
    // What it took before counts no more.
    vi.advanceTimersByTime(TIMEOUT_MS);
    expect(socket.destroyed).toBe(true);
  });

  test('has not taken what its socket still keeps', () => {
    const { socket, pace } = watched();
    pace.full = true;
    socket.bytesWritten += 5 * LEAST_BYTES;
    socket.writableLength += 4 * LEAST_BYTES + 1;
    vi.advanceTimersByTime(TIMEOUT_MS);
    expect(socket.destroyed).toBe(true);
  });

  test('is not slow while nothing waits for it, and its time begins when something does', () => {
    const { socket, pace } = watched();
    vi.advanceTimersByTime(5 * TIMEOUT_MS);
    expect(socket.destroyed).toBe(false);
    pace.full = true;
    vi.advanceTimersByTime(TIMEOUT_MS - 1);
    expect(socket.destroyed).toBe(false);
    pace.full = false;
    vi.advanceTimersByTime(1);
    pace.full = true;
    vi.advanceTimersByTime(TIMEOUT_MS - 1);
    expect(socket.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(socket.destroyed).toBe(true);
  });

  test('is not looked at any more once its stream has ended', () => {
    const { socket, pace } = watched();
    pace.full = true;
    pace.stop();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(5 * TIMEOUT_MS);
    expect(socket.destroyed).toBe(false);
  });

  test('is looked at ten times, and not more often than each millisecond', () => {
    const { pace } = watched(5);
    let looks = 0;
    Object.defineProperty(pace, 'full', { get: () => looks++ > Number.POSITIVE_INFINITY });
    vi.advanceTimersByTime(20);
    expect(looks).toBe(20);
    pace.stop();
  });
});

describe('the reader of a reply', () => {
  function served(sockets: readonly ReturnType<typeof connection>[]) {
    const connections = new Connections(10);
    const server = createServer();
    connections.follow(server as never);
    for (const socket of sockets) server.emit('connection', Object.assign(socket, { once: () => socket }) as never);
    return paceReaders(connections, TIMEOUT_MS);
  }

  test('is cut off where bytes wait for it and it takes too little, and nobody else is', () => {
    const [still, steady, idle] = [connection(), connection(), connection()];
    const stop = served([still, steady, idle]);
    for (const socket of [still, steady]) socket.writableLength = 1_000_000;
    for (let times = 0; times < 11; times++) {
      steady.bytesWritten += LEAST_BYTES / 10;
      vi.advanceTimersByTime(TIMEOUT_MS / 10);
    }
    expect([still, steady, idle].map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
    stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('has all its time anew once it has taken everything', () => {
    const socket = connection();
    const stop = served([socket]);
    for (const waits of [1000, 0, 1000]) {
      socket.writableLength = waits;
      vi.advanceTimersByTime(TIMEOUT_MS - TIMEOUT_MS / 10);
      expect(socket.destroyed).toBe(false);
    }
    stop();
  });

  test('of a stream that was refused is not left to that stream', () => {
    const socket = connection();
    socket.writableLength = 1000;
    const stop = served([socket]);
    const pressed = () => {
      throw new Failure('overloaded', 'memory is short');
    };
    const answering = { answerer: { open: pressed }, bodies: { timeoutMs: TIMEOUT_MS }, streams: new StreamRooms(1) } as unknown as Answering;
    const request = { raw: { socket } } as unknown as FastifyRequest;
    expect(() => answerStream(request, { raw: {} } as FastifyReply, (body) => ({ kind: 'attention', body }), answering)).toThrow('memory is short');
    vi.advanceTimersByTime(2 * TIMEOUT_MS);
    expect(socket.destroyed).toBe(true);
    stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('of a stream is left to the stream, until it has ended', () => {
    const socket = connection();
    socket.writableLength = 1000;
    const stop = served([socket]);
    const pace = new ReaderPace(asSocket(socket), TIMEOUT_MS);
    vi.advanceTimersByTime(5 * TIMEOUT_MS);
    expect(socket.destroyed).toBe(false);
    pace.stop();
    vi.advanceTimersByTime(2 * TIMEOUT_MS);
    expect(socket.destroyed).toBe(true);
    stop();
  });
});
