import { parseArgs } from 'node:util';
import { fire, type Seen, type Shot } from './load/open-loop.ts';
import { ServiceProcess } from './load/process.ts';
import { largeRequest, SEED_REQUEST } from './load/requests.ts';
import { json, lines, rows, tensors } from './load/shots.ts';
import { heading, table } from './report/markdown.ts';

/* Every kind of request at once, for minutes, above what the service can: what it answers, and how much memory it has. */

const LOOK_SECONDS = 30;
const { values: options } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const looks = Math.ceil((Number(options.minutes) * 60) / LOOK_SECONDS);
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
console.log(heading(`${options.minutes} minutes of everything at once`, `node soak.ts --minutes ${options.minutes}`));
const taken: string[][] = [];
for (let look = 1; look <= looks; look++) {
  const seen = await Promise.all(shots.map((shot) => fire(target.origin, shot, { atATime: 4 }, LOOK_SECONDS)));
  taken.push([
    `${(look * LOOK_SECONDS) / 60}`,
    `${target.megabytes('VmRSS')}`,
    `${target.megabytes('VmHWM')}`,
    said(seen),
    `${await target.metric('attention_pending_bytes')}`,
  ]);
}
console.log(table(['minutes', 'memory, MB', 'the greatest so far', 'statuses', 'bytes held between two looks'], taken));

function said(seen: readonly Seen[]): string {
  const counts: Record<string, number> = {};
  for (const { statuses } of seen) for (const [status, count] of Object.entries(statuses)) counts[status] = (counts[status] ?? 0) + count;
  return Object.entries(counts)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ');
}
