import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { leaveBodiesToRoutes } from '../../src/http/body.ts';
import { AT_ANY_PACE_BYTES, Dropping, PACE_BYTES_PER_MS, UP_FRONT_BYTES } from '../../src/http/dropping.ts';
import { bodyComes, dropRest, dropUnreadBodies, LONGEST_DROPPING_MS, MOST_DROPPED_BYTES } from '../../src/http/rest.ts';
import { open } from './raw.ts';
import { useSmall } from './small.ts';

describe('a body still comes', () => {
  const message = (headers: Record<string, string>, state: Partial<Pick<IncomingMessage, 'complete'>> = {}) =>
    Object.assign(new IncomingMessage(new Socket()), { headers, ...state });

  test('where its length is said, or that it comes in chunks', () => {
    expect(bodyComes(message({ 'content-length': '1' }))).toBe(true);
    expect(bodyComes(message({ 'transfer-encoding': 'chunked' }))).toBe(true);
  });

  test('not where there is none', () => {
    expect(bodyComes(message({}))).toBe(false);
    expect(bodyComes(message({ 'content-length': '0' }))).toBe(false);
  });

  test('not where all of it is here, or nobody sends it any more', () => {
    expect(bodyComes(message({ 'content-length': '1' }, { complete: true }))).toBe(false);
    const destroyed = message({ 'content-length': '1' });
    destroyed.destroy();
    expect(bodyComes(destroyed)).toBe(false);
  });
});

describe('what nobody reads', () => {
  let dropped: Promise<void> | undefined;
  const small = useSmall((app) => {
    leaveBodiesToRoutes(app);
    dropUnreadBodies(app);
    app.post('/dropped', async (request) => {
      dropped = dropRest(request.raw);
      await dropped;
      return 'dropped';
    });
    app.post('/closing', async (request, reply) => {
      dropped = dropRest(request.raw, true);
      await dropped;
      reply.send('closing');
      return reply;
    });
    app.post('/ignored', async () => 'ignored');
  });
  const head = (path: string, length: number) => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: a/b\r\ncontent-length: ${length}\r\n\r\n`;

  test('is dropped until it ends, and the connection goes on', async () => {
    const connection = open(small.port, `${head('/dropped', 10)}01234`);
    await expect.poll(() => dropped !== undefined, { timeout: 20_000, interval: 5 }).toBe(true);
    expect(connection.received).toBe('');
    connection.socket.write(`56789${head('/dropped', 3)}012`);
    await connection.until(/dropped[\s\S]*dropped/);
    connection.socket.destroy();
  });

  test('is dropped no longer where the client goes', async () => {
    dropped = undefined;
    const connection = open(small.port, `${head('/dropped', 10)}01234`);
    await expect.poll(() => dropped !== undefined, { timeout: 20_000, interval: 5 }).toBe(true);
    connection.socket.destroy();
    await dropped;
  });

  test('has a second where the service is about to end; then its connection is closed', async () => {
    const connection = open(small.port, `${head('/closing', 10)}01234`);
    await connection.closed;
    await dropped;
    expect(connection.received).toBe('');
  });

  test('is dropped after the reply too, and the next request is answered', async () => {
    const connection = open(small.port, `${head('/ignored', 10)}01234`);
    await connection.until('ignored');
    connection.socket.write(`56789${head('/ignored', 0)}`);
    await connection.until(/ignored[\s\S]*ignored/);
    connection.socket.destroy();
  });

  test('has a second after the reply where the service is about to end', async () => {
    small.lifecycle.close();
    const connection = open(small.port, `${head('/ignored', 10)}01234`);
    await connection.until('ignored');
    await connection.closed;
  });
});

describe('the bounds, by a clock that is set', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A message whose connection has brought so many bytes, and whether dropping it has come to an end. */
  function dropping({
    closing,
    prepare,
    turns = new Dropping(),
  }: {
    closing?: boolean;
    prepare?: (raw: IncomingMessage) => void;
    turns?: Dropping;
  } = {}) {
    const socket = new Socket();
    const state = { bytes: 1000, settled: false };
    Object.defineProperty(socket, 'bytesRead', { get: () => state.bytes });
    const raw = new IncomingMessage(socket);
    prepare?.(raw);
    const before = listeners(raw);
    const promise = dropRest(raw, closing, turns);
    void promise.then(() => {
      state.settled = true;
    });
    return { raw, socket, state, before };
  }
  const listeners = (raw: IncomingMessage) => [raw.listenerCount('end'), raw.listenerCount('close')];

  test.each([
    [undefined, LONGEST_DROPPING_MS],
    [false, LONGEST_DROPPING_MS],
    [true, 1000],
  ])('closing %j: the connection is closed after %i ms', async (closing, longest) => {
    const { socket, state } = dropping(closing === undefined ? {} : { closing });
    await vi.advanceTimersByTimeAsync(longest - 100);
    expect([state.settled, socket.destroyed]).toEqual([false, false]);
    await vi.advanceTimersByTimeAsync(200);
    expect([state.settled, socket.destroyed]).toEqual([true, true]);
  });

  test('it is closed after so many bytes, those before not counted', async () => {
    const { socket, state } = dropping();
    state.bytes = 1000 + MOST_DROPPED_BYTES;
    await vi.advanceTimersByTimeAsync(300);
    expect([state.settled, socket.destroyed]).toEqual([false, false]);
    state.bytes++;
    await vi.advanceTimersByTimeAsync(300);
    expect([state.settled, socket.destroyed]).toEqual([true, true]);
  });

  test('those that are said to be longer than any is dropped, and of which nothing comes, hold the next one back no longer than a mebibyte takes', async () => {
    const turns = new Dropping();
    const said = (length: string) => (raw: IncomingMessage) => {
      raw.headers['content-length'] = length;
    };
    const silent = 1 + AT_ANY_PACE_BYTES / UP_FRONT_BYTES;
    for (let i = 0; i < silent; i++) dropping({ turns, prepare: said('9007199254740991') });
    const { raw, socket } = dropping({ turns, prepare: said('100000') });
    expect([raw.readableFlowing, socket.isPaused()]).toEqual([null, true]);
    await vi.advanceTimersByTimeAsync(2 * Math.ceil((2 * UP_FRONT_BYTES) / PACE_BYTES_PER_MS));
    expect([raw.readableFlowing, socket.isPaused()]).toEqual([true, false]);
  });

  test('a connection that waits stays as it is though Node reads on, and no longer once its turn has come', async () => {
    const turns = new Dropping();
    const held = vi.spyOn(turns, 'begin').mockImplementation((unread) => {
      unread.hold();
      setTimeout(unread.read, 1000);
      return () => undefined;
    });
    const { socket } = dropping({ turns });
    expect(held).toHaveBeenCalledOnce();
    socket.resume();
    await vi.advanceTimersByTimeAsync(500);
    expect(socket.isPaused()).toBe(true);
    await vi.advanceTimersByTimeAsync(1000);
    expect(socket.isPaused()).toBe(false);
    socket.pause();
    socket.resume();
    expect(socket.isPaused()).toBe(false);
  });

  test.each(['end', 'close'])('after the %s nobody looks any more, and the connection goes on', async (event) => {
    const { raw, socket, state, before } = dropping();
    raw.emit(event);
    await vi.advanceTimersByTimeAsync(0);
    expect(state.settled).toBe(true);
    expect(listeners(raw)).toEqual(before);
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(2 * LONGEST_DROPPING_MS);
    expect(socket.destroyed).toBe(false);
  });

  test.each<[string, (raw: IncomingMessage) => void]>([
    [
      'is here',
      (raw) => {
        raw.complete = true;
      },
    ],
    [
      'has been read to its end',
      (raw) => {
        Object.defineProperty(raw, 'readableEnded', { value: true });
      },
    ],
    ['was given up', (raw) => raw.destroy()],
  ])('what %s is not waited for', async (_what, prepare) => {
    const { state } = dropping({ prepare });
    await vi.advanceTimersByTimeAsync(0);
    expect(state.settled).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('what is dropped goes nowhere else', async () => {
    const elsewhere = new PassThrough();
    let left = 0;
    elsewhere.on('unpipe', () => left++);
    const { raw } = dropping({ prepare: (message) => message.pipe(elsewhere) });
    expect(left).toBe(1);
    expect(raw.readableFlowing).toBe(true);
  });
});
