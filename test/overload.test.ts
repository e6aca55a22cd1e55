import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { afterAll, describe, expect, test } from 'vitest';
import { open, type RawConnection, statuses } from './http/raw.ts';
import { slow } from './slow.ts';
import { endWhatWasStarted, type Started, start } from './started.ts';

/*
 * The process as it is started, under what a bad day brings, at settings that make it short. What it may hold at its
 * worst is MAX_PENDING_BYTES + 600 MB (CONTRACT section 9 and docs/OPERATIONS.md).
 */
const PENDING = 128 * 2 ** 20;
const BASE = 600_000_000;
const SEED = '{"tokens":[[0.2,0.1,0.5],[0.9,0.1,0.3],[0.4,0.8,0.2]],"query":2,"decimals":4}';
const HEAD = 'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
const JSON_TYPE = { 'content-type': 'application/json' };
/** More at once are not tried. */
const MOST_AT_ONCE = 1600;
const agent = new Agent({ connections: MOST_AT_ONCE, pipelining: 1 });

endWhatWasStarted();
afterAll(() => agent.close());

const starting = (settings: Record<string, string> = {}) => start({ THREADS: '2', MAX_PENDING_BYTES: `${PENDING}`, ...settings });
const listening = async (service: Started) => (await service.listening).port;

/** The greatest resident set of the process so far, in bytes. */
function peak({ process: { pid } }: Started): number {
  return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function replyTo(port: number, body: string | Buffer, path = '/attention', headers: Readonly<Record<string, string>> = JSON_TYPE) {
  const reply = await request(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body, dispatcher: agent });
  return { status: reply.statusCode, text: await reply.body.text() };
}

async function ask(...asked: Parameters<typeof replyTo>): Promise<number> {
  return (await replyTo(...asked)).status;
}

/**
 * What came of a hundred requests at once, of twice as many, and so on, until some were refused: how many that takes is the machine's
 * matter, and a quick one serves hundreds before the first has waited for long.
 */
async function askForMore(...asked: Parameters<typeof replyTo>): Promise<number[]> {
  const seen: number[] = [];
  for (let count = 100; count <= MOST_AT_ONCE && !seen.includes(429); count *= 2) {
    seen.push(...(await Promise.all(Array.from({ length: count }, () => ask(...asked)))));
  }
  return seen;
}

const live = async (port: number) => (await request(`http://127.0.0.1:${port}/livez`, { dispatcher: agent })).statusCode;

describe.skipIf(process.platform !== 'linux')('the process', () => {
  test('at several times its capacity answers 200, 429 or 503 alone, and holds what it may', { timeout: 120_000 }, async () => {
    // Here, a second of waiting is what refuses.
    const service = starting({ REQUEST_TIMEOUT_MS: '12000' });
    const port = await listening(service);
    const tokens = Array.from({ length: 1600 }, (_, i) => Array.from({ length: 64 }, (_, c) => ((i * c) % 9973) / 9973));
    const body = Buffer.from(JSON.stringify({ tokens, query: 0 }));
    const seen = await askForMore(port, body);
    expect(new Set(seen).difference(new Set([200, 429, 503]))).toEqual(new Set());
    expect(seen.filter((status) => status === 200).length).toBeGreaterThan(0);
    expect(seen.filter((status) => status === 429).length).toBeGreaterThan(0);
    expect(peak(service)).toBeLessThan(PENDING + BASE);
    expect(await ask(port, body)).toBe(200);
  });

  /** Some megabytes of reading, computing or printing each, of every kind of request with one answer. */
  const numbers = (n: number) => Array.from({ length: n }, (_, i) => ((i * 7919) % 1000) / 1000);
  const matrix = (n: number, d: number) => Array.from({ length: n }, (_, i) => numbers(d).map((x) => x + (i % 10)));
  const part = { context: matrix(4000, 16), lse: numbers(4000) };
  const named = (more: object) => ['Q', 'K', 'V'].map((name) => ({ name, datatype: 'FP32', shape: [1, 4, 700, 16], ...more }));
  const JSON_TENSORS = { inputs: named({ data: numbers(4 * 700 * 16) }) };
  const BYTES = Buffer.from(Float32Array.from(numbers(4 * 700 * 16)).buffer);
  const BINARY_HEAD = JSON.stringify({
    inputs: named({ parameters: { binary_data_size: BYTES.length } }),
    outputs: [{ name: 'Y', parameters: { binary_data: true } }],
  });
  const INFER = '/v2/models/attention/infer';
  const ASKED: readonly [kind: string, body: Buffer, path?: string, headers?: Record<string, string>][] = [
    ['all queries and their weights', Buffer.from(JSON.stringify({ tokens: matrix(500, 2), include: ['weights', 'context'] }))],
    ['merge', Buffer.from(JSON.stringify({ parts: [part, part] })), '/attention/merge'],
    ['v2 in JSON', Buffer.from(JSON.stringify(JSON_TENSORS)), INFER],
    [
      'v2 in bytes',
      Buffer.concat([Buffer.from(BINARY_HEAD), BYTES, BYTES, BYTES]),
      INFER,
      { 'content-type': 'application/octet-stream', 'inference-header-content-length': `${BINARY_HEAD.length}` },
    ],
  ];

  slow('at several times its capacity does so for every kind of request, and for lines, none of which is refused', async () => {
    // So little that the sums are full too.
    const service = starting({ MAX_PENDING_WORK: '140000000', REQUEST_TIMEOUT_MS: '12000' });
    const port = await listening(service);
    const line = JSON.stringify({ tokens: matrix(200, 8), include: ['lse'] });
    const stream = () =>
      replyTo(port, `${line}\n`.repeat(5), '/attention', { 'content-type': 'application/x-ndjson' }).then(({ status, text }) => [
        status,
        text.split('"lse"').length - 1,
      ]);
    for (const [kind, body, path, headers] of ASKED) {
      const streams = Array.from({ length: 5 }, stream);
      const seen = await askForMore(port, body, path, headers);
      expect(new Set(seen).difference(new Set([200, 429, 503])), kind).toEqual(new Set());
      expect(seen.filter((status) => status === 200).length, kind).toBeGreaterThan(0);
      expect(seen.filter((status) => status === 429).length, kind).toBeGreaterThan(0);
      expect(await Promise.all(streams), kind).toEqual(Array(5).fill([200, 5]));
      expect(await ask(port, body, path, headers), kind).toBe(200);
    }
    expect(peak(service)).toBeLessThan(PENDING + BASE);
  });

  test('answers every line of more streams than it has room for, and a large request beside them', { timeout: 120_000 }, async () => {
    // A dozen streams at their full pace would fill it; lines above 64 KiB have no part of what is kept for small ones.
    const service = starting();
    const port = await listening(service);
    const line = JSON.stringify({ tokens: matrix(250, 64), query: 0, include: ['lse'] });
    const lines = 30;
    const body = Buffer.from(`${line}\n`.repeat(lines));
    const streams = Array.from({ length: 100 }, () =>
      replyTo(port, body, '/attention', { 'content-type': 'application/x-ndjson' }).then(({ text }) => text.split('"lse"').length - 1),
    );
    const large = Buffer.from(`${SEED}${' '.repeat(200_000)}`);
    const seen: number[] = [];
    let going = true;
    const all = Promise.all(streams).finally(() => {
      going = false;
    });
    while (going) seen.push(await ask(port, large));
    expect(await all).toEqual(Array(100).fill(lines));
    expect(seen.filter((status) => status === 200).length).toBeGreaterThan(0);
    expect(peak(service)).toBeLessThan(PENDING + BASE);
  });

  test('holds little for a hundred slow uploads of 60 MB, and serves others', { timeout: 120_000 }, async () => {
    const service = starting({ MAX_PENDING_BYTES: `${2 ** 30}` });
    const port = await listening(service);
    expect(await ask(port, SEED)).toBe(200);
    const before = peak(service);
    const piece = ' '.repeat(100_000);
    const uploads = Array.from({ length: 100 }, () => open(port, `${HEAD}content-length: 60000000\r\n\r\n${piece}`));
    // Ten megabytes each at most, however long the rest takes: those of the few that are read are held.
    let pieces = 100;
    const trickle = setInterval(() => {
      if (pieces-- > 0) for (const { socket } of uploads) socket.write(piece);
    }, 50);
    // Four are a share that fits into half of the bytes, each with what reading it takes.
    await expect.poll(() => uploads.filter(({ received }) => received.includes('HTTP/1.1 429 ')).length).toBeGreaterThanOrEqual(96);
    for (let i = 0; i < 20; i++) expect([await live(port), await ask(port, SEED)]).toEqual([200, 200]);
    clearInterval(trickle);
    for (const { socket } of uploads) socket.destroy();
    expect(peak(service) - before).toBeLessThan(200_000_000);
    await expect.poll(() => ask(port, `${SEED}${' '.repeat(10_000_000)}`)).toBe(200);
  });

  test('holds what it may where nobody reads large replies, on twenty connections and pipelined on one', { timeout: 120_000 }, async () => {
    const service = starting({ REQUEST_TIMEOUT_MS: '10000' });
    const port = await listening(service);
    // Some 19 MB of reply each, and 87 MB on the way to it.
    const body = JSON.stringify({ tokens: Array.from({ length: 1100 }, (_, i) => [i % 7]), include: ['scores', 'weights'] });
    const one = `${HEAD}content-length: ${body.length}\r\n\r\n${body}`;
    const idle: RawConnection[] = [];
    const asksAndReadsNothing = async (bytes: string) => {
      const connection = open(port, bytes);
      idle.push(connection);
      connection.socket.once('data', () => connection.socket.pause());
      return statuses(await connection.until('HTTP/1.1 '))[0];
    };
    expect(await asksAndReadsNothing(one.repeat(200))).toBe(200);
    // One after the other, until replies alone fill the room. It stays full until the readers are cut off.
    while ((await asksAndReadsNothing(one)) === 200) expect(idle.length).toBeLessThan(20);
    expect(await ask(port, body)).toBe(429);
    const atOnce = await Promise.all(Array.from({ length: 20 }, () => asksAndReadsNothing(one)));
    expect(new Set(atOnce)).toEqual(new Set([429]));
    expect(await live(port)).toBe(200);
    await expect.poll(() => ask(port, body), { timeout: 60_000 }).toBe(200);
    expect(peak(service)).toBeLessThan(PENDING + BASE);
    for (const { socket } of idle) socket.destroy();
  });

  test('answers /livez while bodies of 20 MB stream in', { timeout: 120_000 }, async () => {
    const service = starting({ MAX_PENDING_BYTES: `${2 ** 30}`, REQUEST_TIMEOUT_MS: '120000' });
    const port = await listening(service);
    const body = Buffer.from(`{"tokens":[${Array(1_000_000).fill('[0.123456789,0.12345]').join(',')}],"query":0,"include":["lse"]}`);
    const uploads = Array.from({ length: 3 }, () => open(port, `${HEAD}content-length: ${body.length}\r\n\r\n`));
    await Promise.all(uploads.map(({ socket }) => once(socket, 'connect')));
    // A piece at a time, so that they stream in for as long as is asked.
    const piece = 500_000;
    for (let at = 0; at < body.length; at += piece) {
      for (const { socket } of uploads) socket.write(body.subarray(at, at + piece));
      expect(await live(port)).toBe(200);
    }
    // And while they are read and answered: were that done on the event loop, none would come between a body's end and its reply.
    let between = 0;
    for (; uploads.some(({ received }) => statuses(received).length === 0); between++) expect(await live(port)).toBe(200);
    expect(between).toBeGreaterThan(20);
    expect(uploads.map(({ received }) => statuses(received))).toEqual([[200], [200], [200]]);
    for (const { socket } of uploads) socket.destroy();
  });

  /** Eight clients that ask again as soon as they are answered: the statuses, and what came instead of one. */
  function keepAsking(port: number) {
    const body = JSON.stringify({ tokens: Array.from({ length: 700 }, (_, i) => [i / 7, 1]), include: ['lse', 'scores'] });
    const seen: number[] = [];
    const others: string[] = [];
    let going = true;
    const client = async () => {
      while (going)
        await ask(port, body).then(
          (status) => seen.push(status),
          (error) => others.push(error.code),
        );
    };
    const clients = Array.from({ length: 8 }, client);
    const stop = async () => {
      going = false;
      await Promise.all(clients);
    };
    return { seen, others, stop };
  }

  test('asked to stop in mid-load, serves as before while it drains', { timeout: 120_000 }, async () => {
    const service = starting({ DRAIN_MS: '600000' });
    const { seen, others, stop } = keepAsking(await listening(service));
    await expect.poll(() => seen.length).toBeGreaterThan(8);
    service.process.kill('SIGTERM');
    await expect.poll(() => service.output).toContain('asked to stop');
    const before = seen.length;
    await expect.poll(() => seen.length).toBeGreaterThan(before + 16);
    await stop();
    expect(new Set(seen).difference(new Set([200, 429]))).toEqual(new Set());
    expect(others).toEqual([]);
  });

  test('asked to stop in mid-load, ends well once it has drained', { timeout: 120_000 }, async () => {
    const service = starting({ DRAIN_MS: '300' });
    const { seen, others, stop } = keepAsking(await listening(service));
    await expect.poll(() => seen.length).toBeGreaterThan(8);
    service.process.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    await stop();
    expect(new Set(seen).difference(new Set([200, 429, 503]))).toEqual(new Set());
    // Once it has closed, nobody listens.
    expect(new Set(others).difference(new Set(['ECONNREFUSED', 'UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']))).toEqual(new Set());
  });

  test('answers hundreds of pipelined requests on one connection in order', async () => {
    const service = starting();
    const port = await listening(service);
    const connection = open(port, `${HEAD}content-length: ${SEED.length}\r\n\r\n${SEED}`.repeat(200));
    await expect.poll(() => statuses(connection.received).length).toBe(200);
    expect(new Set(statuses(connection.received))).toEqual(new Set([200]));
    connection.socket.destroy();
  });
});
