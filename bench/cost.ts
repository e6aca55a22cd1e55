import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SEED_REPLY, SEED_REQUEST } from './load/requests.ts';

/*
 * What the service costs: the memory of its idle process, and how long a client of one connection waits for the seed's
 * reply, one request after the other. Linux alone has /proc, where the memory is read.
 */
const IDLE_MS = 10_000;
const WARM_UP = 20_000;
const MEASURED = 20_000;

const port = await freePort();
const started = performance.now();
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const service = spawn(process.execPath, [main], {
  env: { ...process.env, PORT: `${port}`, LOG_LEVEL: 'warn' },
  stdio: ['ignore', 'ignore', 'inherit'],
});
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
while (!(await ask().catch(() => false))) await sleep(10);
const ready = performance.now() - started;
await sleep(IDLE_MS);
const idle = megabytes('VmRSS');
const cold = await timed(100);
for (let i = 0; i < WARM_UP; i++) await ask();
const warm = await timed(MEASURED);
console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}`);
console.log(`first reply ${ready.toFixed(0)} ms after the start; idle ${idle} MB, after ${WARM_UP + MEASURED} requests ${megabytes('VmRSS')} MB`);
console.log(`first 100 requests: median ${cold.median} ms, p99 ${cold.p99} ms; once warm: median ${warm.median} ms, p99 ${warm.p99} ms`);
agent.destroy();
service.kill();
await once(service, 'exit');

/** The milliseconds that each of `count` requests took. */
async function timed(count: number): Promise<{ median: string; p99: string }> {
  const took: number[] = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    await ask();
    took.push(performance.now() - begun);
  }
  took.sort((a, b) => a - b);
  const at = (share: number) => (took[Math.floor(share * (count - 1))] ?? Number.NaN).toFixed(3);
  return { median: at(0.5), p99: at(0.99) };
}

/** Asks once, and fails where the reply is another than the seed's. */
function ask(): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(SEED_REQUEST) };
    const asked = request({ host: '127.0.0.1', port, path: '/attention', method: 'POST', agent, headers }, (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (chunk: string) => {
        text += chunk;
      });
      reply.on('error', reject);
      reply.on('end', () => (text === SEED_REPLY ? resolve(true) : reject(new Error(`got ${text}`))));
    });
    asked.on('error', reject);
    asked.end(SEED_REQUEST);
  });
}

function megabytes(field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'));
  return Math.round(Number(line?.[1]) / 1024);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
