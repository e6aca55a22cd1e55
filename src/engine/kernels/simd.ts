import { type Call, multiplyAdds, type Result, type SoftmaxPrecision } from '../call.ts';
import type { Precision } from '../tensor.ts';
import { FLAG } from './descriptor.ts';
import { type Crew, instantiate, isStopped, KEPT_BYTES, type KernelExports, type Modules } from './job.ts';
import { type Kernel, Stopped } from './kernel.ts';
import { emptyRows, type Laid, layOut, readResult } from './lay-out.ts';
import { KernelMemory } from './memory.ts';
import { SINGLE_ROWS, type Tile } from './plan.ts';
import { cleaned } from './poison.ts';
import { redo } from './redo.ts';
import { reference } from './reference.ts';

/** Multiply-adds from which another thread is worth waking; see bench/README.md. */
const SHARED_WORK = 60_000_000;
/** Multiply-adds below which laying a call out in the module's memory takes longer than computing it step by step. */
const TINY_WORK = 1000;

interface SimdOptions {
  readonly crew?: Crew | undefined;
  /** Multiply-adds up to which rows of a call are redone by the reference; beyond it TooMuchToRedo is thrown. */
  readonly mostRedone?: number | undefined;
  /** Multiply-adds below which a call is left to the reference. */
  readonly leastWork?: number | undefined;
}

/**
 * The tiled kernel: a running softmax (Milakov and Gimelshein 2018) over blocks of keys, in WebAssembly SIMD (see
 * assembly/). What it can't do, or not as fast, it leaves to the reference: calls without rows or keys, a softmax in
 * another precision than the call's, tiny calls, and the rows in which a NaN or an infinity takes part.
 */
export class SimdKernel implements Kernel {
  readonly name: string;
  readonly #modules: Modules;
  readonly #tile: Tile;
  readonly #options: SimdOptions;
  #memory = new KernelMemory();
  /** An instance over the memory for each arithmetic that was asked for. */
  #instances: Partial<Record<Precision, KernelExports>> = {};

  constructor(name: string, modules: Modules, tile: Tile, options: SimdOptions = {}) {
    this.name = name;
    this.#modules = modules;
    this.#tile = tile;
    this.#options = options;
  }

  attend(call: Call): Result {
    return this.#leaves(call) ? reference.attend(call) : this.#attendInTiles(call);
  }

  isTiled(precision: Precision, softmaxPrecision: SoftmaxPrecision): boolean {
    return precision === softmaxPrecision;
  }

  float32(length: number): Float32Array {
    return this.#memory.singles(this.#memory.allocate(4 * length), length);
  }

  reset(): void {
    this.giveBack();
    this.#memory.reset();
  }

  giveBack(): boolean {
    if (this.#memory.bytes <= KEPT_BYTES) return false;
    this.#memory = new KernelMemory();
    this.#instances = {};
    return true;
  }

  #leaves({ axes, precision, softmaxPrecision = precision }: Call): boolean {
    if (!this.isTiled(precision, softmaxPrecision) || axes.M === 0 || axes.N === 0) return true;
    return multiplyAdds(axes) < (this.#options.leastWork ?? TINY_WORK);
  }

  #attendInTiles(call: Call): Result {
    const laid = this.#compute(call);
    if (!laid.flags.some((flag) => (flag & FLAG.unsound) !== 0)) return { ...readResult(this.#memory, call, laid), fullyMasked: emptyRows(laid) };
    const clean = cleaned(call);
    const trusted = clean ? this.#compute(clean.call) : laid;
    const result = readResult(this.#memory, call, trusted);
    const most = this.#options.mostRedone ?? Number.POSITIVE_INFINITY;
    const nonFinite = redo(call, { flags: trusted.flags, poisoned: clean?.poisoned, result, most });
    return { ...result, fullyMasked: emptyRows(trusted), nonFinite };
  }

  #compute(call: Call): Laid {
    const { H, G, M } = call.axes;
    // Single rows are bound by memory, which one thread keeps busy.
    const worthMore = multiplyAdds(call.axes) >= SHARED_WORK && (H / G) * M > SINGLE_ROWS;
    const crew = worthMore ? this.#options.crew : undefined;
    const laid = layOut(this.#memory, call, this.#tile, crew?.threads ?? 1);
    const { job, plan } = laid;
    const { run, merge } = this.#instance(call.precision);
    const [scratch = 0] = job.scratch;
    const runHere = () => run(job.descriptor, scratch, 0);
    if (crew) crew.share(job, runHere);
    else runHere();
    if (isStopped(job)) throw new Stopped('the job was stopped');
    if (plan.chunks > 1) merge(job.descriptor, scratch);
    return laid;
  }

  #instance(precision: Precision): KernelExports {
    const instance = this.#instances[precision] ?? instantiate(this.#modules[precision], this.#memory.memory);
    this.#instances[precision] = instance;
    return instance;
  }
}
