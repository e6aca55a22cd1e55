import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { largeRequest, SEED_REPLY, SEED_REQUEST } from './load/requests.ts';
import { alternate, expectReply, type Round } from './load/round.ts';
import { ServerProcess } from './load/server-process.ts';
import { cells, heading, table } from './report/markdown.ts';
import { ratios, spread } from './report/statistics.ts';

/* The service of another checkout, whose bench is installed too, beside this one's, in alternating rounds: what a change costs a request. */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '15' }, seconds: { type: 'string', default: '1' }, large: { type: 'boolean', default: false } },
});
const [other] = positionals;
if (other === undefined) throw new Error('say the folder of the other checkout');
const { rounds, seconds, large } = values;
const what = large
  ? {
      title: 'A body of 1024×64 numbers',
      bodies: [1, 2, 3, 4].map(largeRequest),
      connections: 1,
      warmUp: 500,
      expected: /^\{"scores":\[.*"context":\[/,
    }
  : { title: 'The seed’s request', bodies: [SEED_REQUEST], connections: 10, warmUp: 40_000, expected: SEED_REPLY };

const before: { ServerProcess: typeof ServerProcess } = await import(pathToFileURL(resolve(other, 'bench/load/server-process.ts')).href);
await using servers = new AsyncDisposableStack();
const target = async (name: string, Process: typeof ServerProcess) => {
  const server = servers.adopt(await Process.start('service'), (started) => started.stop());
  return { name, server, path: '/attention', bodies: what.bodies, connections: what.connections };
};
const targets = [await target('before', before.ServerProcess), await target('after', ServerProcess)];
for (const one of targets) await expectReply(one, what.expected);

console.log(
  heading(`${what.title}, before and after`, `node beside.ts ../../before${large ? ' --large' : ''} --rounds ${rounds} --seconds ${seconds}`),
);
const [old = [], now = []] = await alternate(targets, { warmUp: what.warmUp, rounds: Number(rounds), seconds: Number(seconds) });
const row = (name: string, of: (round: Round) => number) => [
  name,
  ...[old, now].map((seen) => spread(seen.map(of)).median.toFixed(1)),
  ...cells(ratios(now.map(of), old.map(of)), 2),
];
console.log(
  table(
    ['µs a request', 'before', 'after', 'after / before', 'min', 'max'],
    [row('CPU of the server', ({ cpuMicros }) => cpuMicros), row('time', (round) => (1e6 * round.seconds) / round.requests)],
  ),
);
