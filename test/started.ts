import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach } from 'vitest';
import { COMPILED } from './compiled.ts';

/** The real process: what it printed so far, and how it ends. */
export interface Started {
  readonly process: ChildProcess;
  readonly output: string;
  readonly errors: string;
  /** Where it listens, once it does; fails where it ends before. */
  readonly listening: Promise<{ url: string; port: number }>;
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>;
}

const running = new Set<ChildProcess>();

/** Starts `src/main.ts` with these settings, one thread where they do not say how many, and with Node's own options where a test needs them. */
export function start(settings: Record<string, string> = {}, nodeOptions: readonly string[] = []): Started {
  return startProgram(process.execPath, [...nodeOptions, 'src/main.ts'], {
    env: { PORT: '0', THREADS: '1', ...COMPILED, ...settings },
  });
}

/** Starts the service by any command that becomes its process, or has it as the only one that holds its output open. */
export function startProgram(program: string, words: readonly string[], { env, cwd = '.' }: { env: Record<string, string>; cwd?: string }): Started {
  const child = spawn(program, words, { cwd, env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  let errors = '';
  const { promise, resolve, reject } = Promise.withResolvers<{ url: string; port: number }>();
  promise.catch(() => undefined);
  const lookForPort = () => {
    const port = /listening at http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1];
    if (!port) return;
    // To look through all of a long log at each of its lines takes longer than the test.
    child.stdout?.off('data', lookForPort);
    resolve({ url: `http://127.0.0.1:${port}`, port: Number(port) });
  };
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stdout?.on('data', lookForPort);
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    reject(new Error(`the process ended before it listened: ${output}${errors}`));
    return code as number | null;
  });
  return {
    process: child,
    get output() {
      return output;
    },
    get errors() {
      return errors;
    },
    listening: promise,
    ended,
  };
}

/** Ends what the tests of a file have started and not ended. */
export function endWhatWasStarted(after: (end: () => void) => void = afterEach): void {
  after(() => {
    for (const child of running) child.kill('SIGKILL');
  });
}
