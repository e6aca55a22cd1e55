import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fire, quantile, type Shot } from './load/open-loop.ts';
import { ServiceProcess } from './load/process.ts';
import { largeRequest, SEED_REQUEST } from './load/requests.ts';
import { json, rows, tensors } from './load/shots.ts';
import { heading, table } from './report/markdown.ts';

/*
 * What the service gives at five times what it can. Each kind of request is sent by so many clients at a time first, by as many as get the most
 * answered; what is answered a second then is its best. Then it comes five times as often, each request at its instant, whatever comes back,
 * 400 at most under way. The two alternate, so that both see the same machine. Then small ones are sent while large ones run on every thread.
 * The service has core 0 and the load core 1 (`taskset`); with `--shared` both have all cores.
 * Its CPU time is what a busy machine disturbs least: at capacity, what is served a second is one core by what each took of it.
 */
const TRIAL_SECONDS = 3;
const CAPACITY_SECONDS = 8;
const OVERLOAD_SECONDS = 10;
const ROUNDS = 2;
const BESIDE_SECONDS = 15;
const TIMES = 5;
const AT_A_TIME = [4, 16];
/** By then the event loop's delays at the start are forgotten (load/event-loop.ts). */
const START_MS = 3500;
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

type Round = Awaited<ReturnType<typeof round>>;

/** Rounds of one kind as one: means of rates and times, all that was served, and sums of what came back. */
function together(rounds: readonly Round[]): Round {
  const mean = (of: (one: Round) => number) => rounds.reduce((sum, one) => sum + of(one), 0) / rounds.length;
  const statuses: Record<string, number> = {};
  for (const one of rounds) for (const [status, count] of Object.entries(one.statuses)) statuses[status] = (statuses[status] ?? 0) + count;
  return {
    statuses,
    served: rounds.flatMap(({ served }) => served).toSorted((a, b) => a - b),
    goodput: mean(({ goodput }) => goodput),
    unsent: rounds.reduce((sum, { unsent }) => sum + unsent, 0),
    loopMs: mean(({ loopMs }) => loopMs),
    othersMs: mean(({ othersMs }) => othersMs),
  };
}

console.log(heading(`At ${TIMES} times its capacity`, `node overload.ts${options.shared ? ' --shared' : ''}`));
console.log(`${where}\n`);
const taken: string[][] = [];
for (const [name, shot] of Object.entries(KINDS)) {
  if (!name.includes(options.only)) continue;
  await fire(target.origin, shot, { atATime: 4 }, TRIAL_SECONDS);
  let [most, atATime] = [0, 0];
  for (const tried of AT_A_TIME) {
    const { goodput } = await fire(target.origin, shot, { atATime: tried }, TRIAL_SECONDS);
    if (goodput > most) [most, atATime] = [goodput, tried];
  }
  const [bests, overs] = [[], []] as [Round[], Round[]];
  for (let r = 0; r < ROUNDS; r++) {
    const best = await round(shot, { atATime }, CAPACITY_SECONDS);
    bests.push(best);
    overs.push(await round(shot, { aSecond: TIMES * best.goodput }, OVERLOAD_SECONDS));
  }
  const best = together(bests);
  const over = together(overs);
  taken.push([
    name,
    best.goodput.toFixed(1),
    `${over.goodput.toFixed(1)} (${((100 * over.goodput) / best.goodput).toFixed(0)} %; ${overs.map(({ goodput }, r) => ((100 * goodput) / (bests[r]?.goodput ?? 0)).toFixed(0)).join(', ')})`,
    quantile(over.served, 0.5).toFixed(0),
    quantile(over.served, 0.99).toFixed(0),
    [...Object.entries(over.statuses).map(([status, count]) => `${status}: ${count}`), `unsent: ${over.unsent}`].join(', '),
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
const file = join(tmpdir(), `event-loop-${process.pid}.json`);
const watched = { NODE_OPTIONS: `--import=${new URL('./load/event-loop.ts', import.meta.url)}`, EVENT_LOOP_FILE: file };
const beside = servers.adopt(await ServiceProcess.start(watched, options.shared ? undefined : '0'), (started) => started.stop());
await setTimeout(START_MS);
const seen = await Promise.all([
  fire(beside.origin, sizes.small, { aSecond: 100 }, BESIDE_SECONDS),
  fire(beside.origin, sizes.middling, { aSecond: 5 }, BESIDE_SECONDS),
  fire(beside.origin, sizes.large, { atATime: 4 }, BESIDE_SECONDS),
]);
const late = JSON.parse(readFileSync(file, 'utf8')) as { readonly p50: number; readonly p99: number; readonly samples: number };
rmSync(file);
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
console.log(
  `The event loop came ${late.p50.toFixed(1)} ms late at the median and ${late.p99.toFixed(1)} ms at p99, looked at each millisecond (${late.samples} looks).\n`,
);
