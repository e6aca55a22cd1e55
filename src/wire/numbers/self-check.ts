import { NumberArray } from './number-array.ts';
import type { NumberReader } from './number-reader.ts';
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

/** Signs, exponents, few digits and many, and halfway between two doubles. */
const TEXT = '{"é":[[0,-0,1,-0.1,1e-7,5e-324,1.5E+300,0.1234567890123456789],[3,12345678.25,1e23,2e-400,9007199254740993,0.5e1,7,1]]}';

/** Whether the modules print known numbers as the portable printer does, and read them as JSON.parse does. */
export function passesSelfCheck(printer: Printer, reader: NumberReader): boolean {
  return printer.print(REPLY).toString() === printPortably(REPLY) && readsKnown(reader);
}

function readsKnown(reader: NumberReader): boolean {
  const read = reader.read([Buffer.from(TEXT)], 'always')?.value as { readonly é: unknown } | undefined;
  const known = (JSON.parse(TEXT) as { readonly é: readonly number[][] }).é.flat();
  return read?.é instanceof NumberArray && Buffer.from(Float64Array.from(known).buffer).equals(Buffer.from(read.é.data.slice().buffer));
}
