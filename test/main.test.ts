import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fetch } from 'undici';
import { describe, expect, test } from 'vitest';
import { COMPILED } from './compiled.ts';
import { open, statuses } from './http/raw.ts';
import { endWhatWasStarted, start } from './started.ts';

endWhatWasStarted();

describe('the process', () => {
  const ask = (url: string, body: object) =>
    fetch(`${url}/attention`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }).then((reply) =>
      reply.text(),
    );

  test('refuses to start with settings that can’t be used, naming every one', async () => {
    const service = start({ PORT: '99999', LOG_LEVEL: 'loud', API_KEY: 'secret key', CORS_ORIGIN: 'page.example' });
    expect(await service.ended).toBe(1);
    expect(service.errors).toContain('PORT must be an integer from 0 to 65535, got "99999"');
    expect(service.errors).toContain('LOG_LEVEL must be one of');
    expect(service.errors).toContain('API_KEY must hold keys');
    expect(service.errors).toContain('CORS_ORIGIN must hold origins');
    expect(service.errors).not.toContain('secret');
  });

  test('says in a line that its port is taken, and which setting to change', async () => {
    const { port } = await start().listening;
    const second = start({ PORT: `${port}` });
    expect(await second.ended).toBe(1);
    expect(second.output + second.errors).toBe(`port ${port} on 127.0.0.1 is taken; set PORT to another one\n`);
  });

  test.each([
    ['203.0.113.7', '203.0.113.7 is not an address of this machine; set HOST to one that is, 127.0.0.1 or 0.0.0.0\n'],
    ['no-such-host.invalid', 'HOST "no-such-host.invalid" has no address; set it to 127.0.0.1 or 0.0.0.0\n'],
  ])('says in a line that it can’t listen at %s', async (HOST, words) => {
    const service = start({ HOST });
    expect(await service.ended).toBe(1);
    expect(service.output + service.errors).toBe(words);
  });

  test('starts however long that takes', async () => {
    const { url } = await start({}, ['--import', './test/impatient.ts']).listening;
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  test('says where to look, as JSON where nobody sits at a terminal', async () => {
    const service = start();
    const { url } = await service.listening;
    const { msg } = JSON.parse(service.output);
    expect(msg).toMatch(/^attention service \d+\.\d+\.\d+ listening at /);
    expect(msg).toContain(`${url}/ (the playground); documents at ${url}/docs`);
  });

  test('says where to look in a line of words at a terminal', async (context) => {
    context.skip(process.platform !== 'linux', '`script` of util-linux makes the terminal');
    const command = `exec ${process.execPath} src/main.ts`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], {
      env: { PATH: process.env['PATH'], PORT: '0', THREADS: '1', ...COMPILED },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let output = '';
    terminal.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await expect.poll(() => output).toContain('/docs');
    expect(output).toMatch(/^attention service \S+ listening at http:\/\/127\.0\.0\.1:\d+\/ \(the playground\); documents at \S+\/docs\r?\n$/);
    terminal.stdin.write('\u0003'); // control-C, as a person ends it
    await once(terminal, 'close');
    expect(terminal.exitCode).toBe(0);
  });

  test('SIGTERM: not ready, and serves while it drains', async () => {
    const service = start({ DRAIN_MS: '600000' });
    const { url } = await service.listening;
    service.process.kill('SIGTERM');
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect(await ask(url, { tokens: [[1]], include: ['lse'] })).toBe('{"lse":[1]}');
  });

  test('SIGTERM: ends well once DRAIN_MS is over, and nobody listens then', async () => {
    const service = start({ DRAIN_MS: '100' });
    const { port } = await service.listening;
    service.process.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(service.output).toContain('asked to stop: not ready any more, still serving');
    await expect(connected(port)).rejects.toThrow('ECONNREFUSED');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends well with half a header, half a body, half a stream and an idle connection open',
    async (signal) => {
      const service = start({ DRAIN_MS: '100' });
      const { port } = await service.listening;
      const post = 'POST /attention HTTP/1.1\r\nhost: x\r\n';
      const half = open(port, post);
      const body = open(port, `${post}content-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n`);
      const stream = open(port, `${post}content-type: application/x-ndjson\r\ncontent-length: 100\r\n\r\n{"tokens":[[1]],"include":["lse"]}\n`);
      const idle = open(port, 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
      await Promise.all([idle.until('"ok"'), stream.until('{"lse":[1]}'), body.until('100 Continue')]);
      body.socket.write('{"tokens"');
      service.process.kill(signal);
      expect(await service.ended).toBe(0);
      expect(half.received).toBe('');
      expect(statuses(body.received)).toEqual([100, 503]);
      expect(body.received).toContain('"type":"/problems/shutting-down"');
      expect(stream.received).toContain('"type":"/problems/shutting-down"');
      expect(service.output).not.toContain('"level":50');
    },
  );

  test('a fault signal has no listener, so that WebAssembly’s trap is an error and not a loop', async () => {
    const service = start({}, ['--import', './test/out-of-bounds.ts']);
    await expect.poll(() => service.output).toContain('trapped: true');
    expect(service.output).toContain('heard: none');
    const { url } = await service.listening;
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  const linesOf = (output: string) =>
    output
      .split('\n')
      .filter((line) => line.includes('"route"'))
      .map((line) => JSON.parse(line));

  test('logs at debug a line for each request, with its shapes and none of its numbers', async () => {
    const service = start({ LOG_LEVEL: 'debug' });
    const { url } = await service.listening;
    await ask(url, { tokens: [[0.123456]] });
    service.process.kill('SIGINT');
    expect(await service.ended).toBe(0);
    expect(linesOf(service.output)).toMatchObject([
      { route: '/attention', status: 200, kind: 'attention', where: 'inline', sizes: { M: 1, N: 1, D: 1 } },
    ]);
    expect(service.output).not.toContain('0.123456');
  });

  test('logs at info the slow request alone: no line for one that went well', async () => {
    const service = start();
    const { url, port } = await service.listening;
    await ask(url, { tokens: [[1]] });
    const head = 'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 20\r\nexpect: 100-continue\r\n\r\n';
    const slow = open(port, head);
    await slow.until('100 Continue');
    // Its client takes its time, however quick the machine is.
    await new Promise((resolve) => setTimeout(resolve, 1050));
    slow.socket.write('{"tokens":[[1],[2]]}');
    await slow.until('"context"');
    slow.socket.destroy();
    await ask(url, { tokens: [[1]] });
    service.process.kill('SIGINT');
    expect(await service.ended).toBe(0);
    // On a machine that is busy enough, the other two may be slow as well.
    const lines = linesOf(service.output);
    expect(lines).toContainEqual(expect.objectContaining({ route: '/attention', status: 200, work: 2 * 2 * 2 }));
    for (const { msg, ms } of lines) expect([msg, ms >= 1000]).toEqual(['slow request', true]);
  });
});

function connected(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    }).on('error', reject);
  });
}
