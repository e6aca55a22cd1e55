import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import { afterEach, describe, expect } from 'vitest';
import { slow } from '../slow.ts';
import { type Balanced, balanced, type Replica } from './replicas.ts';

const SMALL = '{"tokens":[[0.2,0.1,0.5],[0.9,0.1,0.3],[0.4,0.8,0.2]],"query":2,"decimals":4}';
/** About 300 kB, and enough work for a thread that requests are always under way. */
const LARGE = JSON.stringify({
  tokens: Array.from({ length: 512 }, (_, i) => Array.from({ length: 64 }, (__, j) => Number(Math.sin(i * 64 + j).toFixed(6)))),
  query: [0, 511],
  include: ['context'],
});

let running: Balanced | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

describe('the load balancer before replicas', () => {
  slow('one replica killed and one drained in mid-load: no request fails, and the draining one is left alone', async () => {
    running = await balanced(3, { DRAIN_MS: '12000' });
    const { url, replicas } = running;
    const [killed, drained] = replicas;
    if (!killed || !drained) throw new Error('three replicas were asked for');
    const load = keepAsking(url);
    await expect.poll(() => Math.min(...replicas.map((one) => one.answered()))).toBeGreaterThan(20);
    killed.process.kill('SIGKILL');
    await expect.poll(async () => Number((await running?.counted())?.['wretr'])).toBeGreaterThan(0);
    const exited = once(drained.process, 'exit');
    drained.process.kill('SIGTERM');
    await leftAlone(drained.answered);
    // What is left is to wait for its end, for which the others need no cores.
    load.ease();
    expect(drained.process.exitCode).toBeNull();
    const [code] = await exited;
    const { good, bad } = await load.stop();
    expect(bad).toEqual([]);
    expect(good).toBeGreaterThan(100);
    expect(code).toBe(0);
  });

  slow('requests that wait in a replica that closes are asked of another: no client sees its 503 shutting-down', async () => {
    running = await balanced(2, { ENGINE: 'reference', DRAIN_MS: '0', REQUEST_TIMEOUT_MS: '600000' });
    const { url, replicas, counted } = running;
    const [closing] = replicas;
    if (!closing) throw new Error('two replicas were asked for');
    // Half a second for the reference, where one that is begun has five, and short enough for a buffer: of three, two wait.
    const tokens = Array.from({ length: 2000 }, (_, i) => [(i % 7) / 7, (i % 11) / 11]);
    const asked = Array.from({ length: 6 }, () => ask(url, JSON.stringify({ tokens, include: ['lse'] })));
    await expect.poll(() => gauge(closing, 'attention_queue_length')).toBeGreaterThan(0);
    closing.process.kill('SIGTERM');
    for (const got of await Promise.all(asked)) expect(got.slice(0, 200)).toMatch(/^200 /);
    const { wredis, hrsp_5xx } = await counted();
    expect([Number(wredis) > 0, hrsp_5xx]).toEqual([true, '0']);
  });

  slow('a stream of lines is not held back: its client may read while it writes', async () => {
    running = await balanced(1, {});
    const socket = connect(Number(new URL(running.url).port), '127.0.0.1');
    let read = '';
    socket.on('data', (chunk) => {
      read += chunk;
    });
    socket.write('POST /attention HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n');
    for (const n of [1, 2]) {
      const line = `{"tokens":[[${n}]],"decimals":2}\n`;
      socket.write(`${line.length.toString(16)}\r\n${line}\r\n`);
      await expect.poll(() => read).toContain(`"scores":[[${n * n}]]`);
    }
    socket.destroy();
  });

  slow('a request too large for a buffer is not sent again where its replica breaks off: 502, as problem+json', async () => {
    // The reference takes seconds for this one, so that it is under way when its replica goes.
    running = await balanced(2, { ENGINE: 'reference' });
    const { url, replicas } = running;
    const tokens = Array.from({ length: 6144 }, (_, i) => Array.from({ length: 64 }, (__, j) => Number(Math.sin(i * 64 + j).toFixed(6))));
    const body = JSON.stringify({ tokens, include: ['lse'] });
    expect(body.length).toBeGreaterThan(2 * 524_288);
    const reply = request(`${url}/attention`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    // It has its connection by then, and seconds to compute.
    const busy = () => Promise.all(replicas.map((one) => gauge(one, 'attention_threads_busy')));
    await expect.poll(async () => Math.max(...(await busy()))).toBe(1);
    for (const one of replicas) one.process.kill('SIGKILL');
    const { statusCode, headers, body: said } = await reply;
    expect([statusCode, headers['content-type']]).toEqual([502, 'application/problem+json']);
    expect(JSON.parse(await said.text()).title).toContain('too large to be sent again');
  });

  slow('a replica that is full says when to ask again, and the others are not asked too', async () => {
    running = await balanced(2, { MAX_PENDING_BYTES: '700000' });
    const { url, replicas, counted } = running;
    // A body that arrives takes part in what all may hold, so one that does not come to its end keeps a replica full.
    const head = `POST /attention HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n${' '.repeat(1000)}`;
    const uploads = replicas.map(({ address, port }) => connect(port, address));
    for (const upload of uploads) upload.on('error', () => undefined).write(head);
    const body = `${SMALL}${' '.repeat(100_000 - SMALL.length)}`;
    const asked = async () => {
      const reply = await request(`${url}/attention`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      return { status: reply.statusCode, after: Number(reply.headers['retry-after']), type: JSON.parse(await reply.body.text()).type };
    };
    await expect.poll(async () => (await asked()).status).toBe(429);
    for (let times = 0; times < 10; times++) {
      const { status, after, type } = await asked();
      expect([status, type]).toEqual([429, '/problems/too-many-requests']);
      expect(after).toBeGreaterThanOrEqual(1);
    }
    expect(await counted()).toMatchObject({ wretr: '0', wredis: '0' });
    for (const upload of uploads) upload.destroy();
    await expect.poll(async () => (await asked()).status).toBe(200);
  });

  slow('with no replica ready it says so, as problem+json, and when to come again', async () => {
    running = await balanced(1, { DRAIN_MS: '60000' });
    running.replicas[0]?.process.kill('SIGTERM');
    const asked = async () => {
      const reply = await request(`${running?.url}/attention`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: SMALL });
      return { status: reply.statusCode, type: reply.headers['content-type'], after: reply.headers['retry-after'], body: await reply.body.text() };
    };
    await expect.poll(async () => (await asked()).status).toBe(503);
    const { type, after, body } = await asked();
    expect([type, after, JSON.parse(body).title]).toEqual(['application/problem+json', '1', 'No replica is ready']);
  });
});

/** What a replica says of itself now. */
async function gauge({ address, port }: Replica, name: string): Promise<number> {
  const { body } = await request(`http://${address}:${port}/metrics`);
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await body.text())?.[1]);
}

/** Twelve clients that ask again as soon as they are answered, or after a pause once they are eased; what is not the right answer is kept. */
function keepAsking(url: string): { ease(): void; stop(): Promise<{ good: number; bad: string[] }> } {
  let asking = true;
  let pauseMs = 0;
  let good = 0;
  const bad: string[] = [];
  const expected = new Map<string, string>();
  const client = async (body: string) => {
    while (asking) {
      const got = await ask(url, body);
      const wanted = expected.get(body) ?? got;
      expected.set(body, wanted);
      if (got.startsWith('200 ') && got === wanted) good += 1;
      else bad.push(got.slice(0, 300));
      if (pauseMs > 0) await wait(pauseMs);
    }
  };
  const clients = Array.from({ length: 12 }, (_, index) => client(index % 3 === 0 ? LARGE : SMALL));
  return {
    ease: () => {
      pauseMs = 200;
    },
    stop: async () => {
      asking = false;
      await Promise.all(clients);
      return { good, bad };
    },
  };
}

async function ask(url: string, body: string): Promise<string> {
  try {
    const reply = await request(`${url}/attention`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return `${reply.statusCode} ${await reply.body.text()}`;
  } catch (error) {
    return String(error);
  }
}

/** Waits until a whole second passes in which it answers nothing, while the load goes on. */
async function leftAlone(answered: () => number): Promise<void> {
  let before = -1;
  await expect
    .poll(
      () => {
        const now = answered();
        const idle = now === before;
        before = now;
        return idle;
      },
      { interval: 1000, timeout: 11_000 },
    )
    .toBe(true);
}
