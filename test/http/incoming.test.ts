import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Incoming } from '../../src/http/incoming.ts';
import { Lifecycle } from '../../src/http/lifecycle.ts';

function start(timeoutMs = 60_000) {
  const source = new PassThrough();
  const lifecycle = new Lifecycle();
  return { source, lifecycle, incoming: new Incoming(source, timeoutMs, lifecycle) };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a chunk that nobody looks at any more', () => {
  const freed = (source: Readable, listeners = 0) => {
    const incoming = new Incoming(source, 60_000, new Lifecycle());
    for (let i = 0; i < listeners; i++) source.on('data', () => undefined);
    const chunk = Buffer.from(new Uint8Array(100).fill(7).buffer);
    incoming.free(chunk);
    incoming.stop();
    return chunk.length === 0;
  };

  test('is freed where it came from the socket, and nobody else listens', () => {
    const request = () => new IncomingMessage(new Socket());
    expect([freed(request()), freed(request(), 1)]).toEqual([true, false]);
    // A stream that unpacks hands out parts of its own memory.
    expect(freed(new PassThrough())).toBe(false);
  });
});

describe('chunks of a stream', () => {
  test('come one at a time, when they are asked for', async () => {
    const { source, incoming } = start();
    source.write('one');
    expect(`${await incoming.next(1)}`).toBe('one');
    source.write('two');
    await turn();
    expect(source.isPaused()).toBe(true);
    expect(source.readableLength).toBe(3);
    expect(`${await incoming.next(1)}`).toBe('two');
    const third = incoming.next(2);
    source.write('three');
    expect(`${await third}`).toBe('three');
  });

  test('end with the stream, and stay ended', async () => {
    const { source, incoming } = start();
    source.end('all');
    expect(`${await incoming.next(1)}`).toBe('all');
    expect(await incoming.next(1)).toBeUndefined();
    expect(await incoming.next(2)).toBeUndefined();
  });

  test('fail as the stream fails, now and later', async () => {
    const { source, incoming } = start();
    const next = incoming.next(1);
    const error = new Error('of the stream');
    source.destroy(error);
    await expect(next).rejects.toBe(error);
    await expect(incoming.next(1)).rejects.toBe(error);
  });

  test('fail where the connection closes before the end', async () => {
    const { source, incoming } = start();
    const next = incoming.next(1);
    source.destroy();
    await expect(next).rejects.toMatchObject({ name: 'ClientGone', message: 'the connection closed before the stream was here' });
  });

  test('end well where it closes after the end', async () => {
    const { source, incoming } = start();
    source.end();
    expect(await incoming.next(1)).toBeUndefined();
    source.destroy();
    await pause(10);
    expect(await incoming.next(1)).toBeUndefined();
  });

  test('fail once the service closes, whether somebody waits or not', async () => {
    const words = { code: 'shutting-down', message: 'this replica is closing; send this line and the rest again' };
    const waiting = start();
    const next = waiting.incoming.next(1);
    waiting.lifecycle.close();
    await expect(next).rejects.toMatchObject(words);
    const idle = start();
    idle.lifecycle.close();
    await expect(idle.incoming.next(1)).rejects.toMatchObject(words);
  });

  test('that are late fail; the next one may still come', async () => {
    const { source, incoming } = start(20);
    await expect(incoming.next(1)).rejects.toMatchObject({ code: 'timeout', message: 'the line did not arrive within 20 ms' });
    const next = incoming.next(2);
    source.write('late');
    expect(`${await next}`).toBe('late');
  });
});

describe('the time of a line, by a clock that is set', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('goes on from chunk to chunk', async () => {
    const { source, incoming } = start(1000);
    for (let chunk = 0; chunk < 3; chunk++) {
      const next = incoming.next(7);
      await vi.advanceTimersByTimeAsync(300);
      source.write('.');
      expect(`${await next}`).toBe('.');
    }
    const last = expect(incoming.next(7)).rejects.toMatchObject({ code: 'timeout' });
    await vi.advanceTimersByTimeAsync(99);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    await last;
  });

  test('begins anew with the next line', async () => {
    const { source, incoming } = start(1000);
    for (let line = 1; line <= 3; line++) {
      const next = incoming.next(line);
      await vi.advanceTimersByTimeAsync(900);
      source.write(`${line}`);
      expect(`${await next}`).toBe(`${line}`);
    }
  });

  test('is not what we take ourselves', async () => {
    const { source, incoming } = start(1000);
    source.write('one');
    await incoming.next(1);
    await vi.advanceTimersByTimeAsync(5000);
    const next = incoming.next(1);
    await vi.advanceTimersByTimeAsync(900);
    source.write('two');
    expect(`${await next}`).toBe('two');
  });

  test('does not outlive its chunk', async () => {
    const { source, incoming } = start(1000);
    source.write('one');
    expect(`${await incoming.next(1)}`).toBe('one');
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('whoever waits for a stream that is stopped learns that its client is gone, and not that it ended', async () => {
  const { incoming } = start();
  const next = incoming.next(1);
  incoming.stop();
  await expect(next).rejects.toMatchObject({ name: 'ClientGone', message: 'the connection closed before the stream was here' });
});

test('a stream that is stopped is let go of', async () => {
  const { source, lifecycle, incoming } = start();
  const events = ['data', 'end', 'close'] as const;
  const before = events.map((event) => source.listenerCount(event));
  incoming.stop();
  expect(events.map((event) => source.listenerCount(event))).toEqual(before.map((count) => count - 1));
  // An error after that has a listener still.
  expect(source.listenerCount('error')).toBeGreaterThan(0);
  lifecycle.close();
  expect(await incoming.next(1)).toBeUndefined();
});
