import type { AddressInfo, Server } from 'node:net';

/** What the measuring process asks of a server's process. */
export type Question = 'usage' | 'collect-and-usage';

/** What a server's process has used so far. */
export interface Usage {
  /** CPU time of the whole process, its threads included, in microseconds. */
  readonly cpuMicros: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  /** The greatest resident set so far, in bytes. */
  readonly peakRss: number;
}

export type Answer = { readonly kind: 'port'; readonly port: number } | { readonly kind: 'usage'; readonly usage: Usage };

/** Tells the parent process where this server listens, answers its questions, and ends with it. */
export function announce(server: Server): void {
  process.on('message', (question: Question) => {
    if (question === 'collect-and-usage') collectGarbage();
    answer({ kind: 'usage', usage: usage() });
  });
  process.on('disconnect', () => process.exit());
  const { port } = server.address() as AddressInfo;
  answer({ kind: 'port', port });
}

function answer(message: Answer): void {
  if (!process.send) throw new Error('this server is started by a benchmark, with a channel to it');
  process.send(message);
}

/** Twice: what finalizers let go in the first pass goes in the second. */
function collectGarbage(): void {
  if (!globalThis.gc) throw new Error('to collect garbage on demand, node needs --expose-gc');
  globalThis.gc();
  globalThis.gc();
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { cpuMicros: user + system, rss, heapUsed, external, peakRss: process.resourceUsage().maxRSS * 1024 };
}
