import { readBuilds } from '../../src/runtime/kernel.ts';
import { fill, numbers } from '../load/numbers.ts';
import { session, tensor } from '../peer/onnx-runtime.ts';
import { tellParent } from './parent.ts';
import { choose, type Kind, type Mode, type Shape, Subject } from './subject.ts';

/*
 * One mode, in a process of its own: the kernel that the service would choose, beside ONNX Runtime. Sends what it
 * measured to the process that started it.
 */

/** Times of one problem, round by round, in milliseconds. Each list is of neighbours in time. */
export interface Seen {
  readonly shape: Shape;
  readonly kind: Kind;
  /** What ONNX Runtime computed: it has no window in this opset. */
  readonly peerKind: Kind;
  readonly peer1: readonly number[];
  readonly ours1: readonly number[];
  readonly peer2: readonly number[];
  readonly ours2: readonly number[];
  /** What two calls on two threads, apart from each other, got done over one call alone. */
  readonly apart: readonly number[];
  /** CPU time of the process, round by round, in milliseconds: it holds where another job takes the cores. */
  readonly cpu: Readonly<Record<'peer1' | 'ours1' | 'peer2' | 'ours2', readonly number[]>>;
  /** Between our context and ONNX Runtime's; absent where they compute different things. */
  readonly difference: number | undefined;
}

export interface DecodeTimes {
  readonly sum: readonly number[];
  readonly ours: readonly number[];
}

export interface Measured {
  readonly mode: Mode;
  readonly tile: string;
  readonly revectorised: boolean;
  readonly relaxed: boolean;
  readonly rates: Readonly<Record<string, number>>;
  /** Milliseconds that the choice took in this process. */
  readonly choosing: number;
  readonly wasmBytes: readonly number[];
  readonly seen: readonly Seen[];
  readonly decode: { readonly keys: number; readonly width: number; readonly one: DecodeTimes; readonly two: DecodeTimes };
  /** One head of 64 over so many tokens. */
  readonly long: { readonly tokens: number; readonly bytesBeyond: number; readonly milliseconds: number };
}

const [mode, roundsGiven] = process.argv.slice(2) as [Mode, string];
const ROUNDS = Number(roundsGiven);
const REST_MS = 5; // until ONNX Runtime's threads are asleep
const SHAPES: readonly Shape[] = [
  { H: 8, M: 2048, N: 2048, D: 64 },
  { H: 12, M: 1024, N: 1024, D: 64 },
  { H: 1, M: 4096, N: 4096, D: 64 },
  { H: 32, M: 512, N: 512, D: 128 },
];
const WINDOWED: Shape = { H: 1, M: 4096, N: 4096, D: 64 };
const DECODE: Shape = { H: 1, M: 1, N: 65_536, D: 128 };
const LONG: Shape = { H: 1, M: 32_768, N: 32_768, D: 64 };
const DECODE_WARM_UP = 30;

const choice = choose(mode);
const one = await Subject.start(choice, 1);
const two = await Subject.start(choice, 2);

const seen: Seen[] = [];
for (const shape of SHAPES) {
  seen.push(await beside(shape, 'dense', 'dense'));
  seen.push(await beside(shape, 'causal', 'causal'));
}
seen.push(await beside(WINDOWED, 'window 256', 'dense'), await beside(WINDOWED, 'window 256', 'causal'));
const decode = { keys: DECODE.N, width: DECODE.D, one: besideSum(one), two: besideSum(two) };
const long = await longContext();
await Promise.all([one.stop(), two.stop()]);

const { tile, revectorised, relaxed, rates, milliseconds } = choice;
const { relaxed: fused, strict } = readBuilds();
const wasmBytes = [fused, strict].flatMap(({ float32, float64 }) => [float32.length, float64.length]);
tellParent({ mode, tile, revectorised, relaxed, rates, choosing: milliseconds, wasmBytes, seen, decode, long } satisfies Measured);

async function beside(shape: Shape, kind: Kind, peerKind: Kind): Promise<Seen> {
  const next = numbers(1);
  const { inputs } = one.call(shape, kind);
  for (const input of inputs) fill(input, next);
  for (const [n, input] of two.call(shape, kind).inputs.entries()) input.set(inputs[n] ?? []);
  const [peer1, peer2] = [await peerOf(shape, peerKind, inputs, 1), await peerOf(shape, peerKind, inputs, 2)];
  const times = { peer1: [] as number[], ours1: [] as number[], peer2: [] as number[], ours2: [] as number[], apart: [] as number[] };
  const cpu = { peer1: [] as number[], ours1: [] as number[], peer2: [] as number[], ours2: [] as number[] };
  const clocked = async (who: keyof typeof cpu, call: () => { took: number } | Promise<{ took: number }>) => {
    const before = process.cpuUsage();
    times[who].push((await call()).took);
    const { user, system } = process.cpuUsage(before);
    cpu[who].push((user + system) / 1000);
  };
  const { Y } = await peer1.run();
  await peer2.run();
  const { context } = one.time(shape, kind).result;
  const difference = kind === peerKind ? greatestDifference(context as Float32Array, Y) : undefined;
  two.time(shape, kind);
  for (let round = 0; round < ROUNDS; round++) {
    await clocked('peer1', peer1.run);
    await rest();
    await clocked('ours1', () => one.time(shape, kind));
    await clocked('peer2', peer2.run);
    await rest();
    await clocked('ours2', () => two.time(shape, kind));
    times.apart.push(two.apart());
  }
  await Promise.all([peer1.release(), peer2.release()]);
  return { shape, kind, peerKind, ...times, cpu, difference };
}

async function peerOf({ H, M, N, D }: Shape, kind: Kind, inputs: readonly Float32Array[], threads: number) {
  const ports = [
    { name: 'Q', shape: [1, H, M, D] },
    { name: 'K', shape: [1, H, N, D] },
    { name: 'V', shape: [1, H, N, D] },
  ] as const;
  const Y = { name: 'Y', shape: [1, H, M, D] };
  const started = await session({ inputs: ports, outputs: [Y], integers: { is_causal: kind === 'dense' ? 0 : 1 } }, threads);
  const feeds = Object.fromEntries(ports.map((port, n) => [port.name, tensor(port, Float32Array.from(inputs[n] ?? []))]));
  return {
    async run() {
      const before = performance.now();
      const outputs = await started.run(feeds);
      return { took: performance.now() - before, Y: outputs['Y']?.data as Float32Array };
    },
    release: () => started.release(),
  };
}

/** One query over many keys reads every key and value once: the measure is a plain sum over the same bytes, on one thread. */
function besideSum(subject: Subject): DecodeTimes {
  const next = numbers(2);
  for (const input of subject.call(DECODE, 'dense').inputs) fill(input, next);
  subject.time(DECODE, 'dense');
  const { sumEach } = subject.exports(choice);
  const [, key, value] = subject.call(DECODE, 'dense').inputs;
  if (!key || value?.byteOffset !== key.byteOffset + key.byteLength) throw new Error('keys and values should lie side by side');
  const sumOnce = () => {
    const before = performance.now();
    sumEach(key.byteOffset, key.length + value.length);
    return performance.now() - before;
  };
  for (let n = 0; n < DECODE_WARM_UP; n++) {
    sumOnce();
    subject.time(DECODE, 'dense');
  }
  const times = { sum: [] as number[], ours: [] as number[] };
  for (let round = 0; round < 5 * ROUNDS; round++) {
    times.sum.push(sumOnce());
    times.ours.push(subject.time(DECODE, 'dense').took);
  }
  return times;
}

/** What the kernel's memory holds besides Q, K, V and the context, scratch areas of both threads included. */
async function longContext(): Promise<Measured['long']> {
  const fresh = await Subject.start(choice, 2);
  const next = numbers(3);
  for (const input of fresh.call(LONG, 'dense').inputs) fill(input, next);
  const { took } = fresh.time(LONG, 'dense');
  const bytes = fresh.job?.memory.buffer.byteLength ?? Number.NaN;
  await fresh.stop();
  return { tokens: LONG.N, bytesBeyond: bytes - 4 * 4 * LONG.H * LONG.N * LONG.D, milliseconds: took };
}

function greatestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, x, n) => Math.max(most, Math.abs(x - (b[n] ?? Number.NaN))), 0);
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS));
}
