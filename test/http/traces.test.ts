import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { ENDLESS } from './occupied.ts';
import type { Json } from './service.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const QUESTION = {
  tokens: [
    [0.123456, 2],
    [3, 4],
  ],
  query: 1,
};

/** A collector: what was sent to it over OTLP/HTTP, as JSON. */
const received: { path: string | undefined; body: Json }[] = [];
let collector: Server;
let spans: Json[];

const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('@opentelemetry/sdk-trace'));
let loadedWithoutSetting: boolean;

async function started(settings: Record<string, string>) {
  const app = await buildApp(readConfig({ LOG_LEVEL: 'silent', THREADS: '1', ...settings }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const ask = async (path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const options =
      body === undefined
        ? { headers }
        : {
            method: 'POST' as const,
            headers: { 'content-type': 'application/json', ...headers },
            body: typeof body === 'string' ? body : JSON.stringify(body),
          };
    const reply = await request(`${url}${path}`, options);
    return { status: reply.statusCode, text: await reply.body.text() };
  };
  return { app, ask };
}

beforeAll(async () => {
  const plain = await started({});
  await plain.ask('/attention', QUESTION);
  loadedWithoutSetting = loaded();
  await plain.app.close();

  collector = createServer(async (incoming, response) => {
    const chunks = await incoming.toArray();
    received.push({ path: incoming.url, body: JSON.parse(Buffer.concat(chunks).toString()) });
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  const traced = await started({
    OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/`,
    API_KEY: 'secret-key',
    REQUEST_TIMEOUT_MS: '2000',
    ENGINE: 'reference',
  });
  const key = { authorization: 'Bearer secret-key' };
  expect((await traced.ask('/attention?secret=1', QUESTION, { ...key, traceparent: `00-${TRACE}-${CALLER}-01` })).status).toBe(200);
  expect((await traced.ask('/attention', QUESTION, { ...key, traceparent: `00-${TRACE.replaceAll('4', '5')}-${CALLER}-00` })).status).toBe(200);
  expect((await traced.ask('/attention/merge', '{"parts":[0.123456]}', key)).status).toBe(422);
  expect((await traced.ask('/attention', ENDLESS, key)).status).toBe(503);
  expect((await traced.ask('/nothing/7')).status).toBe(404);
  expect((await traced.ask('/v2/models/attention/infer', {})).status).toBe(401);
  await traced.app.close();
  spans = received.flatMap(({ body }) => body.resourceSpans).flatMap(({ scopeSpans }: Json) => scopeSpans.flatMap((scope: Json) => scope.spans));
});
afterAll(() => {
  collector.close();
  collector.closeAllConnections();
});

const attributesOf = ({ attributes }: Json) => Object.fromEntries(attributes.map(({ key, value }: Json) => [key, Object.values(value)[0]]));
const named = (name: string): Json => spans.find((span) => span.name === name);

describe('with OTEL_EXPORTER_OTLP_ENDPOINT', () => {
  test('spans go there, under the service’s name, before the service ends', () => {
    expect(new Set(received.map(({ path }) => path))).toEqual(new Set(['/v1/traces']));
    expect(attributesOf(received[0]?.body.resourceSpans[0].resource)['service.name']).toBe('attention-service');
  });

  test('a request is a span below its caller’s, and its stages are below it, one after the other', () => {
    const request = spans.find(({ traceId, name }) => traceId === TRACE && name === 'POST /attention');
    expect([request.parentSpanId, request.kind]).toEqual([CALLER, 2]);
    const stages = spans
      .filter(({ parentSpanId }) => parentSpanId === request.spanId)
      .sort((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)));
    expect(stages.map(({ name }) => name).sort()).toEqual(['compute', 'decode', 'encode', 'queue', 'receive']);
    expect(stages[0].name).toBe('receive');
    for (const stage of stages) {
      expect(stage.traceId).toBe(TRACE);
      expect(BigInt(stage.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(stage.startTimeUnixNano));
      expect(Math.abs(Number(BigInt(stage.startTimeUnixNano) - BigInt(request.startTimeUnixNano)))).toBeLessThan(60e9);
    }
  });

  test('a request says its route, its status and its shapes', () => {
    const request = spans.find(({ traceId, name }) => traceId === TRACE && name === 'POST /attention');
    expect(attributesOf(request)).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/attention',
      'http.response.status_code': 200,
      'url.path': '/attention',
      'attention.kind': 'attention',
      'attention.where': 'inline',
      'attention.work': 8,
    });
    expect(Object.keys(attributesOf(request)).some((name) => name.startsWith('attention.size.'))).toBe(true);
  });

  test('what a client did wrong is no error; what the service did not manage is one', () => {
    expect(named('POST /attention/merge').status).toEqual({ code: 0 });
    const late = spans.find((span) => attributesOf(span)['http.response.status_code'] === 503);
    expect([late.name, late.status]).toEqual(['POST /attention', { code: 2 }]);
  });

  test('a path that no route has is other', () => {
    expect(attributesOf(named('GET other'))['http.response.status_code']).toBe(404);
  });

  test('what its caller does not sample is not sent', () => {
    expect(spans.filter(({ traceId }) => traceId === TRACE.replaceAll('4', '5'))).toEqual([]);
  });

  test('no span has a number of a request, a key or a query string', () => {
    expect(JSON.stringify(received)).not.toMatch(/0\.123456|secret/);
  });
});

test('without it, the SDK is not even loaded', () => {
  expect([loadedWithoutSetting, loaded()]).toEqual([false, true]);
});
