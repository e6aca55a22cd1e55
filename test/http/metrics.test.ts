import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { endWhatWasStarted, start } from '../started.ts';
import { occupy } from './occupied.ts';
import { open, raw } from './raw.ts';
import { type Service, useService } from './service.ts';

endWhatWasStarted();
const service = useService({ THREADS: '2', MAX_WORK: '100000000' });
const quiet = useService({ THREADS: '1' });
const busy = useService({ THREADS: '2', ENGINE: 'reference', REQUEST_TIMEOUT_MS: '100000000' });
const STAGES = ['receive', 'queue', 'decode', 'compute', 'encode', 'send'];
const NAMES = {
  attention_requests_total: 'counter',
  attention_failures_total: 'counter',
  attention_request_duration_seconds: 'histogram',
  attention_stage_duration_seconds: 'histogram',
  attention_queue_wait_seconds: 'histogram',
  attention_work_total: 'counter',
  attention_lines_total: 'counter',
  attention_request_bytes_total: 'counter',
  attention_reply_bytes_total: 'counter',
  attention_pending_work: 'gauge',
  attention_pending_bytes: 'gauge',
  attention_queue_length: 'gauge',
  attention_threads: 'gauge',
  attention_threads_busy: 'gauge',
  attention_connections: 'gauge',
  attention_info: 'gauge',
};

/** Every series of a scrape, by its name and labels as they are written. */
type Scrape = ReadonlyMap<string, number>;

async function scrape(of: Service = service): Promise<Scrape> {
  const { text } = await of.get('/metrics');
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(series.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

/** What a series grew by while something was done. Counting goes on until the last byte is out, which a client may have a little before. */
async function growth(work: () => Promise<unknown>, ...series: readonly string[]): Promise<readonly number[]> {
  const before = await scrape();
  await work();
  const after = await scrape();
  return series.map((name) => (after.get(name) ?? 0) - (before.get(name) ?? 0));
}

const requests = (route: string, method: string, status: number) =>
  `attention_requests_total{route="${route}",method="${method}",status="${status}"}`;
const failures = (code: string) => `attention_failures_total{code="${code}"}`;
const QUESTION = {
  tokens: [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  query: 1,
};

describe('the text', () => {
  test('is Prometheus’ format 0.0.4, with HELP and TYPE for each metric of the contract', async () => {
    const { text, headers } = await service.get('/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    for (const [name, type] of Object.entries(NAMES)) {
      expect(text.match(new RegExp(`^# TYPE ${name} ${type}$`, 'gm')), name).toHaveLength(1);
      expect(text.match(new RegExp(`^# HELP ${name} \\S`, 'gm')), name).toHaveLength(1);
    }
    expect(text).toMatch(/^process_resident_memory_bytes \d/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
    expect(text).not.toMatch(/nodejs_active_\w+_total/);
  });

  test('is well in the eyes of promtool', async (context) => {
    context.skip(spawnSync('promtool', ['--version']).error !== undefined, 'no promtool: install prometheus');
    await service.ask(QUESTION);
    await service.ask('{}');
    const { text } = await service.get('/metrics');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });

  test('has each code, each stage and what runs from the first scrape on', async () => {
    const series = await scrape(quiet);
    for (const code of ['invalid-request', 'unauthorized', 'internal']) expect(series.get(failures(code)), code).toBe(0);
    for (const stage of STAGES) expect(series.get(`attention_stage_duration_seconds_count{stage="${stage}"}`), stage).toBe(0);
    const { json } = await quiet.get('/info');
    expect(series.get(`attention_info{version="${json.version}",kernel="${json.engine.kernel}"}`)).toBe(1);
    expect([series.get('attention_threads'), series.get('attention_threads_busy'), series.get('attention_queue_length')]).toEqual([1, 0, 0]);
  });
});

describe('requests', () => {
  test.each([
    ['an answer', () => service.ask(QUESTION), '/attention', 'POST', 200],
    ['a refusal', () => service.ask('{}'), '/attention', 'POST', 422],
    ['one of the inference protocol', () => service.ask({}, { path: '/v2/models/attention/infer' }), '/v2/models/attention/infer', 'POST', 400],
    ['a pattern', () => service.get('/problems/timeout'), '/problems/:code', 'GET', 200],
    ['a pattern that has nothing there', () => service.get('/problems/nothing'), '/problems/:code', 'GET', 404],
    ['a file of the documents', () => service.get('/docs/static/swagger-ui.css'), '/docs/static/*', 'GET', 200],
    ['a file that is none', () => service.get('/docs/static/nothing.css'), 'other', 'GET', 404],
    ['another method', () => service.get('/attention'), '/attention', 'GET', 405],
    ['a path that no route has', () => service.get('/wp-admin/7'), 'other', 'GET', 404],
    ['a path that /v2 does not have', () => service.get('/v2/models/bert'), 'other', 'GET', 404],
    ['a path that can’t be read', () => service.get('/%ff'), 'other', 'GET', 404],
    ['a method that is not known', () => raw(service.port, 'FROB /attention HTTP/1.1\r\nhost: x\r\n\r\n'), 'other', 'other', 400],
    ['too many headers', () => raw(service.port, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`), 'other', 'other', 431],
  ] as const)('are counted: %s', async (_, work, route, method, status) => {
    expect(await growth(work, requests(route, method, status))).toEqual([1]);
  });

  test('are few series, whatever paths and methods are sent', async () => {
    for (let i = 0; i < 20; i++) await service.get(`/nothing/${i}`);
    const routes = new Set([...(await scrape()).keys()].map((name) => /^attention_requests_total\{route="([^"]*)"/.exec(name)?.[1]));
    expect([...routes].filter((route) => route?.startsWith('/nothing'))).toEqual([]);
  });

  test('of clients that go are no failures, since nobody is told', async () => {
    const gone = async () => {
      const { bytes } = service.pending();
      const connection = open(
        service.port,
        'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{"tokens"',
      );
      await expect.poll(() => service.pending().bytes).toBeGreaterThan(bytes);
      connection.socket.destroy();
      await expect.poll(() => service.pending().bytes).toBe(bytes);
    };
    expect(await growth(gone, failures('timeout'), failures('internal'))).toEqual([0, 0]);
  });

  test('take their time to the last byte, by route and by stage', async () => {
    const counts = STAGES.map((stage) => `attention_stage_duration_seconds_count{stage="${stage}"}`);
    const route = 'attention_request_duration_seconds_count{route="/attention"}';
    expect(await growth(() => service.ask(QUESTION), route, ...counts)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(await growth(() => service.ask('{}'), route, ...counts)).toEqual([1, 1, 0, 0, 0, 0, 0]);
  });

  test('that take long fall into the buckets above', async () => {
    const whole = async () => {
      const { bytes } = service.pending();
      const connection = open(
        service.port,
        'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n{"tokens"',
      );
      // The service counts from now on at the latest.
      await expect.poll(() => service.pending().bytes).toBeGreaterThan(bytes);
      await new Promise((resolve) => setTimeout(resolve, 120));
      connection.socket.write(':[[1]]}');
      await connection.until('"context"');
      connection.socket.destroy();
    };
    const bucket = (le: string) => `attention_stage_duration_seconds_bucket{le="${le}",stage="receive"}`;
    expect(await growth(whole, bucket('0.1'), bucket('30'), bucket('+Inf'))).toEqual([0, 1, 1]);
  });
});

describe('failures', () => {
  test.each([
    ['invalid-request', () => service.ask('{}')],
    ['malformed-json', () => service.ask('{')],
    ['invalid-request', () => service.ask({}, { path: '/v2/models/attention/infer' })],
    ['not-found', () => service.get('/v2/nope')],
    ['malformed-http', () => raw(service.port, '!\r\n\r\n')],
    ['malformed-http', () => raw(service.port, 'GET / HTTP/1.1\r\n\r\n')],
    ['work-too-large', () => service.ask({ tokens: Array.from({ length: 6000 }, () => [1, 1]), include: ['lse'] })],
  ] as const)('are counted by code: %s', async (code, work) => {
    expect(await growth(work, failures(code))).toEqual([1]);
  });

  test('of lines too, and the lines with them', async () => {
    const lines = `${JSON.stringify(QUESTION)}\n\n{"tokens":[]}\n{\n${JSON.stringify(QUESTION)}\n`;
    const send = () => service.ask(lines, { headers: { 'content-type': 'application/x-ndjson' } });
    const decoded = 'attention_stage_duration_seconds_count{stage="decode"}';
    const grown = await growth(
      send,
      'attention_lines_total',
      failures('invalid-request'),
      failures('malformed-json'),
      decoded,
      requests('/attention', 'POST', 200),
    );
    expect(grown).toEqual([4, 1, 1, 2, 1]);
  });
});

describe('what is counted beside', () => {
  test('work is the multiply-adds of what was answered', async () => {
    expect(await growth(() => service.ask(QUESTION), 'attention_work_total')).toEqual([1 * 3 * (2 + 2)]);
    const tensors = ['Q', 'K', 'V'].map((name) => ({ name, shape: [1, 1, 2, 3], datatype: 'FP32', data: [1, 2, 3, 4, 5, 6] }));
    expect(await growth(() => service.ask({ inputs: tensors }, { path: '/v2/models/attention/infer' }), 'attention_work_total')).toEqual([
      2 * 2 * (3 + 3),
    ]);
  });

  test('waits are those of what a thread answered', async () => {
    const large = { tokens: Array.from({ length: 800 }, (_, i) => Array.from({ length: 32 }, (_, c) => Math.sin(i + c))), include: ['lse'] };
    expect(await growth(() => service.ask(large), 'attention_queue_wait_seconds_count')).toEqual([1]);
    expect(await growth(() => service.ask(QUESTION), 'attention_queue_wait_seconds_count')).toEqual([0]);
  });

  test('bytes are as on the wire: packed, and with their headers', async () => {
    const text = JSON.stringify({ tokens: Array.from({ length: 2000 }, () => [1, 1]), query: 0, include: ['lse'] });
    const packed = gzipSync(text);
    const send = () => service.ask(packed as unknown as string, { headers: { 'content-encoding': 'gzip' } });
    const [received = 0, sent = 0] = await growth(send, 'attention_request_bytes_total', 'attention_reply_bytes_total');
    expect(received).toBeGreaterThan(packed.length);
    expect(received).toBeLessThan(text.length / 4);
    // The scrape before it is a reply, too.
    expect(sent).toBeGreaterThan((await service.get('/metrics')).bytes.length / 2);
    const large = { tokens: Array.from({ length: 200 }, () => [1]), include: ['weights'] };
    const [, grown = 0] = await growth(() => service.ask(large), 'attention_request_bytes_total', 'attention_reply_bytes_total');
    expect(grown - sent).toBeGreaterThan(200 * 200 * 6);
  });

  test('connections are those that are open', async () => {
    const connections = ['a', 'b', 'c'].map(() => open(service.port, 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n'));
    await Promise.all(connections.map((connection) => connection.until('"ok"')));
    expect((await scrape()).get('attention_connections')).toBeGreaterThanOrEqual(3);
    for (const { socket } of connections) socket.destroy();
    await expect.poll(async () => (await scrape()).get('attention_connections')).toBeLessThan(3);
  });

  test('threads that work, and what waits for one, are seen while they do', async () => {
    const release = await occupy(busy, 2);
    const waiting = busy.ask({ tokens: Array.from({ length: 600 }, () => [1]), include: ['lse'] });
    await expect.poll(async () => (await scrape(busy)).get('attention_queue_length')).toBe(1);
    const series = await scrape(busy);
    expect(series.get('attention_threads_busy')).toBe(2);
    expect(series.get('attention_pending_work')).toBeGreaterThan(2 * 2e10);
    await release();
    expect((await waiting).status).toBe(200);
    await expect.poll(async () => (await scrape(busy)).get('attention_threads_busy')).toBe(0);
  });
});

describe('METRICS_PORT', () => {
  test('has /metrics and /info instead, with what the service counted, and says so', async () => {
    const started = start({ METRICS_PORT: '0' });
    const { url } = await started.listening;
    await expect.poll(() => started.output).toMatch(/metrics at http:/);
    const operations = /metrics at (http:\/\/127\.0\.0\.1:\d+)\/metrics/.exec(started.output)?.[1] ?? '';
    expect(operations).not.toBe(url);
    const at = async (address: string) => {
      const { statusCode, body } = await request(address);
      return { status: statusCode, text: await body.text() };
    };
    await at(`${url}/livez`);
    const { status, text } = await at(`${operations}/metrics`);
    expect(status).toBe(200);
    expect(text).toContain('attention_requests_total{route="/livez",method="GET",status="200"} 1\n');
    expect(JSON.parse((await at(`${operations}/info`)).text).name).toBe('attention-service');
    for (const path of ['/metrics', '/info'])
      expect(JSON.parse((await at(`${url}${path}`)).text)).toMatchObject({ status: 404, type: '/problems/not-found' });
    for (const path of ['/attention', '/livez', '/']) expect((await at(`${operations}${path}`)).status, path).toBe(404);
    const other = await request(`${operations}/metrics`, { method: 'POST' });
    expect([other.statusCode, other.headers['allow']]).toEqual([405, 'GET, HEAD']);
    await other.body.dump();
    started.process.kill('SIGINT');
    expect(await started.ended).toBe(0);
  });

  test('that is taken is said in a line', async () => {
    const { port } = await start().listening;
    const second = start({ METRICS_PORT: `${port}` });
    expect(await second.ended).toBe(1);
    expect(second.errors).toBe(`port ${port} on 127.0.0.1 is taken; set METRICS_PORT to another one\n`);
  });
});
