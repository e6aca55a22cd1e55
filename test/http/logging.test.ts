import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import Fastify, { type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { Failure, type FailureCode } from '../../src/engine/failure.ts';
import { logFailure, logRequests } from '../../src/http/logging.ts';
import type { Facts } from '../../src/runtime/question.ts';

let app: FastifyInstance | undefined;
afterEach(() => app?.close());

const FACTS: Facts = {
  kind: 'merge',
  sizes: { parts: 2 },
  work: 7,
  where: 'inline',
  stages: { queue: 0, decode: 1, compute: 2, encode: 3 },
};
const [INFO, DEBUG] = [30, 20];

/** The lines about requests that a service of this level writes for one request to `path`. */
async function logged(level: string, path: string): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(line, _encoding, done) {
      lines.push(JSON.parse(String(line)));
      done();
    },
  });
  app = Fastify({ logger: { level, stream }, logController: new LogController({ disableRequestLogging: true }) });
  logRequests(app, level);
  app.post('/quick/:id', async (asked) => {
    asked.answerFacts = FACTS;
    return 'quick';
  });
  app.post('/slow', async (_asked, reply) => {
    await new Promise((resolve) => setTimeout(resolve, 1010));
    return reply.code(202).send('slow');
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}${path}`;
  const { body } = await request(url, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '12345' });
  await body.text();
  await app.close();
  return lines.filter(({ msg }) => String(msg).includes('request'));
}

test.each(['debug', 'trace'])('at %s every request has a line: what it was and took, by its route and never by its address', async (level) => {
  const [line, ...more] = await logged(level, '/quick/secret');
  expect(more).toEqual([]);
  expect(line).toMatchObject({ level: DEBUG, msg: 'request', method: 'POST', route: '/quick/:id', status: 200, bytes: '5', ...FACTS });
  expect(line?.['ms']).toBe(Math.round(Number(line?.['ms']) * 1000) / 1000);
  expect(line?.['ms']).toBeGreaterThan(0);
  expect(JSON.stringify(line)).not.toContain('secret');
});

test('at info a quick request has none', async () => {
  expect(await logged('info', '/quick/1')).toEqual([]);
});

test('at info a slow request has a line', async () => {
  const lines = await logged('info', '/slow');
  expect(lines).toEqual([expect.objectContaining({ level: INFO, msg: 'slow request', method: 'POST', route: '/slow', status: 202, bytes: '5' })]);
  expect(lines[0]?.['ms']).toBeGreaterThanOrEqual(1000);
  expect(lines[0]).not.toHaveProperty('kind');
});

describe('a failure', () => {
  const of = (failure: Failure) => {
    const lines: unknown[][] = [];
    const write = (level: string) => (line: unknown, words: unknown) => lines.push([level, line, words]);
    const log = { error: write('error'), info: write('info'), debug: write('debug') };
    const request = { method: 'POST', routeOptions: { url: '/a' }, headers: { 'content-length': '5', authorization: 'secret' }, log };
    logFailure(failure, request as unknown as FastifyRequest, 400);
    return lines;
  };
  const what = { method: 'POST', route: '/a', bytes: '5', status: 400 };

  test('of ours is an error, with its cause', () => {
    const cause = new Error('of the inside');
    expect(of(new Failure('internal', 'so', { cause }))).toEqual([['error', { ...what, code: 'internal', err: cause }, 'request failed']]);
  });

  test('of a client is a line that says where, and nothing that it sent', () => {
    const faults = [{ pointer: '/a', detail: 'secret' }];
    expect(of(new Failure('invalid-request', 'secret', { faults }))).toEqual([
      ['info', { ...what, code: 'invalid-request', pointers: ['/a'] }, 'request refused'],
    ]);
    expect(of(new Failure('timeout', 'secret'))).toEqual([['info', { ...what, code: 'timeout', pointers: undefined }, 'request refused']]);
  });

  test.each(['too-many-requests', 'overloaded'])('of load (%s) is counted elsewhere, and a line at debug alone', (code) => {
    expect(of(new Failure(code as FailureCode, 'so'))).toEqual([['debug', { ...what, code, pointers: undefined }, 'request refused']]);
  });
});
