import { roundToBfloat16 } from './bfloat16.ts';
import type { SoftmaxPrecision } from './call.ts';
import type { Floats } from './tensor.ts';

/*
 * The two inner loops of attention. Each stands here once for either precision, since V8 makes one loop that sees both
 * kinds of array about ten times slower.
 */

/** Σ a[c] · b[c] over `length` elements, in order; in float32 every operation is rounded. */
export function dotProduct(a: Floats, aOffset: number, b: Floats, bOffset: number, length: number): number {
  let sum = 0;
  if (a instanceof Float32Array) for (let c = 0; c < length; c++) sum = Math.fround(sum + Math.fround((a[aOffset + c] ?? 0) * (b[bOffset + c] ?? 0)));
  else for (let c = 0; c < length; c++) sum += (a[aOffset + c] ?? 0) * (b[bOffset + c] ?? 0);
  return sum;
}

/** out += factor · row over `length` elements; in float32 every operation is rounded. */
export function addScaled(out: Floats, to: number, factor: number, row: Floats, from: number, length: number): void {
  if (out instanceof Float32Array) for (let c = 0; c < length; c++) out[to + c] = (out[to + c] ?? 0) + Math.fround(factor * (row[from + c] ?? 0));
  else for (let c = 0; c < length; c++) out[to + c] = (out[to + c] ?? 0) + factor * (row[from + c] ?? 0);
}

/** Rounds the result of one operation to the arithmetic in use. */
type Round = (value: number) => number;

export const ROUND: Readonly<Record<SoftmaxPrecision, Round>> = {
  float64: (value) => value,
  float32: Math.fround,
  float16: Math.f16round,
  bfloat16: roundToBfloat16,
};

/** The result of one operation as that arithmetic has it. The usual two stand apart: by way of the table each number would be put on the heap. */
export function roundedIn(arithmetic: SoftmaxPrecision, value: number): number {
  if (arithmetic === 'float32') return Math.fround(value);
  return arithmetic === 'float64' ? value : ROUND[arithmetic](value);
}
