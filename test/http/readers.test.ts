import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { open, statuses } from './raw.ts';
import { useService } from './service.ts';

const HEAD = 'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
/** More than the sockets of both ends keep. */
const REPLY_BYTES = 20_000_000;
const WIDE = JSON.stringify({ tokens: Array.from({ length: 1120 }, (_, i) => [i % 7]), include: ['scores', 'weights'] });
const request = `${HEAD}content-length: ${WIDE.length}\r\n\r\n${WIDE}`;

describe('a reader of one reply', () => {
  const service = useService({ REQUEST_TIMEOUT_MS: '6000' });

  test('that takes nothing is cut off, and what its reply held is free', async () => {
    const idle = open(service.port, request);
    idle.socket.once('data', () => idle.socket.pause());
    await idle.until('HTTP/1.1 200');
    expect(service.pending()).toMatchObject({ work: 0, bytes: expect.closeTo(REPLY_BYTES, -6) });
    await expect.poll(() => service.pending().bytes, { timeout: 20_000 }).toBe(0);
    // It hears of it once it reads what is left.
    idle.socket.resume();
    await idle.closed;
    expect(idle.received.length).toBeLessThan(0.9 * REPLY_BYTES);
  });

  test('that takes a little, but steadily, gets all of it', async () => {
    const connection = open(service.port, request);
    const { socket } = connection;
    let got = 0;
    let length = Number.POSITIVE_INFINITY;
    socket.on('data', (data: string) => {
      if (got === 0) length = Number(/content-length: (\d+)/i.exec(data)?.[1]);
      got += data.length;
      socket.pause();
      setTimeout(() => socket.resume(), 5);
    });
    await expect.poll(() => got > length, { timeout: 60_000 }).toBe(true);
    expect(statuses(connection.received)).toEqual([200]);
    socket.destroy();
  });

  test('that is idle after its reply is not', async () => {
    const connection = open(service.port, 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await connection.until('"ok"');
    await sleep(7000);
    connection.socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => statuses(connection.received)).toEqual([200, 200]);
    connection.socket.destroy();
  });
});

describe('streams whose replies nobody reads', () => {
  const service = useService({ MAX_PENDING_BYTES: `${128 * 2 ** 20}`, REQUEST_TIMEOUT_MS: '3000' });
  const LINE = `${JSON.stringify({ tokens: Array.from({ length: 60 }, (_, i) => [i % 7]), include: ['scores', 'weights'] })}\n`;
  const STREAM = 'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n';

  test('keep no more than a quarter of the bytes together, and are cut off', async () => {
    const chunk = LINE.repeat(100);
    const feeding = Array.from({ length: 12 }, () => {
      const connection = open(service.port, STREAM);
      connection.socket.pause();
      return connection;
    });
    let most = 0;
    const feed = setInterval(() => {
      most = Math.max(most, service.pending().bytes);
      for (const { socket } of feeding)
        if (!socket.destroyed && socket.writableLength < 1_000_000) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    }, 5);
    await expect.poll(() => service.pending().bytes, { timeout: 25_000 }).toBeGreaterThan(8_000_000);
    await expect.poll(() => feeding.filter(({ socket }) => socket.destroyed).length, { timeout: 60_000 }).toBe(12);
    clearInterval(feed);
    // A quarter for replies, and for each stream the lines that threads have, what those are answered with, and a chunk that is being read.
    expect(most).toBeLessThan(32 * 2 ** 20 + 12 * 3.5 * 2 ** 20);
    await expect.poll(() => service.pending().bytes).toBe(0);
  });
});
