import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fetch } from 'undici';

/*
 * Asks the service of another commit and the service of this checkout the same questions, and compares the replies byte
 * for byte: every request example of that commit's OpenAPI document, and every curl of its README.
 *
 *     node scripts/compare-answers.ts <commit>
 *
 * A result (status 200) must be the same. A refusal whose words differ is printed, to be read, and is no failure.
 */

const run = promisify(execFile);
const here = new URL('..', import.meta.url).pathname;
const [commit] = process.argv.slice(2);
if (commit === undefined) throw new Error('usage: node scripts/compare-answers.ts <commit>');

/** One question to both services: a curl of the README, or a request example. */
interface Asked {
  readonly what: string;
  ask(port: number): Promise<Reply>;
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

const folder = mkdtempSync(join(tmpdir(), 'compare-answers-'));
const other = join(folder, 'checkout');
try {
  await run('git', ['clone', '-q', here, other]);
  await run('git', ['-C', other, 'checkout', '-q', commit]);
  symlinkSync(join(here, 'node_modules'), join(other, 'node_modules'));
  const services = [await start(other), await start(here)] as const;
  try {
    process.exitCode = (await compare(services[0].port, services[1].port)) ? 0 : 1;
  } finally {
    for (const { stop } of services) stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compare(before: number, now: number): Promise<boolean> {
  const counts = { same: 0, otherWords: 0, different: 0 };
  for (const { what, ask } of [...examples(), ...curls()]) {
    const [old, fresh] = [await ask(before), await ask(now)];
    if (old.status === fresh.status && old.text === fresh.text) {
      counts.same++;
      continue;
    }
    const isRefusal = old.status !== 200 && fresh.status === old.status;
    if (isRefusal) counts.otherWords++;
    else counts.different++;
    process.stdout.write(`${isRefusal ? 'other words' : 'DIFFERENT'}: ${what}\n  ${old.status} ${old.text}\n  ${fresh.status} ${fresh.text}\n`);
  }
  process.stdout.write(`${counts.same} replies are the same, ${counts.otherWords} refusals in other words, ${counts.different} differ\n`);
  return counts.different === 0;
}

/** Every request example of the other commit's document, each as the media type that it stands under. */
function examples(): Asked[] {
  const document = JSON.parse(readFileSync(join(other, 'openapi/openapi.json'), 'utf8'));
  const paths = Object.entries<Record<string, Operation>>(document.paths);
  return paths.flatMap(([path, { post }]) =>
    Object.entries(post?.requestBody?.content ?? {}).flatMap(([type, { examples: named = {} }]) =>
      Object.entries(named).map(([name, { value }]) => ({
        what: `${path} ${type} ${name}`,
        async ask(port: number) {
          const body = typeof value === 'string' ? value : JSON.stringify(value);
          const reply = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers: { 'content-type': type }, body });
          return { status: reply.status, text: await reply.text() };
        },
      })),
    ),
  );
}

interface Operation {
  readonly requestBody?: { readonly content: Record<string, { readonly examples?: Record<string, { readonly value: unknown }> }> };
}

/** Every curl of the other commit's README that asks for JSON. */
function curls(): Asked[] {
  const readme = readFileSync(join(other, 'README.md'), 'utf8');
  const shown = [...readme.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((session) => {
        const lines = session.split('\n');
        return lines.slice(0, lines.findIndex((line) => !line.endsWith('\\')) + 1).join('\n');
      }),
  );
  const inTable = [...readme.matchAll(/^\|.*`(curl [^`]*)` \|$/gm)].map(([, command = '']) => command);
  return [...shown, ...inTable]
    .filter((command) => !/accept: (?:text|image)/.test(command))
    .map((command) => ({
      what: command,
      async ask(port: number) {
        const asked = command.replaceAll('localhost:8080', `127.0.0.1:${port}`).replace(/^curl (?!-sS)/, 'curl -sS ');
        const { stdout } = await run('bash', ['-c', asked]);
        return { status: 200, text: stdout };
      },
    }));
}

/** A service of that checkout, by the reference kernel, so that no measurement at start decides how its results are rounded. */
async function start(folder: string): Promise<{ port: number; stop: () => void }> {
  const env = { PATH: process.env['PATH'], PORT: '0', ENGINE: 'reference' };
  const child = spawn(process.execPath, ['src/main.ts'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('close', () => reject(new Error(`the service of ${folder} ended before it listened`)));
    child.stdout.on('data', (chunk) => {
      const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(String(chunk))?.[1];
      if (found) resolve(Number(found));
    });
  });
  return { port, stop: () => child.kill('SIGKILL') };
}
