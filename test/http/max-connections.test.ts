import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { open } from './raw.ts';
import { useService } from './service.ts';

const LIVE = 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n';
const HALF = 'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{';
const service = useService({ MAX_CONNECTIONS: '3' });

async function live() {
  const connection = open(service.port, LIVE);
  await connection.until('"ok"');
  return connection;
}

describe('a connection too many', () => {
  test('closes the one that is idle longest', async () => {
    const [first, second, third] = [await live(), await live(), await live()];
    // The first has been idle for less time than the second now.
    first.socket.write(LIVE);
    await expect.poll(() => first.received.split('"ok"').length).toBe(3);
    const fourth = await live();
    await second.closed;
    expect([first, third, fourth].map(({ socket }) => socket.closed)).toEqual([false, false, false]);
    for (const { socket, closed } of [first, third, fourth]) {
      socket.destroy();
      await closed;
    }
  });

  test('is closed itself where none is idle', async () => {
    await expect.poll(() => service.connections()).toBe(0);
    const busy = [open(service.port, HALF), open(service.port, HALF), open(service.port, HALF)];
    await Promise.all(busy.map(({ socket }) => once(socket, 'connect')));
    await expect.poll(() => service.pending().bytes).toBe(3 * 400);
    const late = open(service.port, LIVE);
    await late.closed;
    expect(late.received).toBe('');
    expect(busy.map(({ socket }) => socket.closed)).toEqual([false, false, false]);
    for (const { socket } of busy) socket.destroy();
    await expect.poll(() => service.connections()).toBe(0);
    (await live()).socket.destroy();
  });
});
