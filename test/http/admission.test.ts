import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { occupy } from './occupied.ts';
import { open, type RawConnection, statuses } from './raw.ts';
import { type Answer, useService } from './service.ts';

const SEED = '{"tokens":[[0.2,0.1,0.5],[0.9,0.1,0.3],[0.4,0.8,0.2]],"query":2,"decimals":4}';
const rows = (n: number, d: number) => Array.from({ length: n }, (_, i) => Array.from({ length: d }, (_, c) => (((i * d + c) * 7919) % 1000) / 1000));
const HEAD = 'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
const codeOf = ({ json }: Answer) => String(json.type ?? '').replace('/problems/', '');

/** n·n·(d + d) multiply-adds by a body of some 20 KiB: read on the event loop, computed by the reference on a thread. */
const heavy = (n: number) => ({ tokens: rows(n, 8), include: ['lse'] });

describe('the sum of work', () => {
  // Of 400 × 400 × 16 = 2,560,000 multiply-adds three fit, to the last.
  const service = useService({ MAX_PENDING_WORK: `${3 * 2_560_000}`, THREADS: '1', ENGINE: 'reference' });

  test('is filled to the last permit, and by single, lines and v2 alike', async () => {
    const asked = Array.from({ length: 12 }, () => service.ask(heavy(400)));
    const answers = await Promise.all(asked);
    const served = answers.filter(({ status }) => status === 200).length;
    expect(served).toBeGreaterThanOrEqual(3);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expect([answer.status, codeOf(answer)]).toEqual([429, 'too-many-requests']);
      expect(answer.headers['retry-after']).toMatch(/^([1-9]|[1-5]\d|60)$/);
      expect(answer.json.detail).toContain('MAX_PENDING_WORK is 7680000');
    }
    // As many as there are permits, at once: nothing is lost on the way.
    for (let round = 0; round < 3; round++) {
      const three = await Promise.all(Array.from({ length: 3 }, () => service.ask(heavy(400))));
      expect(three.map(({ status }) => status)).toEqual([200, 200, 200]);
    }
  });

  test('makes what alone passes it a 413 that names it and never waits, on every way in', async () => {
    const tooDear = heavy(700);
    const single = await service.ask(tooDear);
    expect([single.status, codeOf(single)]).toEqual([413, 'work-too-large']);
    expect(single.json.detail).toContain('MAX_PENDING_WORK is 7680000');
    const lines = await service.ask(`${JSON.stringify(tooDear)}\n${SEED}\n`, { headers: { 'content-type': 'application/x-ndjson' } });
    const [first, second] = lines.text.trim().split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({ type: '/problems/work-too-large', status: 413, line: 1 });
    expect(second).toContain('"weights"');
    const large = await service.ask({ tokens: rows(4000, 8), include: ['lse'] }); // read on a worker
    expect([large.status, codeOf(large)]).toEqual([413, 'work-too-large']);
    const tensor = (name: string) => ({ name, shape: [1, 1, 700, 8], datatype: 'FP32', data: rows(700, 8).flat() });
    const v2 = await service.ask({ inputs: ['Q', 'K', 'V'].map(tensor) }, { path: '/v2/models/attention/infer' });
    expect([v2.status, Object.keys(v2.json)]).toEqual([413, ['error']]);
    expect(v2.json.error).toContain('MAX_PENDING_WORK');
  });

  test('lets lines wait rather than refuse them, while others fill it', async () => {
    const line = JSON.stringify(heavy(400));
    const streams = Array.from({ length: 6 }, () => service.ask(`${line}\n${line}\n`, { headers: { 'content-type': 'application/x-ndjson' } }));
    const replies = await Promise.all(streams);
    for (const { text } of replies) expect(text.match(/"lse"/g), text.slice(0, 300)).toHaveLength(2);
  });
});

describe('the last permit', () => {
  /** n·n·2 multiply-adds; from bodies up to 64 KiB, which may take all of the sum. */
  const work = (n: number) => 2 * n * n;
  const ones = (n: number) => JSON.stringify(Array(n).fill([1]));
  const LARGE = 16_000;
  const SMALL = 9_900;
  /** That of the one that runs, too. */
  const MOST = 2e10 + 5 * work(LARGE) + 3 * work(SMALL);
  const service = useService({
    MAX_PENDING_WORK: `${MOST}`,
    THREADS: '1',
    ENGINE: 'reference',
    REQUEST_TIMEOUT_MS: '100000000',
  });

  const post = (path: string, type: string, body: string) =>
    open(service.port, `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  const token = (n: number) => `{"tokens":${ones(n)},"include":["lse"]}`;
  const tensor = (name: string) => `{"name":"${name}","shape":[1,1,${SMALL},1],"datatype":"FP32","data":[${Array(SMALL).fill(1)}]}`;
  const v2 = () => post('/v2/models/attention/infer', 'application/json', `{"inputs":[${['Q', 'K', 'V'].map(tensor)}]}`);
  const single = (n = SMALL) => post('/attention', 'application/json', token(n));
  const line = () => post('/attention', 'application/x-ndjson', `${token(SMALL)}\n`);

  test('is taken by single and v2 alike, and beyond it both are refused, while a line waits', async () => {
    const release = await occupy(service);
    const waiting = [...Array.from({ length: 5 }, () => single(LARGE)), single(), v2()];
    await expect.poll(() => service.pending().queueLength).toBe(7);
    const last = v2();
    await expect.poll(() => service.pending()).toMatchObject({ queueLength: 8, work: MOST });
    const refused = [single(), v2()];
    for (const { until } of refused) expect(statuses(await until('MAX_PENDING_WORK'))).toEqual([429]);
    const waits = line();
    await expect.poll(() => service.pending()).toMatchObject({ queueLength: 9, work: MOST });
    // The permit of one that goes is free for the next, whichever way it comes.
    last.socket.destroy();
    await expect.poll(() => service.pending().queueLength).toBe(8);
    const next = single();
    await expect.poll(() => service.pending()).toMatchObject({ queueLength: 9, work: MOST });
    expect([waits, next, ...waiting].map(({ received }) => statuses(received))).toEqual(Array(9).fill([]));
    for (const { socket } of [waits, next, ...waiting, ...refused]) socket.destroy();
    await expect.poll(() => service.pending().queueLength).toBe(0);
    await release();
    await expect.poll(() => service.pending()).toMatchObject({ work: 0, bytes: 0 });
  });
});

describe('what JSON.parse makes of a body', () => {
  const service = useService({ MAX_PENDING_BYTES: `${2 ** 20}`, THREADS: '1', REQUEST_TIMEOUT_MS: '120000' });
  /** Three bytes each, and thirty times as many once they are parsed. */
  const arrays = (bytes: number) => `{"x":[${'[],'.repeat(bytes / 3)}[]]}`;
  const INFER = { path: '/v2/models/attention/infer' };
  const WAYS = {
    attention: {},
    'the walk-through': { headers: { accept: 'text/markdown' } },
    merge: { path: '/attention/merge' },
    diagnose: { path: '/attention/diagnose' },
    vectors: { path: '/attention/diagnose/vectors' },
    'the inference protocol': INFER,
    'JSON before bytes': { ...INFER, headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': '' } },
  };

  test.each(Object.entries(WAYS))('is a 413 where there would be no room for it even alone, here or on a thread: %s', async (_way, options) => {
    for (const bytes of [42_000, 150_000]) {
      const body = arrays(bytes);
      const headers = { ...('headers' in options && options.headers) } as Record<string, string>;
      if ('inference-header-content-length' in headers) headers['inference-header-content-length'] = `${body.length}`;
      const { status, json } = await service.ask(body, { ...options, headers });
      expect([status, json.error ?? json.detail]).toEqual([413, expect.stringMatching(/takes \d{7} bytes by itself; MAX_PENDING_BYTES is 1048576/)]);
    }
    expect(service.pending().bytes).toBe(0);
  });

  test('is so for a line too, by itself and among others, and the other lines are answered', async () => {
    for (const bytes of [6000, 42_000, 150_000]) {
      const lines = await service.ask(`${SEED}\n${arrays(bytes)}\n${SEED}\n`, { headers: { 'content-type': 'application/x-ndjson' } });
      const [first, second, third] = lines.text.trim().split('\n');
      // A short one has room enough, and is wrong.
      expect(JSON.parse(second ?? '')).toMatchObject({ status: bytes < 10_000 ? 422 : 413, line: 2 });
      expect([first, third]).toEqual(Array(2).fill(expect.stringContaining('"weights"')));
    }
    await expect.poll(() => service.pending().bytes).toBe(0);
  });

  test('leaves a body of numbers what it was', async () => {
    expect((await service.ask(`{"tokens":${JSON.stringify(rows(200, 64))},"query":0,"include":["lse"]}`)).status).toBe(200);
    expect((await service.ask(`{"tokens":${JSON.stringify(rows(120, 64))},"query":0,"include":["lse"]}`)).status).toBe(200);
  });
});

describe('a body that would hold its thread for long, since nothing can stop JSON.parse', () => {
  const service = useService({ THREADS: '1' });
  const objects = `{"tokens":[${'{},'.repeat(2_200_000)}{}]}`;

  test.each([
    ['attention', {}],
    ['merge', { path: '/attention/merge' }],
    ['the inference protocol', { path: '/v2/models/attention/infer' }],
  ])('is a 413 that says of what it has too much: %s', async (_way, options) => {
    const { status, json } = await service.ask(objects, options);
    expect([status, json.error ?? json.detail]).toEqual([413, expect.stringContaining('the body has 2200002 objects')]);
  });

  test('is so for a line too, and the other lines are answered', async () => {
    const lines = await service.ask(`${SEED}\n${objects}\n${SEED}\n`, { headers: { 'content-type': 'application/x-ndjson' } });
    const [first, second, third] = lines.text.trim().split('\n');
    expect(JSON.parse(second ?? '')).toMatchObject({ type: '/problems/body-too-large', status: 413, line: 2 });
    expect([first, third]).toEqual(Array(2).fill(expect.stringContaining('"weights"')));
  });
});

describe('the sum of bytes', () => {
  const service = useService({ MAX_PENDING_BYTES: `${16 * 2 ** 20}`, REQUEST_TIMEOUT_MS: '120000' });

  test('refuses by Content-Length, before a body is read, and while bodies stall small requests are served', async () => {
    const stalled = Array.from({ length: 20 }, () => open(service.port, `${HEAD}content-length: ${2 ** 20}\r\n\r\n{"tokens":[`));
    await expect.poll(() => stalled.filter(({ received }) => received.includes('HTTP/1.1 429 ')).length).toBeGreaterThanOrEqual(13);
    const refused = stalled.find(({ received }) => received.includes(' 429 '));
    expect(refused?.received).toMatch(/retry-after: \d+\r\n/i);
    expect(refused?.received).toContain('/problems/too-many-requests');
    expect((await service.ask(SEED)).status).toBe(200);
    expect((await service.get('/livez')).status).toBe(200);
    // What those that go held is free again.
    for (const { socket } of stalled) socket.destroy();
    await expect.poll(async () => (await service.ask(`${SEED}${' '.repeat(2 ** 20)}`)).status).toBe(200);
  });

  test('refuses a body whose length nobody said as it comes', async () => {
    const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
    const { socket, until } = open(service.port, `${HEAD}transfer-encoding: chunked\r\n\r\n`);
    await once(socket, 'connect');
    for (let i = 0; i < 200; i++) socket.write(chunk);
    expect(await until('}')).toContain('MAX_PENDING_BYTES');
    socket.destroy();
  });

  test('makes what alone passes it a 413, before the body is read', async () => {
    const { until, socket } = open(service.port, `${HEAD}content-length: ${15 * 2 ** 20}\r\n\r\n`);
    const reply = await until('}');
    expect(statuses(reply)).toEqual([413]);
    expect(reply).toContain('MAX_PENDING_BYTES');
    socket.destroy();
  });
});

describe('replies that nobody reads', () => {
  const service = useService({ MAX_PENDING_BYTES: `${256 * 2 ** 20}`, REQUEST_TIMEOUT_MS: '120000' });
  /** Some 19 MB of reply from 4 kB: more than the sockets of both ends keep. */
  const body = JSON.stringify({ tokens: Array.from({ length: 1100 }, (_, i) => [i % 7]), include: ['scores', 'weights'] });

  test('are counted until their readers are gone', async () => {
    const idle: RawConnection[] = [];
    const held = () => idle.at(-1)?.received.startsWith('HTTP/1.1 200 ') ?? true;
    // One after the other, so that what fills the room are replies alone. Twenty of them are more than there is room for.
    while (held() && idle.length < 20) {
      const connection = open(service.port, `${HEAD}content-length: ${body.length}\r\n\r\n${body}`);
      connection.socket.once('data', () => connection.socket.pause());
      await connection.until('HTTP/1.1 ');
      idle.push(connection);
    }
    expect(statuses(idle.at(-1)?.received ?? '')).toEqual([429]);
    expect(service.pending()).toMatchObject({ queueLength: 0, busyThreads: 0 });
    expect(service.pending().bytes).toBeGreaterThan(50_000_000);
    const asking = async () => (await service.ask(body)).status;
    expect(await asking()).toBe(429);
    for (const { socket } of idle) socket.destroy();
    await expect.poll(() => service.pending().bytes).toBe(0);
    expect(await asking()).toBe(200);
  });
});

describe('one connection', () => {
  const service = useService({ THREADS: '1', ENGINE: 'reference', REQUEST_TIMEOUT_MS: '100000000' });

  test('has one answer in work at a time, and all of them in order', async () => {
    const release = await occupy(service);
    const request = (rows: number) => {
      const body = JSON.stringify({ ...heavy(400), query: Array(rows).fill(0) });
      return `${HEAD}content-length: ${body.length}\r\n\r\n${body}`;
    };
    const counts = [251, 252, 253, 254, 255, 256];
    const connection = open(service.port, counts.map(request).join(''));
    await expect.poll(() => service.pending().queueLength).toBe(1);
    // By the time of a whole request on another connection those behind it would wait too.
    expect((await service.ask(SEED)).status).toBe(200);
    expect(service.pending().queueLength).toBe(1);
    await release();
    await expect.poll(() => connection.received.split('"lse"').length - 1).toBe(6);
    expect(statuses(connection.received)).toEqual(Array(6).fill(200));
    const replies = [...connection.received.matchAll(/\{"lse":.*?\}/g)].map(([reply]) => JSON.parse(reply).lse.length);
    expect(replies).toEqual(counts);
    connection.socket.destroy();
  });

  test('answers hundreds of pipelined requests, with bodies and without', async () => {
    const post = `${HEAD}content-length: ${SEED.length}\r\n\r\n${SEED}`;
    const connection = open(service.port, `${'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'}${post}`.repeat(300));
    await expect.poll(() => statuses(connection.received).length).toBe(600);
    expect(new Set(statuses(connection.received))).toEqual(new Set([200]));
    connection.socket.destroy();
  });
});

describe('the queue', () => {
  /** Its one thread is kept at work until a test lets go of it; longer than any of them takes. */
  const settings = { THREADS: '1', ENGINE: 'reference' };
  const service = useService({ ...settings, REQUEST_TIMEOUT_MS: '100000000' });
  const tight = useService({ ...settings, REQUEST_TIMEOUT_MS: '12000' });
  /** n·n pairs by a body of n numbers: 20 to 100 ns each for the reference. */
  const long = (n: number) => ({ tokens: rows(n, 1), include: ['lse'] });

  test('frees what those held that go while they wait', async () => {
    const release = await occupy(service);
    const { work } = service.pending();
    const body = JSON.stringify(long(4000));
    const waiting = Array.from({ length: 10 }, () => open(service.port, `${HEAD}content-length: ${body.length}\r\n\r\n${body}`));
    await expect.poll(() => service.pending()).toMatchObject({ queueLength: 10, work: work + 10 * 4000 * 4000 * 2 });
    for (const { socket } of waiting) socket.destroy();
    await expect.poll(() => service.pending()).toMatchObject({ queueLength: 0, work });
    await release();
    await expect.poll(() => service.pending()).toMatchObject({ work: 0, bytes: 0, busyThreads: 0 });
  });

  test('serves a short one before a long one that came earlier', async () => {
    const order: string[] = [];
    const ask = (name: string, n: number) => service.ask(long(n)).then(() => order.push(name));
    const release = await occupy(service);
    const began = performance.now();
    const second = ask('long', 4000);
    await expect.poll(() => service.pending().queueLength).toBe(1);
    const third = ask('short', 1000);
    await expect.poll(() => service.pending().queueLength).toBe(2);
    // The short one, which takes a sixteenth, has waited for half as long as the long one by then.
    await setTimeout(performance.now() - began);
    await release();
    await Promise.all([second, third]);
    expect(order).toEqual(['short', 'long']);
  });

  test('has no place for one whose turn would come after its deadline, and says when to come again', async () => {
    // More than 12 s by its price, and some seconds in truth, at least.
    const body = JSON.stringify({ tokens: Array(15_000).fill([1]), include: ['lse'] });
    const running = open(tight.port, `${HEAD}content-length: ${body.length}\r\n\r\n${body}`);
    await expect.poll(() => tight.pending().busyThreads).toBe(1);
    const refused = await tight.ask(long(3000));
    expect([refused.status, codeOf(refused)]).toEqual([429, 'too-many-requests']);
    expect(refused.json.detail).toMatch(/its turn would come in about \d+ ms.*REQUEST_TIMEOUT_MS/);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(12);
    running.socket.destroy();
    await expect.poll(() => tight.pending().busyThreads).toBe(0);
    expect((await tight.ask(long(1000))).status).toBe(200);
  });
});

describe('two small clients that ask for much', () => {
  // However slow the machine, none of the large ones is refused for the wait that is foretold: whether it is served is the question.
  const service = useService({ THREADS: '2', ENGINE: 'reference', REQUEST_TIMEOUT_MS: '1200000' });

  test('do not stop those with large bodies', async () => {
    let going = true;
    const greedy = async () => {
      while (going) await service.ask({ tokens: rows(3000, 1), include: ['lse'] });
    };
    const clients = [greedy(), greedy(), greedy(), greedy()];
    await expect.poll(() => service.pending().queueLength).toBeGreaterThan(0);
    // 100 kB each, a few milliseconds of work.
    const large = `${JSON.stringify({ tokens: rows(20, 8) })}${' '.repeat(100_000)}`;
    for (let i = 0; i < 5; i++) expect((await service.ask(large)).status).toBe(200);
    going = false;
    await Promise.all(clients);
  });
});

describe('a body whose turn is not near', () => {
  const service = useService({ THREADS: '1', ENGINE: 'reference', REQUEST_TIMEOUT_MS: '100000000' });

  /** A thread has been at work for so long that nobody knows how long it will be. */
  async function occupied() {
    const free = await occupy(service);
    await setTimeout(300);
    return free;
  }

  test('is left with its client, holds little, and is read and answered at its turn', async () => {
    const free = await occupied();
    const before = service.pending().bytes;
    const text = '{"tokens":[[1]],"include":["lse"]}';
    // More than the sockets of both ends keep.
    const spaces = 12_000_000;
    const { socket, until } = open(service.port, `${HEAD}content-length: ${text.length + spaces}\r\n\r\n${text}`);
    socket.write(Buffer.alloc(spaces, ' '));
    await expect.poll(() => service.pending().queueLength).toBe(1);
    expect(service.pending().bytes - before).toBeLessThan(1_000_000);
    expect(socket.writableLength).toBeGreaterThan(0);
    await free();
    expect(statuses(await until('"lse"'))).toEqual([200]);
    socket.destroy();
  });

  test('waits no longer where its client goes, once that is seen', async () => {
    const free = await occupied();
    const { socket } = open(service.port, `${HEAD}content-length: 12000000\r\n\r\n `);
    await expect.poll(() => service.pending().queueLength).toBe(1);
    socket.destroy();
    await free();
    await expect.poll(() => service.pending()).toMatchObject({ queueLength: 0, bytes: 0 });
  });
});
