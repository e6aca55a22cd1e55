import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { type Kind, kinds } from './kinds.ts';
import type { Cost } from './model.ts';

const ROUNDS = 3;
const SECONDS = 3;
/** The clock of /proc: ticks a second, on every Linux. */
const TICKS = 100;

/** Measures each kind against the real process: on one core with one compute thread, the load on the other core. Linux only. */
export async function measure(): Promise<Cost[]> {
  execFileSync('taskset', ['-apc', '1', `${process.pid}`]);
  const server = spawn('taskset', ['-c', '0', process.execPath, 'src/main.ts'], {
    env: { PATH: process.env['PATH'], PORT: '0', THREADS: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const url = await new Promise<string>((resolve, reject) => {
      server.once('close', () => reject(new Error('the service ended before it listened')));
      server.stdout.on('data', (chunk) => {
        const found = /listening at (http:\/\/[\d.:]+)/.exec(String(chunk))?.[1];
        if (found) resolve(found);
      });
    });
    const costs: Cost[] = [];
    for (const kind of kinds()) costs.push(await cost(url, server.pid ?? 0, kind));
    return costs;
  } finally {
    server.kill('SIGKILL');
  }
}

/** The median round: what a request costs the event loop's thread and all others, and how many a second were answered. */
async function cost(url: string, pid: number, kind: Kind): Promise<Cost> {
  await load(url, kind);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = usage(pid);
    const { answered, bytes, seconds } = await load(url, kind);
    const after = usage(pid);
    const each = (ticks: number) => significant((ticks * 1000) / TICKS / answered);
    rounds.push({
      perSecond: significant(answered / seconds),
      loopMs: each(after.loop - before.loop),
      threadMs: each(after.others - before.others),
      replyBytes: Math.round(bytes / answered),
    });
  }
  rounds.sort((a, b) => a.perSecond - b.perSecond);
  const median = rounds[(ROUNDS - 1) / 2];
  if (!median) throw new Error('no round was measured');
  return { name: kind.name, what: kind.what, requestBytes: kind.body.length, ...median };
}

/** Asks on every connection again and again; anything but a 200 is no figure. */
async function load(url: string, { path, headers, body, connections }: Kind): Promise<{ answered: number; bytes: number; seconds: number }> {
  const pool = new Pool(url, { connections });
  const start = performance.now();
  let answered = 0;
  let bytes = 0;
  const ask = async () => {
    while (performance.now() - start < SECONDS * 1000) {
      const reply = await pool.request({ path, method: 'POST', headers, body });
      bytes += (await reply.body.arrayBuffer()).byteLength;
      if (reply.statusCode !== 200) throw new Error(`${path} answered ${reply.statusCode}`);
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, ask));
  const seconds = (performance.now() - start) / 1000;
  await pool.close();
  return { answered, bytes, seconds };
}

/** Ticks that the process has used: its main thread's, which is the event loop, and those of all others together. */
function usage(pid: number): { loop: number; others: number } {
  let loop = 0;
  let others = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    // After the name in brackets: state is field 3, utime and stime are fields 14 and 15 (man 5 proc).
    const fields = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const ticks = Number(fields[11]) + Number(fields[12]);
    if (Number(thread) === pid) loop += ticks;
    else others += ticks;
  }
  return { loop, others };
}

function significant(value: number): number {
  return Number(value.toPrecision(3));
}
