import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { chunk, open } from './raw.ts';

let app: Awaited<ReturnType<typeof buildApp>>;
let port: number;

beforeEach(async () => {
  app = await buildApp(readConfig({ LOG_LEVEL: 'silent', THREADS: '1' }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  port = (app.server.address() as AddressInfo).port;
});
afterEach(() => app.close());

const LINE = '{"tokens":[[1]],"include":["lse"]}\n';
const POST = 'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n';

describe('a service that closes', () => {
  test('answers what still comes with a 503 that says when to ask again, and closes the connection', async () => {
    const kept = open(port, 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await kept.until('{"status":"ok"}');
    app.lifecycle.close();
    kept.socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
    await kept.closed;
    const [, , second = ''] = kept.received.split('HTTP/1.1 ');
    expect(second).toMatch(/^503 /);
    expect(second).toMatch(/\r\nretry-after: 1\r\n/);
    expect(second).toMatch(/\r\nconnection: close\r\n/);
    expect(second).toContain('"type":"/problems/shutting-down"');
  });

  test('ends a stream after a line that says so, though its client would go on', async () => {
    const stream = open(port, Buffer.concat([Buffer.from(`${POST}transfer-encoding: chunked\r\n\r\n`), chunk(LINE)]));
    await stream.until('{"lse":[1]}');
    const closed = app.close();
    await stream.until('"type":"/problems/shutting-down"');
    await stream.until('\r\n0\r\n\r\n');
    stream.socket.end();
    await closed;
  });
});
