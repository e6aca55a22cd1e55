import { describe, expect, test } from 'vitest';
import { makeLog } from '../../src/http/logging.ts';
import { readTraceparent } from '../../src/http/trace-context.ts';
import { endWhatWasStarted, start } from '../started.ts';
import { open } from './raw.ts';
import type { Json } from './service.ts';

endWhatWasStarted();
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const linesOf = (output: string): Json[] =>
  output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** The log of a process that was asked these, at this level. */
async function logOf(
  level: string,
  requests: readonly { path?: string; body: string; headers?: Record<string, string> }[],
): Promise<{ output: string; lines: Json[] }> {
  const service = start({ LOG_LEVEL: level, API_KEY: 'secret-key' });
  const { url } = await service.listening;
  for (const { path = '/attention', body, headers } of requests) {
    const reply = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer secret-key', ...headers },
      body,
    });
    await reply.text();
  }
  service.process.kill('SIGINT');
  expect(await service.ended).toBe(0);
  return { output: service.output, lines: linesOf(service.output) };
}

describe('at info', () => {
  test('a failure is a line: its code, where, how large, and its place in the trace', async () => {
    const { lines } = await logOf('info', [
      { body: '{"tokens":[[0.123456],[1,2]]}', headers: { traceparent: `00-${TRACE}-${CALLER}-01`, 'x-request-id': 'mine' } },
      { path: '/v2/models/attention/infer', body: '{}' },
    ]);
    const refused = lines.filter(({ msg }) => msg === 'request refused');
    expect(refused[0]).toMatchObject({
      level: 30,
      reqId: 'mine',
      trace_id: TRACE,
      span_id: CALLER,
      method: 'POST',
      route: '/attention',
      status: 422,
      code: 'invalid-request',
      pointers: ['/tokens/1'],
      bytes: '29',
    });
    expect(refused[1]).toMatchObject({ route: '/v2/models/attention/infer', status: 400, code: 'invalid-request' });
    expect(refused[1]).not.toHaveProperty('trace_id');
    expect(refused).toHaveLength(2);
  });

  test('a request that went well is none', async () => {
    const { lines } = await logOf('info', [{ body: '{"tokens":[[1]]}' }]);
    expect(lines.filter(({ msg }) => msg.startsWith('request'))).toEqual([]);
  });

  test('the bad lines of a stream are one line, by code', async () => {
    const { lines } = await logOf('info', [{ body: '{"tokens":[[1]]}\n{}\n{\n{}\n', headers: { 'content-type': 'application/x-ndjson' } }]);
    const refused = lines.filter(({ msg }) => msg.includes('refused'));
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({
      level: 30,
      msg: 'lines refused',
      route: '/attention',
      lines: 4,
      refused: { 'invalid-request': 2, 'malformed-json': 1 },
    });
  });

  test('a slow request is one, with its shapes', async () => {
    const service = start();
    const { port } = await service.listening;
    const head = 'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 26\r\nexpect: 100-continue\r\n\r\n';
    const connection = open(port, head);
    // From now on at the latest the service counts.
    await connection.until('100 Continue');
    await new Promise((resolve) => setTimeout(resolve, 1050));
    connection.socket.write('{"tokens":');
    connection.socket.write('[[0.123456,1]] }');
    await connection.until('"context"');
    connection.socket.destroy();
    await expect.poll(() => service.output).toContain('slow request');
    const line = linesOf(service.output).find(({ msg }) => msg === 'slow request');
    expect(line).toMatchObject({ level: 30, route: '/attention', status: 200, kind: 'attention', work: 4, where: 'inline' });
    expect(Object.keys(line.sizes).length).toBeGreaterThan(0);
    expect(service.output).not.toContain('0.123456');
  });
});

describe('at trace', () => {
  test('no key and no number of a request is in the log, right or wrong', async () => {
    const { output, lines } = await logOf('trace', [
      { body: '{"tokens":[[0.123456]]}' },
      { body: '{"tokens":[[0.123456]]}', headers: { authorization: 'Bearer wrong-key' } },
      { body: '{"tokens":[[0.123456,"0.123456"]],"query":0.123456}' },
      { body: '{"tokens":[[0.123456]]', headers: { authorization: 'Basic c2VjcmV0LWtleQ==' } },
      { path: '/attention?key=secret-key', body: '{"tokens":[[0.123456]]}\n[0.123456]\n', headers: { 'content-type': 'application/x-ndjson' } },
    ]);
    expect(lines.filter(({ msg }) => msg === 'request')).toHaveLength(5);
    expect(output).not.toMatch(/secret-key|wrong-key|c2VjcmV0|0\.123456/);
  });
});

test('a header that a library logs is taken out of the line', () => {
  let written = '';
  const write = (line: string): void => {
    written += line;
  };
  const log = makeLog('info', { write });
  const headers = { authorization: 'Bearer secret-key', host: 'x' };
  log.info({ headers }, 'one');
  log.info({ req: { headers }, authorization: headers.authorization }, 'two');
  log.child({ err: { headers } }).info('three');
  expect(written.match(/"host":"x"/g)).toHaveLength(3);
  expect(written).not.toContain('secret-key');
});

describe('traceparent', () => {
  test.each([
    [`00-${TRACE}-${CALLER}-01`, true],
    [`00-${TRACE}-${CALLER}-00`, true],
    [`cc-${TRACE}-${CALLER}-01-of-a-later-version`, true],
    [`00-${TRACE}-${CALLER}-01-more`, false],
    [`ff-${TRACE}-${CALLER}-01`, false],
    [`00-${TRACE.toUpperCase()}-${CALLER}-01`, false],
    [`00-${'0'.repeat(32)}-${CALLER}-01`, false],
    [`00-${TRACE}-${'0'.repeat(16)}-01`, false],
    [`00-${TRACE.slice(1)}-${CALLER}-01`, false],
    [`00-${TRACE}-${CALLER}`, false],
    [`00-${TRACE}-${CALLER}-01, 00-${TRACE}-${CALLER}-01`, false],
    ['', false],
    [undefined, false],
  ])('%s is read: %s', (header, valid) => {
    expect(readTraceparent(header)).toEqual(valid ? { trace_id: TRACE, span_id: CALLER } : undefined);
  });
});
