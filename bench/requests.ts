import { parseArgs } from 'node:util';
import { numbers } from './load/numbers.ts';
import { PeerProcess } from './load/peer-process.ts';
import { ServiceProcess } from './load/process.ts';
import { againstAim, cells, heading, loadNow, table } from './report/markdown.ts';
import { ratios, spread } from './report/statistics.ts';

/*
 * Whole requests on one core, one after the other: the service beside a bare ASGI app with orjson and NumPy (peer/asgi.py),
 * in turn. Each has core 0; this process should have another. CPU time is that of the server, its threads included.
 */
const { values: options } = parseArgs({
  options: {
    /** Python with what peer/requirements.txt lists. */
    python: { type: 'string', default: 'python3' },
    rounds: { type: 'string', default: '9' },
    codec: { type: 'string', default: 'auto' },
  },
});
const rounds = Number(options.rounds);
const ROUND_MS = 700;
const WARM_UP_MS = 1500;
const CORE = '0';
const load = loadNow();

const next = numbers(1);
const seventeen = () => next() * 2 - 1;
const six = () => Number((next() * 2 - 1).toFixed(6));
const request = (rows: number, columns: number, number: () => number, query?: number) =>
  JSON.stringify({ tokens: Array.from({ length: rows }, () => Array.from({ length: columns }, number)), query });

const CASES = [
  { name: 'one query of 1024×768, 17 digits', body: request(1024, 768, seventeen, 0), least: 2.5 },
  { name: 'one query of 1024×768, 6 digits', body: request(1024, 768, six, 0), least: 2 },
  { name: 'all queries of 512×64, scores, weights and context', body: request(512, 64, seventeen), least: 1.2 },
  { name: 'one query of 256×64, 17 digits', body: request(256, 64, seventeen, 0), least: 2 },
];

/** What one request took in a round, in milliseconds. */
interface Took {
  readonly wall: number;
  readonly cpu: number;
}

interface Server {
  readonly origin: string;
  cpu(): { readonly loop: number; readonly others: number };
}

const service = await ServiceProcess.start({ JSON_CODEC: options.codec }, CORE);
const peer = await PeerProcess.start(options.python, CORE);
try {
  const times: string[][] = [];
  const gains: string[][] = [];
  for (const { name, body, least } of CASES) {
    const [ours, theirs]: [Took[], Took[]] = [[], []];
    for (const server of [service, peer]) await run(server, body, WARM_UP_MS);
    for (let round = 0; round < rounds; round++) {
      ours.push(await run(service, body, ROUND_MS));
      theirs.push(await run(peer, body, ROUND_MS));
    }
    const cpu = (took: readonly Took[]) => took.map((each) => each.cpu);
    const wall = (took: readonly Took[]) => took.map((each) => each.wall);
    for (const [who, took] of [['service', ours] as const, ['peer', theirs] as const])
      times.push([`${name}, ${who}`, ...cells(spread(wall(took)), 2), spread(cpu(took)).median.toFixed(2)]);
    gains.push(againstAim(name, ratios(wall(theirs), wall(ours)), { least }));
    gains.push([`the same, by CPU time`, ...cells(ratios(cpu(theirs), cpu(ours)), 2), '', '']);
  }
  console.log(heading('Whole requests on one core', `taskset -c 1 node requests.ts --python … --rounds ${rounds} --codec ${options.codec}`, load));
  console.log(table(['ms a request', 'median', 'min', 'max', 'CPU'], times));
  console.log(table(['peer / service', 'median', 'min', 'max', 'aim', 'reached'], gains));
} finally {
  await service.stop();
  await peer.stop();
}

/** One request after the other. */
async function run(server: Server, body: string, milliseconds: number): Promise<Took> {
  const before = server.cpu();
  const began = performance.now();
  let count = 0;
  do {
    const response = await fetch(`${server.origin}/attention`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${server.origin} answers ${response.status}`);
    count++;
  } while (performance.now() - began < milliseconds);
  const wall = (performance.now() - began) / count;
  const after = server.cpu();
  return { wall, cpu: (1000 * (after.loop + after.others - before.loop - before.others)) / count };
}
