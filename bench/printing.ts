import { parseArgs } from 'node:util';
import { floats } from '../src/engine/tensor.ts';
import { chooseCodec, codecOf } from '../src/runtime/codec.ts';
import { type Codec, portable } from '../src/wire/numbers/codec.ts';
import type { Segment } from '../src/wire/numbers/segments.ts';
import { numbers } from './load/numbers.ts';
import { cells, heading, loadNow, table } from './report/markdown.ts';
import { ratios, spread } from './report/statistics.ts';

/*
 * What it takes to print numbers as JSON: from typed arrays to the bytes of a reply, copies included, by the module and
 * by JavaScript alone, in turn. CPU time of the thread, since other jobs may take the cores.
 */

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const rounds = Number(options.rounds);
const load = loadNow();
const COUNT = 1_000_000;
const WARM_UPS = 3;
const module = codecOf(chooseCodec('auto'));
const next = numbers(1);
/** Sums of six: near enough to what attention gives, without a fixed number of digits. */
const bell = () => Array.from({ length: 6 }, next).reduce((sum, x) => sum + x, -3);

const subjects = (['float32', 'float64'] as const).flatMap((precision) => [
  { name: `${precision}, every digit`, aim: precision === 'float32' ? 4 : 2, reply: replyOf(floats(precision, COUNT).map(bell)) },
  {
    name: `${precision}, weights (e^x / 1000)`,
    aim: precision === 'float32' ? 4 : 2,
    reply: replyOf(floats(precision, COUNT).map(() => Math.exp(3 * bell()) / 1000)),
  },
  {
    name: `${precision}, weights of far keys (e^-x, x up to 60)`,
    aim: undefined,
    reply: replyOf(floats(precision, COUNT).map(() => Math.exp(-60 * next()))),
  },
  { name: `${precision}, 4 decimals`, aim: undefined, reply: replyOf(floats(precision, COUNT).map(bell), 4) },
]);
const seed = [{ name: 'the seed’s reply, ns a reply', aim: undefined, reply: seedReply() }];

console.log(heading('Printing: 1 M numbers, ns a number', `node printing.ts --rounds ${rounds}`, load));
console.log(
  table(
    ['CPU time', 'module', 'min', 'max', 'JavaScript alone', 'JavaScript / module', 'min', 'max', 'aim'],
    [...subjects.map((subject) => measured(subject, 1, COUNT)), ...seed.map((subject) => measured(subject, 20_000, 20_000))],
  ),
);

function replyOf(data: Float32Array | Float64Array, decimals?: number): Segment[] {
  return ['{"weights":', { data, shape: [1000, 1000], decimals }, '}'];
}

function seedReply(): Segment[] {
  const three = (...values: number[]) => ({ data: Float32Array.from(values), shape: [3], decimals: 4 });
  const weights = three(0.24648, 0.31333, 0.44019);
  return ['{', '"scores":', three(0.26, 0.5, 0.84), ',"weights":', weights, ',"context":', three(0.50736, 0.40808, 0.30527), '}'];
}

function measured(
  { name, aim, reply }: { name: string; aim: number | undefined; reply: readonly Segment[] },
  times: number,
  units: number,
): string[] {
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = -WARM_UPS; round < rounds; round++) {
    const [one, other] = [nanoseconds(module, reply, times) / units, nanoseconds(portable, reply, times) / units];
    if (round < 0) continue;
    ours.push(one);
    theirs.push(other);
  }
  return [name, ...cells(spread(ours), 1), spread(theirs).median.toFixed(1), ...cells(ratios(theirs, ours), 2), aim === undefined ? '' : `≥ ${aim}`];
}

/** Bytes are what goes out, so a text is encoded. */
function nanoseconds(codec: Codec, reply: readonly Segment[], times: number): number {
  const before = process.threadCpuUsage();
  for (let n = 0; n < times; n++) {
    const body = codec.print(reply);
    if (typeof body === 'string') Buffer.from(body);
  }
  const { user, system } = process.threadCpuUsage(before);
  return 1000 * (user + system);
}
