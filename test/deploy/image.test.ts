import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { afterEach, describe, expect } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { open, type RawConnection } from '../http/raw.ts';
import { slow } from '../slow.ts';
import { type Contained, startAsImage } from './image.ts';

const OVERLOAD_MS = 10_000;
/** What clients of large bodies may see besides a status: of a refused body, no more than 5 s are read (CONTRACT section 6), then the connection is cut. */
const CUT = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'];
const HEAD = 'POST /attention HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
const SEED = '{"tokens":[[0.2,0.1,0.5],[0.9,0.1,0.3],[0.4,0.8,0.2]],"query":2,"decimals":4}';
/** docs/OPERATIONS.md: the memory of a replica. */
const formula = (threads: number) => readConfig({}).MAX_PENDING_BYTES + 600e6 + 30e6 * Math.max(0, threads - 2);

let contained: Contained | undefined;
const agents: Agent[] = [];
/** Connections that only some of the clients share: a small request behind a large body on one connection is cut off with it. */
function connections(): Agent {
  const agent = new Agent({ connections: 200, pipelining: 1 });
  agents.push(agent);
  return agent;
}

afterEach(async () => {
  contained?.started.process.kill('SIGKILL');
  await contained?.started.ended;
  contained?.remove();
  await Promise.all(agents.splice(0).map((agent) => agent.destroy()));
});

/** 20 MB: 33,000 tokens of width 64. */
function largeBody(): Buffer {
  const row = `[${Array.from({ length: 64 }, (_, i) => Math.sin(i).toFixed(7)).join(',')}]`;
  return Buffer.from(`{"query":0,"include":["lse"],"tokens":[${Array(33_000).fill(row).join(',')}]}`);
}

/** The status, or the code of the error where there is none. */
async function ask(port: number, body: Buffer | string, dispatcher: Agent): Promise<number | string> {
  try {
    const reply = await request(`http://127.0.0.1:${port}/attention`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      dispatcher,
    });
    await reply.body.dump();
    return reply.statusCode;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

/** Connections that ask for 19 MB each and read nothing, or send 60 MB and never end. */
function hold(port: number): RawConnection[] {
  const wide = JSON.stringify({ tokens: Array.from({ length: 1100 }, (_, i) => [i % 7]), include: ['scores', 'weights'] });
  const unread = `${HEAD}content-length: ${wide.length}\r\n\r\n${wide}`;
  const upload = `${HEAD}content-length: 60000000\r\n\r\n${' '.repeat(100_000)}`;
  const held = [
    ...Array.from({ length: 60 }, () => open(port, unread)),
    open(port, unread.repeat(50)),
    ...Array.from({ length: 40 }, () => open(port, upload)),
  ];
  for (const { socket } of held) socket.pause();
  return held;
}

const told = (seen: ReadonlyMap<number | string, number>) => [...seen].map(([outcome, count]) => `${outcome} ${count} times`).join(', ');

/** The greatest resident set of a process so far, in bytes. */
function peak(pid: number): number {
  return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

describe.skipIf(process.platform !== 'linux')('the process as the image starts it', () => {
  slow('lives through large bodies and unread replies under the memory limit of docker-compose.yml', async () => {
    contained = startAsImage({ DRAIN_MS: '200' });
    const { started, limits, memory } = contained;
    process.stdout.write(`${limits.join('\n')}\n`);
    const { port } = await started.listening;
    const pid = started.process.pid ?? 0;
    const user = limits.some((limit) => limit.startsWith('user: 1000')) ? 1000 : process.getuid?.();
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(new RegExp(`^Uid:\\t${user}\\t[\\s\\S]*^CapEff:\\t0{16}$`, 'm'));
    const lives = () => started.process.exitCode === null && started.process.signalCode === null;

    const body = largeBody();
    const [large, small] = [new Map<number | string, number>(), new Map<number | string, number>()];
    const until = performance.now() + OVERLOAD_MS;
    const [ofLarge, ofSmall] = [connections(), connections()];
    const client = async (bytes: Buffer | string, seen: Map<number | string, number>, dispatcher: Agent) => {
      // On a busy machine the first answer to a large body may come later than that.
      while (performance.now() < until || (lives() && !(large.has(200) && large.has(429)))) {
        const outcome = await ask(port, bytes, dispatcher);
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
        if (outcome !== 200) await sleep(50);
      }
    };
    const held = hold(port);
    await Promise.all([
      ...Array.from({ length: 24 }, () => client(body, large, ofLarge)),
      client(SEED, small, ofSmall),
      client(SEED, small, ofSmall),
    ]);
    for (const { socket } of held) socket.destroy();

    // Ended by the system for its memory, it would have a signal.
    expect([started.process.exitCode, started.process.signalCode]).toEqual([null, null]);
    const most = peak(pid);
    const inGroup = contained.mostInGroup();
    const group = inGroup === undefined ? '' : `, ${Math.round(inGroup / 1e6)} MB in the group`;
    process.stdout.write(`large: ${told(large)}; small: ${told(small)}; at most ${Math.round(most / 1e6)} MB resident${group}\n`);
    expect(new Set(small.keys()).difference(new Set([200, 429, 503]))).toEqual(new Set());
    expect(new Set(large.keys()).difference(new Set<number | string>([200, 429, 503, ...CUT]))).toEqual(new Set());
    expect(large.get(200)).toBeGreaterThan(0);
    expect(large.get(429)).toBeGreaterThan(0);
    expect(most).toBeLessThan(formula(availableParallelism()));
    expect(most).toBeLessThan(memory);
    await expect.poll(() => ask(port, body, ofLarge), { timeout: 60_000 }).toBe(200);
    expect(started.output).not.toMatch(/"level":(50|60)/);
    started.process.kill('SIGTERM');
    expect(await started.ended).toBe(0);
  });
});
