import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type CpuSeconds, cpuSeconds } from './process.ts';

/** peer/asgi.py under uvicorn, one process on one core (Linux). */
export class PeerProcess {
  readonly #child: ChildProcess;
  readonly origin: string;

  private constructor(child: ChildProcess, origin: string) {
    this.#child = child;
    this.origin = origin;
  }

  /** @param python a Python with what peer/requirements.txt lists */
  static async start(python: string, core: string): Promise<PeerProcess> {
    const folder = fileURLToPath(new URL('../peer', import.meta.url));
    const words = ['-c', core, python, '-m', 'uvicorn', 'asgi:app', '--app-dir', folder, '--port', '0', '--no-access-log'];
    const child = spawn('taskset', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    const origin = await new Promise<string>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the peer ended before it listened: ${output}`)));
      child.stderr?.on('data', (chunk) => {
        output = `${output}${chunk}`.slice(-10_000);
        const found = /running on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
        if (found) resolve(found);
      });
    });
    return new PeerProcess(child, origin);
  }

  cpu(): CpuSeconds {
    return cpuSeconds(this.#child.pid ?? 0);
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGINT');
    await gone;
  }
}
