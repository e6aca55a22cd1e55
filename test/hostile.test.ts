import { once } from 'node:events';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chunk, open, raw, statuses } from './http/raw.ts';
import { endWhatWasStarted, type Started, start } from './started.ts';

endWhatWasStarted(afterAll);

const SEED = '{"tokens":[[0.2,0.1,0.5],[0.9,0.1,0.3],[0.4,0.8,0.2]],"query":2,"decimals":4}';
const ANSWER = '{"scores":[0.26,0.5,0.84],"weights":[0.2465,0.3133,0.4402],"context":[0.5074,0.4081,0.3053]}';
const ROUTES = [
  ['/attention', 'application/json'],
  ['/attention', 'application/x-ndjson'],
  ['/attention/merge', 'application/json'],
  ['/v2/models/attention/infer', 'application/json'],
  ['/v2/models/attention/versions/1/infer', 'application/octet-stream'],
] as const;
const PACKERS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync } as const;

let service: Started;
let port: number;
beforeAll(async () => {
  service = start({ MAX_BODY_BYTES: '100000', REQUEST_TIMEOUT_MS: '5000', LOG_LEVEL: 'info', DRAIN_MS: '100' });
  ({ port } = await service.listening);
});

const head = (path: string, headers: Record<string, string | number>, method = 'POST') =>
  Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: x\r\n${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`,
  );
const join = (...parts: (string | Buffer)[]) => Buffer.concat(parts.map((part) => Buffer.from(part as string)));

/** Sends it, and goes away without reading: at once, and when much of it is under way. */
async function hitAndRun(bytes: Buffer): Promise<void> {
  const leave = async (ms: number) => {
    const { socket, closed } = open(port, bytes);
    await once(socket, 'connect');
    await new Promise((resolve) => setTimeout(resolve, ms));
    socket.resetAndDestroy();
    await closed;
  };
  await Promise.all([0, 1, 2, 4, 8, 20].map(leave));
}

/** The process lives, is well, and answers the seed's request. */
async function isWell(): Promise<void> {
  const ask = join(
    head('/livez', {}, 'GET'),
    head('/attention', { 'content-type': 'application/json', 'content-length': SEED.length, connection: 'close' }),
    SEED,
  );
  const received = await raw(port, ask);
  expect(statuses(received)).toEqual([200, 200]);
  expect(received).toContain(ANSWER);
  expect(service.process.exitCode).toBeNull();
  expect(service.output).not.toMatch(/"level":(50|60)/);
}

describe.each(ROUTES)('%s, %s', (path, type) => {
  test.each(Object.keys(PACKERS) as (keyof typeof PACKERS)[])('survives %s that is none, broken, cut short, or left behind', async (encoding) => {
    const packed = PACKERS[encoding](`${SEED}\n`.repeat(20));
    const headers = { 'content-type': type, 'content-encoding': encoding, connection: 'close' };
    const sized = (length: number) => head(path, { ...headers, 'content-length': length });
    const chunked = head(path, { ...headers, 'transfer-encoding': 'chunked' });
    const broken = Buffer.from(packed);
    broken.fill(0xff, broken.length >> 1);
    const flipped = Buffer.from(packed);
    flipped.writeUInt8((flipped.at(-6) ?? 0) ^ 1, flipped.length - 6);
    const attacks = {
      'no such coding, and too large by its length': join(sized(200_000), 'this is not packed', Buffer.alloc(199_982, 'x')),
      'no such coding': join(sized(18), 'this is not packed'),
      'broken in the middle': join(sized(broken.length), broken),
      'broken at the end': join(sized(flipped.length), flipped),
      'cut short': join(chunked, chunk(packed.subarray(0, packed.length >> 1)), '0\r\n\r\n'),
      'followed by something else': join(chunked, chunk(packed), chunk(Buffer.alloc(50_000, 'x')), '0\r\n\r\n'),
      empty: sized(0),
      'a bomb': join(chunked, chunk(PACKERS[encoding](Buffer.alloc(20_000_000, ' '))), '0\r\n\r\n'),
      'refused unread: 404': join(head('/nope', { ...headers, 'content-length': broken.length }), broken),
      'refused unread: 405': join(head(path, { ...headers, 'content-length': broken.length }, 'PUT'), broken),
      'refused unread: 415': join(head('/attention', { ...headers, 'content-type': 'text/plain', 'content-length': broken.length }), broken),
      'refused unread: 406': join(head('/attention', { ...headers, accept: 'image/png', 'content-length': broken.length }), broken),
    };
    for (const [name, bytes] of Object.entries(attacks)) {
      const [status = 0] = statuses(await raw(port, bytes));
      expect(status, name).toBeGreaterThanOrEqual(200);
      expect(status, name).toBeLessThan(500);
      await hitAndRun(bytes);
    }
    const whole = PACKERS[encoding](SEED + ' '.repeat(50_000));
    for (let times = 0; times < 5; times++) await hitAndRun(join(sized(whole.length), whole));
    await hitAndRun(join(sized(packed.length + 10), packed));
    await hitAndRun(join(sized(200_000), packed));
    await hitAndRun(join(chunked, chunk(broken)));
    await isWell();
  });
});

describe('a bounded series of attacks', () => {
  const json = { 'content-type': 'application/json' };
  const lines = { 'content-type': 'application/x-ndjson' };
  test.each<[string, Buffer]>([
    ['half a request line', Buffer.from('POST /att')],
    ['half a header', Buffer.from('POST /attention HTTP/1.1\r\nhost: x\r\ncontent-')],
    ['zero bytes', Buffer.alloc(1000)],
    ['TLS', Buffer.from('160301020001000 1fc0303'.replaceAll(' ', ''), 'hex')],
    ['HTTP/2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['a chunk without a size', join(head('/attention', { ...json, 'transfer-encoding': 'chunked' }), 'zz\r\n')],
    ['a giant chunk size', join(head('/attention', { ...json, 'transfer-encoding': 'chunked' }), 'fffffffffffffffff\r\n')],
    ['a giant length', head('/attention', { ...json, 'content-length': '9007199254740993' })],
    ['a negative length', head('/attention', { ...json, 'content-length': -1 })],
    ['a broken chunk late in a stream', join(head('/attention', { ...lines, 'transfer-encoding': 'chunked' }), chunk(`${SEED}\n`), 'zz\r\n')],
    ['newlines alone', join(head('/attention', { ...lines, 'content-length': 100_000 }), Buffer.alloc(100_000, '\n'))],
    ['an endless line', join(head('/attention', { ...lines, 'content-length': 300_000 }), Buffer.alloc(300_000, '['))],
    ['a GET with a body', join(head('/livez', { 'content-length': 1000 }, 'GET'), 'x')],
    ['a hundred requests at once', join(...Array(100).fill(join(head('/attention', { ...json, 'content-length': SEED.length }), SEED)))],
    ['a hundred broken ones', join(...Array(100).fill('x'.repeat(2000)))],
    ['an upgrade', head('/attention', { ...json, connection: 'upgrade', upgrade: 'websocket' })],
    ['CONNECT with a body', join(head('/attention', { 'content-length': 1000 }, 'CONNECT'), 'x'.repeat(10))],
    ['Expect, and the body at once', join(head('/attention', { ...json, expect: '100-continue', 'content-length': 200_000 }), Buffer.alloc(200_000))],
  ])('%s: survived, whether its client reads, waits or goes', async (_name, bytes) => {
    await hitAndRun(bytes);
    const waiting = open(port, bytes);
    const finished = open(port, bytes);
    await once(finished.socket, 'connect');
    finished.socket.end();
    await isWell();
    waiting.socket.destroy();
    finished.socket.destroy();
    expect(waiting.received + finished.received).not.toMatch(/HTTP\/1\.1 5\d\d /);
  });

  test('many connections that say nothing', async () => {
    const silent = Array.from({ length: 200 }, () => open(port));
    await isWell();
    for (const { socket } of silent) socket.destroy();
  });

  test('of which nothing is left: nothing held, at work or waiting', async () => {
    const gauges = ['pending_bytes', 'pending_work', 'queue_length', 'threads_busy'];
    const values = async () => {
      const text = await raw(port, head('/metrics', { connection: 'close' }, 'GET'));
      return gauges.map((name) => Number(new RegExp(`^attention_${name} (\\d+)\r?$`, 'm').exec(text)?.[1]));
    };
    await expect.poll(values).toEqual(gauges.map(() => 0));
  });

  test('and it ends well after all', async () => {
    service.process.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(service.errors).toBe('');
  });
});
