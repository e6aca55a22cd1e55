import { parseArgs } from 'node:util';
import type { Call, Output } from '../src/engine/call.ts';
import { reference } from '../src/engine/kernels/reference.ts';
import { keyRangesOf, unboundedKeyRanges } from '../src/engine/mask.ts';
import { mergeAndProject } from '../src/engine/merge.ts';
import { addSinusoids, rotate } from '../src/engine/position.ts';
import { project } from '../src/engine/projection.ts';
import { unitLength } from '../src/engine/similarity.ts';
import { floats, headMajor, type Matrix, type Precision, positionsOf, takeRows } from '../src/engine/tensor.ts';
import { chooseCodec, codecOf } from '../src/runtime/codec.ts';
import { chooseEngine, kernelOf } from '../src/runtime/kernel.ts';
import { fromFloats, widen } from '../src/wire/datatypes.ts';
import { portable } from '../src/wire/numbers/codec.ts';
import { structureOf } from '../src/wire/structure.ts';
import { numbers } from './load/numbers.ts';
import { heading, loadNow, table } from './report/markdown.ts';
import { spread } from './report/statistics.ts';

/*
 * What a unit of each kind of work takes, one thread: the figures behind src/runtime/cost.ts.
 */

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const rounds = Number(options.rounds);
const load = loadNow();
const kernel = kernelOf(chooseEngine('auto'));
const chosen = chooseCodec('auto');
const next = numbers(1);
const rows: string[][] = [];

/** `units` of work done by `run`. */
function pace(name: string, units: number, run: () => unknown, warmUps = 5): void {
  const times: number[] = [];
  for (let round = -warmUps; round < rounds; round++) {
    kernel.reset();
    const before = performance.now();
    run();
    if (round >= 0) times.push(performance.now() - before);
  }
  const { median, min } = spread(times);
  rows.push([name, median.toFixed(2), ((median * 1e6) / units).toFixed(2), ((min * 1e6) / units).toFixed(2)]);
}

for (const precision of ['float32', 'float64'] as const) {
  const tall = matrix(precision, 2000, 1);
  const flat = matrix(precision, 1, 2000);
  pace(`projection, multiply-adds, 2000×1 · 1×2000, ${precision}`, 4e6, () => project(tall, { weight: flat }, precision));
  const square = matrix(precision, 200, 128);
  const weight = matrix(precision, 128, 128);
  pace(`projection, multiply-adds, 200×128 · 128×128, ${precision}`, 200 * 128 * 128, () => project(square, { weight }, precision));
  const narrow = matrix(precision, 1000, 1000);
  const column = matrix(precision, 1000, 1);
  pace(`projection, inputs of rows, 1000×1000 · 1000×1, ${precision}`, 1e6, () => project(narrow, { weight: column }, precision));
  const bias = floats(precision, 128);
  const rows128 = matrix(precision, 2000, 128);
  pace(`bias alone, numbers, ${precision}`, 2000 * 128, () => project(rows128, { bias }, precision));
  const wide = matrix(precision, 1000, 128);
  pace(`rope, sines of one head, ${precision}`, 64_000, () => rotate(wide, 1, positionsOf(wide), { base: 10_000, interleaved: false }, precision));
  pace(`rope, pairs of 64 heads, ${precision}`, 64_000, () => rotate(wide, 64, positionsOf(wide), { base: 10_000, interleaved: false }, precision));
  pace(`sinusoids, numbers, ${precision}`, 128_000, () => addSinusoids(wide, positionsOf(wide), precision));
  pace(`cosine, numbers in one head, ${precision}`, 128_000, () => unitLength(wide, 1, precision));
  pace(`cosine, heads of one number, ${precision}`, 128_000, () => unitLength(wide, 128, precision));
  const single = matrix(precision, 100_000, 1);
  pace(`rows taken, rows of one number, ${precision}`, 100_000, () => takeRows(single, positionsOf(single)));
  pace(`heads moved apart, heads of one number, ${precision}`, 128_000, () => headMajor(wide, 128));
  const printed = floats(precision, 100_000).map(() => next() * 2 - 1);
  for (const [name, codec] of Object.entries({ [chosen.name]: codecOf(chosen), portable })) {
    pace(`printed (${name}), numbers, ${precision}`, 100_000, () => codec.print([{ data: printed, shape: [100_000] }]));
    pace(`printed with decimals (${name}), numbers, ${precision}`, 100_000, () => codec.print([{ data: printed, shape: [100_000], decimals: 6 }]));
  }
  for (const stored of [undefined, 'weights', 'logits'] as const) {
    const call = callOf(precision, 1000, 1000, 1, stored);
    pace(`${kernel.name}, pairs${stored ? `, ${stored} stored` : ''}, ${precision}`, 1e6, () => kernel.attend(call));
  }
  const masked = {
    ...callOf(precision, 1000, 1000, 1),
    mask: { data: new Uint8Array(1e6), batchStride: 0, headStride: 0, rowStride: 1000, keyStride: 1 },
  };
  pace(`the same, masked, ${precision}`, 1e6, () => kernel.attend(masked));
  const biased = {
    ...callOf(precision, 1000, 1000, 1),
    bias: { data: floats(precision, 1e6), batchStride: 0, headStride: 0, rowStride: 1000, keyStride: 1 },
  };
  pace(`the same, biased, ${precision}`, 1e6, () => kernel.attend(biased));
  const capped = { ...callOf(precision, 1000, 1000, 1), softcap: 2 };
  pace(`the same, softcap, ${precision}`, 1e6, () => kernel.attend(capped));
  const oneKey = callOf(precision, 1e5, 1, 1, 'lse');
  pace(`the operator’s rows, one key, lse, ${precision}`, 1e5, () => kernel.attend(oneKey));
  pace(`the reference’s rows, one key, lse, ${precision}`, 1e5, () => reference.attend(oneKey));
  const oneQuery = callOf(precision, 1, 4000, 128);
  pace(`laid out, numbers, one query, ${precision}`, 2 * 4000 * 128, () => kernel.attend(oneQuery));
}
pace('key ranges, rows', 1e6, () => keyRangesOf(new Int32Array(1e6), [1], {}, true));
const elements = { FP16: new Float16Array(1e6), BF16: new Uint16Array(1e6), INT8: new Int8Array(1e6), INT64: new BigInt64Array(1e6) } as const;
for (const [datatype, data] of Object.entries(elements) as [keyof typeof elements, (typeof elements)['FP16']][])
  pace(`${datatype} read, numbers`, 1e6, () => widen(data, datatype, datatype === 'INT64' ? new Float64Array(1e6) : new Float32Array(1e6)));
for (const datatype of ['FP16', 'BF16'] as const)
  for (const precision of ['float32', 'float64'] as const)
    pace(`${datatype} written from ${precision}, numbers`, 1e6, () => fromFloats(floats(precision, 1e6), datatype));
const part = { context: matrix('float64', 1000, 64), lse: new Float64Array(64_000) };
pace('merge, numbers of a part', 256_000, () => mergeAndProject([part, part, part, part], 1000, 64, {}));
const body = Buffer.from(JSON.stringify({ tokens: Array.from({ length: 1000 }, () => Array.from({ length: 64 }, () => next())) }));
// The compiler settles late.
pace('structure of JSON, bytes', body.length, () => structureOf(body, 64), 150);
pace('JSON.parse, bytes', body.length, () => JSON.parse(body.toString()), 150);

console.log(heading('What a unit of each kind of work takes, one thread', `node paces.ts --rounds ${rounds}`, load));
console.log(table(['work', 'ms', 'ns a unit', 'at best'], rows));

function matrix(precision: Precision, count: number, columns: number): Matrix {
  return { data: floats(precision, count * columns).map(() => Math.fround(next() * 2 - 1)), rows: count, columns };
}

function callOf(precision: Precision, M: number, N: number, D: number, stored?: Output): Call {
  const of = (count: number) => ({ data: matrix(precision, count, D).data, offset: 0, batchStride: 0, headStride: 0, rowStride: D });
  return {
    axes: { B: 1, H: 1, G: 1, M, N, D, E: D },
    precision,
    query: of(M),
    key: of(N),
    value: of(N),
    scale: 1,
    keyRanges: unboundedKeyRanges(M, N),
    want: new Set<Output>([stored ?? 'context']),
  };
}
