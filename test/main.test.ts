import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fetch } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';

let child: ChildProcess | undefined;

afterEach(() => {
  child?.kill('SIGKILL');
});

describe('the process', () => {
  test('refuses to start with settings that can’t be used, naming every one', async () => {
    const { code, errors } = await ended(start({ PORT: '99999', LOG_LEVEL: 'loud', API_KEY: 'secret' }));
    expect(code).toBe(1);
    expect(errors).toContain('PORT must be an integer from 0 to 65535, got "99999"');
    expect(errors).toContain('LOG_LEVEL must be one of');
    expect(errors).toContain('API_KEY is not built yet');
    expect(errors).not.toContain('secret');
  });

  test('refuses to start on a port that is taken', async () => {
    const { port } = await listening(start({ PORT: '0' }));
    const first = child;
    const { code, output } = await ended(start({ PORT: `${port}` }));
    first?.kill('SIGKILL');
    expect(code).toBe(1);
    expect(output).toContain('EADDRINUSE');
  });

  test('SIGTERM: not ready, serves for DRAIN_MS, then ends well', async () => {
    const process = start({ PORT: '0', DRAIN_MS: '600' });
    const { url, port } = await listening(process);
    const finished = ended(process);
    process.kill('SIGTERM');
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const reply = await fetch(`${url}/attention`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"tokens":[[1]],"include":["lse"]}',
    });
    expect(await reply.text()).toBe('{"lse":[1]}');
    expect((await finished).code).toBe(0);
    await expect(connected(port)).rejects.toThrow('ECONNREFUSED');
  });

  test('logs no line for a request that went well, and none of its numbers at debug', async () => {
    const process = start({ PORT: '0', LOG_LEVEL: 'debug' });
    const { url } = await listening(process);
    const finished = ended(process);
    await fetch(`${url}/attention`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"tokens":[[0.123456]]}' }).then(
      (reply) => reply.text(),
    );
    process.kill('SIGINT');
    const { code, output } = await finished;
    expect(code).toBe(0);
    expect(output).toContain('"route":"/attention"');
    expect(output).not.toContain('0.123456');
  });
});

function start(settings: Record<string, string>): ChildProcess {
  child = spawn(process.execPath, ['src/main.ts'], { env: { PATH: process.env['PATH'], ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
  return child;
}

function listening(started: ChildProcess): Promise<{ url: string; port: number }> {
  return new Promise((resolve, reject) => {
    started.once('close', () => reject(new Error('the process ended before it listened')));
    started.stdout?.on('data', (chunk) => {
      const port = /listening at http:\/\/127\.0\.0\.1:(\d+)/.exec(String(chunk))?.[1];
      if (port) resolve({ url: `http://127.0.0.1:${port}`, port: Number(port) });
    });
  });
}

async function ended(started: ChildProcess): Promise<{ code: number | null; output: string; errors: string }> {
  let output = '';
  let errors = '';
  started.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  started.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const [code] = await once(started, 'close');
  return { code, output, errors };
}

function connected(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    }).on('error', reject);
  });
}
