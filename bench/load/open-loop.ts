import { Agent, request } from 'node:http';

/** One kind of request. */
export interface Shot {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What came of the requests of a round. */
export interface Seen {
  readonly statuses: Readonly<Record<string, number>>;
  /** Milliseconds of each that was answered with 200, sorted; where a rate was kept, from the instant at which it was due. */
  readonly served: readonly number[];
  /** Answers with 200 that came while requests were sent, a second. */
  readonly goodput: number;
  /** Requests that were due and not sent, since UNDER_WAY were under way. */
  readonly unsent: number;
}

/** So many requests are under way at most. */
const UNDER_WAY = 400;

/** How much is sent: so many at a time, each after the one before, or so many a second, whatever comes back. */
export type Rate = { readonly atATime: number } | { readonly aSecond: number };

/** Sends requests for some seconds, and waits for all replies. */
export async function fire(origin: string, shot: Shot, rate: Rate, seconds: number): Promise<Seen> {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const statuses: Record<string, number> = {};
  const served: number[] = [];
  const began = performance.now();
  let inTime = 0;
  const over = (): boolean => performance.now() - began >= seconds * 1000;
  const one = async (due: number): Promise<void> => {
    const status = await send(origin, shot, agent);
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (status !== '200') return;
    served.push(performance.now() - due);
    if (!over()) inTime++;
  };
  let unsent = 0;
  if ('atATime' in rate)
    await Promise.all(
      Array.from({ length: rate.atATime }, async () => {
        while (!over()) await one(performance.now());
      }),
    );
  else unsent = await atRate(rate.aSecond, over, one);
  agent.destroy();
  return { statuses, served: served.toSorted((a, b) => a - b), goodput: inTime / seconds, unsent };
}

/** Sends each request at its instant, or never. */
async function atRate(aSecond: number, over: () => boolean, one: (due: number) => Promise<void>): Promise<number> {
  const under = new Set<Promise<void>>();
  const began = performance.now();
  let unsent = 0;
  for (let next = 0; !over(); ) {
    for (; next < ((performance.now() - began) / 1000) * aSecond; next++) {
      if (under.size >= UNDER_WAY) {
        unsent++;
        continue;
      }
      const asked = one(began + (1000 * next) / aSecond).finally(() => under.delete(asked));
      under.add(asked);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(under);
  return unsent;
}

/** The status of the reply, or the code of what went wrong. */
function send(origin: string, { path, headers, body }: Shot, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const asked = request(`${origin}${path}`, { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } }, (reply) => {
      reply.on('end', () => resolve(`${reply.statusCode}`)).on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      reply.resume();
    });
    asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.end(body);
  });
}

/** The value below which this share of the sorted values is. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
