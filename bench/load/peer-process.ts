import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type CpuSeconds, cpuSeconds, interrupt, listeningAt } from './process.ts';

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
    const origin = await listeningAt(child, child.stderr, /running on (http:\/\/127\.0\.0\.1:\d+)/, 'the peer');
    return new PeerProcess(child, origin);
  }

  cpu(): CpuSeconds {
    return cpuSeconds(this.#child.pid ?? 0);
  }

  stop(): Promise<void> {
    return interrupt(this.#child);
  }
}
