import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readConfig } from '../src/config.ts';
import { fire, type Shot } from './load/open-loop.ts';
import { ServiceProcess } from './load/process.ts';
import { largeRequest, SEED_REQUEST } from './load/requests.ts';
import { json, lines, rows, tensors } from './load/shots.ts';
import { curve } from './report/curve.ts';
import { heading, table } from './report/markdown.ts';

/*
 * Every kind of request at once, for minutes, above what the service can: what it answers, and how much memory it has.
 * Writes soak.csv, a row a look, and draws it as soak.svg.
 */

const LOOK_SECONDS = 5;
const PORTIONS = 10;
const { values: options } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const seconds = Number(options.minutes) * 60;
const shots: readonly Shot[] = [
  json(SEED_REQUEST),
  json(largeRequest(1)),
  json(JSON.stringify({ tokens: rows(256, 32) })),
  json(JSON.stringify({ tokens: rows(2000, 16), include: ['lse'] })),
  lines(SEED_REQUEST, 1000),
  tensors(8, 512, 64),
  json('{"tokens":[[1,2],[3]]}'),
];

await using servers = new AsyncDisposableStack();
const target = servers.adopt(await ServiceProcess.start(), (started) => started.stop());
const head = heading(`${options.minutes} minutes of everything at once`, `node soak.ts --minutes ${options.minutes}`);

const began = performance.now();
const minutesNow = () => (performance.now() - began) / 60_000;
const looks: { readonly minute: number; readonly resident: number; readonly held: number }[] = [];
const watching = watch();
const portions: string[][] = [];
for (let portion = 0; portion < PORTIONS; portion++) {
  const seen = await Promise.all(shots.map((shot) => fire(target.origin, shot, { atATime: 4 }, seconds / PORTIONS)));
  const counts: Record<string, number> = {};
  for (const { statuses } of seen) for (const [status, count] of Object.entries(statuses)) counts[status] = (counts[status] ?? 0) + count;
  const said = Object.entries(counts).map(([status, count]) => `${status}: ${count}`);
  portions.push([minutesNow().toFixed(1), `${target.megabytes('VmRSS')}`, `${target.megabytes('VmHWM')}`, said.join(', ')]);
}
await watching;

const bound = Math.round((readConfig({}).MAX_PENDING_BYTES + 600e6 + 30e6 * Math.max(0, availableParallelism() - 2)) / 1e6);
const csv = looks.map(({ minute, resident, held }) => `${minute.toFixed(2)},${resident},${held}\n`);
writeFileSync(new URL('soak.csv', import.meta.url), `minute,resident MB,held by requests MB\n${csv.join('')}`);
const drawn = curve(
  `Memory over ${options.minutes} minutes of everything at once, MB`,
  looks.map(({ minute }) => minute),
  [
    { name: 'resident', values: looks.map(({ resident }) => resident) },
    { name: 'held by requests', values: looks.map(({ held }) => held) },
  ],
  { name: 'the formula', value: bound },
);
writeFileSync(new URL('soak.svg', import.meta.url), drawn);
console.log(head);
console.log(table(['minutes', 'memory, MB', 'the greatest so far', 'statuses'], portions));

async function watch(): Promise<void> {
  while (minutesNow() * 60 < seconds) {
    looks.push({
      minute: minutesNow(),
      resident: target.megabytes('VmRSS'),
      held: Math.round((await target.metric('attention_pending_bytes')) / 1e6),
    });
    await sleep(LOOK_SECONDS * 1000);
  }
}
