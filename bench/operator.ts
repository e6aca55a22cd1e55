import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chart } from './operator/chart.ts';
import type { DecodeTimes, Measured, Seen } from './operator/measure.ts';
import { type Mode, pairs } from './operator/subject.ts';
import { heading, loadNow, table } from './report/markdown.ts';
import { ratios, type Spread, spread } from './report/statistics.ts';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const command = `node operator.ts --rounds ${options.rounds}`;
const STARTS = 7;

/** What is aimed at: times of ONNX Runtime, except where it says otherwise. */
const AIMS = { dense: 1.1, portable: 0.55, causal: 1.8, window: 8, threads: 1.8, decode: 0.7, mebibytes: 64, choosing: 100, kibibytes: 100 };

interface Row {
  readonly name: string;
  readonly one: Spread;
  readonly two: Spread;
  readonly threads: Spread;
  /** The same ratios of CPU time. */
  readonly cpuOne: Spread;
  readonly cpuTwo: Spread;
  readonly seen: Seen;
}

const load = loadNow();
const measured = [await inProcess<Measured>('measure', 'revectorised'), await inProcess<Measured>('measure', 'portable')] as const;
const starts: Record<Mode, number[]> = { revectorised: [], portable: [] };
for (let start = 0; start < STARTS; start++) {
  for (const mode of ['revectorised', 'portable'] as const) starts[mode].push(await inProcess<number>('choosing', mode));
}

for (const one of measured) print(one);
printAims();
console.log(`Load average after: ${loadNow().toFixed(2)}.\n`);
writeFileSync(
  new URL('operator.svg', import.meta.url),
  chart(
    measured.map((one) => ({
      mode: one.mode,
      bars: one.seen.map((seen) => rowOf(seen)).map(({ name, one: a, two: b }) => ({ name, one: a.median, two: b.median })),
    })),
  ),
);

/** Runs `operator/<name>.ts` in a process of its own and gives what it sends. */
function inProcess<Told>(name: string, mode: Mode): Promise<Told> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL(`operator/${name}.ts`, import.meta.url), [mode, options.rounds], { serialization: 'advanced' });
    let told: Told | undefined;
    child.on('message', (message) => {
      told = message as Told;
    });
    child.on('exit', (code) => {
      if (told === undefined) reject(new Error(`operator/${name}.ts ${mode} ended with ${code} and said nothing`));
      else resolve(told);
    });
  });
}

function rowOf(seen: Seen): Row {
  const { H, M, D } = seen.shape;
  const beside = seen.kind === seen.peerKind ? seen.kind : `${seen.kind} beside ${seen.peerKind}`;
  return {
    name: `1×${H}×${M}×${D} ${beside}`,
    one: ratios(seen.peer1, seen.ours1),
    two: ratios(seen.peer2, seen.ours2),
    threads: ratios(seen.ours1, seen.ours2),
    cpuOne: ratios(seen.cpu.peer1, seen.cpu.ours1),
    cpuTwo: ratios(seen.cpu.peer2, seen.cpu.ours2),
    seen,
  };
}

function print({ mode, tile, relaxed, revectorised, rates, seen, decode, long }: Measured): void {
  const chosen = `${tile}${relaxed ? ', relaxed SIMD' : ''}${revectorised ? ', revectorised' : ''}`;
  const atStart = Object.entries(rates).map(([name, rate]) => `${name} ${rate.toFixed(0)}`);
  console.log(heading(`The operator, ${mode}: tile ${chosen} (GFLOP/s at start: ${atStart.join(', ')})`, command, load));
  console.log(
    table(
      [
        'B×H×S×D, Y alone',
        'ONNX Runtime, ms',
        'ours, ms',
        'GFLOP/s',
        'ratio',
        'of CPU time',
        'on 2 threads, ms',
        'ours, ms',
        'ratio',
        'of CPU time',
        'ours, 2 threads over 1',
        'two calls apart',
        'ratios of the bests',
      ],
      seen
        .map(rowOf)
        .map(({ name, one, two, threads, cpuOne, cpuTwo, seen: { shape, kind, peer1, ours1, peer2, ours2, apart } }) => [
          name,
          middle(peer1),
          middle(ours1),
          ((4 * shape.H * shape.D * pairs(shape.M, shape.N, kind)) / 1e6 / spread(ours1).median).toFixed(0),
          ends(one),
          cpuOne.median.toFixed(2),
          middle(peer2),
          middle(ours2),
          ends(two),
          cpuTwo.median.toFixed(2),
          ends(threads),
          middle(apart, 2),
          [best(peer1, ours1), best(peer2, ours2), best(ours1, ours2)].join(' · '),
        ]),
    ),
  );
  const difference = Math.max(...seen.map((one) => one.difference ?? 0));
  console.log(
    `Ratios are medians (least to greatest). “Two calls apart”: how much two threads that share nothing got done over one, in the same rounds: what the machine had to give. The greatest difference from ONNX Runtime’s Y is ${difference.toExponential(1)}.\n`,
  );
  console.log(
    table(
      [`decode: 1 query, ${decode.keys} keys of ${decode.width}`, 'f32x4 sum, 1 thread, ms', 'ours, ms', 'of the sum’s rate'],
      [decodeRow('1 thread', decode.one), decodeRow('2 threads', decode.two)],
    ),
  );
  console.log(
    `One head of 64 over ${long.tokens} tokens: ${long.milliseconds.toFixed(0)} ms on 2 threads, ${mebibytes(long.bytesBeyond)} MiB beyond Q, K, V and Y.\n`,
  );
}

function printAims(): void {
  const [fast, portable] = measured;
  const fastRows = fast.seen.map(rowOf);
  const portableRows = portable.seen.map(rowOf);
  const windows = fastRows.filter(({ seen }) => seen.kind === 'window 256');
  const of = (rows: readonly Row[], kind: string) => rows.filter(({ seen }) => seen.kind === kind);
  console.log(heading('Aims', command, load));
  console.log(
    table(
      ['aim', 'least', 'greatest', 'reached in', 'reached'],
      [
        atLeast('dense, 1 thread: ONNX Runtime’s time over ours', of(fastRows, 'dense'), 'one', AIMS.dense),
        atLeast('dense, 2 threads', of(fastRows, 'dense'), 'two', AIMS.dense),
        atLeast('dense, portable, 1 thread', of(portableRows, 'dense'), 'one', AIMS.portable),
        atLeast('dense, portable, 2 threads', of(portableRows, 'dense'), 'two', AIMS.portable),
        atLeast('causal, 1 thread', of(fastRows, 'causal'), 'one', AIMS.causal),
        atLeast('causal, 2 threads', of(fastRows, 'causal'), 'two', AIMS.causal),
        atLeast('window of 256, 1 thread', windows, 'one', AIMS.window),
        atLeast('window of 256, 2 threads', windows, 'two', AIMS.window),
        atLeast(
          '2 threads over 1, dense and causal',
          fastRows.filter(({ seen }) => seen.kind !== 'window 256'),
          'threads',
          AIMS.threads,
        ),
        atLeast(
          '2 threads over 1, one head',
          fastRows.filter(({ seen }) => seen.kind !== 'window 256' && seen.shape.H === 1),
          'threads',
          AIMS.threads,
        ),
        decodeAim(fast.decode.one),
        below('memory beyond Q, K, V, Y at 32768×64, MiB', [fast.long.bytesBeyond / 2 ** 20], AIMS.mebibytes),
        below(`choosing at start, ms (${STARTS} starts)`, starts.revectorised, AIMS.choosing),
        below(`choosing at start, portable, ms (${STARTS} starts)`, starts.portable, AIMS.choosing),
        below(
          'a module, KiB',
          Object.values(fast.wasmBytes).map((bytes) => bytes / 1024),
          AIMS.kibibytes,
        ),
      ],
    ),
  );
}

/** Reached where the median of every shape is. */
function atLeast(name: string, rows: readonly Row[], which: 'one' | 'two' | 'threads', aim: number): string[] {
  const medians = rows.map((row) => row[which].median);
  const reached = medians.filter((median) => median >= aim).length;
  return [
    `${name} ≥ ${aim}`,
    Math.min(...medians).toFixed(2),
    Math.max(...medians).toFixed(2),
    `${reached} of ${medians.length}`,
    reached === medians.length ? 'yes' : '**no**',
  ];
}

function decodeAim({ sum, ours }: DecodeTimes): string[] {
  const share = ratios(sum, ours);
  return [
    `decode, of the sum’s rate ≥ ${AIMS.decode}`,
    share.median.toFixed(2),
    share.median.toFixed(2),
    '',
    share.median >= AIMS.decode ? 'yes' : '**no**',
  ];
}

function decodeRow(name: string, { sum, ours }: DecodeTimes): string[] {
  return [name, middle(sum, 2), middle(ours, 2), percent(ratios(sum, ours))];
}

/** Reached where the median is below. */
function below(name: string, values: readonly number[], aim: number): string[] {
  const { median, min, max } = spread(values);
  return [`${name} < ${aim}`, min.toFixed(1), max.toFixed(1), `median ${median.toFixed(1)}`, median < aim ? 'yes' : '**no**'];
}

function middle(values: readonly number[], digits = 1): string {
  return spread(values).median.toFixed(digits);
}

function ends({ median, min, max }: Spread): string {
  return `**${median.toFixed(2)}** (${min.toFixed(2)} to ${max.toFixed(2)})`;
}

function best(a: readonly number[], b: readonly number[]): string {
  return (Math.min(...a) / Math.min(...b)).toFixed(2);
}

function percent({ median, min, max }: Spread): string {
  return `**${(100 * median).toFixed(0)} %** (${(100 * min).toFixed(0)} to ${(100 * max).toFixed(0)})`;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
