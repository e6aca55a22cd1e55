import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { useService } from './http/service.ts';

const run = promisify(execFile);
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const operations = readFileSync(new URL('../docs/OPERATIONS.md', import.meta.url), 'utf8');
const service = useService();

/** `$ command` and what it printed, from the console blocks of both. */
const sessions = [...`${readme}${operations}`.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((session) => {
      const lines = session.split('\n');
      const end = lines.findIndex((line) => !line.endsWith('\\')) + 1;
      return { command: lines.slice(0, end).join('\n'), printed: lines.slice(end).join('\n').trim() };
    }),
);
const oneLiners = [...readme.matchAll(/^\|.*`(curl [^`]*)` \|$/gm)].map(([, command = '']) => command);

async function shell(command: string): Promise<string> {
  const here = command.replaceAll('localhost:8080', `127.0.0.1:${service.port}`);
  return (await run('bash', ['-c', here.replace(/^curl (?!-sS)/, 'curl -sS ')])).stdout;
}

describe('the README', () => {
  test.each(sessions)('prints what it says: $command', async ({ command, printed }) => {
    expect((await shell(command)).trim()).toBe(printed);
  });

  test.each(oneLiners)('has a line that works: %s', async (command) => {
    expect(await shell(command)).toMatch(/^\{"(scores|weights)":/);
  });

  test('shows every field once', async () => {
    const { json } = await service.get('/openapi.json');
    const fields = Object.keys(json.components.schemas.AttentionRequest.properties);
    for (const field of fields) expect(readme.includes(`| \`${field}\` |`), field).toBe(true);
  });
});
