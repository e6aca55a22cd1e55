import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Failure, type FailureCode } from '../../src/engine/failure.ts';
import { leaveBodiesToRoutes } from '../../src/http/body.ts';
import { answerFailures, failureOf } from '../../src/http/failures.ts';
import { ClientGone } from '../../src/http/gone.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { asProblems } from '../../src/http/printing.ts';
import { dropUnreadBodies, waitsForDropping } from '../../src/http/rest.ts';
import { open } from './raw.ts';
import { useSmall } from './small.ts';

describe('what is thrown', () => {
  test('is the failure that it is', () => {
    const failure = new Failure('timeout', 'late');
    expect(failureOf(failure)).toBe(failure);
  });

  test('because the client went is told to nobody', () => {
    expect(failureOf(new ClientGone('gone'))).toMatchObject({ code: 'timeout', message: 'gone' });
    const closed = Object.assign(new Error('closed'), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
    expect(failureOf(closed)).toMatchObject({ code: 'timeout', message: 'closed' });
  });

  test.each([
    [415, 'unsupported-media-type', 'the Content-Type header can’t be read as a media type'],
    [413, 'body-too-large', 'of Fastify'],
    [400, 'not-found', 'the address can’t be read as the path of a route'],
    [404, 'not-found', 'the address can’t be read as the path of a route'],
    [499, 'not-found', 'the address can’t be read as the path of a route'],
    [399, 'internal', 'an unexpected error; it has been logged'],
    [500, 'internal', 'an unexpected error; it has been logged'],
  ])('by the framework with the status %i is %s', (statusCode, code, message) => {
    expect(failureOf(Object.assign(new Error('of Fastify'), { statusCode }))).toMatchObject({ code, message });
  });

  test('without a word of its own has no word', () => {
    expect(failureOf({ statusCode: 413 })).toMatchObject({ code: 'body-too-large', message: '' });
  });

  test('by a defect is one of ours, and keeps its cause', () => {
    const error = new Error('of the inside');
    expect(failureOf(error)).toMatchObject({ code: 'internal', cause: error });
    expect(failureOf({})).toMatchObject({ code: 'internal' });
  });
});

describe('a refusal', () => {
  const metrics = new Metrics();
  let isDropped: boolean | null = null;
  /** Level, code and words of each line of the log. */
  const logged: unknown[][] = [];
  const write = (level: string) => (line: { code?: string }, words: string) => logged.push([level, line.code, words]);
  const log = Object.fromEntries(['debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, write(level)]));
  const small = useSmall((app) => {
    leaveBodiesToRoutes(app);
    dropUnreadBodies(app);
    answerFailures(app, asProblems('/ai'), metrics);
    app.addHook('onSend', async ({ raw }) => {
      isDropped = raw.readableFlowing;
    });
    app.addHook('onRequest', (request, _reply, done) => {
      Object.assign(request, { log });
      done();
    });
    for (const code of ['invalid-request', 'timeout', 'too-many-requests', 'overloaded', 'shutting-down', 'deadline-exceeded'] as const)
      app.post(`/${code}`, () => {
        throw new Failure(code, 'é');
      });
  });
  const post = (code: string, headers = '', body = '') =>
    `POST /${code} HTTP/1.1\r\nhost: x\r\ncontent-type: a/b\r\n${headers}${headers.includes('content-length') ? '' : `content-length: ${body.length}\r\n`}\r\n${body}`;
  /** What comes back where nothing more is sent, to its end or to the end of its JSON. */
  const reply = async (code: string, headers = '') => {
    const connection = open(small.port, post(code, headers));
    const text = await connection.until(/\r\n\r\n\{.*\}/s);
    connection.socket.destroy();
    return text;
  };

  test('has its status, its type, and its length in bytes', async () => {
    const { status, headers, text } = await small.ask('/invalid-request', { method: 'POST', headers: { 'content-type': 'a/b' } });
    expect(status).toBe(422);
    expect(headers).toMatchObject({ 'content-type': 'application/problem+json; charset=utf-8', 'content-length': `${Buffer.byteLength(text)}` });
    expect(JSON.parse(text)).toMatchObject({ type: '/ai/problems/invalid-request', detail: 'é' });
    expect(metrics.failures.get('invalid-request')).toEqual({ count: 1 });
  });

  test.each([
    ['overloaded', 'debug'],
    ['too-many-requests', 'debug'],
    ['deadline-exceeded', 'info'],
    ['invalid-request', 'info'],
  ])('%s is a line in the log at %s, and is counted: refusals for load come in thousands, at the worst time', async (code, level) => {
    const counted = metrics.failures.get(code as FailureCode)?.count ?? 0;
    logged.length = 0;
    await small.ask(`/${code}`, { method: 'POST', headers: { 'content-type': 'a/b' } });
    expect(logged).toEqual([[level, code, 'request refused']]);
    expect(metrics.failures.get(code as FailureCode)?.count).toBe(counted + 1);
  });

  test.each([
    ['invalid-request', 'keep-alive', undefined],
    ['timeout', 'close', undefined],
    ['too-many-requests', 'keep-alive', '1'],
    ['overloaded', 'keep-alive', '1'],
    ['shutting-down', 'close', '1'],
    ['deadline-exceeded', 'keep-alive', '1'],
  ])('%s: the connection is %s, Retry-After %s', async (code, connection, retryAfter) => {
    const text = (await reply(code)).toLowerCase();
    expect(/\r\nconnection: (\S+)/.exec(text)?.[1]).toBe(connection);
    expect(/\r\nretry-after: (\S+)/.exec(text)?.[1]).toBe(retryAfter);
  });

  test.each([
    ['that closes the connection', 'timeout', ''],
    ['to a client that wants it closed', 'invalid-request', 'connection: close\r\n'],
    ['to one that expects to be told to go on', 'invalid-request', 'expect: 100-continue\r\n'],
  ])('%s is there at once, and its end once the body is', async (_what, code, headers) => {
    const socket = connect(small.port, '127.0.0.1');
    let text = '';
    let ended = false;
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
    });
    socket
      .on('error', () => undefined)
      .on('end', () => {
        ended = true;
      });
    socket.write(post(code, `${headers}content-length: 10\r\n`));
    await expect.poll(() => text, { timeout: 20_000, interval: 5 }).toMatch(/\r\n\r\n\{.*\}/s);
    expect(text).toMatch(/content-length: \d+\r\n/);
    expect(ended).toBe(false);
    socket.write('0123456789');
    if (!headers.includes('expect')) await expect.poll(() => ended, { timeout: 20_000, interval: 5 }).toBe(true);
    socket.destroy();
  });

  /** What other tests have had dropped is no matter from then on. */
  const nobodyWaits = () => expect.poll(() => waitsForDropping({ headers: {} } as IncomingMessage)).toBe(false);

  test('has its body dropped before it is sent, so that those that are refused next know of it', async () => {
    await nobodyWaits();
    const connection = open(small.port, post('invalid-request', 'content-length: 100000\r\n'));
    await connection.until(/\r\n\r\n\{.*\}/s);
    expect(isDropped).toBe(true);
    connection.socket.write(Buffer.alloc(100_000));
    connection.socket.write(post('timeout'));
    await connection.until(/ 422 [\s\S]* 408 /);
    connection.socket.destroy();
  });

  test('whose body waits to be dropped says that the connection closes, and reaches a client that sends first', async () => {
    await nobodyWaits();
    // While the clock stands, those that say much and send nothing are waited for, and nothing else is dropped.
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
    onTestFinished(() => clock.mockRestore());
    const silent = Array.from({ length: 400 }, () => open(small.port, post('invalid-request', 'content-length: 9000000000\r\n')));
    await Promise.all(silent.map(({ until }) => until('\r\n\r\n')));
    expect(silent.at(0)?.received).toContain('Connection: keep-alive');
    expect(silent.at(-1)?.received).toContain('connection: close');
    const length = 12_000_000;
    const sender = open(small.port, Buffer.concat([Buffer.from(post('invalid-request', `content-length: ${length}\r\n`)), Buffer.alloc(length)]));
    await sender.until(/ 422 [\s\S]*connection: close[\s\S]*\r\n\r\n\{.*\}/);
    expect(sender.socket.writableLength).toBeGreaterThan(0);
    clock.mockRestore();
    await sender.closed;
    expect(sender.socket.writableLength).toBe(0);
    for (const { socket } of silent) socket.destroy();
  });
});
