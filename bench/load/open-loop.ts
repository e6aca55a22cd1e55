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
  /** Milliseconds of each that was answered with 200, sorted. */
  readonly served: readonly number[];
  readonly seconds: number;
}

/** So many requests are under way at most: what this process could not send by then is not sent. */
const UNDER_WAY = 400;

/** How much is sent: so many at a time, each after the one before, or so many a second, whatever comes back. */
export type Rate = { readonly atATime: number } | { readonly aSecond: number };

/** Sends requests for some seconds, and waits for all replies. */
export async function fire(origin: string, shot: Shot, rate: Rate, seconds: number): Promise<Seen> {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const statuses: Record<string, number> = {};
  const served: number[] = [];
  const began = performance.now();
  const over = (): boolean => performance.now() - began >= seconds * 1000;
  const one = async (): Promise<void> => {
    const from = performance.now();
    const status = await send(origin, shot, agent);
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (status === '200') served.push(performance.now() - from);
  };
  if ('atATime' in rate)
    await Promise.all(
      Array.from({ length: rate.atATime }, async () => {
        while (!over()) await one();
      }),
    );
  else await atRate(rate.aSecond, over, one);
  agent.destroy();
  return { statuses, served: served.toSorted((a, b) => a - b), seconds: (performance.now() - began) / 1000 };
}

async function atRate(aSecond: number, over: () => boolean, one: () => Promise<void>): Promise<void> {
  const under = new Set<Promise<void>>();
  const began = performance.now();
  for (let sent = 0; !over(); ) {
    for (; under.size < UNDER_WAY && sent < ((performance.now() - began) / 1000) * aSecond; sent++) {
      const asked = one().finally(() => under.delete(asked));
      under.add(asked);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(under);
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
