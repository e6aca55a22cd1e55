import { parseArgs } from 'node:util';
import { largeRequest, TOKENS, WIDTH } from './load/requests.ts';
import { expectReply, runRound, type Target } from './load/round.ts';
import { ServerProcess } from './load/server-process.ts';
import { heading, table } from './report/markdown.ts';
import { slope } from './report/statistics.ts';
import type { Usage } from './servers/announce.ts';

const STEP = 1000;
/**
 * Growth, in bytes a request, that counts as none. What the collector sees is exact to the object. The resident set is
 * not: pages come and go by 10 to 30 MB whatever is kept, which over 10,000 requests looks like 1 to 3 kB a request.
 */
const FLAT = { heapUsed: 1000, external: 1000, rss: 8000 };

const { values: options } = parseArgs({ options: { requests: { type: 'string', default: '10000' } } });
const total = Number(options.requests);
const bodies = [1, 2, 3, 4].map(largeRequest);

await using servers = new AsyncDisposableStack();
const server = servers.adopt(await ServerProcess.start('service', ['--expose-gc']), (started) => started.stop());
const target: Target = { name: 'service', server, path: '/attention', bodies, connections: 10 };

console.log(heading(`Memory over ${total} bodies of ${TOKENS}×${WIDTH} numbers, after garbage collection`, `node memory.ts --requests ${total}`));
await expectReply(target, /^\{"scores":\[/);
await runRound(target, { requests: STEP });
const series: { readonly requests: number; readonly usage: Usage }[] = [{ requests: 0, usage: await server.usage('collect-and-usage') }];
for (let requests = STEP; requests <= total; requests += STEP) {
  await runRound(target, { requests: STEP });
  series.push({ requests, usage: await server.usage('collect-and-usage') });
}

const columns = ['heapUsed', 'external', 'rss'] as const;
console.log(
  table(
    [`requests, after ${STEP} to warm up`, ...columns.map((column) => `${column}, MB`)],
    series.map(({ requests, usage }) => [`${requests}`, ...columns.map((column) => megabytes(usage[column]))]),
  ),
);
const steps = series.map(({ requests }) => requests);
console.log(
  table(
    ['growth', 'bytes a request', 'of a body', 'aim', 'reached'],
    columns.map((column) => {
      const growth = slope(
        steps,
        series.map(({ usage }) => usage[column]),
      );
      const share = (growth / (bodies[0]?.length ?? Number.NaN)) * 100;
      return [column, growth.toFixed(0), `${share.toFixed(2)} %`, `< ${FLAT[column]}`, growth < FLAT[column] ? 'yes' : '**no**'];
    }),
  ),
);
console.log(
  `At its greatest, between collections and with 10 such requests under way, the process held ${megabytes(series.at(-1)?.usage.peakRss ?? 0)} MB.\n`,
);

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
