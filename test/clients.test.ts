import { execFile } from 'node:child_process';
import { request as nodeRequest } from 'node:http';
import { promisify } from 'node:util';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { useService } from './http/service.ts';

const run = promisify(execFile);
const service = useService({ MAX_BODY_BYTES: '200000' });
const url = () => `${service.url}/attention`;
/** Debian's, which has the packages that .ci/run installs. */
const PYTHON = '/usr/bin/python3';
/** Each has to see it every time. */
const TIMES = 3;

/** Runs a client of Debian's. .ci/run installs them, so that none is missing there; elsewhere its test is skipped with the reason. */
function byClient(name: string, check: readonly [string, ...string[]], body: () => Promise<void>): void {
  test(name, { timeout: 120_000 }, async (context) => {
    context.skip(process.env['CI'] !== 'true' && !(await there(check)), `needs \`${check.join(' ')}\``);
    await body();
  });
}

function there([command, ...args]: readonly [string, ...string[]]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

const PYTHONS = [
  ['urllib', 'urllib.request'],
  ['requests', 'requests'],
  ['httpx', 'httpx'],
  ['httpx-async', 'httpx'],
] as const;

describe('a client that sends its whole body before it reads sees the 413', () => {
  const sees = async (command: string, ...args: string[]) => {
    expect((await run(command, [...args, `${TIMES}`, url()])).stdout.trim().split('\n')).toEqual(Array(TIMES).fill('413'));
  };
  for (const [client, module] of PYTHONS)
    byClient(`Python: ${client}`, [PYTHON, '-c', `import ${module}`], () => sees(PYTHON, 'test/clients/refused.py', client));
  byClient('Ruby: Net::HTTP', ['ruby', '--version'], () => sees('ruby', 'test/clients/refused.rb'));
  byClient('PHP: file_get_contents', ['php', '--version'], () => sees('php', 'test/clients/refused.php'));

  const body = Buffer.alloc(20_000_000, ' ');
  const headers = { 'content-type': 'application/json' };
  test('Node: fetch', async () => {
    for (let i = 0; i < TIMES; i++) expect((await fetch(url(), { method: 'POST', headers, body })).status).toBe(413);
  });
  test('Node: undici', async () => {
    for (let i = 0; i < TIMES; i++) {
      const reply = await request(url(), { method: 'POST', headers, body });
      await reply.body.dump();
      expect(reply.statusCode).toBe(413);
    }
  });
  test('Node: http', async () => {
    const ask = () =>
      new Promise((resolve, reject) => {
        const asked = nodeRequest(url(), { method: 'POST', headers, agent: false }, (reply) => {
          reply.resume();
          resolve(reply.statusCode);
        });
        asked.on('error', reject).end(body);
      });
    for (let i = 0; i < TIMES; i++) expect(await ask()).toBe(413);
  });
});

describe('a client that sends a whole stream before it reads gets every reply', () => {
  for (const [client, module] of PYTHONS)
    byClient(`Python: ${client}`, [PYTHON, '-c', `import ${module}`], async () => {
      expect((await run(PYTHON, ['test/clients/stream.py', client, url()])).stdout.trim()).toBe('120');
    });
});
