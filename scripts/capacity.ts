import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { measure } from './capacity/measure.ts';
import { type Cost, need } from './capacity/model.ts';
import { rows } from './capacity/table.ts';

/**
 * How many replicas does a traffic need?
 *     npm run capacity -- --rate seed=2000,search=20 --threads 2 --use 0.6
 *     npm run capacity -- --measure        measures the costs on this machine again, into docs/capacity.json
 */
const { values: options } = parseArgs({
  options: {
    rate: { type: 'string', default: 'seed=1000' },
    threads: { type: 'string', default: '2' },
    use: { type: 'string', default: '0.6' },
    measure: { type: 'boolean', default: false },
  },
});
const FILE = new URL('../docs/capacity.json', import.meta.url);

if (options.measure) {
  const load = () => Number(loadavg()[0]?.toFixed(2));
  const before = load();
  const costs = await measure();
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus()[0]?.model}, ${cpus().length} cores`;
  writeFileSync(FILE, `${JSON.stringify({ date, machine, node: process.version, loadAverage: { before, after: load() }, costs }, null, 2)}\n`);
  print(rows(costs));
} else {
  const { costs } = JSON.parse(readFileSync(FILE, 'utf8')) as { costs: Cost[] };
  const rates = Object.fromEntries(options.rate.split(',').map((part) => [part.split('=')[0] ?? '', Number(part.split('=')[1])]));
  const found = need({ rates, threads: Number(options.threads), use: Number(options.use) }, costs);
  print([
    `${found.replicas} replicas of ${Number(options.threads) + 1} cores, one of them to spare`,
    `event loops ${found.loopCores.toFixed(2)} cores, compute threads ${found.threadCores.toFixed(2)} cores`,
    `network ${found.megabitsIn.toFixed(0)} Mbit/s in, ${found.megabitsOut.toFixed(0)} Mbit/s out`,
  ]);
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
