import { beforeEach, describe, expect, test } from 'vitest';
import { measureRequests } from '../../src/http/measuring.ts';
import { Metrics, methodLabel } from '../../src/http/metrics.ts';
import { useSmall } from './small.ts';

const metrics = new Metrics();
const small = useSmall((app) => {
  measureRequests(app, metrics);
  app.get('/things/:name', async (request, reply) => {
    request.answerSentAt = reply.elapsedTime - 5;
    return 'thing';
  });
  app.get('/files/*', async (request, reply) => reply.code(request.url.endsWith('none') ? 404 : 200).send('file'));
  app.get('/held/open', async (request, reply) => {
    request.repliedAt = 3_600_000;
    return reply.send('held open');
  });
  app.get('/nothing', async (_request, reply) => reply.code(404).send('nothing'));
  app.get('/refused/*', async (_request, reply) => reply.code(400).send('refused'));
});

/** How often a route was asked by a method, with which status. */
const counted = (route: string, method: string, status: number) => metrics.routes.get(route)?.counts.get(method)?.get(status)?.count;
const countOf = (durations: { series: Metrics['waits']['series'] } | undefined, what: 'sum' | 'count') =>
  durations?.series('s', {}).find(({ metricName }) => metricName === `s_${what}`)?.value ?? 0;

beforeEach(() => {
  metrics.routes.clear();
});

describe('a request is counted', () => {
  test.each([
    ['by the pattern of its route, never by its address', '/things/secret', '/things/:name', 200],
    ['by what is below an address, where something is there', '/files/some', '/files/*', 200],
    ['as other, where nothing is there', '/files/none', 'other', 404],
    ['as other, where no route has its path', '/wp-admin/7', 'other', 404],
    ['by its route, where that says that there is nothing', '/nothing', '/nothing', 404],
    ['by its route, where that refuses it', '/refused/some', '/refused/*', 400],
  ])('%s: %s', async (_what, path, route, status) => {
    await small.ask(path);
    await expect.poll(() => counted(route, 'GET', status)).toBe(1);
    expect([...metrics.routes.keys()]).toEqual([route]);
    expect(countOf(metrics.routes.get(route)?.durations, 'count')).toBe(1);
    expect(countOf(metrics.routes.get(route)?.durations, 'sum')).toBeGreaterThan(0);
  });

  test('with the time until its reply was out, where the connection was held open after it', async () => {
    await small.ask('/held/open');
    await expect.poll(() => counted('/held/open', 'GET', 200)).toBe(1);
    expect(countOf(metrics.routes.get('/held/open')?.durations, 'sum')).toBe(3600);
  });

  test('with the time that its reply took to be sent, where there was an answer', async () => {
    const before = countOf(metrics.stages.send, 'count');
    await small.ask('/nothing');
    await expect.poll(() => counted('/nothing', 'GET', 404)).toBe(1);
    expect(countOf(metrics.stages.send, 'count')).toBe(before);
    const sum = countOf(metrics.stages.send, 'sum');
    await small.ask('/things/a');
    await expect.poll(() => countOf(metrics.stages.send, 'count')).toBe(before + 1);
    expect(countOf(metrics.stages.send, 'sum') - sum).toBeGreaterThanOrEqual(0.005);
    expect(countOf(metrics.stages.send, 'sum') - sum).toBeLessThan(60);
  });
});

test('a method is a label where the parser knows it, and else other', () => {
  expect(['GET', 'PROPFIND', 'BREW', 'get'].map(methodLabel)).toEqual(['GET', 'PROPFIND', 'other', 'other']);
});

describe('an answer adds', () => {
  const facts = { kind: 'merge', sizes: {}, work: 5, where: 'inline', stages: { queue: 1000, decode: 2000, compute: 3000, encode: 4000 } } as const;

  test('its work, and the time of each of its stages', () => {
    const fresh = new Metrics();
    fresh.answer(facts);
    fresh.answer({ ...facts, work: 7 });
    expect(fresh.work).toBe(12);
    expect((['queue', 'decode', 'compute', 'encode'] as const).map((stage) => countOf(fresh.stages[stage], 'sum'))).toEqual([2, 4, 6, 8]);
    expect(countOf(fresh.stages.receive, 'count') + countOf(fresh.stages.send, 'count')).toBe(0);
  });

  test('its wait, where a thread made it', () => {
    const fresh = new Metrics();
    fresh.answer(facts);
    expect(countOf(fresh.waits, 'count')).toBe(0);
    fresh.answer({ ...facts, where: 'worker' });
    expect([countOf(fresh.waits, 'count'), countOf(fresh.waits, 'sum')]).toEqual([1, 1]);
  });
});

test('failures are counted by code, each from 0 on', () => {
  const fresh = new Metrics();
  expect(fresh.failures.get('internal')).toEqual({ count: 0 });
  fresh.failure('internal');
  fresh.failure('internal');
  expect([fresh.failures.get('internal'), fresh.failures.get('timeout'), fresh.lines, fresh.work]).toEqual([{ count: 2 }, { count: 0 }, 0, 0]);
});
