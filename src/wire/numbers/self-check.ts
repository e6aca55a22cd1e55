import { printPortably } from './portable.ts';
import type { Printer } from './printer.ts';
import type { Segment } from './segments.ts';

/** Signs, every notation, ties, and what is not finite. */
const KNOWN = [0, -0, 1, -0.1, 0.26, 1 / 3, 5e-324, -1e-7, 1e21, 123456789.5, 2 ** 60, -(2 ** 24), Number.NaN, Number.NEGATIVE_INFINITY];

const REPLY: readonly Segment[] = [Float32Array.from(KNOWN), Float64Array.from(KNOWN)].flatMap((data) => [
  '{"é":',
  { data, shape: [2, data.length / 2] },
  ',',
  { data, shape: [data.length], decimals: 4, words: true },
  ',',
  { data: data.subarray(4, 5), shape: [] },
]);

/** Whether the module prints known numbers as the portable printer does. */
export function passesSelfCheck(printer: Printer): boolean {
  return printer.print(REPLY).toString() === printPortably(REPLY);
}
