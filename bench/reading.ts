import { parseArgs } from 'node:util';
import { readJsonBody } from '../src/runtime/answers/body.ts';
import { chooseCodec, codecOf } from '../src/runtime/codec.ts';
import { DOUBLES, readAttentionRequest } from '../src/wire/attention-request.ts';
import { numbers } from './load/numbers.ts';
import { againstAim, cells, heading, table } from './report/markdown.ts';
import { ratios, spread } from './report/statistics.ts';

/*
 * What a request's numbers take from the bytes of its body, in the pieces in which a socket gives them, to the arrays of
 * the engine: by the reader in WebAssembly, and by JSON.parse and the portable readers. One round of each after the other.
 */
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const rounds = Number(options.rounds);
const WARM_UP = 3;
/** A round reads so many numbers, in as many bodies as that takes. */
const ROUND_NUMBERS = 1_000_000;
const PIECE_BYTES = 65_536;

const { reader } = codecOf(chooseCodec('auto'));
if (!reader) throw new Error('there is no reader');
const next = numbers(1);
const seventeen = () => next() * 2 - 1;
const six = () => Number((next() * 2 - 1).toFixed(6));

const CASES = [
  { name: '1000×1000, 17 digits', rows: 1000, columns: 1000, number: seventeen, least: 2.3 },
  { name: '1000×1000, 17 digits, float64', rows: 1000, columns: 1000, number: seventeen, dtype: 'float64' },
  { name: '1000×1000, 6 digits', rows: 1000, columns: 1000, number: six, least: 2 },
  { name: '64×48, 17 digits', rows: 64, columns: 48, number: seventeen },
  { name: '16×16, 6 digits', rows: 16, columns: 16, number: six },
  { name: '8×8, 6 digits', rows: 8, columns: 8, number: six },
] as const;

console.log(heading('Reading the numbers of a JSON body, ns a number', `node reading.ts --rounds ${rounds}`));
const times: string[][] = [];
const gains: string[][] = [];
for (const { name, rows, columns, number, ...rest } of CASES) {
  const dtype = 'dtype' in rest ? { dtype: rest.dtype } : {};
  const body = pieces(JSON.stringify({ tokens: Array.from({ length: rows }, () => Array.from({ length: columns }, number)), query: 0, ...dtype }));
  const read = {
    fast: () => readAttentionRequest(readJsonBody(body, reader, DOUBLES)),
    portable: () => readAttentionRequest(readJsonBody(body, undefined, DOUBLES)),
  };
  const took = { fast: [] as number[], portable: [] as number[] };
  for (let round = -WARM_UP; round < rounds; round++)
    for (const way of ['fast', 'portable'] as const) {
      const each = timed(read[way], Math.ceil(ROUND_NUMBERS / (rows * columns))) / (rows * columns);
      if (round >= 0) took[way].push(each);
    }
  for (const way of ['fast', 'portable'] as const)
    times.push([`${name}, ${way === 'fast' ? 'WebAssembly' : 'JSON.parse'}`, ...cells(spread(took[way]), 1)]);
  const gain = ratios(took.portable, took.fast);
  gains.push('least' in rest ? againstAim(name, gain, { least: rest.least }) : [name, ...cells(gain, 2), '', '']);
}
console.log(table(['ns a number', 'median', 'min', 'max'], times));
console.log(table(['how many times as fast', 'median', 'min', 'max', 'aim', 'reached'], gains));

function pieces(text: string): Buffer[] {
  return Array.from({ length: Math.ceil(text.length / PIECE_BYTES) }, (_, i) => Buffer.from(text.slice(i * PIECE_BYTES, (i + 1) * PIECE_BYTES)));
}

/** Nanoseconds that each of `times` took. */
function timed(read: () => unknown, times: number): number {
  const began = performance.now();
  for (let i = 0; i < times; i++) read();
  return ((performance.now() - began) * 1e6) / times;
}
