import type { Floats } from '../../engine/tensor.ts';

/** Numbers of a reply, as JSON arrays by the axes of `shape`, from the outermost to the innermost; without an axis, the one number. */
export interface Numbers {
  readonly data: Floats;
  readonly shape: readonly number[];
  /** 0 to 15: each number x is printed as Number(x.toFixed(decimals)); absent: with the fewest digits that read back. */
  readonly decimals?: number | undefined;
  /** Whether what is not finite is "NaN", "Infinity" or "-Infinity", and not null. */
  readonly words?: boolean;
}

/** A part of a reply: JSON text as it stands there, or numbers to be printed. */
export type Segment = string | Numbers;
