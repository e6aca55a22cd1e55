import type { Call, Output, Result } from '../call.ts';
import { unboundedKeyRanges } from '../mask.ts';
import { floats, type Precision } from '../tensor.ts';
import { TILE } from './descriptor.ts';
import type { Modules } from './job.ts';
import { TooMuchToRedo } from './kernel.ts';
import type { Tile } from './plan.ts';
import { reference } from './reference.ts';
import { SimdKernel } from './simd.ts';

/** A module in either arithmetic. */
export type Build = Readonly<Record<Precision, Uint8Array>>;

/** The two builds of the module. */
export interface Builds {
  /** With fused multiply-add where the machine has it. */
  readonly relaxed: Build;
  readonly strict: Build;
}

/** The modules that gave the known answers, and the tile that was fastest. */
export interface Choice {
  readonly modules: Modules;
  readonly tile: Tile;
  /** Whether V8 fuses pairs of 128-bit operations into 256-bit ones. */
  readonly revectorised: boolean;
  readonly relaxed: boolean;
  /** GFLOP/s of each tile on one thread, measured at start. */
  readonly rates: Readonly<Record<Tile, number>>;
  readonly milliseconds: number;
}

const REVECTORIZE = 'experimental-wasm-revectorize';
/** V8 optimises a function once it has run about so many bytes of code; its default of 13,000,000 takes too long at start. */
const TIERING_BUDGET = 'wasm-tiering-budget';
const EARLY_TIERING = 30_000;
const DEFAULT_TIERING = 13_000_000;
const WARM_UP_MS = 12;
const MEASURE_AT_MOST_MS = 40;
/** Turns without a better rate after which the measuring ends. */
const SETTLED_TURNS = 8;

/**
 * The fastest module that gives the known answers, or undefined where none does: then the reference computes.
 * `setFlag` is v8.setFlagsFromString, passed in so that the engine knows nothing of Node; without it no experimental
 * flag is tried. The flag stays set for a module that was chosen with it, since V8 optimises functions later too.
 */
export function chooseKernel(builds: Builds, setFlag?: (flag: string) => void): Choice | undefined {
  const started = performance.now();
  const ways = [
    { build: builds.relaxed, relaxed: true, revectorised: true },
    { build: builds.relaxed, relaxed: true, revectorised: false },
    { build: builds.strict, relaxed: false, revectorised: false },
  ].filter(({ revectorised }) => setFlag || !revectorised);
  for (const [number, { build, relaxed, revectorised }] of ways.entries()) {
    setFlag?.(`--${revectorised ? '' : 'no-'}${REVECTORIZE}`);
    setFlag?.(`--${TIERING_BUDGET}=${EARLY_TIERING}`);
    try {
      const modules = { float32: compile(build.float32, number), float64: compile(build.float64, number) };
      if (!passesSelfCheck(modules)) continue;
      const rates = measure(modules);
      return { modules, tile: bestTile(rates, revectorised), rates, revectorised, relaxed, milliseconds: performance.now() - started };
    } catch (error) {
      // A machine without the instructions refuses the module: the next way is tried.
      if (!(error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError || error instanceof WebAssembly.RuntimeError))
        throw error;
    } finally {
      setFlag?.(`--${TIERING_BUDGET}=${DEFAULT_TIERING}`);
    }
  }
  return undefined;
}

/** From narrow to wide. */
const TILES = Object.keys(TILE) as Tile[];

/** Rates this near to the fastest are not told apart in so short a time. */
const NEARLY = 0.9;

/**
 * The tile for long calls by the rates of a short one, in GFLOP/s: of those that are nearly the fastest the widest where V8 joins
 * pairs of vectors, and else the narrowest, which fits the registers that are left then (bench/README.md).
 */
export function bestTile(rates: Readonly<Record<Tile, number>>, revectorised: boolean): Tile {
  const fastest = Math.max(...Object.values(rates));
  const near = TILES.filter((tile) => rates[tile] >= NEARLY * fastest);
  return near.at(revectorised ? -1 : 0) ?? '6x16';
}

/** With a custom section that differs each time: V8 gives equal bytes the code that it compiled before, under other flags. */
function compile(build: Uint8Array, number: number): WebAssembly.Module {
  const section = [0, 3, 1, 0x77, number];
  const bytes = new Uint8Array(build.length + section.length);
  bytes.set(build);
  bytes.set(section, build.length);
  return new WebAssembly.Module(bytes);
}

/** Whether every tile gives the known answers, first while V8 warms up and then once it has optimised the code. */
export function passesSelfCheck(modules: Modules): boolean {
  const known = KNOWN.map((make) => {
    const exact = make('float64');
    return { calls: [make('float32'), exact], answer: reference.attend(exact) };
  });
  // Nothing is redone: the reference's answers would say nothing of the module.
  const kernels = TILES.map((tile) => new SimdKernel(tile, modules, tile, { mostRedone: 0, leastWork: 0 }));
  const check = () =>
    known.every(({ calls, answer }) =>
      calls.every((call) => kernels.every((kernel) => agrees(attendAnew(kernel, call), answer, TOLERANCE[call.precision]))),
    );
  try {
    return passesTwice(check);
  } catch (error) {
    if (error instanceof TooMuchToRedo) return false;
    throw error;
  }
}

function passesTwice(check: () => boolean): boolean {
  const stop = performance.now() + WARM_UP_MS;
  do {
    if (!check()) return false;
  } while (performance.now() < stop);
  return check();
}

function attendAnew(kernel: SimdKernel, call: Call): Result {
  kernel.reset();
  return kernel.attend(call);
}

/** With values and logits of the order of 1. */
const TOLERANCE: Readonly<Record<Precision, number>> = { float32: 4e-6, float64: 1e-14 };

function agrees(got: Result, answer: Result, tolerance: number): boolean {
  return OUTPUTS.every((output) => {
    const [values, wanted] = [got[output], answer[output]];
    if (!values || !wanted) return values === wanted;
    return (
      values.length === wanted.length &&
      values.every((value, i) => value === wanted[i] || Math.abs(value - wanted[i]!) <= tolerance * Math.max(1, Math.abs(wanted[i]!)))
    );
  });
}

/** The best rate of each tile, taken in turns until none has improved for some turns: optimised code may be on its way. */
function measure(modules: Modules): Record<Tile, number> {
  const call = MEASURED('float32');
  const { H, M, N, D, E } = call.axes;
  const operations = 2 * H * M * N * (D + E);
  const kernels = TILES.map((tile) => ({ tile, kernel: new SimdKernel(tile, modules, tile) }));
  const rates: Record<Tile, number> = { '6x8': 0, '4x16': 0, '6x16': 0 };
  const stop = performance.now() + MEASURE_AT_MOST_MS;
  for (let still = 0; still < SETTLED_TURNS && performance.now() < stop; still++) {
    for (const { tile, kernel } of kernels) {
      const before = performance.now();
      attendAnew(kernel, call);
      const rate = operations / 1e6 / (performance.now() - before);
      if (rate > 1.05 * rates[tile]) still = 0;
      rates[tile] = Math.max(rates[tile], rate);
    }
  }
  return rates;
}

const OUTPUTS: readonly Output[] = ['scores', 'capped', 'logits', 'weights', 'context', 'lse', 'entropy', 'sink_weight'];

/** A call in a fixed pattern, the same numbers in either precision. */
function patterned(
  M: number,
  N: number,
  D: number,
  E: number,
  want: readonly Output[],
  options: (pattern: (length: number, step: number) => Float32Array | Float64Array, precision: Precision) => Partial<Call> = () => ({}),
) {
  return (precision: Precision): Call => {
    const pattern = (length: number, step: number) => floats(precision, length).map((_, n) => Math.fround(Math.sin(n * step + step)));
    const rows = (heads: number, count: number, width: number, step: number) => ({
      data: pattern(heads * count * width, step),
      offset: 0,
      batchStride: 0,
      headStride: heads === 1 ? 0 : count * width,
      rowStride: width,
    });
    return {
      axes: { B: 1, H: 2, G: 1, M, N, D, E },
      precision,
      query: rows(2, M, D, 0.37),
      key: rows(1, N, D, 0.73),
      value: rows(1, N, E, 1.19),
      scale: 0.5,
      keyRanges: unboundedKeyRanges(M, N),
      want: new Set(want),
      ...options(pattern, precision),
    };
  };
}

/** Between them: both paths, every stage, tails of every axis, scores small enough to need no running maximum. */
const KNOWN = [
  patterned(33, 262, 5, 9, ['context', 'lse']),
  patterned(1, 131, 9, 7, ['context']),
  patterned(21, 150, 10, 13, ['context', 'lse']),
  patterned(9, 141, 7, 10, OUTPUTS, (pattern, precision) => ({
    softcap: 2,
    mask: { data: Uint8Array.from({ length: 141 }, (_, n) => (n % 5 === 1 ? 0 : 1)), batchStride: 0, headStride: 0, rowStride: 0, keyStride: 1 },
    bias: { data: pattern(9 * 141, 0.91), batchStride: 0, headStride: 0, rowStride: 141, keyStride: 1 },
    keyRanges: { first: Int32Array.from({ length: 9 }, (_, n) => n), end: Int32Array.from({ length: 9 }, (_, n) => n * 17 + 5) },
    alibi: { slopes: floats(precision, 2).map((_, h) => 0.025 / (h + 1)), positions: Int32Array.from({ length: 9 }, (_, n) => n * 15) },
    sink: floats(precision, 2).map((_, h) => 0.5 - h),
  })),
];

const MEASURED = patterned(32, 256, 64, 64, ['context']);
