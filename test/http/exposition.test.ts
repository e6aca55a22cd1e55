import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { EXPOSITION_TYPE, expose } from '../../src/http/exposition.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { Traffic } from '../../src/http/traffic.ts';
import { version } from '../../src/version.ts';

const metrics = new Metrics();
/** A server’s traffic, of which a test says what it is. */
const traffic = Object.defineProperties(new Traffic(createServer()), {
  received: { get: () => seen.received },
  sent: { get: () => seen.sent },
  connections: { get: () => seen.connections },
});
const seen = { received: 11, sent: 12, connections: 13 };
const pending = { bytes: 21, work: 22, queueLength: 23, busyThreads: 24 };
const text = expose(metrics, { kernel: 'wasm "wide"', threads: 5, traffic, pending: () => pending });

/** The lines of one metric: HELP, TYPE and its series, as they are written. */
async function linesOf(name: string): Promise<readonly string[]> {
  const lines = (await text()).split('\n');
  return lines.filter((line) => new RegExp(`^(# (HELP|TYPE) )?${name}(_bucket|_sum|_count)?[ {]`).test(line));
}
const seriesOf = async (name: string) => (await linesOf(name)).filter((line) => !line.startsWith('#'));

test('the type is Prometheus’ text format 0.0.4', () => {
  expect(EXPOSITION_TYPE).toBe('text/plain; version=0.0.4; charset=utf-8');
});

test('counters say what was counted, by their labels', async () => {
  metrics.request('/attention', 'POST', 200, 3);
  metrics.request('/attention', 'POST', 200, 4);
  metrics.request('/attention', 'POST', 422, 5);
  metrics.request('/livez', 'GET', 200, 1);
  metrics.failure('invalid-request');
  metrics.work += 77;
  metrics.lines += 6;
  expect(await linesOf('attention_requests_total')).toEqual([
    '# HELP attention_requests_total Requests, by the pattern of their route, their method and the status of their reply.',
    '# TYPE attention_requests_total counter',
    'attention_requests_total{route="/attention",method="POST",status="200"} 2',
    'attention_requests_total{route="/attention",method="POST",status="422"} 1',
    'attention_requests_total{route="/livez",method="GET",status="200"} 1',
  ]);
  const failures = await seriesOf('attention_failures_total');
  expect(failures).toContain('attention_failures_total{code="invalid-request"} 1');
  expect(failures).toContain('attention_failures_total{code="internal"} 0');
  expect(await seriesOf('attention_work_total')).toEqual(['attention_work_total 77']);
  expect(await seriesOf('attention_lines_total')).toEqual(['attention_lines_total 6']);
});

test('a second scrape says what is counted by then, and not the sum of both', async () => {
  metrics.failure('timeout');
  expect(await seriesOf('attention_failures_total')).toContain('attention_failures_total{code="timeout"} 1');
  metrics.failure('timeout');
  expect(await seriesOf('attention_failures_total')).toContain('attention_failures_total{code="timeout"} 2');
});

test('histograms say how long, by route, by stage, and for a thread', async () => {
  metrics.answer({ kind: 'merge', sizes: {}, work: 1, where: 'worker', stages: { queue: 2000, decode: 1, compute: 2, encode: 3 } });
  const routes = await linesOf('attention_request_duration_seconds');
  expect(routes[1]).toBe('# TYPE attention_request_duration_seconds histogram');
  expect(routes).toContain('attention_request_duration_seconds_bucket{le="0.0025",route="/attention"} 0');
  expect(routes).toContain('attention_request_duration_seconds_bucket{le="0.005",route="/attention"} 3');
  expect(routes).toContain('attention_request_duration_seconds_count{route="/attention"} 3');
  const stages = await seriesOf('attention_stage_duration_seconds');
  for (const stage of ['receive', 'queue', 'decode', 'compute', 'encode', 'send'])
    expect(stages).toContain(`attention_stage_duration_seconds_count{stage="${stage}"} ${['receive', 'send'].includes(stage) ? 0 : 1}`);
  expect(await seriesOf('attention_queue_wait_seconds')).toContain('attention_queue_wait_seconds_sum 2');
});

test('gauges say what is at the moment of the scrape, and bytes what went by then', async () => {
  const names = [
    'request_bytes_total',
    'reply_bytes_total',
    'pending_work',
    'pending_bytes',
    'queue_length',
    'threads',
    'threads_busy',
    'connections',
  ];
  const values = async () => {
    const lines = await Promise.all(names.map((name) => seriesOf(`attention_${name}`)));
    return lines.flat().map((line) => Number(line.split(' ').at(-1)));
  };
  expect(await values()).toEqual([11, 12, 22, 21, 23, 5, 24, 13]);
  Object.assign(seen, { received: 111, sent: 112, connections: 3 });
  Object.assign(pending, { bytes: 1, work: 2, queueLength: 3, busyThreads: 4 });
  expect(await values()).toEqual([111, 112, 2, 1, 3, 5, 4, 3]);
  expect(await linesOf('attention_threads')).toEqual([
    '# HELP attention_threads Compute threads.',
    '# TYPE attention_threads gauge',
    'attention_threads 5',
  ]);
  expect(await seriesOf('attention_info')).toEqual([`attention_info{version="${version}",kernel="wasm \\"wide\\""} 1`]);
});

test('every metric of ours says in a sentence what it is', async () => {
  const help = (await text()).split('\n').filter((line) => line.startsWith('# HELP attention_'));
  expect(help).toHaveLength(16);
  for (const line of help) expect(line).toMatch(/^# HELP attention_\w+ [A-Z].+\.$/);
});

test('those of the process are there once, however many services it has, and none by a name that promtool refuses', async () => {
  const second = expose(new Metrics(), { kernel: 'reference', threads: 1, traffic, pending: () => pending });
  for (const said of [await text(), await second(), await second()]) {
    expect(said.match(/^# TYPE process_resident_memory_bytes gauge$/gm)).toHaveLength(1);
    expect(said).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
    expect(said).not.toMatch(/nodejs_active_\w+_total/);
  }
});
