import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { deflateSync, gzipSync } from 'node:zlib';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { mergeExamples, ndjsonExamples } from '../../src/schemas/examples.ts';
import { slow } from '../slow.ts';
import { type Json, useService } from './service.ts';

const service = useService({ MAX_BODY_BYTES: '2000' });
/** Its deadline for a line is near. */
const hurried = useService({ REQUEST_TIMEOUT_MS: '1500' });
const SEED = '{"tokens":[[0.2,0.1,0.5],[0.9,0.1,0.3],[0.4,0.8,0.2]],"query":2,"decimals":4}';
const ANSWER = '{"scores":[0.26,0.5,0.84],"weights":[0.2465,0.3133,0.4402],"context":[0.5074,0.4081,0.3053]}';
const NDJSON = { 'content-type': 'application/x-ndjson' };

describe('NDJSON', () => {
  test('one reply a line, in order', async () => {
    const { status, headers, text } = await service.ask(`${SEED}\n{"tokens":[[1]],"include":["lse"]}\n${SEED}`, { headers: NDJSON });
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
    expect(text).toBe(`${ANSWER}\n{"lse":[1]}\n${ANSWER}\n`);
  });

  test('a bad line yields its problem with its number, and the rest go on', async () => {
    const lines = ['', SEED, '   \r', '{"tokens":', '{"tokens":[["1"]]}', '{"tokens":[[1e30]]}', `{"tokens":[[${'1,'.repeat(1500)}1]]}`, SEED];
    const { text } = await service.ask(lines.join('\r\n'), { headers: NDJSON });
    const replies = text.trimEnd().split('\n');
    expect(replies).toHaveLength(6);
    expect([replies[0], replies[5]]).toEqual([ANSWER, ANSWER]);
    expect(
      replies
        .slice(1, 5)
        .map((reply) => JSON.parse(reply))
        .map(({ type, line }) => [type, line]),
    ).toEqual([
      ['/problems/malformed-json', 4],
      ['/problems/invalid-request', 5],
      ['/problems/arithmetic-overflow', 6],
      ['/problems/body-too-large', 7],
    ]);
  });

  test('a line may come in any number of chunks', async () => {
    const bytes = Buffer.from(`${SEED}\n${SEED}\n`);
    async function* chunks() {
      for (let i = 0; i < bytes.length; i += 7) yield bytes.subarray(i, i + 7);
    }
    const { body } = await request(`${service.url}/attention`, { method: 'POST', headers: NDJSON, body: Readable.from(chunks()) });
    expect(await body.text()).toBe(`${ANSWER}\n${ANSWER}\n`);
  });

  test('an empty stream gets an empty answer', async () => {
    expect(await service.ask('\n\n', { headers: NDJSON })).toMatchObject({ status: 200, text: '' });
  });

  test.each([
    ['application/json', 200],
    ['application/x-ndjson', 200],
    ['*/*', 200],
    ['text/html', 406],
  ])('Accept: %s gets %i', async (accept, status) => {
    expect((await service.ask(SEED, { headers: { ...NDJSON, accept } })).status).toBe(status);
  });

  test('a line that does not arrive in time is said, and ends the stream', async () => {
    async function* stalling() {
      yield `${SEED}\n{"tok`;
      await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
    }
    const { body } = await request(`${hurried.url}/attention`, { method: 'POST', headers: NDJSON, body: Readable.from(stalling()) });
    const [first, second] = (await body.text()).split('\n');
    expect(first).toBe(ANSWER);
    expect(JSON.parse(second ?? '')).toMatchObject({ type: '/problems/timeout', line: 2 });
  });

  test('the document’s example runs', async () => {
    const { text } = await service.ask(ndjsonExamples['two-lines']?.value as string, { headers: NDJSON });
    expect(text.split('\n')[0]).toBe(ANSWER);
  });

  test('replies begin before the last line is sent', async () => {
    const socket = connect(service.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      `POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n${chunk(`${SEED}\n`)}`,
    );
    let got = '';
    for await (const data of socket.setEncoding('utf8')) {
      got += data;
      if (got.includes(ANSWER)) break;
    }
    expect(got).toContain('HTTP/1.1 200');
  });

  slow('a slow reader slows the writer', async () => {
    const socket = connect(service.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.pause();
    socket.write('POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n');
    const block = chunk(`${SEED}\n`.repeat(1000));
    let blocks = 0;
    // Sockets' buffers hold some; a service without back-pressure would take all 2,000 blocks (170 MB). 8 MiB of replies are 90 of them.
    while (blocks < 2000) {
      blocks++;
      if (socket.write(block)) continue;
      const drained = await Promise.race([once(socket, 'drain').then(() => true), new Promise((resolve) => setTimeout(resolve, 1500, false))]);
      if (!drained) break;
    }
    socket.destroy();
    expect(blocks).toBeGreaterThan(1);
    expect(blocks).toBeLessThan(1000);
  });

  slow('hundreds of thousands of lines in constant memory', async () => {
    const total = 300_000;
    const block = `${SEED}\n`.repeat(1000);
    async function* blocks() {
      for (let sent = 0; sent < total; sent += 1000) yield block;
    }
    const { body } = await request(`${service.url}/attention`, {
      method: 'POST',
      headers: NDJSON,
      body: Readable.from(blocks(), { highWaterMark: 1 }),
      bodyTimeout: 0,
    });
    let bytes = 0;
    let early = 0;
    for await (const data of body) {
      bytes += data.length;
      if (early === 0 && bytes > 100_000 * (ANSWER.length + 1)) early = used();
    }
    expect(bytes).toBe(total * (ANSWER.length + 1));
    // Two hundred thousand replies held would be 19 MB; both ends run in this process.
    expect(used() - early).toBeLessThan(15_000_000);
  });
});

describe('packed bodies', () => {
  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('%s is read on every POST', async (encoding, pack) => {
    const headers = { 'content-encoding': encoding };
    expect((await service.ask(pack(SEED), { headers })).text).toBe(ANSWER);
    expect((await service.ask(pack(`${SEED}\n${SEED}\n`), { headers: { ...headers, ...NDJSON } })).text).toBe(`${ANSWER}\n${ANSWER}\n`);
    const merged = await service.ask(pack(JSON.stringify({ parts: [{ context: [1], lse: 0 }] })), { path: '/attention/merge', headers });
    expect(merged.text).toBe('{"context":[1],"lse":0}');
  });

  test('the limit holds for what they unpack to', async () => {
    const bomb = gzipSync(Buffer.alloc(1_000_000, ' '));
    expect(bomb.length).toBeLessThan(2000);
    const { status, json } = await service.ask(bomb, { headers: { 'content-encoding': 'gzip' } });
    expect([status, json.type]).toEqual([413, '/problems/body-too-large']);
  });

  test('what can’t be unpacked is a 400, in a stream a problem', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const { status, json } = await service.ask(SEED, { headers });
    expect([status, json.type]).toEqual([400, '/problems/malformed-json']);
    const cut = await service.ask(gzipSync(SEED).subarray(0, 40), { headers });
    expect([cut.status, cut.json.type]).toEqual([400, '/problems/malformed-json']);
    const stream = await service.ask(SEED, { headers: { ...headers, ...NDJSON } });
    expect(JSON.parse(stream.text)).toMatchObject({ type: '/problems/malformed-json', line: 1 });
  });
});

describe('merge', () => {
  const merge = (body: unknown) => service.ask(body, { path: '/attention/merge' });

  test.each(Object.entries(mergeExamples))('the documented example %s runs', async (_name, { value }) => {
    expect((await merge(value)).json).toEqual({
      context: [
        [3.9242, 4.9242],
        [3, 4],
      ],
      lse: [1.8133, 1],
    });
  });

  test('two halves of the tokens give what the whole gives', async () => {
    const tokens = [
      [0.2, 0.1, 0.5, 0.3],
      [0.9, 0.1, 0.3, 0.1],
      [0.4, 0.8, 0.2, 0.7],
      [0.5, 0.6, 0.1, 0.2],
    ];
    const options = {
      queries: [tokens[3], tokens[1]],
      heads: 2,
      causal: true,
      position: { type: 'rope' },
      dtype: 'float64',
      include: ['context', 'lse'],
    };
    const part = async (first: number, end: number) =>
      (await service.ask({ tokens: tokens.slice(first, end), ...options, queries_start: 1 - first })).json;
    const whole = await part(0, 4);
    const { fully_masked: _, ...second } = await part(2, 4);
    const merged = (await merge({ parts: [await part(0, 2), second] })).json;
    expectClose(merged.context, whole.context);
    expectClose(merged.lse, whole.lse);
  });

  test('rows without a key in any part are listed, with heads as pairs, and get b_output', async () => {
    const parts = [
      {
        context: [
          [1, 2],
          [0, 0],
        ],
        lse: [
          [1, null],
          [2, null],
        ],
      },
    ];
    expect((await merge({ parts, w_output: [[1], [1]], b_output: [0.5] })).text).toBe(
      '{"context":[[3.5],[0.5]],"lse":[[1,null],[2,null]],"fully_masked":[[0,1],[1,1]]}',
    );
    expect((await merge({ parts: [{ context: [3], lse: null }] })).text).toBe('{"context":[0],"lse":null,"fully_masked":[0]}');
  });

  test.each([
    [{}, '/parts', 'is required'],
    [{ parts: [] }, '/parts', 'is empty'],
    [{ parts: [{}] }, '/parts/0/context', 'is required'],
    [{ parts: [{ context: [1], lse: 0, weights: [1] }] }, '/parts/0/weights', 'is not a field'],
    [{ parts: [{ context: [1], lse: 'x' }] }, '/parts/0/lse', 'finite number, or null'],
    [{ parts: [{ context: [null], lse: 0 }] }, '/parts/0/context/0', 'must be a number'],
    [{ parts: [{ context: [[1], [2]], lse: [0] }] }, '/parts/0/lse', 'has 1 number, but the context has 2 rows'],
    [{ parts: [{ context: [1, 2, 3], lse: [0, 1] }] }, '/parts/0/lse', '2 heads, which can’t split a context 3 wide'],
    [
      {
        parts: [
          { context: [1, 2], lse: 0 },
          { context: [1], lse: 0 },
        ],
      },
      '/parts/1/context',
      'is one vector 1 wide, but that of /parts/0 is one vector 2 wide',
    ],
    [
      {
        parts: [
          { context: [1, 2], lse: 0 },
          { context: [1, 2], lse: [0, 0] },
        ],
      },
      '/parts/1/lse',
      'has 2 heads, but that of /parts/0 has no axis of heads',
    ],
    [{ parts: [{ context: [1, 2], lse: 0 }], w_output: [[1]] }, '/w_output', 'has 1 row, but the context is 2 wide'],
    [{ parts: [{ context: [1, 2], lse: 0 }], b_output: [1] }, '/b_output', 'has 1 number'],
  ])('%j is refused', async (body, pointer, words) => {
    const { status, json } = await merge(body);
    expect(status).toBe(422);
    expect(json.errors[0].pointer).toBe(pointer);
    expect(json.errors[0].detail).toContain(words);
  });
});

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

function used(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function expectClose(got: Json, wanted: Json): void {
  if (Array.isArray(wanted)) {
    wanted.forEach((element, i) => {
      expectClose(got[i], element);
    });
  } else expect(got).toBeCloseTo(wanted, 10);
}
