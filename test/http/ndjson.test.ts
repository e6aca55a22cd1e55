import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Answering } from '../../src/http/answering.ts';
import type { Metrics } from '../../src/http/metrics.ts';
import { answerStream } from '../../src/http/ndjson.ts';
import { prepare, useAnswering } from './answered.ts';
import { chunk, open, type RawConnection } from './raw.ts';
import { type Small, useSmall } from './small.ts';

const LINE = '{"tokens":[[1]],"include":["lse"]}';
const REPLY = '{"lse":[1]}';
const HEAD = 'POST / HTTP/1.1\r\nhost: x\r\n';
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
const END = '0\r\n\r\n';
/** A line whose reply has some bytes more than this. */
const large = (bytes: number) => JSON.stringify({ tokens: Array(Math.ceil(Math.sqrt(bytes / 6))).fill([1]), include: ['weights'] });
const countOf = (durations: Metrics['waits']) => durations.series('s', {}).find(({ metricName }) => metricName === 's_count')?.value;

function useStreams(answering: Answering): Small {
  return useSmall((app) => {
    prepare(app);
    app.post('/', (request, reply) =>
      reply.type('application/x-ndjson').send(answerStream(request, reply, (body) => ({ kind: 'attention', body }), answering)),
    );
  });
}

const held = ({ answerer }: Answering) => answerer.pending.bytes;
const post = async (small: Small, body: string | Buffer, headers: Record<string, string> = {}) =>
  (await small.ask('/', { method: 'POST', body, headers })).text;
const problems = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.includes('"type"'))
    .map((line) => JSON.parse(line));

/** The bodies of the chunks of a reply. */
function bodyOf({ received }: RawConnection): string {
  let rest = received.slice(received.indexOf('\r\n\r\n') + 4);
  let body = '';
  for (;;) {
    const [, size = '0'] = /^([\da-f]+)\r\n/.exec(rest) ?? [];
    const length = Number.parseInt(size, 16);
    if (length === 0) return body;
    body += rest.slice(size.length + 2, size.length + 2 + length);
    rest = rest.slice(size.length + 4 + length);
  }
}

describe('a stream of lines', () => {
  const answering = useAnswering({ maxBytes: 20_000 });
  const small = useStreams(answering);

  test('has a reply for each line, in order, the last one without an end too', async () => {
    expect(await post(small, `${LINE}\n\n{"tokens":[[2]],"include":["lse"]}\n${LINE}`)).toBe(`${REPLY}\n{"lse":[4]}\n${REPLY}\n`);
    expect(await post(small, '')).toBe('');
  });

  test('answers a line that is wrong by its problem, below the service’s addresses, and goes on', async () => {
    const text = await post(small, `${LINE}\n{"tokens":[]}\n{\n${LINE}\n`);
    const lines = text.trimEnd().split('\n');
    expect([lines[0], lines[3]]).toEqual([REPLY, REPLY]);
    expect(problems(text)).toMatchObject([
      { type: '/ai/problems/invalid-request', line: 2 },
      { type: '/ai/problems/malformed-json', line: 3 },
    ]);
  });

  test('answers a line that is too long by its number, and goes on', async () => {
    const text = await post(small, `${LINE}\n${' '.repeat(20_001)}\n${LINE}\n`);
    expect(problems(text)).toMatchObject([
      { type: '/ai/problems/body-too-large', line: 2, detail: 'the line has more than 20000 bytes; MAX_BODY_BYTES is 20000' },
    ]);
    expect(text.endsWith(`${REPLY}\n`)).toBe(true);
  });

  test('counts its lines, its answers and its failures', async () => {
    const { metrics } = answering;
    const failures = () => metrics.failures.get('invalid-request')?.count ?? 0;
    const before = [metrics.lines, countOf(metrics.stages.compute) ?? 0, failures()];
    await post(small, `${LINE}\n{"tokens":[]}\n${LINE}\n`);
    expect([metrics.lines, countOf(metrics.stages.compute), failures()]).toEqual([3, 2, 1].map((more, i) => (before[i] ?? 0) + more));
  });

  test('has its replies before the next line is sent, and as one piece where lines come as one', async () => {
    const connection = open(small.port, `${CHUNKED}${chunk(`${LINE}\n`)}`);
    await connection.until(REPLY);
    connection.socket.write(chunk(`${LINE}\n${LINE}\n`));
    connection.socket.write(END);
    await connection.until(/\r\n0\r\n\r\n$/);
    expect(connection.received).toContain(`\r\n${`${REPLY}\n${REPLY}\n`.length.toString(16)}\r\n${REPLY}\n${REPLY}\n\r\n`);
    connection.socket.destroy();
  });

  test('has large replies whole and in their place, whatever they are between', async () => {
    const sizes = [70_000, 10];
    const lines = [LINE, ...sizes.map(large), LINE];
    const text = await post(small, `${lines.join('\n')}\n`);
    const replies = text.trimEnd().split('\n');
    expect([replies.length, replies[0], replies[3]]).toEqual([4, REPLY, REPLY]);
    sizes.forEach((bytes, i) => {
      expect(JSON.parse(replies[i + 1] ?? '').weights).toHaveLength(Math.ceil(Math.sqrt(bytes / 6)));
    });
  });

  test('holds what is here of its lines, and nothing once it is over', async () => {
    const connection = open(small.port, `${CHUNKED}${chunk(LINE.slice(0, 20))}`);
    await expect.poll(() => held(answering)).toBe(4 * 20);
    connection.socket.write(chunk(`${LINE.slice(20)}\n{`));
    await connection.until(REPLY);
    await expect.poll(() => held(answering)).toBe(4);
    connection.socket.write(chunk('}\n'));
    connection.socket.write(END);
    await connection.until(/\r\n0\r\n\r\n$/);
    await expect.poll(() => held(answering)).toBe(0);
    connection.socket.destroy();
  });

  test('holds nothing once its client is gone, which is no failure', async () => {
    const before = [...answering.metrics.failures.values()].map(({ count }) => count);
    const connection = open(small.port, `${CHUNKED}${chunk(LINE.slice(0, 20))}`);
    await expect.poll(() => held(answering)).toBe(4 * 20);
    connection.socket.destroy();
    await expect.poll(() => held(answering)).toBe(0);
    expect([...answering.metrics.failures.values()].map(({ count }) => count)).toEqual(before);
  });

  test('ends after a problem where its packing is broken', async () => {
    const packed = gzipSync(`${LINE}\n`.repeat(10_000), { level: 0 });
    packed.fill(0xff, packed.length - 8);
    const text = await post(small, packed, { 'content-encoding': 'gzip' });
    const answered = text.match(/\{"lse":\[1\]\}\n/g)?.length ?? 0;
    expect(answered).toBeGreaterThan(1000);
    expect(problems(text)).toMatchObject([{ type: '/ai/problems/malformed-json', line: answered + 1 }]);
  });
});

describe('a stream whose lines do not come', () => {
  const answering = useAnswering({ timeoutMs: 400 });
  const small = useStreams(answering);

  test('ends after a problem, though its client still sends', async () => {
    const { metrics } = answering;
    const before = metrics.failures.get('timeout')?.count ?? 0;
    const connection = open(small.port, `${CHUNKED}${chunk(`${LINE}\n{"tok`)}`);
    await connection.until('"type":"/ai/problems/timeout"');
    connection.socket.write(chunk('ens":'));
    connection.socket.write(END);
    await connection.until(/\r\n0\r\n\r\n$/);
    expect(problems(bodyOf(connection))).toMatchObject([{ line: 2, detail: 'the line did not arrive within 400 ms' }]);
    expect(metrics.failures.get('timeout')?.count).toBe(before + 1);
    connection.socket.destroy();
  });

  test('holds its connection open for what its client still sends, where it closes after the reply', async () => {
    const connection = open(small.port, `${HEAD}connection: close\r\ntransfer-encoding: chunked\r\n\r\n${chunk(`${LINE}\n`)}`);
    await connection.until('"type":"/ai/problems/timeout"');
    expect(connection.received.endsWith(END)).toBe(false);
    connection.socket.write(chunk('more'));
    connection.socket.write(END);
    await connection.closed;
    expect(connection.received.endsWith(END)).toBe(true);
  });
});

describe('a stream for whose lines there is no room', () => {
  const MOST = 400_000;
  const hurried = useAnswering({ pendingBytes: MOST, timeoutMs: 1500 });
  const patient = useAnswering({ pendingBytes: MOST });
  const [small, later] = [useStreams(hurried), useStreams(patient)];
  /** Holds all that others may hold while bodies arrive. */
  const fill = (answering: Answering) => {
    const hold = answering.answerer.openLine(0);
    expect(hold.tryResize(MOST)).toBe(true);
    return hold;
  };

  test('waits for it, and is answered once there is some', async () => {
    const others = fill(patient);
    const connection = open(later.port, `${CHUNKED}${chunk(`${LINE}\n`)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(connection.received).not.toContain(REPLY);
    others.release();
    await connection.until(REPLY);
    connection.socket.destroy();
    await expect.poll(() => held(patient)).toBe(0);
  });

  test('ends after a problem where there is none in time', async () => {
    const others = fill(hurried);
    const connection = open(small.port, `${CHUNKED}${chunk(`${LINE}\n`)}`);
    await connection.until('"type":"/ai/problems/timeout"');
    expect(connection.received).toContain('there was no room for the line within 1500 ms');
    others.release();
    connection.socket.destroy();
    await expect.poll(() => held(hurried)).toBe(0);
  });

  test('has a line refused that no room could hold, by the bound that is in force', async () => {
    const most = hurried.answerer.longestBody;
    const text = await post(small, `${' '.repeat(most + 1)}\n${LINE}\n`);
    expect(problems(text)).toMatchObject([{ line: 1, detail: `the line has more than ${most} bytes; MAX_PENDING_BYTES is ${MOST}` }]);
    expect(text.endsWith(`${REPLY}\n`)).toBe(true);
  });
});

describe('a reader who does not read', () => {
  const answering = useAnswering({ pendingBytes: 64 * 2 ** 20 });
  const small = useStreams(answering);

  test('has no more kept for it than 8 MiB of replies, or one that is larger', async () => {
    const line = `${large(400_000)}\n`;
    const connection = open(small.port, CHUNKED);
    await once(connection.socket, 'connect');
    connection.socket.pause();
    connection.socket.write(chunk(line.repeat(16)));
    await expect.poll(() => held(answering)).toBeGreaterThan(7_000_000);
    let most = 0;
    for (let look = 0; look < 30; look++) {
      most = Math.max(most, held(answering));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(most).toBeLessThan(12_000_000);
    connection.socket.resume();
    connection.socket.write(END);
    await expect.poll(() => connection.received.endsWith(END)).toBe(true);
    expect(connection.received.match(/"weights"/g)).toHaveLength(16);
    await expect.poll(() => held(answering)).toBe(0);
    connection.socket.destroy();
  });
});

describe('a service that closes', () => {
  const answering = useAnswering({ pendingBytes: 400_000 });
  const small = useStreams(answering);

  test('ends its streams after a problem, those that wait for room too', async () => {
    const idle = open(small.port, `${CHUNKED}${chunk(`${LINE}\n`)}`);
    await idle.until(REPLY);
    const others = answering.answerer.openLine(0);
    expect(others.tryResize(400_000 - held(answering))).toBe(true);
    const waiting = open(small.port, `${CHUNKED}${chunk(`${LINE}\n`)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    small.lifecycle.close();
    for (const connection of [idle, waiting]) {
      await connection.until('this replica is closing; send this line and the rest again');
      expect(problems(bodyOf(connection))).toMatchObject([{ type: '/ai/problems/shutting-down' }]);
      connection.socket.destroy();
    }
    others.release();
  });
});
