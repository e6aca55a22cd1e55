import type { Call, Result, SoftmaxPrecision } from '../call.ts';
import type { Precision } from '../tensor.ts';

/** Memory that a kernel reads without a copy. */
export interface Arena {
  /** Whatever was allocated before, results included, may be overwritten from now on. */
  reset(): void;
  float32(length: number): Float32Array;
}

/** A way to compute a call. */
export interface Kernel {
  readonly name: string;
  attend(call: Call): Result;
  /** Whether it computes large calls of these precisions in tiles, many times as fast as step by step. */
  isTiled(precision: Precision, softmaxPrecision: SoftmaxPrecision): boolean;
  readonly arena?: Arena;
}
