import { parseArgs } from 'node:util';
import { numbers } from './load/numbers.ts';
import { ServiceProcess } from './load/process.ts';
import { againstAim, heading, loadNow, table } from './report/markdown.ts';
import { spread } from './report/statistics.ts';

/* The greatest resident memory of a service that reads one body of 64 MB, over what it held idle; a new process each round (Linux). */
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, codec: { type: 'string', default: 'auto' } } });
const rounds = Number(options.rounds);
const load = loadNow();
const BODY_BYTES = 64e6;
const COLUMNS = 1000;
const SETTLE_MS = 1500;
const settings = { JSON_CODEC: options.codec, MAX_BODY_BYTES: String(2 ** 27), MAX_PENDING_BYTES: String(2 ** 31) };

const next = numbers(1);
const row = () => `[${Array.from({ length: COLUMNS }, () => next() * 2 - 1).join(',')}]`;
const rows: string[] = [];
for (let bytes = 0; bytes < BODY_BYTES; bytes += rows.at(-1)?.length ?? 0) rows.push(row());
const body = `{"tokens":[${rows.join(',')}],"query":0,"include":["context"]}`;

const seen: { idle: number; peak: number }[] = [];
for (let round = 0; round < rounds; round++) seen.push(await measured());
console.log(
  heading(
    `Memory while a body of ${(body.length / 1e6).toFixed(1)} MB is read`,
    `node body-memory.ts --rounds ${rounds} --codec ${options.codec}`,
    load,
  ),
);
console.log(
  table(
    ['resident, MB', 'median'],
    [
      ['idle', String(spread(seen.map(({ idle }) => idle)).median)],
      ['peak', String(spread(seen.map(({ peak }) => peak)).median)],
    ],
  ),
);
const over = spread(seen.map(({ idle, peak }) => ((peak - idle) * 1e6) / body.length));
console.log(table(['ratio', 'median', 'min', 'max', 'aim', 'reached'], [againstAim('(peak − idle) / body', over, { most: 1.5 })]));

async function measured(): Promise<{ idle: number; peak: number }> {
  const service = await ServiceProcess.start(settings);
  try {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const idle = service.megabytes('VmRSS');
    const response = await fetch(`${service.origin}/attention`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`the service answers ${response.status} ${text.slice(0, 300)}`);
    return { idle, peak: service.megabytes('VmHWM') };
  } finally {
    await service.stop();
  }
}
