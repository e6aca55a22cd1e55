import autocannon from 'autocannon';
import type { ServerProcess } from './server-process.ts';

/** One address under load: which server, what is sent, and by how many connections at a time. */
export interface Target {
  readonly name: string;
  readonly server: ServerProcess;
  readonly path: string;
  /** Sent in turn. */
  readonly bodies: readonly string[];
  readonly connections: number;
}

/** How long a round lasts: seconds, or a number of requests. */
export type Extent = { readonly seconds: number } | { readonly requests: number };

/** What one round showed. */
export interface Round {
  readonly requests: number;
  readonly seconds: number;
  /** CPU time that the server took, per request. */
  readonly cpuMicros: number;
  /** The share of one core that the server kept busy: well below 1, the load and not the server was the limit. */
  readonly busy: number;
}

/** One POST after the other on each connection. Anything but a 2xx is a fault of the bench, not a figure. */
export async function runRound({ name, server, path, bodies, connections }: Target, extent: Extent): Promise<Round> {
  const before = await server.usage();
  const result = await autocannon({
    url: server.origin + path,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    requests: bodies.map((body) => ({ body })),
    connections,
    pipelining: 1,
    timeout: 30,
    ...('seconds' in extent ? { duration: extent.seconds } : { amount: extent.requests }),
  });
  const after = await server.usage();
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${name}: ${result.non2xx} replies were not 2xx, ${result.errors} errors`);
  const seconds = (result.finish.getTime() - result.start.getTime()) / 1000;
  const requests = result['2xx'];
  const cpuMicros = after.cpuMicros - before.cpuMicros;
  return { requests, seconds, cpuMicros: cpuMicros / requests, busy: cpuMicros / 1e6 / seconds };
}

/** How targets are held against each other. */
export interface Plan {
  /** Requests to each target before the first round: until the compiler has settled. */
  readonly warmUp: number;
  readonly rounds: number;
  readonly seconds: number;
}

/** Rounds of A B C A B C …, so that what else the machine does falls on all alike; for each target, its rounds. */
export async function alternate(targets: readonly Target[], { warmUp, rounds, seconds }: Plan): Promise<Round[][]> {
  const stayAwake = neverSleep();
  try {
    for (const target of targets) await runRound(target, { requests: warmUp });
    const seen: Round[][] = targets.map(() => []);
    for (let r = 0; r < rounds; r++) {
      for (const [t, target] of targets.entries()) seen[t]?.push(await runRound(target, { seconds }));
    }
    return seen;
  } finally {
    stayAwake.stop();
  }
}

/**
 * Keeps this process looking for events instead of waiting for them. A reply to a process that sleeps on the same
 * machine must wake it, and that is charged to the server's write, where a client elsewhere would cost it nothing: here
 * it doubled the write, for the slower server only, since the load never sleeps while the server is the faster one.
 */
function neverSleep(): { stop: () => void } {
  let awake = true;
  const turn = (): void => {
    if (awake) setImmediate(turn);
  };
  turn();
  return {
    stop: () => {
      awake = false;
    },
  };
}

/** Asks once, and refuses to measure what answers something else. */
export async function expectReply({ name, server, path, bodies }: Target, expected: string | RegExp): Promise<void> {
  const response = await fetch(server.origin + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: bodies[0] ?? '' });
  const text = await response.text();
  const fits = typeof expected === 'string' ? text === expected : expected.test(text);
  if (response.status !== 200 || !fits) throw new Error(`${name} answers ${response.status} ${text.slice(0, 500)}`);
}
