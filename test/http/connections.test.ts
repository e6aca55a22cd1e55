import { createServer, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Connections, LAST_WORDS_MS, pendingReply } from '../../src/http/connections.ts';
import { useBare } from './bare.ts';
import { open } from './raw.ts';

const GET = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';

/** A server that answers when a test says so, with room for `most` connections. */
function useServer(most: number) {
  const connections = new Connections(most);
  const replies: ServerResponse[] = [];
  const server = createServer(connections.watch((_request, response) => replies.push(response)));
  connections.follow(server);
  const bare = useBare(server);
  const ask = async () => {
    const before = replies.length;
    const connection = open(bare.port, GET);
    await expect.poll(() => replies.length).toBe(before + 1);
    const reply = replies[before] as ServerResponse;
    return {
      ...connection,
      reply,
      answer: async () => {
        reply.end('answered');
        await connection.until('answered');
      },
    };
  };
  const allGone = () => expect.poll(() => connections.count).toBe(0);
  return { connections, server, bare, ask, allGone, replies };
}

describe('connections', () => {
  const { connections, ask, bare, allGone } = useServer(3);

  test('are counted while they are open, asked or not', async () => {
    const silent = open(bare.port);
    await expect.poll(() => connections.count).toBe(1);
    const asked = await ask();
    expect(connections.count).toBe(2);
    expect([...connections]).toContain(asked.reply.socket);
    silent.socket.destroy();
    await expect.poll(() => connections.count).toBe(1);
    asked.socket.destroy();
    await allGone();
    expect([...connections]).toEqual([]);
  });

  test('up to the last there is room for close none', async () => {
    const three = [await ask(), await ask(), await ask()];
    for (const { answer } of three) await answer();
    expect([connections.count, three.map(({ socket }) => socket.closed)]).toEqual([3, [false, false, false]]);
    for (const { socket } of three) socket.destroy();
    await allGone();
  });

  test('of which one is too many lose the one that is idle longest, those that never asked among them', async () => {
    const silent = open(bare.port);
    await expect.poll(() => connections.count).toBe(1);
    const [first, second] = [await ask(), await ask()];
    await second.answer();
    await first.answer();
    const third = await ask();
    await silent.closed;
    await third.answer();
    const fourth = await ask();
    await second.closed;
    expect(connections.count).toBe(3);
    expect([first, third, fourth].map(({ socket }) => socket.closed)).toEqual([false, false, false]);
    for (const { socket } of [first, third, fourth]) socket.destroy();
    await allGone();
  });

  test('on which something is answered are not idle: where all are such, the new one is closed', async () => {
    const busy = [await ask(), await ask(), await ask()];
    const late = open(bare.port, GET);
    await late.closed;
    expect([late.received, connections.count]).toEqual(['', 3]);
    for (const { answer } of busy) await answer();
    for (const { socket } of busy) socket.destroy();
    await allGone();
  });

  test('that closed under their answer are idle for nobody', async () => {
    const gone = await ask();
    gone.socket.destroy();
    await allGone();
    gone.reply.end();
    const three = [await ask(), await ask(), await ask()];
    for (const { answer } of three) await answer();
    const fourth = await ask();
    await three[0]?.closed;
    expect(three.slice(1).map(({ socket }) => socket.closed)).toEqual([false, false]);
    for (const { socket } of [...three, fourth]) socket.destroy();
    await allGone();
  });
});

describe('the reply that a connection waits for', () => {
  const { ask } = useServer(10);

  test('is that of the request in work, and none after it', async () => {
    const asked = await ask();
    const socket = asked.reply.socket as Socket;
    expect(pendingReply(socket)).toBe(asked.reply);
    await asked.answer();
    await expect.poll(() => pendingReply(socket)).toBeUndefined();
    asked.socket.destroy();
  });
});

describe('a server that stops', () => {
  const { connections, server, bare, ask } = useServer(10);

  afterEach(() => {
    vi.useRealTimers();
  });

  test('closes idle connections at once, others after their answer, and the rest after their time', async () => {
    const [idle, busy, endless] = [await ask(), await ask(), await ask()];
    await idle.answer();
    const half = open(bare.port, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-le');
    await expect.poll(() => connections.count).toBe(4);
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    connections.closeInTime(server);
    vi.advanceTimersByTime(100);
    await Promise.all([idle.closed, half.closed]);
    await expect.poll(() => connections.count).toBe(2);
    expect(busy.socket.closed).toBe(false);
    await busy.answer();
    await expect.poll(() => busy.reply.closed).toBe(true);
    vi.advanceTimersByTime(100);
    await busy.closed;
    vi.advanceTimersByTime(LAST_WORDS_MS - 300);
    expect([endless.socket.closed, connections.count]).toEqual([false, 1]);
    vi.advanceTimersByTime(100);
    await endless.closed;
    await expect.poll(() => connections.count).toBe(0);
    // While the server listens, others may come.
    vi.advanceTimersByTime(1000);
    expect(vi.getTimerCount()).toBe(1);
    server.close();
    vi.advanceTimersByTime(100);
    expect(vi.getTimerCount()).toBe(0);
  });
});
