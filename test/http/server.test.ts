import { Agent, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { Connections } from '../../src/http/connections.ts';
import { askForBody, makeServer } from '../../src/http/server.ts';
import { useBare } from './bare.ts';
import { open } from './raw.ts';

const TIMEOUT_MS = 700;
/** Answers with what it was asked; at /wanted it asks for the body first. */
const server = makeServer(
  (request: IncomingMessage, response: ServerResponse) => {
    const answer = () =>
      response.end(`${request.method} ${request.url} ${request.headersDistinct['x']?.length ?? 0} ${request.headers.expect ?? '-'}`);
    if (request.url !== '/wanted') return answer();
    askForBody(request);
    request.on('data', () => undefined).on('end', answer);
  },
  TIMEOUT_MS,
  new Connections(100),
);
const bare = useBare(server);

async function reply(bytes: string, until: string | RegExp): Promise<string> {
  const connection = open(bare.port, bytes);
  const text = await connection.until(until);
  connection.socket.destroy();
  return text;
}

describe('the server', () => {
  test('leaves the time of a body to the app, and keeps that of headers, of a silence and of a client that is gone', () => {
    const { requestTimeout, headersTimeout, keepAliveTimeout, timeout, maxHeadersCount } = server;
    expect({ requestTimeout, headersTimeout, keepAliveTimeout, timeout, maxHeadersCount }).toEqual({
      requestTimeout: 0,
      headersTimeout: TIMEOUT_MS,
      keepAliveTimeout: 75_000,
      timeout: 2 * TIMEOUT_MS + 10_000,
      maxHeadersCount: 0,
    });
  });

  test('looks at headers that trickle in as often as their time asks for', async () => {
    const connection = open(bare.port, 'GET / HTTP/1.1\r\nho');
    await connection.closed;
    expect(connection.received).toContain('408');
  });

  test('hands over a request without a Host, for the app to refuse', async () => {
    expect(await reply('GET /a HTTP/1.1\r\n\r\n', '/a')).toContain('GET /a 0 -');
  });

  test('hands over every header, however many they are', async () => {
    expect(await reply(`GET /a HTTP/1.1\r\nhost: x\r\n${'x: 1\r\n'.repeat(1500)}\r\n`, '/a')).toContain('GET /a 1500 -');
  });

  test('hands over another expectation, for the app to refuse', async () => {
    expect(await reply('GET /a HTTP/1.1\r\nhost: x\r\nexpect: much\r\n\r\n', '/a')).toContain('GET /a 0 much');
  });
});

describe('a client that waits to be told to go on', () => {
  const head = (path: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n`;

  test('is told where its body is wanted', async () => {
    const connection = open(bare.port, head('/wanted'));
    expect(await connection.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    connection.socket.write('ab');
    expect(await connection.until('POST')).toContain('POST /wanted 0 100-continue');
    connection.socket.destroy();
  });

  test('is not told where it is not', async () => {
    expect(await reply(head('/a'), 'POST')).not.toContain('100 Continue');
  });
});

describe('CONNECT', () => {
  test('is a method like any other: the app answers it, and the connection ends', async () => {
    const connection = open(bare.port, 'CONNECT a:1 HTTP/1.1\r\nhost: x\r\n\r\n');
    await connection.closed;
    expect(connection.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(connection.received.toLowerCase()).toContain('connection: close');
    expect(connection.received).toContain('CONNECT a:1 0 -');
  });

  test('may be left by its client, and the server lives', async () => {
    const connection = open(bare.port, 'CONNECT a:1 HTTP/1.1\r\nhost: x\r\n\r\n');
    await connection.until('HTTP');
    connection.socket.resetAndDestroy();
    await connection.closed;
    expect(await reply('GET /b HTTP/1.1\r\nhost: x\r\n\r\n', '/b')).toContain('GET /b');
  });
});

test('one connection carries one request after another', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (let turn = 0; turn < 3; turn++)
    await new Promise<void>((resolve, reject) => {
      const asked = ask({ port: bare.port, host: '127.0.0.1', path: '/a', agent }, (response) => {
        ports.add(asked.socket?.localPort);
        response.resume().on('end', resolve);
      });
      asked.on('error', reject).end();
    });
  agent.destroy();
  expect(ports.size).toBe(1);
});
