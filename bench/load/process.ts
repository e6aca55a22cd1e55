import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The clock of /proc: ticks a second, on every Linux. */
const TICKS = 100;

/** Seconds of CPU time: of the main thread, which is the event loop, and of all others together. */
export interface CpuSeconds {
  readonly loop: number;
  readonly others: number;
}

/**
 * The service as it is started, with every setting at its default but these, on the cores of this list of taskset's, or on all.
 * Linux alone has /proc, where its memory and its time are read.
 */
export class ServiceProcess {
  readonly #child: ChildProcess;
  readonly origin: string;

  private constructor(child: ChildProcess, origin: string) {
    this.#child = child;
    this.origin = origin;
  }

  static async start(settings: Readonly<Record<string, string>> = {}, cores?: string): Promise<ServiceProcess> {
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
    const env = { PATH: process.env['PATH'], PORT: '0', ...settings };
    const pin = cores === undefined ? [] : ['taskset', '-c', cores];
    const [program = '', ...words] = [...pin, process.execPath, main];
    const child = spawn(program, words, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const origin = await listeningAt(child, child.stdout, /listening at (http:\/\/127\.0\.0\.1:\d+)/, 'the service');
    return new ServiceProcess(child, origin);
  }

  /** `VmRSS`, or `VmHWM`, the greatest so far, in MB. */
  megabytes(field: 'VmRSS' | 'VmHWM'): number {
    const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'));
    return Math.round((Number(line?.[1]) * 1024) / 1e6);
  }

  cpu(): CpuSeconds {
    return cpuSeconds(this.#child.pid ?? 0);
  }

  /** A metric without labels, as it is now. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.origin}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  stop(): Promise<void> {
    return interrupt(this.#child);
  }
}

/** The address that a process prints once it listens: the pattern's first group. @throws Error where it ends before */
export function listeningAt(child: ChildProcess, printed: Readable | null, pattern: RegExp, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.once('exit', () => reject(new Error(`${name} ended before it listened: ${output}`)));
    printed?.on('data', (chunk) => {
      output = `${output}${chunk}`.slice(-10_000);
      const found = pattern.exec(output)?.[1];
      if (found) resolve(found);
    });
  });
}

/** Tells a process to end, and waits until it has. */
export async function interrupt(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGINT');
  await gone;
}

/** What a process and its threads have taken so far. */
export function cpuSeconds(pid: number): CpuSeconds {
  let [loop, others] = [0, 0];
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    // After the name in brackets: state is field 3, utime and stime are fields 14 and 15 (man 5 proc).
    const fields = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
    if (Number(thread) === pid) loop += seconds;
    else others += seconds;
  }
  return { loop, others };
}
