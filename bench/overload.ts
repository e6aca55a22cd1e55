import { fire, quantile, type Shot } from './load/open-loop.ts';
import { ServiceProcess } from './load/process.ts';
import { largeRequest, SEED_REQUEST } from './load/requests.ts';
import { json, rows, tensors } from './load/shots.ts';
import { heading, table } from './report/markdown.ts';

/*
 * What the service gives at five times what it can: each kind of request is sent at its best rate first, then five times
 * as often, whatever comes back, 400 at most under way. Then small ones, one after the other, while large ones run on every thread. The load
 * shares the machine's cores with the service.
 */
const CAPACITY_SECONDS = 5;
const OVERLOAD_SECONDS = 10;
const TIMES = 5;
const KINDS: Readonly<Record<string, Shot>> = {
  '1024 × 64, 0.8 MB of JSON': json(largeRequest(1)),
  'all queries of 256 × 32, 1.5 MB of reply': json(JSON.stringify({ tokens: rows(256, 32) })),
  'v2, 512 × 64 × 8 heads, 3 MB of bytes': tensors(8, 512, 64),
};

await using servers = new AsyncDisposableStack();
const target = servers.adopt(await ServiceProcess.start(), (started) => started.stop());
console.log(heading(`At ${TIMES} times its capacity`, 'node overload.ts'));
const lines: string[][] = [];
for (const [name, shot] of Object.entries(KINDS)) {
  await fire(target.origin, shot, { atATime: 4 }, CAPACITY_SECONDS);
  const best = await fire(target.origin, shot, { atATime: 8 }, CAPACITY_SECONDS);
  const capacity = best.served.length / best.seconds;
  const over = await fire(target.origin, shot, { aSecond: TIMES * capacity }, OVERLOAD_SECONDS);
  const goodput = over.served.length / over.seconds;
  const statuses = Object.entries(over.statuses).map(([status, count]) => `${status}: ${count}`);
  lines.push([
    name,
    capacity.toFixed(0),
    `${goodput.toFixed(0)} (${((100 * goodput) / capacity).toFixed(0)} %)`,
    quantile(over.served, 0.99).toFixed(0),
    statuses.join(', '),
    `${target.megabytes('VmHWM')}`,
  ]);
}
console.log(table(['request', 'best, a second', 'served, a second', 'p99 of these, ms', 'statuses', 'greatest memory so far, MB'], lines));

console.log(heading('Small requests while large ones run on every thread', 'node overload.ts'));
const large = json(JSON.stringify({ tokens: rows(6000, 64), include: ['lse'] }));
// From one look to the next.
await target.metric('nodejs_eventloop_lag_p99_seconds');
const [small, large8] = await Promise.all([
  fire(target.origin, json(SEED_REQUEST), { atATime: 2 }, OVERLOAD_SECONDS),
  fire(target.origin, large, { atATime: 8 }, OVERLOAD_SECONDS),
]);
console.log(
  table(
    ['small, a second', 'median, ms', 'p99, ms', 'large, a second', 'event loop’s delay, p99, ms'],
    [
      [
        (small.served.length / small.seconds).toFixed(0),
        quantile(small.served, 0.5).toFixed(2),
        quantile(small.served, 0.99).toFixed(2),
        (large8.served.length / large8.seconds).toFixed(1),
        (1000 * (await target.metric('nodejs_eventloop_lag_p99_seconds'))).toFixed(1),
      ],
    ],
  ),
);
