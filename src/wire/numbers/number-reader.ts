import { isUtf8 } from 'node:buffer';
import { type MakeRoom, parsedBytes, refuseLong } from '../parsed-bytes.ts';
import { structureOf } from '../structure.ts';
import type { NumberArray } from './number-array.ts';
import { Scanner } from './scanner.ts';

/** The name of a member that has none: no request has one, so that what stands in for an array can't be a client's. */
const NAMELESS = /""\s*:/g;

/** Who reads JSON so. */
export type JsonReader = Pick<NumberReader, 'read'>;

/** Reads JSON with its arrays of numbers and of booleans in memory, as NumberArrays. */
export class NumberReader {
  readonly #scanner: Scanner;

  constructor(module: WebAssembly.Module) {
    this.#scanner = new Scanner(module);
  }

  /**
   * The value that a text holds as JSON: what JSON.parse gives, but for arrays that were read on the way. Undefined where
   * the text has to be read by JSON.parse, whether it is JSON or not. The next reading uses the memory of the arrays again.
   * @param doubles words of which any in the text says that numbers are kept as float64, or that they always are
   * @param makeRoom asked for the arrays as they are found, and for what JSON.parse will hold before it begins; what it throws is thrown
   * @throws Failure `body-too-large` where JSON.parse would take too long
   */
  read(pieces: readonly Buffer[], doubles: readonly string[] | 'always', makeRoom?: MakeRoom): { readonly value: unknown } | undefined {
    const isDouble = doubles === 'always' || doubles.some((word) => pieces.some((piece) => piece.includes(word)));
    const scanned = this.#scanner.scan(pieces, isDouble ? 'float64' : 'float32', makeRoom);
    if (!scanned || !isUtf8(scanned.text)) return undefined;
    const { arrays } = scanned;
    const structure = structureOf(scanned.text, Number.POSITIVE_INFINITY);
    refuseLong(structure);
    const parsed = parsedBytes(scanned.text, structure);
    makeRoom?.(parsed, parsed);
    const text = scanned.text.toString('utf8');
    if (!isOftenIn(text, NAMELESS, arrays.length)) return undefined;
    try {
      const value: unknown = JSON.parse(text);
      return { value: arrays.length === 0 ? value : restored(value, arrays) };
    } catch {
      return undefined;
    }
  }
}

/** Whether a text has a pattern just so many times. A list of all would hold more than the text. */
function isOftenIn(text: string, pattern: RegExp, times: number): boolean {
  let found = 0;
  for (pattern.lastIndex = 0; found <= times && pattern.test(text); ) found++;
  return found === times;
}

/** The value with the arrays in their places. Of an array no list of its indices is made: as texts they would hold more than it does. */
function restored(value: unknown, arrays: readonly NumberArray[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (typeof value[i] === 'object') value[i] = restored(value[i], arrays);
    return value;
  }
  const members = value as Record<string, unknown>;
  const index = members[''] as number | undefined;
  if (index !== undefined) return arrays[index];
  for (const name of Object.keys(members)) if (typeof members[name] === 'object') members[name] = restored(members[name], arrays);
  return value;
}
