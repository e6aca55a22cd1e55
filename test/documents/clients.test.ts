import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { type Json, useService } from '../http/service.ts';

/*
 * Generators of clients, from a folder with a lockfile of its own (they want another TypeScript): each makes a client of the
 * document that the running service gives.
 */
const run = promisify(execFile);
const service = useService();
const clients = fileURLToPath(new URL('../clients/', import.meta.url));
const installed = existsSync(join(clients, 'node_modules'));
const folder = mkdtempSync(join(tmpdir(), 'clients-'));
const document = join(folder, 'openapi.json');
beforeAll(async () => writeFileSync(document, (await service.get('/openapi.json')).text));
afterAll(() => rmSync(folder, { recursive: true }));

async function node(script: string, ...options: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [join(clients, script), ...options], { cwd: clients, maxBuffer: 2 ** 26 }).catch((error) => {
    throw new Error(`${script} failed:\n${error.stdout}\n${error.stderr}`);
  });
  return stdout;
}

/** Where CI=true is set, what is not installed is a failure. */
const generated = (name: string, body: () => Promise<void>) =>
  test(name, { timeout: 120_000 }, async (context: TestContext) => {
    context.skip(!installed && process.env['CI'] !== 'true', 'the generators are not installed: npm --prefix test/clients ci');
    await body();
  });

describe('a client of openapi-typescript’s making', () => {
  generated('compiles where the service takes the request, and only there, and its calls are answered', async () => {
    await node('node_modules/openapi-typescript/bin/cli.js', document, '-o', 'generated/openapi-typescript.ts');
    await node('node_modules/typescript/bin/tsc', '-p', '.');
    expect(JSON.parse(await node('ask.ts', service.url))).toEqual({
      weights: [0.2465, 0.3133, 0.4402],
      excluded: [false],
      pointer: '/tokens/1',
      context: [1, 2],
      y: [7],
      status: 'ok',
    });
  });
});

describe('a client of hey-api’s making', () => {
  generated('compiles', async () => {
    await node('node_modules/@hey-api/openapi-ts/bin/run.js', '-i', document, '-o', 'generated/hey-api', '--no-log-file', '--silent');
    const options = '--noEmit --strict --skipLibCheck --target es2022 --module preserve --lib es2022,dom,dom.iterable'.split(' ');
    await node('node_modules/typescript/bin/tsc', ...options, 'generated/hey-api/index.ts');
  });
});

describe('the collection that Postman makes', () => {
  const made = new Map<string, Promise<Json[]>>();
  const collection = (fill: string): Promise<Json[]> => {
    const there = made.get(fill) ?? node('postman.mjs', document, fill).then((text) => JSON.parse(text));
    made.set(fill, there);
    return there;
  };

  generated('has no header that it made up', async () => {
    for (const fill of ['Schema', 'Example'])
      for (const { path, header } of await collection(fill))
        for (const { key, value } of header) expect(`${path} ${key}: ${value}`).toMatch(/: (identity|(application|text)\/[a-z]+)$/);
  });

  generated('runs as it is, filled with the examples', async () => {
    const requests = await collection('Example');
    expect(requests.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/attention', '/attention/merge', '/v2/models/attention/infer', '/info']),
    );
    for (const { method, path, header, body } of requests) {
      const headers = Object.fromEntries(header.map(({ key, value }: { key: string; value: string }) => [key, value]));
      const reply = await fetch(`${service.url}${path.replace(':code', 'invalid-request')}`, { method, headers, body });
      expect(`${method} ${path} ${reply.status}`).toBe(`${method} ${path} 200`);
    }
  });
});
