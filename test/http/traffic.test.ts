import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { Traffic } from '../../src/http/traffic.ts';
import { useBare } from './bare.ts';
import { open } from './raw.ts';

const server = createServer((request, response) => {
  response.sendDate = false;
  if (request.url === '/large') response.end(Buffer.alloc(20_000_000));
  else response.end('answer');
});
const traffic = new Traffic(server);
const bare = useBare(server);
const ASKED = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';

async function answered() {
  const connection = open(bare.port, ASKED);
  const said = await connection.until(/answer/);
  return { ...connection, bytes: said.length };
}

describe('what goes over the connections of a server', () => {
  test('is counted to the byte, while they are open and once they are closed', async () => {
    expect([traffic.connections, traffic.received, traffic.sent]).toEqual([0, 0, 0]);
    const first = await answered();
    const second = await answered();
    await expect.poll(() => traffic.sent).toBe(2 * first.bytes);
    expect([traffic.connections, traffic.received]).toEqual([2, 2 * ASKED.length]);
    first.socket.destroy();
    await expect.poll(() => traffic.connections).toBe(1);
    expect([traffic.received, traffic.sent]).toEqual([2 * ASKED.length, 2 * first.bytes]);
    second.socket.destroy();
    await expect.poll(() => traffic.connections).toBe(0);
    const third = await answered();
    await expect.poll(() => traffic.sent).toBe(3 * first.bytes);
    expect([traffic.connections, traffic.received]).toEqual([1, 3 * ASKED.length]);
    third.socket.destroy();
    await expect.poll(() => traffic.connections).toBe(0);
  });

  test('is not what waits to be sent', async () => {
    const before = traffic.sent;
    const slow = open(bare.port, ASKED.replace('/', '/large'));
    slow.socket.once('data', () => slow.socket.pause());
    await slow.until('200');
    expect(traffic.sent - before).toBeLessThan(19_000_000);
    slow.socket.destroy();
    await expect.poll(() => traffic.connections).toBe(0);
  });
});
