import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { Call, KeyRanges, Result } from '../../src/engine/call.ts';
import { type Choice, chooseKernel } from '../../src/engine/kernels/choose.ts';
import type { Crew, Job, KernelExports } from '../../src/engine/kernels/job.ts';
import { SimdKernel } from '../../src/engine/kernels/simd.ts';
import { keyRangesOf, unboundedKeyRanges } from '../../src/engine/mask.ts';
import type { Rows } from '../../src/engine/tensor.ts';
import { conduct } from '../../src/runtime/crew.ts';
import { readBuilds } from '../../src/runtime/kernel.ts';

/** Whether V8's experimental flag may be set. It holds for the whole process, so each has one of its own. */
export type Mode = 'revectorised' | 'portable';

/** [batch, heads, rows, keys, head size], as many key heads, values as wide as keys. */
export interface Shape {
  readonly H: number;
  readonly M: number;
  readonly N: number;
  readonly D: number;
}

/** Asks a helper for a call of its own. */
export interface Apart {
  readonly apart: SharedArrayBuffer;
}

/** Which keys each row sees. A window is causal and has that many keys. */
export type Kind = 'dense' | 'causal' | 'window 256';
const WINDOW = 256;

/** The kernel that the service would choose in this mode. */
export function choose(mode: Mode): Choice {
  const choice = chooseKernel(readBuilds(), mode === 'revectorised' ? setFlagsFromString : undefined);
  if (!choice) throw new Error('no kernel passes its self-check here');
  return choice;
}

/** The chosen kernel over a memory of its own, on one thread or, with a helper as the service has them, on two. */
export class Subject {
  readonly kernel: SimdKernel;
  readonly #helper: Worker | undefined;
  /** For calls apart: they must not write over the subject's own. */
  readonly #spare: SimdKernel;
  /** The last job that was large enough to be shared: it says which memory the kernel works in. */
  job: Job | undefined;

  private constructor({ modules, tile }: Choice, helper: Worker | undefined) {
    this.#helper = helper;
    const crew = helper && conduct(2, (call) => helper.postMessage(call));
    const spy: Crew = {
      threads: crew?.threads ?? 1,
      share: (job, run) => {
        this.job = job;
        if (crew) crew.share(job, run);
        else run();
      },
    };
    this.kernel = new SimdKernel('bench', modules, tile, { crew: spy });
    this.#spare = new SimdKernel('bench', modules, tile);
  }

  static async start(choice: Choice, threads: 1 | 2): Promise<Subject> {
    if (threads === 1) return new Subject(choice, undefined);
    const helper = new Worker(new URL('./helper.ts', import.meta.url), { workerData: choice });
    await once(helper, 'message');
    return new Subject(choice, helper);
  }

  /**
   * The call over Q, K and V in the kernel's memory, its context alone wanted. The same lengths stand in the same
   * addresses each time, and what was written there stays: nothing is copied.
   */
  call({ H, M, N, D }: Shape, kind: Kind): Call & { readonly inputs: readonly Float32Array[] } {
    const { kernel } = this;
    kernel.reset();
    const rows = (count: number): Rows & { data: Float32Array } => ({
      data: kernel.float32(H * count * D),
      offset: 0,
      batchStride: H * count * D,
      headStride: count * D,
      rowStride: D,
    });
    // The memory may grow and leave older views short: all are made before any is used.
    for (const count of [M, N, N]) rows(count);
    kernel.reset();
    const [query, key, value] = [rows(M), rows(N), rows(N)];
    return {
      axes: { B: 1, H, G: H, M, N, D, E: D },
      precision: 'float32',
      query,
      key,
      value,
      scale: Math.fround(1 / Math.sqrt(D)),
      keyRanges: rangesOf(M, N, kind),
      want: new Set(['context']),
      contextLayout: { offset: 0, batchStride: H * M * D, headStride: M * D, rowStride: D },
      inputs: [query.data, key.data, value.data],
    };
  }

  /** Milliseconds of one call, and what it gave: views that last until the next call. */
  time(shape: Shape, kind: Kind): { readonly took: number; readonly result: Result } {
    const call = this.call(shape, kind);
    const before = performance.now();
    const result = this.kernel.attend(call);
    return { took: performance.now() - before, result };
  }

  /**
   * What this thread and the helper get done at once, each with a small call of its own, over what one gets done:
   * 2 where the machine has two idle cores.
   */
  apart(): number {
    if (!this.#helper) throw new Error('there is no helper');
    const alone = APART.run(this.#spare);
    const state = new Int32Array(new SharedArrayBuffer(4));
    this.#helper.postMessage({ apart: state.buffer } satisfies Apart);
    const before = performance.now();
    APART.run(this.#spare);
    Atomics.wait(state, 0, 0);
    return (2 * alone) / (performance.now() - before);
  }

  /** The module over the memory that this kernel works in. */
  exports({ modules }: Choice): KernelExports & { sumEach(at: number, count: number): number } {
    if (!this.job) throw new Error('no job was large enough to be seen');
    return new WebAssembly.Instance(modules.float32, { env: { memory: this.job.memory } }).exports as never;
  }

  async stop(): Promise<void> {
    await this.#helper?.terminate();
  }
}

/** A small call that is copied into whichever kernel's memory, and too small to be shared. */
export const APART = {
  call: apartCall(),
  /** Milliseconds of some calls, one after the other. */
  run(kernel: SimdKernel): number {
    const before = performance.now();
    for (let n = 0; n < 16; n++) {
      kernel.reset();
      kernel.attend(this.call);
    }
    return performance.now() - before;
  },
};

function apartCall(): Call {
  const [rows, width] = [240, 64];
  const data = Float32Array.from({ length: rows * width }, (_, n) => Math.sin(n));
  const same = { data, offset: 0, batchStride: 0, headStride: 0, rowStride: width };
  return {
    axes: { B: 1, H: 1, G: 1, M: rows, N: rows, D: width, E: width },
    precision: 'float32',
    query: same,
    key: same,
    value: same,
    scale: 0.125,
    keyRanges: unboundedKeyRanges(rows, rows),
    want: new Set(['context']),
  };
}

function rangesOf(M: number, N: number, kind: Kind): KeyRanges {
  if (kind === 'dense') return unboundedKeyRanges(M, N);
  const positions = Int32Array.from({ length: M }, (_, i) => i);
  return keyRangesOf(positions, [N], kind === 'causal' ? {} : { left: WINDOW - 1 }, true);
}

/** Pairs of a query and a key that may see each other, in one head. */
export function pairs(M: number, N: number, kind: Kind): number {
  const { first, end } = rangesOf(M, N, kind);
  return first.reduce((sum, from, i) => sum + Math.max(0, (end[i] ?? 0) - from), 0);
}
