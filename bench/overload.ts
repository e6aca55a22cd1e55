import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { fire, quantile, type Shot } from './load/open-loop.ts';
import { ServiceProcess } from './load/process.ts';
import { largeRequest, SEED_REQUEST } from './load/requests.ts';
import { json, rows, tensors } from './load/shots.ts';
import { heading, table } from './report/markdown.ts';

/*
 * What the service gives at five times what it can. Each kind of request is sent by so many clients at a time first; the
 * most that was answered a second is its best. Then it comes five times as often, each request at its instant, whatever comes back,
 * 400 at most under way. Then small ones are sent while large ones run on every thread.
 * The service has core 0 and the load core 1 (`taskset`); with `--shared` both have all cores.
 * Its CPU time is what a busy machine disturbs least: at capacity, what is served a second is one core by what each took of it.
 */
const CAPACITY_SECONDS = 5;
const OVERLOAD_SECONDS = 15;
const TIMES = 5;
const AT_A_TIME = [4, 16];
/** 4.6 · 10⁹ multiply-adds. */
const LARGE = JSON.stringify({ tokens: rows(6000, 64), include: ['lse'] });
const KINDS: Readonly<Record<string, Shot>> = {
  '1024 × 64, 0.8 MB of JSON': json(largeRequest(1)),
  'all queries of 256 × 32, 1.5 MB of reply': json(JSON.stringify({ tokens: rows(256, 32) })),
  'v2, 512 × 64 × 8 heads, 3 MB of bytes': tensors(8, 512, 64),
};

const { values: options } = parseArgs({ options: { shared: { type: 'boolean', default: false }, only: { type: 'string', default: '' } } });
const where = options.shared ? 'service and load on all cores' : 'service on core 0, load on core 1 (taskset)';
if (!options.shared) execFileSync('taskset', ['-apc', '1', `${process.pid}`]);

await using servers = new AsyncDisposableStack();
const target = servers.adopt(await ServiceProcess.start({}, options.shared ? undefined : '0'), (started) => started.stop());

/** Fires, and tells what each answer with 200 cost the service, in milliseconds of CPU time. */
async function round(shot: Shot, rate: Parameters<typeof fire>[2], seconds: number) {
  const before = target.cpu();
  const seen = await fire(target.origin, shot, rate, seconds);
  const after = target.cpu();
  const each = (spent: number) => (1000 * spent) / seen.served.length;
  return { ...seen, loopMs: each(after.loop - before.loop), othersMs: each(after.others - before.others) };
}

console.log(heading(`At ${TIMES} times its capacity`, `node overload.ts${options.shared ? ' --shared' : ''}`));
console.log(`${where}\n`);
const taken: string[][] = [];
for (const [name, shot] of Object.entries(KINDS)) {
  if (!name.includes(options.only)) continue;
  await fire(target.origin, shot, { atATime: 4 }, CAPACITY_SECONDS);
  const rounds = [];
  for (const atATime of AT_A_TIME) rounds.push(await round(shot, { atATime }, CAPACITY_SECONDS));
  const best = rounds.reduce((one, other) => (other.goodput > one.goodput ? other : one));
  const over = await round(shot, { aSecond: TIMES * best.goodput }, OVERLOAD_SECONDS);
  const statuses = Object.entries(over.statuses).map(([status, count]) => `${status}: ${count}`);
  taken.push([
    name,
    best.goodput.toFixed(1),
    `${over.goodput.toFixed(1)} (${((100 * over.goodput) / best.goodput).toFixed(0)} %)`,
    quantile(over.served, 0.5).toFixed(0),
    quantile(over.served, 0.99).toFixed(0),
    [...statuses, `unsent: ${over.unsent}`].join(', '),
    `${best.loopMs.toFixed(1)} + ${best.othersMs.toFixed(1)}`,
    `${over.loopMs.toFixed(1)} + ${over.othersMs.toFixed(1)}`,
    `${target.megabytes('VmHWM')}`,
  ]);
}
console.log(
  table(
    [
      'request',
      'best, a second',
      'served, a second',
      'median of these, ms',
      'p99, ms',
      'statuses',
      'CPU ms each at best: event loop + threads',
      'at overload',
      'greatest memory so far, MB',
    ],
    taken,
  ),
);

/*
 * While four large requests are always under way, each of which calls every thread to help, small ones come one after the other, and
 * so do middling ones, for which a thread has to become free.
 */
console.log(heading('Small requests while large ones run on every thread', `node overload.ts${options.shared ? ' --shared' : ''}`));
console.log(`${where}\n`);
const sizes = { small: json(SEED_REQUEST), middling: json(JSON.stringify({ tokens: rows(600, 64), include: ['lse'] })), large: json(LARGE) };
// From one look to the next.
await target.metric('nodejs_eventloop_lag_p99_seconds');
const seen = await Promise.all([
  fire(target.origin, sizes.small, { aSecond: 100 }, OVERLOAD_SECONDS),
  fire(target.origin, sizes.middling, { aSecond: 5 }, OVERLOAD_SECONDS),
  fire(target.origin, sizes.large, { atATime: 4 }, OVERLOAD_SECONDS),
]);
const lag = 1000 * (await target.metric('nodejs_eventloop_lag_p99_seconds'));
console.log(
  table(
    ['request', 'served, a second', 'median, ms', 'p99, ms', 'statuses'],
    Object.keys(sizes).map((name, i) => {
      const { served = [], goodput = 0, statuses = {} } = seen[i] ?? {};
      const said = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`);
      return [name, goodput.toFixed(1), quantile(served, 0.5).toFixed(2), quantile(served, 0.99).toFixed(2), said.join(', ')];
    }),
  ),
);
console.log(`The event loop came back after ${lag.toFixed(1)} ms at p99, 10 of which are the interval at which perf_hooks looks.\n`);
