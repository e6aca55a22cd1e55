import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { request } from 'undici';
import { COMPILED } from '../compiled.ts';
import { nameServer } from './name-server.ts';

/** A real process of the service, on an address of its own. */
export interface Replica {
  readonly process: ChildProcess;
  readonly address: string;
  readonly port: number;
  /** How many requests to /attention it has logged as answered. */
  answered(): number;
}

export interface Balanced {
  readonly url: string;
  readonly replicas: readonly Replica[];
  /** What HAProxy counted in its backend, by the names of its CSV: `wretr` requests sent again, `wredis` to another replica. */
  counted(): Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
}

/**
 * `count` replicas on one port of 127.0.0.1, 127.0.0.2, …, and the committed deploy/balancer/haproxy.cfg before them, which finds
 * them by name, as in docker-compose.yml.
 */
export async function balanced(count: number, settings: Readonly<Record<string, string>>): Promise<Balanced> {
  const addresses = Array.from({ length: count }, (_, index) => `127.0.0.${index + 1}`);
  const [port, listen, counters] = await Promise.all([freePort(), freePort(), freePort()]);
  const names = await nameServer(addresses);
  const replicas = addresses.map((address) => replica(address, port, settings));
  const proxy = balancer({
    LISTEN: `127.0.0.1:${listen}`,
    REPLICAS: `replicas:${port}`,
    DNS: `127.0.0.1:${names.port}`,
    COUNTERS: `127.0.0.1:${counters}`,
  });
  const stop = async () => {
    await Promise.all([proxy.process, ...replicas.map((one) => one.process)].map(end));
    names.close();
  };
  try {
    await Promise.race([everyReady(`http://127.0.0.1:${counters}`, count), proxy.ended]);
  } catch (error) {
    await stop();
    throw error;
  }
  const counted = async () => (await rows(`http://127.0.0.1:${counters}`)).find(({ svname }) => svname === 'BACKEND') ?? {};
  return { url: `http://127.0.0.1:${listen}`, replicas, counted, stop };
}

/** HAProxy with the committed file. The second file is the test's eye: it adds HAProxy's own counters, and changes nothing of the first. */
function balancer(environment: Readonly<Record<string, string>>): { process: ChildProcess; ended: Promise<never> } {
  const started = spawn('haproxy', ['-f', 'deploy/balancer/haproxy.cfg', '-f', 'test/deploy/counters.cfg', '-db'], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let words = '';
  started.stderr.on('data', (chunk) => {
    words += chunk;
  });
  const ended = once(started, 'close').then(() => Promise.reject(new Error(`haproxy ended: ${words}`)));
  ended.catch(() => {}); // it ends at the end of the test too, and nobody waits for it then
  return { process: started, ended };
}

function replica(address: string, port: number, settings: Readonly<Record<string, string>>): Replica {
  const started = spawn(process.execPath, ['src/main.ts'], {
    env: { PATH: process.env['PATH'], ...COMPILED, HOST: address, PORT: `${port}`, THREADS: '1', ENGINE: 'simd', LOG_LEVEL: 'debug', ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let answered = 0;
  started.stdout.on('data', (chunk) => {
    answered += String(chunk).split('"route":"/attention"').length - 1;
  });
  return { process: started, address, port, answered: () => answered };
}

async function everyReady(counters: string, count: number): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    const up = (await rows(counters)).filter(
      ({ svname, status, check_status }) => svname?.startsWith('replica') && status?.startsWith('UP') && check_status === 'L7OK',
    );
    if (up.length === count) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`HAProxy did not see ${count} replicas ready`);
}

/** HAProxy's statistics of its backend: a row a replica, and one for the whole. None while it starts. */
async function rows(counters: string): Promise<Readonly<Record<string, string>>[]> {
  const csv = await request(`${counters}/;csv`).then(
    ({ body }) => body.text(),
    () => '',
  );
  const [head = '', ...lines] = csv.split('\n');
  const names = head.replace('# ', '').split(',');
  const table = lines.map((line) => Object.fromEntries(line.split(',').map((cell, index) => [names[index] ?? '', cell])));
  return table.filter(({ pxname }) => pxname === 'attention');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
