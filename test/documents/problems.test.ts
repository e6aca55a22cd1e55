import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { failureOf } from '../../src/http/failures.ts';
import { problemDetails } from '../../src/http/problems.ts';
import { type Json, useService } from '../http/service.ts';

const service = useService();
const hurried = useService({ REQUEST_TIMEOUT_MS: '400', THREADS: '1', ENGINE: 'reference' });
const draining = useService();
const narrow = useService({ MAX_PENDING_WORK: '40000000', THREADS: '1', ENGINE: 'reference' });
const late = useService();
const locked = useService({ API_KEY: 'secret' });
const JSON_BODY = { 'content-type': 'application/json' };
const RAGGED = '{"tokens":[[1,0],[0]]}';
/** Many seconds for the reference, on the one thread. */
const HEAVY = { tokens: Array.from({ length: 4000 }, (_, i) => Array.from({ length: 64 }, (_, c) => Math.sin(i + c))), include: ['lse'] };

/** For each kind of failure a request that has it, sent to a running service; but for our own defects, which no request has. */
const REQUESTS: Record<string, () => Promise<Json> | Json> = {
  'malformed-json': async () => (await service.ask('{"tokens":[[1,0],[0,1],]}')).json,
  'malformed-http': () => said(service.port, '!\r\n\r\n'),
  'expectation-failed': () => said(service.port, 'POST /attention HTTP/1.1\r\nhost: x\r\nexpect: 200-maybe\r\ncontent-length: 0\r\n\r\n'),
  'headers-too-large': () => said(service.port, `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`),
  unauthorized: async () => (await locked.ask(RAGGED)).json,
  'not-found': async () => (await service.get('/nope')).json,
  'method-not-allowed': async () => (await service.get('/attention')).json,
  'not-acceptable': async () => (await service.ask(RAGGED, { headers: { accept: 'text/csv' } })).json,
  timeout: () => refusalOf(hurried.port, 100, '{"tokens":[['),
  'body-too-large': () => refusalOf(service.port, 67_108_865, ''),
  'work-too-large': async () => (await service.ask({ tokens: Array.from({ length: 6000 }, () => [1]) })).json,
  'unsupported-media-type': async () => (await service.ask(RAGGED, { headers: { 'content-type': 'application/x-www-form-urlencoded' } })).json,
  'invalid-request': async () => (await service.ask(RAGGED)).json,
  'arithmetic-overflow': async () => (await service.ask({ tokens: [[1e30], [1]], queries: [[1e30]] })).json,
  'shutting-down': async () => {
    draining.drain();
    return (await draining.get('/readyz')).json;
  },
  'deadline-exceeded': async () => (await hurried.ask(HEAVY)).json,
  'too-many-requests': async () => (await besideAnother({ tokens: ONES, include: ['lse'] })).json,
  overloaded: async () => {
    // Late once is a hiccup; three times in a row is not.
    for (let i = 0; i < 3; i++) {
      hold(1400);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const { json } = await late.ask(RAGGED);
    // The others share the event loop.
    for (const one of [service, hurried, narrow, late]) await expect.poll(async () => (await one.ask(RAGGED)).status).toBe(422);
    return json;
  },
  internal: () => problemDetails(failureOf(new Error('of the inside')), ''),
};

/** 4000 · 4000 · 2 multiply-adds each, of which the narrow service has room for one. */
const ONES = Array(4000).fill([1]);

/** The answer to a request while another, of as much work, is under way. */
async function besideAnother(body: object, path = '/attention') {
  const other = narrow.ask({ tokens: ONES, include: ['lse'] });
  await expect.poll(() => narrow.pending().work).toBe(32_000_000);
  const answer = await narrow.ask(body, { path });
  await other;
  return answer;
}

/** Holds the event loop, the service's too. */
function hold(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** The answer to a body that is announced, and of which no more than `begun` comes. */
function refusalOf(port: number, length: number, begun: string, path = '/attention'): Promise<Json> {
  const headers = Object.entries({ host: 'x', 'content-length': length, ...JSON_BODY }).map(([name, value]) => `${name}: ${value}\r\n`);
  return said(port, `POST ${path} HTTP/1.1\r\n${headers.join('')}\r\n${begun}`);
}

/** The JSON that comes back for these bytes. */
function said(port: number, bytes: string): Promise<Json> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('error', reject);
    socket.on('data', (chunk: string) => {
      text += chunk;
      const body = /\r\n\r\n(\{.*\})/s.exec(text)?.[1];
      if (body === undefined) return;
      socket.destroy();
      resolve(JSON.parse(body));
    });
  });
}

/** The example of a problem, wherever the document shows it. */
async function examplesOf(code: string): Promise<Json[]> {
  const { json } = await service.get('/openapi.json');
  const replies = Object.values<Json>(json.paths).flatMap((methods) =>
    Object.values<Json>(methods).flatMap(({ responses }) => Object.values(responses)),
  );
  return replies.map((reply: Json) => reply.content?.['application/problem+json']?.examples?.[code]?.value).filter(Boolean);
}

describe('each kind of failure', () => {
  test('has an example', async () => {
    const { json } = await service.get('/openapi.json');
    expect(Object.keys(REQUESTS).sort()).toEqual([...json.components.schemas.ProblemCode.enum].sort());
  });

  test.each(Object.entries(REQUESTS))('%s is as its example says', async (code, send) => {
    const got = JSON.parse(
      JSON.stringify(await send())
        .replace('400 ms', '30000 ms')
        .replace(/is \d+ ms late/, 'is 1250 ms late'),
    );
    const [example] = await examplesOf(code);
    expect(got).toEqual(example);
  });
});

test('each reply that says to ask again says when', async () => {
  draining.drain();
  const { json } = await service.get('/openapi.json');
  for (const path of ['/readyz', '/v2/health/ready', '/v2/models/attention/ready']) {
    const { status, headers } = await draining.get(path);
    expect([status, headers['retry-after']], path).toEqual([503, '1']);
    expect(json.paths[path].get.responses[503].headers['Retry-After'].schema, path).toEqual({ type: 'integer', minimum: 1 });
  }
});

describe('each status of the inference protocol', () => {
  const path = '/v2/models/attention/infer';
  const input = (name: string, rows: number) => ({ name, shape: [1, 1, rows, 64], datatype: 'FP32', data: Array(rows * 64).fill(0.5) });
  const requests: Record<number, () => Promise<Json>> = {
    400: async () => {
      const inputs = ['Q', 'K', 'V'].map((name) => ({ name, shape: [1, 1, 2, 2], datatype: 'FP32', data: [1, 0, 0] }));
      return (await service.ask({ inputs }, { path })).json;
    },
    401: async () => (await locked.ask({}, { path })).json,
    404: async () => (await service.ask({}, { path: '/v2/models/bert/infer' })).json,
    405: async () => (await service.get(path)).json,
    408: () => refusalOf(hurried.port, 100, '{"tokens":[[', path),
    413: () => refusalOf(service.port, 67_108_865, '', path),
    417: () => said(service.port, `POST ${path} HTTP/1.1\r\nhost: x\r\nexpect: 200-maybe\r\ncontent-length: 0\r\n\r\n`),
    429: async () => {
      const one = (name: string) => ({ name, shape: [1, 1, 4000, 1], datatype: 'FP32', data: Array(4000).fill(1) });
      return (await besideAnother({ inputs: ['Q', 'K', 'V'].map(one), outputs: [{ name: 'lse' }] }, path)).json;
    },
    431: () => said(service.port, `POST ${path} HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`),
    500: async () => ({ error: failureOf(new Error('of the inside')).message }),
    503: async () => (await hurried.ask({ inputs: [input('Q', 4000), input('K', 4000), input('V', 4000)] }, { path })).json,
  };

  test.each(Object.entries(requests))('%s is as its example says', async (status, send) => {
    const { json } = await service.get('/openapi.json');
    const media = json.paths[path].post.responses[status].content['application/json'];
    const got = JSON.parse(JSON.stringify(await send()).replace('400 ms', '30000 ms'));
    expect(Object.values<Json>(media.examples).map(({ value }) => value)).toEqual([got]);
  });

  test('is one that the document lists', async () => {
    const { json } = await service.get('/openapi.json');
    const statuses = Object.keys(json.paths[path].post.responses).filter((status) => status !== '200');
    expect(statuses).toEqual(Object.keys(requests));
  });
});
