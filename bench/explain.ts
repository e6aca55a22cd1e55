import { parseArgs } from 'node:util';
import { drawWeights } from '../src/explain/heatmap.ts';
import { walkThrough } from '../src/explain/walkthrough.ts';
import { chooseEngine, kernelOf } from '../src/runtime/kernel.ts';
import { readAttentionRequest } from '../src/wire/attention-request.ts';
import type { AttentionOrder } from '../src/wire/members.ts';
import { cells, heading, table } from './report/markdown.ts';
import { spread } from './report/statistics.ts';

/*
 * What it takes to show a lesson: from a request that has been read to the bytes of the picture or of the text. There is
 * no peer: the aims are times that a person does not wait for.
 */

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '30' } } });
const rounds = Number(options.rounds);
const kernel = kernelOf(chooseEngine('auto'));

/** n tokens of width 64, each of which asks. */
function everyTokenAsks(n: number): AttentionOrder {
  const tokens = Array.from({ length: n }, (_, i) => Array.from({ length: 64 }, (_, c) => Math.sin(7 * i + 3 * c)));
  return readAttentionRequest({ tokens, scale: '1/sqrt(d_k)' });
}

const large = everyTokenAsks(256);
const small = everyTokenAsks(64);
const subjects = [
  { name: 'SVG, 256×256', aim: 100, show: () => drawWeights(large.attention, large.labels, kernel) },
  { name: 'walk-through, 64×64', aim: 50, show: () => walkThrough(small.attention, small.labels, kernel) },
];

console.log(heading(`Showing a lesson: ${rounds} rounds after 10 to warm up`, `node explain.ts --rounds ${rounds}`));
const rows = subjects.map(({ name, aim, show }) => {
  const first = timed(show);
  for (let round = 1; round < 10; round++) timed(show);
  const taken = Array.from({ length: rounds }, () => timed(show));
  const wall = spread(taken.map(({ wall }) => wall));
  const cpu = spread(taken.map(({ cpu }) => cpu));
  return [name, mebibytes(show()), first.wall.toFixed(0), ...cells(wall, 0), cpu.median.toFixed(0), `< ${aim}`, wall.median < aim ? 'yes' : '**no**'];
});
console.log(table(['', 'MiB', 'first, ms', 'median, ms', 'min', 'max', 'CPU time of the thread, ms', 'aim', 'reached'], rows));

function timed(show: () => string): { readonly wall: number; readonly cpu: number } {
  const cpu = process.threadCpuUsage();
  const began = performance.now();
  Buffer.from(show());
  const wall = performance.now() - began;
  const { user, system } = process.threadCpuUsage(cpu);
  return { wall, cpu: (user + system) / 1000 };
}

function mebibytes(text: string): string {
  return (Buffer.byteLength(text) / 2 ** 20).toFixed(1);
}
