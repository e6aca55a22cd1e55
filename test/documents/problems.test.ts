import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { failureOf } from '../../src/http/failures.ts';
import { problemDetails } from '../../src/http/problems.ts';
import { ENDLESS } from '../http/occupied.ts';
import { open } from '../http/raw.ts';
import { type Json, useService } from '../http/service.ts';
import { skipSlow } from '../slow.ts';

const service = useService();
const hurried = useService({ REQUEST_TIMEOUT_MS: '900', THREADS: '1', ENGINE: 'reference' });
const draining = useService();
const narrow = useService({ MAX_PENDING_WORK: '300000000', THREADS: '1', ENGINE: 'reference' });
const late = useService();
const locked = useService({ API_KEY: 'secret' });
const JSON_BODY = { 'content-type': 'application/json' };
const RAGGED = '{"tokens":[[1,0],[0]]}';
/** 10,000 · 10,000 · 2 multiply-adds each, of which the narrow service has room for one. */
const ROWS = 10_000;
const HEAVY = { tokens: Array(ROWS).fill([1]), include: ['lse'] };

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
  'deadline-exceeded': async () => (await hurried.ask(ENDLESS)).json,
  'too-many-requests': async () => (await besideAnother(HEAVY)).json,
  overloaded: async () => {
    const json = await whileLate();
    // The others share the event loop.
    for (const one of [service, hurried, narrow, late]) await expect.poll(async () => (await one.ask(RAGGED)).status).toBe(422);
    return json;
  },
  internal: () => problemDetails(failureOf(new Error('of the inside')), ''),
};

/** The answer to a request while another, of as much work, is under way. */
async function besideAnother(body: object, path = '/attention') {
  // Options that cost time, and no multiply-add.
  const other = open(narrow.port, postOf({ ...HEAVY, softcap: 2, position: { type: 'alibi' }, include: ['lse', 'entropy'] }));
  await expect.poll(() => narrow.pending().work).toBe(2 * ROWS * ROWS);
  const answer = await narrow.ask(body, { path });
  other.socket.destroy();
  await expect.poll(() => narrow.pending().work).toBe(0);
  return answer;
}

function postOf(body: object): string {
  const text = JSON.stringify(body);
  return `POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
}

/**
 * The answer to a request that comes when the event loop has been late, by its own computing, three looks in a row: late
 * once is a hiccup. The request waits in the socket while the loop is held for the third time, so that it is read right after the look.
 */
async function whileLate(): Promise<Json> {
  const refused = postOf({ tokens: [[1, 0], [0]] });
  const connection = open(late.port, refused);
  await connection.until('}]}');
  let before = connection.received;
  for (let round = 0; round < 5; round++) {
    for (let holds = 1; holds <= 3; holds++) {
      if (holds === 3) connection.socket.write(refused);
      hold(1400);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await expect.poll(() => /\{.*\}$/s.test(connection.received.slice(before.length))).toBe(true);
    const reply = connection.received.slice(before.length);
    before = connection.received;
    if (!reply.startsWith('HTTP/1.1 503 ')) continue;
    connection.socket.destroy();
    return JSON.parse(Buffer.from(/\{.*\}$/s.exec(reply)?.[0] ?? '', 'latin1').toString());
  }
  throw new Error('the service was never overloaded');
}

/** Keeps this thread computing for so many milliseconds of a core, and with it the event loop, the service's too. */
function hold(ms: number): void {
  const computed = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  const until = computed() + ms;
  while (computed() < until);
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

  test.for(Object.entries(REQUESTS))('%s is as its example says', async ([code, send], context) => {
    // The loop has to be held for seconds of computing.
    if (code === 'overloaded') skipSlow(context);
    const got = JSON.parse(
      JSON.stringify(await send())
        .replace('900 ms', '30000 ms')
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
  const ones = (rows: number) => ({
    inputs: ['Q', 'K', 'V'].map((name) => ({ name, shape: [1, 1, rows, 1], datatype: 'FP32', data: Array(rows).fill(1) })),
    outputs: [{ name: 'lse' }],
  });
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
    429: async () => (await besideAnother(ones(ROWS), path)).json,
    431: () => said(service.port, `POST ${path} HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`),
    500: async () => ({ error: failureOf(new Error('of the inside')).message }),
    503: async () => (await hurried.ask(ones(100_000), { path })).json,
  };

  test.each(Object.entries(requests))('%s is as its example says', async (status, send) => {
    const { json } = await service.get('/openapi.json');
    const media = json.paths[path].post.responses[status].content['application/json'];
    const got = JSON.parse(JSON.stringify(await send()).replace('900 ms', '30000 ms'));
    expect(Object.values<Json>(media.examples).map(({ value }) => value)).toEqual([got]);
  });

  test('is one that the document lists', async () => {
    const { json } = await service.get('/openapi.json');
    const statuses = Object.keys(json.paths[path].post.responses).filter((status) => status !== '200');
    expect(statuses).toEqual(Object.keys(requests));
  });
});
