import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Question, Usage } from '../servers/announce.ts';

const START_MS = 30_000;
const STOP_MS = 5000;

/** A server of the bench in a process of its own, on a free port of 127.0.0.1. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly origin: string;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.origin = `http://127.0.0.1:${port}`;
  }

  /** Starts `servers/<name>.ts`; `nodeOptions` come before it. What it logs is left out, what it complains of is shown. */
  static async start(name: string, nodeOptions: readonly string[] = []): Promise<ServerProcess> {
    const file = fileURLToPath(new URL(`../servers/${name}.ts`, import.meta.url));
    const child = spawn(process.execPath, [...nodeOptions, file], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const answer = await nextAnswer(child, name);
    if (answer.kind !== 'port') throw new Error(`${name} should say its port first`);
    return new ServerProcess(child, answer.port);
  }

  async usage(question: Question = 'usage'): Promise<Usage> {
    const next = nextAnswer(this.#child, 'the server');
    this.#child.send(question);
    const answer = await next;
    if (answer.kind !== 'usage') throw new Error('the server should say what it uses');
    return answer.usage;
  }

  /** Ends the process: it goes when its channel does, and is made to if it does not. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(timer);
  }
}

function nextAnswer(child: ChildProcess, name: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit);
    };
    const onMessage = (message: Answer): void => {
      settle();
      resolve(message);
    };
    const onExit = (code: number | null): void => {
      settle();
      reject(new Error(`${name} ended with ${code} instead of answering`));
    };
    const timer = setTimeout(() => {
      settle();
      child.kill('SIGKILL');
      reject(new Error(`${name} did not answer within ${START_MS} ms`));
    }, START_MS);
    child.on('message', onMessage).on('exit', onExit);
  });
}
