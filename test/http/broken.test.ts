import { createServer, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { answerBrokenHttp } from '../../src/http/broken.ts';
import { originHeaders } from '../../src/http/cors.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { printerAt } from '../../src/http/printing.ts';
import { LONGEST_DROPPING_MS, MOST_DROPPED_BYTES } from '../../src/http/rest.ts';
import { useBare } from './bare.ts';
import { open, raw, statuses } from './raw.ts';

const HOME = 'https://page.example';
const metrics = new Metrics();
const answer = answerBrokenHttp({ printerAt: printerAt(''), origins: originHeaders([HOME]), metrics });
/** Answers when a test says so. */
const replies: ServerResponse[] = [];
const server = createServer({ headersTimeout: 300, requestTimeout: 0, connectionsCheckingInterval: 50 }, (_request, response) => {
  replies.push(response);
});
server.on('clientError', answer);
const bare = useBare(server);
const countOf = (code: 'malformed-http' | 'timeout' | 'headers-too-large') => metrics.failures.get(code)?.count ?? 0;
const tallied = (status: number) => metrics.routes.get('other')?.counts.get('other')?.get(status)?.count ?? 0;

describe('what is not HTTP', () => {
  test('is answered by a problem, and its connection is closed', async () => {
    const before = [countOf('malformed-http'), tallied(400)];
    const [head = '', body = ''] = (await raw(bare.port, 'GET / HTTP/1.1\r\nhost x\r\n\r\n')).split('\r\n\r\n');
    const [line, ...lines] = head.split('\r\n');
    expect(line).toBe('HTTP/1.1 400 Bad Request');
    const headers = Object.fromEntries(lines.map((header) => header.split(/: (.*)/s)));
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'content-length': `${body.length}`,
      connection: 'close',
      'x-content-type-options': 'nosniff',
      vary: 'origin',
      'x-request-id': expect.stringMatching(/^[\w.-]{8,128}$/),
    });
    expect(JSON.parse(body)).toMatchObject({
      type: '/problems/malformed-http',
      detail: expect.stringMatching(/^this is not a request in HTTP\/1\.1 \(HPE_[A-Z_]+\)$/),
    });
    expect([countOf('malformed-http'), tallied(400)]).toEqual([(before[0] ?? 0) + 1, (before[1] ?? 0) + 1]);
  });

  test('is answered in the protocol’s shape where its address is below /v2', async () => {
    expect(await raw(bare.port, 'GET /v2/models HTTP/1.1\r\nhost x\r\n\r\n')).toMatch(/\r\n\r\n\{"error":"this is not a request/);
    // An address further down is none.
    expect(await raw(bare.port, '!\r\nGET /v2/models HTTP/1.1\r\nhost: x\r\n\r\n')).toContain('"type":"/problems/malformed-http"');
    expect(await raw(bare.port, 'M-SEARCH /v2 HTTP/1.1\r\nhost x\r\n\r\n')).toContain('{"error"');
  });

  test.each([
    ['origin: ', HOME, HOME],
    ['Origin:', HOME, HOME],
    ['ORIGIN: \t ', HOME, HOME],
    ['origin: ', 'https://evil.example', undefined],
    ['x-origin: ', HOME, undefined],
  ])('%j %s: a page is told that it may read it where its origin may ask', async (name, origin, told) => {
    const said = await raw(bare.port, `GET / HTTP/1.1\r\n${name}${origin}\r\nhost x\r\n\r\n`);
    expect(/access-control-allow-origin: (\S+)/.exec(said)?.[1]).toBe(told);
  });

  test('is looked at no further than 8 KiB', async () => {
    const far = await raw(bare.port, `GET / HTTP/1.1\r\nx: ${'x'.repeat(9000)}\r\norigin: ${HOME}\r\nhost x\r\n\r\n`);
    expect(far).not.toContain('access-control-allow-origin');
    const near = await raw(bare.port, `GET / HTTP/1.1\r\nx: ${'x'.repeat(7000)}\r\norigin: ${HOME}\r\nhost x\r\n\r\n`);
    expect(near).toContain('access-control-allow-origin');
  });

  test('whose headers are too long is a 431, and whose headers do not come a 408', async () => {
    const before = [countOf('headers-too-large'), countOf('timeout'), tallied(431), tallied(408)];
    expect(await raw(bare.port, `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n[\s\S]*longer than 16 KiB/,
    );
    expect(await raw(bare.port, 'GET / HTTP/1.1\r\nho')).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*the headers did not arrive in time/);
    expect([countOf('headers-too-large'), countOf('timeout'), tallied(431), tallied(408)]).toEqual(before.map((count) => count + 1));
  });

  test('is answered after the reply to the request before it', async () => {
    replies.length = 0;
    const connection = open(bare.port, 'GET /first HTTP/1.1\r\nhost: x\r\n\r\nthis is not HTTP\r\n\r\n');
    await expect.poll(() => replies.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(connection.received).toBe('');
    replies[0]?.end('first');
    await connection.closed;
    expect(statuses(connection.received)).toEqual([200, 400]);
  });

  test('in the middle of a body is the answer to its request, printed for its address and its origin', async () => {
    replies.length = 0;
    const head = `POST /v2/models HTTP/1.1\r\nhost: x\r\norigin: ${HOME}\r\ntransfer-encoding: chunked\r\n\r\n`;
    const connection = open(bare.port, head);
    await expect.poll(() => replies.length).toBe(1);
    connection.socket.write('zz\r\n');
    await connection.closed;
    expect(statuses(connection.received)).toEqual([400]);
    expect(connection.received).toContain(`access-control-allow-origin: ${HOME}\r\n`);
    expect(connection.received).toContain('{"error":"this is not a request in HTTP/1.1 (HPE_INVALID_CHUNK_SIZE)"}');
  });

  test('in the middle of a body whose reply has begun ends the connection, without another reply', async () => {
    replies.length = 0;
    const before = countOf('malformed-http');
    const connection = open(bare.port, 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    await expect.poll(() => replies.length).toBe(1);
    replies[0]?.write('begun');
    await connection.until('begun');
    connection.socket.write('zz\r\n');
    await connection.closed;
    expect([statuses(connection.received), countOf('malformed-http')]).toEqual([[200], before]);
  });
});

describe('a connection, by a clock that is set', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** One whose request could not be read, and which can be written to. */
  function broken(code = 'HPE_INVALID_METHOD') {
    const socket = new Socket();
    const state = { bytes: 100, said: '' };
    Object.defineProperty(socket, 'bytesRead', { get: () => state.bytes });
    Object.defineProperty(socket, 'writable', { value: true });
    socket.end = (text: unknown) => {
      state.said += `${text}`;
      return socket;
    };
    const tell = () => answer(Object.assign(new Error('parser'), { code }), socket);
    tell();
    return { socket, state, tell };
  }

  test('is closed once its client has had time to read', () => {
    const { socket, state } = broken();
    expect(state.said).toMatch(/^HTTP\/1\.1 400 /);
    vi.advanceTimersByTime(LONGEST_DROPPING_MS - 1);
    expect(socket.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(socket.destroyed).toBe(true);
  });

  test('that its client closes is not thought of any more', () => {
    const { socket } = broken();
    expect(vi.getTimerCount()).toBe(1);
    socket.emit('close');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is answered once, however much still comes, and closed after so many bytes', () => {
    const { socket, state, tell } = broken();
    const once = state.said;
    state.bytes += MOST_DROPPED_BYTES;
    tell();
    expect([state.said, socket.destroyed]).toEqual([once, false]);
    state.bytes++;
    tell();
    expect([state.said, socket.destroyed]).toEqual([once, true]);
  });

  test('that was reset gets no answer', () => {
    const { socket, state } = broken('ECONNRESET');
    expect([state.said, socket.destroyed]).toEqual(['', true]);
  });

  test('of another fault is told no code of a parser', () => {
    expect(broken('EPIPE').state.said).toContain('"detail":"this is not a request in HTTP/1.1"');
  });
});
