import { fullyMaskedRows } from '../mask.ts';
import { contextLayout, multiplyAdds, type NonFinite, type Output, type Problem, type Result, type SoftmaxPrecision } from '../operator.ts';
import { type Broadcast, type Floats, floats, type Precision, type Rows } from '../tensor.ts';
import { DESCRIPTOR, type Plan, planOf, SINGLE_ROWS, SIZE, TILE, type Tile, WANT } from './descriptor.ts';
import type { Arena, Kernel } from './kernel.ts';
import { KernelMemory } from './memory.ts';
import { attendsToAny, cleaned } from './poison.ts';
import { reference } from './reference.ts';
import { rowByRow, rowsOf } from './rows.ts';

/** What the module exports; addresses are byte offsets into its memory. */
export interface KernelExports {
  /** Takes items of the problem until none is left, or its `stop` is set. Any number of threads may, each with its own scratch area. */
  readonly run: (descriptor: number, scratch: number) => void;
  /** Joins the parts, where the keys were cut; once every thread has come back from run(). */
  readonly merge: (descriptor: number, scratch: number) => void;
}

/** The module in either arithmetic. */
export type Modules = Readonly<Record<Precision, WebAssembly.Module>>;

/** A problem laid out in memory. */
export interface Job {
  /** Which of the modules it is for. */
  readonly precision: Precision;
  readonly memory: WebAssembly.Memory;
  readonly descriptor: number;
  /** One area a thread; the first is the caller's. */
  readonly scratch: readonly number[];
}

/** Other threads that can take part in a job. */
export interface Crew {
  /** How many threads there are, the caller's included. */
  readonly threads: number;
  /** Runs the job on the caller's thread by `run`, and on others as they come; returns once all have come back. */
  share(job: Job, run: () => void): void;
}

/** A job that was stopped before its end: nobody waits for it any more. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** A problem in which NaN or infinity takes part, and which is too large to be redone by the reference on this thread. */
export class TooMuchToRedo extends Error {
  override readonly name = 'TooMuchToRedo';
}

const MATRICES = ['scores', 'capped', 'logits', 'weights'] as const satisfies readonly Output[];
/** Multiply-adds from which another thread is worth waking; see bench/README.md. */
const SHARED_WORK = 8_000_000;
/** A memory that has grown beyond this is given back after the request that needed it. */
const KEPT_BYTES = 268_435_456;

/** One thread's instance over a memory. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): KernelExports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
}

/**
 * The tiled kernel: a running softmax over blocks of keys, in WebAssembly SIMD (see assembly/). It takes every
 * problem whose softmax is in its own precision; where a NaN or an infinity takes part, the rows concerned are redone by the reference.
 * Results are views into the kernel's memory, good until its arena is reset.
 */
export class SimdKernel implements Kernel {
  readonly name: string;
  readonly #modules: Modules;
  readonly #tile: Tile;
  readonly #crew: Crew | undefined;
  readonly #mostRedone: number;
  #memory = new KernelMemory();
  /** An instance over the memory for each arithmetic that was asked for. */
  #instances: Partial<Record<Precision, KernelExports>> = {};

  /** @param mostRedone multiply-adds of a problem up to which rows are redone here; beyond it TooMuchToRedo is thrown */
  constructor(name: string, modules: Modules, tile: Tile, crew?: Crew, mostRedone = Number.POSITIVE_INFINITY) {
    this.#mostRedone = mostRedone;
    this.name = name;
    this.#modules = modules;
    this.#tile = tile;
    this.#crew = crew;
  }

  readonly arena: Arena = {
    reset: () => {
      this.#memory.reset();
      if (this.#memory.bytes <= KEPT_BYTES) return;
      this.#memory = new KernelMemory();
      this.#instances = {};
    },
    float32: (length) => this.#memory.singles(this.#memory.allocate(4 * length), length),
  };

  isTiled(precision: Precision, softmaxPrecision: SoftmaxPrecision): boolean {
    return precision === softmaxPrecision;
  }

  /** @throws Stopped where the job's `stop` was set, TooMuchToRedo */
  attend(problem: Problem): Result {
    const { M, N } = problem.axes;
    if ((problem.softmaxPrecision ?? problem.precision) !== problem.precision || M === 0 || N === 0) return reference.attend(problem);
    const laid = this.#compute(problem);
    const flagged = laid.flags.includes(1);
    if (flagged && multiplyAdds(problem.axes) > this.#mostRedone) throw new TooMuchToRedo('the reference would hold this thread for too long');
    const clean = flagged ? cleaned(problem) : undefined;
    const trusted = clean ? this.#compute(clean.problem) : laid;
    const result = readResult(this.#memory, problem, trusted);
    result.nonFinite = redo(problem, trusted, clean?.poisoned, result);
    return result;
  }

  #instance(precision: Precision): KernelExports {
    const instance = this.#instances[precision] ?? instantiate(this.#modules[precision], this.#memory.memory);
    this.#instances[precision] = instance;
    return instance;
  }

  #compute(problem: Problem): Laid {
    const { H, G, M } = problem.axes;
    // Single rows are bound by memory, which one thread keeps busy.
    const worthMore = multiplyAdds(problem.axes) >= SHARED_WORK && (H / G) * M > SINGLE_ROWS;
    const crew = worthMore ? this.#crew : undefined;
    const laid = layOut(this.#memory, problem, this.#tile, crew?.threads ?? 1);
    const { job, plan } = laid;
    const kernel = this.#instance(problem.precision);
    const run = () => kernel.run(job.descriptor, job.scratch[0]!);
    if (crew) crew.share(job, run);
    else run();
    if (Atomics.load(this.#memory.integers(job.descriptor + DESCRIPTOR.stop, 1), 0) !== 0) throw new Stopped('the job was stopped');
    if (plan.chunks > 1) kernel.merge(job.descriptor, job.scratch[0]!);
    return laid;
  }
}

/** A job, and where its results will stand. */
interface Laid {
  readonly job: Job;
  readonly plan: Plan;
  /** 1 for each block of rows in which a NaN or an infinity took part. */
  readonly flags: Int32Array;
  readonly statistics: number;
  readonly context: number;
  readonly matrices: ReadonlyMap<Output, number>;
}

/** Lays a problem out: copies what is not in the memory yet, makes room for what is wanted. */
function layOut(memory: KernelMemory, problem: Problem, tile: Tile, threads: number): Laid {
  const { axes, precision, want, query, key, value, reach, mask, bias, alibi, sink, scale, softcap } = problem;
  const { B, H, G, M, N, D, E } = axes;
  const stored = MATRICES.filter((output) => want.has(output));
  const perRow = want.has('lse') || want.has('entropy') || want.has('sink_weight');
  const plan = planOf(axes, precision, stored.length > 0);
  const size = SIZE[precision];
  const own = (data: Floats) => ofPrecision(data, precision);
  const descriptor = memory.allocate(DESCRIPTOR.bytes);
  const flagCount = plan.items / plan.chunks;
  const flags = memory.allocate(4 * flagCount);
  const context = want.has('context') ? memory.allocate(size * B * H * M * E) : 0;
  const statistics = perRow ? memory.allocate(4 * size * B * H * M) : 0;
  const matrices = new Map<Output, number>(stored.map((output) => [output, memory.allocate(size * B * H * M * N)]));
  const partials = plan.partialBytes > 0 ? memory.allocate(plan.partialBytes) : 0;
  // Keys and values are often the same tokens: what is placed once need not be copied again.
  const placed = new Map<Floats, number>();
  const place = (data: Floats) => {
    const address = placed.get(data) ?? memory.place(data);
    placed.set(data, address);
    return address;
  };
  const rows = ({ data, offset, batchStride, headStride, rowStride }: Rows) => [place(own(data)) + size * offset, batchStride, headStride, rowStride];
  const pairs = (view: Broadcast<Floats | Uint8Array> | undefined) =>
    view
      ? [
          memory.place(view.data instanceof Uint8Array ? view.data : own(view.data)),
          view.batchStride,
          view.headStride,
          view.rowStride,
          view.keyStride,
        ]
      : [];
  const layout = contextLayout(problem);

  const words: number[] = new Array<number>(DESCRIPTOR.bytes / 4).fill(0);
  const put = (offset: number, ...values: number[]) => {
    for (const [n, value] of values.entries()) words[offset / 4 + n] = value;
  };
  put(DESCRIPTOR.items, plan.items, M, N, D, E, H, G);
  put(DESCRIPTOR.blockRows, plan.blockRows, plan.blocks, plan.chunks, plan.chunkKeys, plan.keyBlock, TILE[tile]);
  put(DESCRIPTOR.want, (want.has('context') ? WANT.context : 0) | (perRow ? WANT.statistics : 0) | (want.has('entropy') ? WANT.moment : 0));
  put(DESCRIPTOR.query, ...rows(query), ...rows(key), ...rows(value));
  put(DESCRIPTOR.context, context && context + size * layout.offset, layout.batchStride, layout.headStride, layout.rowStride);
  put(DESCRIPTOR.mask, ...pairs(mask));
  put(DESCRIPTOR.bias, ...pairs(bias));
  put(DESCRIPTOR.first, memory.place(reach.first), memory.place(reach.end));
  if (alibi) put(DESCRIPTOR.position, memory.place(alibi.positions), memory.place(own(alibi.slopes)));
  if (sink) put(DESCRIPTOR.sink, memory.place(own(sink)));
  put(DESCRIPTOR.statistics, statistics, ...MATRICES.map((output) => matrices.get(output) ?? 0), flags, partials, plan.path);
  // The last heads of all threads are shared out item by item, so that none is left with much while others have nothing.
  put(DESCRIPTOR.singles, threads * plan.blocks * plan.chunks);
  const scratch = Array.from({ length: threads }, () => memory.allocate(plan.scratchBytes));
  // Views are made last: any allocation may grow the memory.
  memory.integers(flags, flagCount).fill(0);
  memory.integers(descriptor, words.length).set(words);
  memory.numbers(precision, descriptor + DESCRIPTOR.scale, 1)[0] = scale;
  memory.numbers(precision, descriptor + DESCRIPTOR.softcap, 1)[0] = softcap ?? 0;
  return {
    job: { precision, memory: memory.memory, descriptor, scratch },
    plan,
    flags: memory.integers(flags, flagCount),
    statistics,
    context,
    matrices,
  };
}

/** A problem holds numbers of its own precision; anything else is a defect of the caller. */
function ofPrecision(data: Floats, precision: Precision): Floats {
  if (data.BYTES_PER_ELEMENT === SIZE[precision]) return data;
  throw new TypeError(`a ${precision} problem holds numbers of ${data.BYTES_PER_ELEMENT} bytes`);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function readResult(memory: KernelMemory, problem: Problem, { statistics, context, matrices }: Laid): Mutable<Result> {
  const { axes, precision, want } = problem;
  const { B, H, M, N, E } = axes;
  const cells = B * H * M;
  const result: Mutable<Result> = { fullyMasked: fullyMaskedRows(problem) };
  if (context !== 0) result.context = memory.numbers(precision, context, cells * E);
  for (const [output, address] of matrices) result[output as (typeof MATRICES)[number]] = memory.numbers(precision, address, cells * N);
  for (const output of ['lse', 'entropy', 'sink_weight'] as const) if (want.has(output)) result[output] = floats(precision, cells);
  if (statistics !== 0) readStatistics(memory.numbers(precision, statistics, 4 * cells), result, cells);
  // The module would come within a rounding of it.
  if (problem.sink && result.lse) for (const r of result.fullyMasked) result.lse[r] = problem.sink[Math.floor(r / M) % H]!;
  return result;
}

/** The module keeps maxima in powers of 2, and leaves logarithms to the platform's. */
function readStatistics(statistics: Floats, result: Mutable<Result>, cells: number): void {
  for (let n = 0; n < cells; n++) {
    const max = statistics[4 * n]!;
    const sum = statistics[4 * n + 1]!;
    const moment = statistics[4 * n + 2]!;
    if (result.lse) result.lse[n] = sum > 0 ? max * Math.LN2 + Math.log(sum) : Number.NEGATIVE_INFINITY;
    if (result.entropy) result.entropy[n] = sum > 0 ? Math.max(0, Math.log2(sum) - moment / sum) : 0;
    if (result.sink_weight) result.sink_weight[n] = statistics[4 * n + 3]!;
  }
}

/**
 * Redoes rows by the reference: the blocks that the module flagged, and the rows that attend to a poisoned key. Scores
 * are given for every key, so those of poisoned keys are redone in every row. Returns the first place that is not finite.
 */
function redo(problem: Problem, { plan, flags }: Laid, poisoned: readonly (readonly number[])[] | undefined, result: Result): NonFinite | undefined {
  if (!poisoned && !flags.includes(1)) return undefined;
  const { B, H, G, M } = problem.axes;
  const group = H / G;
  let first: NonFinite | undefined;
  const again = rowByRow(problem, rowsOf(problem.precision, problem.precision), result, () => undefined);
  const patch = scorePatch(problem, result);
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      const pair = b * G + Math.floor(h / group);
      const keys = poisoned?.[pair] ?? [];
      for (let i = 0; i < M; i++) {
        const shared = (h % group) * M + i;
        const flagged = flags[pair * plan.blocks + Math.floor(shared / plan.blockRows)] === 1;
        if (flagged || attendsToAny(problem, b, h, i, keys)) {
          const place = again(b, h, i);
          first ??= place;
        } else patch(b, h, i, keys);
      }
    }
  }
  return first;
}

/** Writes the scores of single keys as they are, for rows that do not attend to them. */
function scorePatch(
  { axes: { H, G, M, N, D }, precision, query, key, scale, softcap }: Problem,
  result: Result,
): (b: number, h: number, i: number, keys: readonly number[]) => void {
  const rows = rowsOf(precision, precision);
  const score = floats(precision, 1);
  const capped = floats(precision, 1);
  return (b, h, i, keys) => {
    if (!result.scores && !result.capped) return;
    const g = Math.floor(h / (H / G));
    const queries = { data: query.data, stride: query.rowStride, offset: query.offset + b * query.batchStride + h * query.headStride };
    for (const j of keys) {
      const one = { data: key.data, stride: key.rowStride, offset: key.offset + b * key.batchStride + g * key.headStride + j * key.rowStride };
      rows.scores(queries, i, one, 1, D, scale, score);
      if (softcap !== undefined) rows.softcap(score, softcap, capped);
      const place = ((b * H + h) * M + i) * N + j;
      if (result.scores) result.scores[place] = score[0]!;
      if (result.capped) result.capped[place] = softcap === undefined ? score[0]! : capped[0]!;
    }
  };
}
