import { parseArgs } from 'node:util';
import { numbers } from './load/numbers.ts';
import { fire, type Shot } from './load/open-loop.ts';
import { PeerProcess } from './load/peer-process.ts';
import { ServiceProcess } from './load/process.ts';
import { json } from './load/shots.ts';
import { againstAim, cells, heading, loadNow, table } from './report/markdown.ts';
import { ratios, spread } from './report/statistics.ts';

/*
 * Whole requests on one core, one after the other: the service beside a bare ASGI app with orjson and NumPy (peer/asgi.py),
 * in turn. Each has core 0; this process should have another. CPU time is that of the server, its threads included. The client sends
 * bytes that are there: what it takes itself is in the time of both, and brings the ratio nearer to 1.
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
/** The compiler settles late: a quick answer takes less until it has been given some thousand times. */
const WARM_UP_MS = 4000;
const CORE = '0';
const load = loadNow();

const next = numbers(1);
const seventeen = () => next() * 2 - 1;
const six = () => Number((next() * 2 - 1).toFixed(6));
const request = (rows: number, columns: number, number: () => number, query?: number) =>
  json(JSON.stringify({ tokens: Array.from({ length: rows }, () => Array.from({ length: columns }, number)), query }));

const CASES = [
  { name: 'one query of 1024×768, 17 digits', shot: request(1024, 768, seventeen, 0), least: 2.5 },
  { name: 'one query of 1024×768, 6 digits', shot: request(1024, 768, six, 0), least: 2 },
  { name: 'all queries of 512×64, scores, weights and context', shot: request(512, 64, seventeen), least: 1.2 },
  { name: 'one query of 256×64, 17 digits', shot: request(256, 64, seventeen, 0), least: 2 },
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
  for (const { name, shot, least } of CASES) {
    const [ours, theirs]: [Took[], Took[]] = [[], []];
    for (const server of [service, peer]) await run(server, shot, WARM_UP_MS);
    for (let round = 0; round < rounds; round++) {
      ours.push(await run(service, shot, ROUND_MS));
      theirs.push(await run(peer, shot, ROUND_MS));
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
async function run(server: Server, shot: Shot, milliseconds: number): Promise<Took> {
  const before = server.cpu();
  const { served, statuses } = await fire(server.origin, shot, { atATime: 1 }, milliseconds / 1000);
  const after = server.cpu();
  const count = served.length;
  if (count === 0 || statuses['200'] !== count) throw new Error(`${server.origin} answers ${Object.keys(statuses)}`);
  const wall = served.reduce((sum, each) => sum + each, 0) / count;
  return { wall, cpu: (1000 * (after.loop + after.others - before.loop - before.others)) / count };
}
