import { Readable } from 'node:stream';
import { SEED_REQUEST } from './load/requests.ts';
import { runRound } from './load/round.ts';
import { ServerProcess } from './load/server-process.ts';
import { againstAim, cells, heading, loadNow, table } from './report/markdown.ts';
import { ratios, spread } from './report/statistics.ts';

/*
 * Lines of the seed's request in one stream, beside the same requests one by one over ten connections: in turn, in one run.
 */

const ROUNDS = 9;
const LINES = 60_000;
const BLOCK_LINES = 1000;

const load = loadNow();
const server = await ServerProcess.start('service');
const lines: number[] = [];
const singles: number[] = [];
for (let round = 0; round <= ROUNDS; round++) {
  const stream = await lineRate(server.origin);
  const single = await runRound({ name: 'single requests', server, path: '/attention', bodies: [SEED_REQUEST], connections: 10 }, { seconds: 1 });
  if (round === 0) continue; // the first warms up
  lines.push(stream);
  singles.push(single.requests / single.seconds);
}
await server.stop();
console.log(heading('NDJSON', 'npm --prefix bench run ndjson', load));
console.log(
  table(
    ['a second', 'median', 'min', 'max'],
    [
      ['lines in one stream', ...cells(spread(lines), 0)],
      ['single requests, 10 connections', ...cells(spread(singles), 0)],
    ],
  ),
);
console.log(
  table(['ratio', 'median', 'min', 'max', 'aim', 'reached'], [againstAim('lines / single requests', ratios(lines, singles), { least: 3 })]),
);

async function lineRate(origin: string): Promise<number> {
  const block = Buffer.from(`${SEED_REQUEST}\n`.repeat(BLOCK_LINES));
  async function* blocks() {
    for (let sent = 0; sent < LINES; sent += BLOCK_LINES) yield block;
  }
  const began = performance.now();
  const reply = await fetch(`${origin}/attention`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: Readable.from(blocks()) as unknown as BodyInit,
    duplex: 'half',
  } as RequestInit);
  let answered = 0;
  for await (const chunk of reply.body ?? []) for (const byte of chunk as Uint8Array) if (byte === 0x0a) answered++;
  if (answered !== LINES) throw new Error(`${answered} of ${LINES} lines were answered`);
  return (1000 * LINES) / (performance.now() - began);
}
