import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Mutated, mutated, waysToPost } from './mutated/requests.ts';
import { slow } from './slow.ts';
import { endWhatWasStarted, type Started, start } from './started.ts';

/*
 * Bodies that are nearly right, at the process as it is started, over real sockets: each may be answered or refused, and
 * none is the service's fault. A request is made from a seed, which is said where it fails; MUTATED_FROM begins at another.
 */
const BODIES = 100_000;
/** Each is a test of its own, so that it has its time on a slow machine too. */
const PORTIONS = 5;
const FROM = Number(process.env['MUTATED_FROM'] ?? 1);
const AT_A_TIME = 16;
/** Work is bounded, so that nothing that is answered takes long. */
const SETTINGS = { MAX_WORK: '20000000', MAX_REPLY_NUMBERS: '200000', MAX_BODY_BYTES: '1000000' };

const ways = waysToPost(JSON.parse(readFileSync('openapi/openapi.json', 'utf8')));
const agent = new Agent({ connections: AT_A_TIME, pipelining: 1 });

endWhatWasStarted(afterAll);
afterAll(() => agent.close());

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

async function send(url: string, { path, headers, body }: Mutated): Promise<Reply> {
  const { statusCode, headers: said, body: reply } = await request(`${url}${path}`, { method: 'POST', headers, body, dispatcher: agent });
  return { status: statusCode, type: `${said['content-type']}`, text: await reply.text() };
}

/** What is wrong with a reply; undefined where nothing is. */
function faultOf({ status, type, text }: Reply, path: string): string | undefined {
  if (status >= 500) return `a ${status}`;
  if (status >= 400) {
    const said = JSON.parse(text);
    const isRefusal = path.startsWith('/v2') ? typeof said.error === 'string' : said.status === status;
    return isRefusal ? undefined : 'a refusal that does not say what it is';
  }
  if (type.startsWith('application/x-ndjson')) return text.split('\n').find((line) => line !== '' && JSON.parse(line).status >= 500);
  if (type.startsWith('application/json')) JSON.parse(text);
  return undefined;
}

describe('bodies that are nearly right', () => {
  let service: Started;
  let url: string;
  beforeAll(async () => {
    service = start(SETTINGS);
    ({ url } = await service.listening);
  });

  async function ask(from: number, most: number): Promise<void> {
    const seen: Record<string, number> = {};
    let seed = from;
    let bodies = 0;
    const client = async () => {
      while (bodies < most) {
        const mine = seed++;
        const asked = mutated(mine, ways);
        bodies += asked.count;
        const reply = await send(url, asked);
        const where = `${asked.path} ${asked.headers['content-type']}`;
        const fault = faultOf(reply, asked.path);
        if (fault !== undefined) throw new Error(`seed ${mine}, ${where}: ${fault}\n${asked.body.toString('latin1')}\n${reply.text}`);
        seen[`${where} ${reply.status}`] = (seen[`${where} ${reply.status}`] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, client));
    process.stdout.write(`${bodies} bodies by the seeds ${from} to ${seed - 1}: ${JSON.stringify(seen)}\n`);
    // Every type of every route had its share, and some that were answered.
    for (const { path, type } of ways) expect(seen[`${path} ${type} 200`] ?? 0, `${path} ${type}`).toBeGreaterThan(0);
    expect(service.process.exitCode).toBeNull();
    expect(service.output).not.toMatch(/"level":(50|60)/);
  }

  test('make no 5xx, by the thousand', () => ask(FROM, 2000));

  for (let portion = 1; portion <= PORTIONS; portion++) {
    const from = FROM + (portion * BODIES) / PORTIONS;
    slow(`make no 5xx, by the hundred thousand: from the seed ${from} on`, () => ask(from, BODIES / PORTIONS));
  }
});
