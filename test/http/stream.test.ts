import { once } from 'node:events';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { chunk, open, raw } from './raw.ts';
import { useService } from './service.ts';

const LINE = '{"tokens":[[1]],"include":["lse"]}';
const NDJSON = { 'content-type': 'application/x-ndjson' };
const HEAD = 'POST /attention HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-ndjson\r\n';
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
/** A line of 120 kB whose reply has some 30 kB. */
const LARGE = `${JSON.stringify({ tokens: Array(64).fill([0.1, 0.7]), include: ['weights', 'scores'] })}${' '.repeat(120_000)}\n`;

describe('a client that does not read while it writes', () => {
  const service = useService();

  test('sends all of it, where the replies are no more than are kept, and reads them after', async () => {
    const size = (await service.ask(LARGE, { headers: NDJSON })).bytes.length;
    const lines = Math.floor((8 * 2 ** 20) / size);
    const { socket } = open(service.port);
    socket.setEncoding('latin1').pause();
    await new Promise((resolve) => socket.write(`${HEAD}content-length: ${lines * LARGE.length}\r\n\r\n${LARGE.repeat(lines)}`, resolve));
    let got = '';
    for await (const data of socket) got += data;
    expect(got.match(/\{"scores"/g)).toHaveLength(lines);
    expect(got.endsWith('0\r\n\r\n')).toBe(true);
  });
});

describe('a client that does not read', () => {
  const service = useService({ REQUEST_TIMEOUT_MS: '700' });
  const patient = useService({ REQUEST_TIMEOUT_MS: '6000' });

  test('is read no further once the replies’ buffer is full, and is cut off', async () => {
    const { socket, closed } = open(service.port, CHUNKED);
    await once(socket, 'connect');
    socket.pause();
    let sent = 0;
    const feed = setInterval(() => {
      while (!socket.destroyed && socket.writableLength < 1_000_000) {
        socket.write(chunk(LARGE));
        sent += LARGE.length;
      }
    }, 5);
    // A paused socket hears of a connection that was reset when it writes.
    await Promise.race([closed, once(socket, 'error')]);
    clearInterval(feed);
    socket.destroy();
    // 8 MiB of replies answer 35 MB of lines; what the sockets' buffers hold comes on top.
    expect(sent).toBeLessThan(150_000_000);
    expect((await service.get('/livez')).status).toBe(200);
  });

  test('one that reads slowly, but reads, is not', async () => {
    const { socket } = open(patient.port, CHUNKED);
    await once(socket, 'connect');
    socket.pause();
    const lines = 400;
    socket.write(chunk(LARGE.repeat(lines)));
    socket.write('0\r\n\r\n');
    let got = '';
    // 32 MB of replies: it takes longer than the time in which it must read something.
    const reader = setInterval(() => {
      got += socket.read(200_000) ?? socket.read() ?? '';
    }, 40);
    await once(socket, 'end');
    clearInterval(reader);
    expect(got.match(/\{"scores"/g)).toHaveLength(lines);
  });
});

describe('a stream that ends early', () => {
  const service = useService();
  const hurried = useService({ REQUEST_TIMEOUT_MS: '1000' });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('after %s breaks late keeps the replies to the lines before', async (encoding, pack) => {
    const packed = pack(`${LINE}\n`.repeat(50_000), { level: 0 });
    packed.fill(0xff, packed.length - 200_000);
    const head = `${HEAD}content-encoding: ${encoding}\r\ncontent-length: ${packed.length}\r\n\r\n`;
    const got = await raw(service.port, Buffer.concat([Buffer.from(head), packed]));
    expect(got.match(/\{"lse":\[1\]\}/g)?.length).toBeGreaterThan(40_000);
    expect(got).toContain('"type":"/problems/malformed-json"');
    expect(got.endsWith('0\r\n\r\n')).toBe(true);
  });

  test('after a line that did not arrive in time, though its client still sends', async () => {
    const stream = open(hurried.port, `${CHUNKED}${chunk(`${LINE}\n{"tok`)}`);
    await stream.until('"type":"/problems/timeout"');
    stream.socket.write(chunk('ens":'));
    stream.socket.write('0\r\n\r\n');
    await stream.closed;
    expect(stream.received).toContain('{"lse":[1]}');
    expect(stream.received.endsWith('0\r\n\r\n')).toBe(true);
  });
});

describe('its media types', () => {
  const service = useService();
  const TYPES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/jsonlines'];

  test.each(TYPES)('%s is one, and the reply’s too', async (type) => {
    const { status, headers, text } = await service.ask(LINE, { headers: { 'content-type': type } });
    expect([status, headers['content-type'], text]).toEqual([200, `${type}; charset=utf-8`, '{"lse":[1]}\n']);
  });

  test.each([
    ['application/jsonl', 'application/jsonl'],
    ['application/jsonlines, application/json', 'application/jsonlines'],
    ['application/json, application/jsonlines', 'application/jsonlines'],
    ['application/json', 'application/ndjson'],
    ['application/*', 'application/ndjson'],
    ['*/*', 'application/ndjson'],
    ['application/jsonl;q=0.5, */*;q=0.1', 'application/jsonl'],
  ])('Accept: %s gets %s for a request of application/ndjson', async (accept, type) => {
    const { status, headers } = await service.ask(LINE, { headers: { 'content-type': 'application/ndjson', accept } });
    expect([status, headers['content-type']]).toEqual([200, `${type}; charset=utf-8`]);
  });

  test.each(['text/markdown', 'image/svg+xml', 'text/html'])('Accept: %s is a 406', async (accept) => {
    expect((await service.ask(LINE, { headers: { ...NDJSON, accept } })).status).toBe(406);
  });
});

describe('what a stream leaves behind', () => {
  const service = useService();

  test('is nothing, in however many chunks it comes', async () => {
    const bytes = Buffer.from('1\r\n \r\n'.repeat(10_000));
    const { socket, until } = open(service.port, CHUNKED);
    const send = async (times: number) => {
      for (let i = 0; i < times; i++) if (!socket.write(bytes)) await once(socket, 'drain');
      await (await service.get('/livez')).text;
      globalThis.gc?.();
      return process.memoryUsage().heapUsed;
    };
    await once(socket, 'connect');
    const before = await send(2);
    const after = await send(15);
    socket.write(chunk(`${LINE}\n`));
    await until('{"lse":[1]}');
    socket.destroy();
    // A kilobyte a chunk would be 150 MB by now.
    expect(after - before).toBeLessThan(20_000_000);
  });
});
