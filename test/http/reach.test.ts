import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitsForDropping } from '../../src/http/rest.ts';
import { chunk, open, type RawConnection, statuses } from './raw.ts';
import { useService } from './service.ts';

const service = useService({ MAX_BODY_BYTES: '100000' });
const hurried = useService({ REQUEST_TIMEOUT_MS: '1000' });
/** More than is read of a body before it is refused, and than the sockets of both ends keep. */
const LARGE = 12_000_000;
const head = (line: string, headers: Record<string, string | number>) =>
  `${line} HTTP/1.1\r\nhost: x\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
const JSON_TYPE = { 'content-type': 'application/json' };
const REFUSALS: readonly [status: number, line: string, headers: Record<string, string>][] = [
  [413, 'POST /attention', JSON_TYPE],
  [413, 'POST /attention/merge', JSON_TYPE],
  [413, 'POST /v2/models/attention/infer', {}],
  [404, 'POST /nope', JSON_TYPE],
  [405, 'PUT /attention', JSON_TYPE],
  [406, 'POST /attention', { ...JSON_TYPE, accept: 'image/png' }],
  [415, 'POST /attention', { 'content-type': 'text/plain' }],
  [415, 'POST /attention', { ...JSON_TYPE, 'content-encoding': 'compress' }],
];

/** Bodies of which a byte comes now and then, and one of which nothing does: what becomes of them takes seconds, beside the other tests. */
let dripping: RawConnection[] = [];
let late: RawConnection;
const drips: NodeJS.Timeout[] = [];

beforeAll(() => {
  const lines = [
    head('POST /nope', { 'content-length': 1000 }),
    head('POST /nope', { connection: 'close', 'content-length': 1000 }),
    head('POST /attention', { 'content-type': 'text/plain', 'content-length': 1000 }),
    head('GET /livez', { 'content-length': 1000 }),
    head('GET /docs', { 'transfer-encoding': 'chunked' }),
    head('POST /attention', { ...JSON_TYPE, 'content-length': LARGE }),
  ];
  dripping = lines.map((line) => {
    const connection = open(service.port, line);
    drips.push(setInterval(() => connection.socket.write(line.includes('chunked') ? chunk('x') : 'x'), 100));
    return connection;
  });
  late = open(hurried.port, head('POST /attention', { ...JSON_TYPE, 'content-length': 100 }));
});
afterAll(() => {
  for (const drip of drips) clearInterval(drip);
});

/** Writes all of it before it looks for the answer, as many clients do; gives the answer and what the connection says after it. */
async function sendFirst(bytes: Buffer, then: string): Promise<string> {
  // What was dropped before, in other tests too, is no reason for this body to wait: the connection would close then.
  const like = { headers: { 'content-length': `${LARGE}` } } as IncomingMessage;
  await expect.poll(() => waitsForDropping(like)).toBe(false);
  const { socket } = open(service.port);
  socket.setEncoding('latin1').pause();
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.write(bytes, () => resolve());
  });
  socket.write(then);
  let got = '';
  for await (const data of socket) got += data;
  return got;
}

describe.each(REFUSALS)('a %i to %s %j', (status, line, headers) => {
  const next = head('GET /livez', { connection: 'close' });

  test('reaches a client that sends first, and the connection stays usable', async () => {
    const sized = Buffer.concat([Buffer.from(head(line, { ...headers, 'content-length': LARGE })), Buffer.alloc(LARGE, ' ')]);
    expect(statuses(await sendFirst(sized, next))).toEqual([status, 200]);
    const part = chunk(Buffer.alloc(LARGE / 10, ' '));
    const chunked = Buffer.concat([
      Buffer.from(head(line, { ...headers, 'transfer-encoding': 'chunked' })),
      ...Array(10).fill(part),
      Buffer.from('0\r\n\r\n'),
    ]);
    expect(statuses(await sendFirst(chunked, next))).toEqual([status, 200]);
  });

  test('reaches one that sends first and wants the connection closed', async () => {
    const bytes = Buffer.concat([Buffer.from(head(line, { ...headers, connection: 'close', 'content-length': LARGE })), Buffer.alloc(LARGE, ' ')]);
    expect(statuses(await sendFirst(bytes, ''))).toEqual([status]);
  });

  test('is the answer to Expect: 100-continue', async () => {
    const asked = open(service.port, head(line, { ...headers, expect: '100-continue', 'content-length': LARGE }));
    const [first] = statuses(await asked.until('\r\n\r\n'));
    expect(first).toBe(status);
    expect(asked.received.toLowerCase()).toContain('connection: close');
    asked.socket.destroy();
  });
});

test('Expect: 100-continue is met where the body is wanted', async () => {
  const body = '{"tokens":[[1]],"include":["lse"]}';
  const asked = open(
    service.port,
    head('POST /attention', { ...JSON_TYPE, connection: 'close', expect: '100-Continue', 'content-length': body.length }),
  );
  await asked.until('HTTP/1.1 100 Continue\r\n\r\n');
  asked.socket.write(body);
  await asked.closed;
  expect(statuses(asked.received)).toEqual([100, 200]);
});

describe('a body that nobody reads', () => {
  test('is dropped for five seconds, and its connection closed', async () => {
    await Promise.all(dripping.map(({ closed }) => closed));
  });

  test('is dropped up to 128 MiB', async () => {
    const { socket, closed: gone } = open(service.port, head('POST /nope', { 'content-length': 10_000_000_000 }));
    await once(socket, 'connect');
    let sent = 0;
    const block = Buffer.alloc(1_000_000);
    socket.on('drain', () => feed());
    const feed = () => {
      while (sent < 3e9 && !socket.destroyed && socket.write(block)) sent += block.length;
      sent += block.length;
    };
    feed();
    await gone;
    expect(sent).toBeLessThan(3e9);
  });
});

test('a body that does not arrive is a 408, and closes', async () => {
  await late.closed;
  expect(statuses(late.received)).toEqual([408]);
  expect(late.received.toLowerCase()).toContain('connection: close');
});
