import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The service as it is started, with every setting at its default but these. Linux alone has /proc, where its memory is read. */
export class ServiceProcess {
  readonly #child: ChildProcess;
  readonly origin: string;

  private constructor(child: ChildProcess, origin: string) {
    this.#child = child;
    this.origin = origin;
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
    const env = { PATH: process.env['PATH'], PORT: '0', ...settings };
    const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    const origin = await new Promise<string>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the service ended before it listened: ${output}`)));
      child.stdout?.on('data', (chunk) => {
        output = `${output}${chunk}`.slice(-10_000);
        const found = /listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
        if (found) resolve(found);
      });
    });
    return new ServiceProcess(child, origin);
  }

  /** `VmRSS`, or `VmHWM`, the greatest so far, in MB. */
  megabytes(field: 'VmRSS' | 'VmHWM'): number {
    const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'));
    return Math.round((Number(line?.[1]) * 1024) / 1e6);
  }

  /** A metric without labels, as it is now. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.origin}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGINT');
    await gone;
  }
}
