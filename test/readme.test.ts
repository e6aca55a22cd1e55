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
/** The lines of the table of options: the field, and a request that shows it. */
const oneLiners = [...readme.matchAll(/^\| `(\w+)` \|.*`(curl [^`]*)` \|$/gm)].map(([, field = '', command = '']) => ({ field, command }));

/** Where causal needs the field, another value of it is compared, not its absence. */
const OTHERWISE: Record<string, object> = { queries_start: { queries_start: 1 } };
/** Keys narrower than queries are refused unless kv_heads explains them. */
const REFUSED_WITHOUT: ReadonlySet<string> = new Set(['kv_heads']);

async function shell(command: string): Promise<string> {
  const here = command.replaceAll('localhost:8080', `127.0.0.1:${service.port}`);
  return (await run('bash', ['-c', here.replace(/^curl (?!-sS)/, 'curl -sS ')])).stdout;
}

describe('the README', () => {
  test.each(sessions)('prints what it says: $command', async ({ command, printed }) => {
    expect((await shell(command)).trim()).toBe(printed);
  });

  test.each(oneLiners)('has a line that works for $field: $command', async ({ command }) => {
    expect(await shell(command)).toMatch(/^(\{"(scores|weights)":|# )/);
  });

  test.each(oneLiners.filter(({ field }) => field !== 'tokens'))(
    'shows what $field does: without it another answer comes',
    async ({ field, command }) => {
      const [given = ''] = /\{.*\}/.exec(command) ?? [];
      const { [field]: _, ...others } = JSON.parse(given);
      const changed = { ...others, ...OTHERWISE[field] };
      const without = await shell(command.replace(given, JSON.stringify(changed)));
      expect(without).toMatch(REFUSED_WITHOUT.has(field) ? /"status":422/ : /^(\{"(scores|weights)":|# )/);
      expect(without).not.toBe(await shell(command));
    },
  );

  test('shows every field once', async () => {
    const { json } = await service.get('/openapi.json');
    const fields = Object.keys(json.components.schemas.AttentionRequest.properties);
    for (const field of fields) expect(readme.includes(`| \`${field}\` |`), field).toBe(true);
  });
});
