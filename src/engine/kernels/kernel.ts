import type { Call, Result, SoftmaxPrecision } from '../call.ts';
import type { Precision } from '../tensor.ts';

/** A way to compute a call of the operator. */
export interface Kernel {
  readonly name: string;
  /**
   * The outputs that the call wants. They may be views into the kernel's memory, good until it is reset or given back.
   * @throws Stopped where the job was stopped, TooMuchToRedo, and what the call's checkpoint throws
   */
  attend(call: Call): Result;
  /** Whether it computes large calls of these precisions in tiles, many times as fast as step by step. */
  isTiled(precision: Precision, softmaxPrecision: SoftmaxPrecision): boolean;
  /** Numbers in memory that this kernel reads without a copy. */
  float32(length: number): Float32Array;
  /** Whatever was handed out before, results included, may be overwritten from now on. */
  reset(): void;
  /** Lets go of memory that only a large call needs, and says whether there was any. Results are gone then. */
  giveBack(): boolean;
}

/** A job that was stopped before its end: nobody waits for it any more. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** Rows in which a NaN or an infinity takes part, and which would take too long to redo step by step. */
export class TooMuchToRedo extends Error {
  override readonly name = 'TooMuchToRedo';

  constructor(multiplyAdds: number, most: number) {
    super(
      `a NaN, an infinity or an overflow takes part in rows that the reference would redo one by one, by at least ${multiplyAdds} multiply-adds; at most ${most} are redone`,
    );
  }
}
