import { readFileSync } from 'node:fs';
import { NumberArray } from '../../../src/wire/numbers/number-array.ts';
import { NumberReader } from '../../../src/wire/numbers/number-reader.ts';

const bytes = readFileSync(new URL('../../../src/wire/numbers/read.wasm', import.meta.url));
export const reader = new NumberReader(new WebAssembly.Module(bytes));

/** So many bytes of a body go through the module together. */
export const WINDOW_BYTES = 65_536;

/** Fills a row of numbers, so that it is long enough to be worth reading. */
export const FILLER = ',0'.repeat(40);

/** What the reader gives for a text that comes in one piece; undefined where it leaves it to JSON.parse. */
export function read(text: string | Buffer, doubles: readonly string[] | 'always' = 'always'): unknown {
  return reader.read([Buffer.from(text as string)], doubles)?.value;
}

/** The same value with the arrays that JSON.parse gives. */
export function plain(value: unknown): unknown {
  if (value instanceof NumberArray) return nested(value, 0, 0, value.data.length);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

function nested({ data, shape }: NumberArray, axis: number, from: number, size: number): unknown {
  const count = shape[axis];
  if (count === undefined) {
    const element = data[from] as number;
    return data instanceof Uint8Array ? element === 1 : Number.isNaN(element) ? null : element;
  }
  const each = size / count;
  return Array.from({ length: count }, (_, i) => nested({ data, shape } as NumberArray, axis + 1, from + i * each, each));
}

/** The number that a text is read as, by the reader; undefined where it does not take it. */
export function numberOf(text: string, doubles: readonly string[] | 'always' = 'always'): number | undefined {
  const value = read(`[[${text}${FILLER}]]`, doubles);
  return value instanceof NumberArray && value.data.length === FILLER.length / 2 + 1 ? value.data[0] : undefined;
}
