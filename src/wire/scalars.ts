import type { Precision } from '../engine/tensor.ts';
import { type Faults, given } from './faults.ts';

/*
 * Readers of one value that is no array: a value of the parsed body in, a typed one out, or undefined with its fault noted.
 * They coerce nothing.
 */

export function readBoolean(value: unknown, pointer: string, faults: Faults): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return faults.add(pointer, `must be true or false, got ${given(value)}`);
}

export function readInteger(value: unknown, pointer: string, faults: Faults, least: number, most: number): number | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return faults.add(pointer, `must be an integer ${range}, got ${given(value)}`);
}

export function readWord<Word extends string>(value: unknown, words: readonly Word[], pointer: string, faults: Faults): Word | undefined {
  const word = words.find((candidate) => candidate === value);
  return word ?? faults.add(pointer, `must be one of ${words.map((candidate) => `"${candidate}"`).join(', ')}, got ${given(value)}`);
}

/** A number that is finite in that precision, rounded to it. */
export function readNumber(value: unknown, precision: Precision, pointer: string, faults: Faults): number | undefined {
  if (typeof value !== 'number') return faults.add(pointer, `must be a number, got ${given(value)}`);
  const held = precision === 'float32' ? Math.fround(value) : value;
  return Number.isFinite(held) ? held : faults.add(pointer, outOfRange(value, precision));
}

/** A number greater than 0. */
export function readPositive(value: unknown, precision: Precision, pointer: string, faults: Faults): number | undefined {
  const number = readNumber(value, precision, pointer, faults);
  if (number === undefined || number > 0) return number;
  return faults.add(pointer, `must be greater than 0${precision === 'float32' && value !== 0 ? ' as a float32' : ''}, got ${given(value)}`);
}

export function readFinite(value: unknown, pointer: string, faults: Faults, least = Number.NEGATIVE_INFINITY): number | undefined {
  if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value;
  const range = least === Number.NEGATIVE_INFINITY ? '' : ` of at least ${least}`;
  return faults.add(pointer, `must be a finite number${range}, got ${given(value)}`);
}

export function readFlag(value: unknown, pointer: string, faults: Faults): boolean | undefined {
  if (value === 0 || value === 1 || typeof value === 'boolean') return Boolean(value);
  return faults.add(pointer, `must be 0, 1, true or false, got ${given(value)}`);
}

/** The word that a number stands for. */
export function readCode(
  value: unknown,
  codes: Readonly<Record<number, string>>,
  names: readonly string[],
  pointer: string,
  faults: Faults,
): string | undefined {
  const word = typeof value === 'number' ? codes[value] : undefined;
  if (word !== undefined) return word;
  const listed = Object.keys(codes).map((code, i) => `${code} (${names[i]})`);
  return faults.add(pointer, `must be ${listed.slice(0, -1).join(', ')} or ${listed.at(-1)}, got ${given(value)}`);
}

/** A fault of a number that precision can't hold; a finite one is beyond float32 alone. */
export function outOfRange(value: number, precision: Precision): string {
  const greatest = precision === 'float32' ? '3.4028234663852886e+38' : '1.7976931348623157e+308';
  const what = Number.isFinite(value) ? `${value}` : 'a number too great for double precision';
  return `is outside the range of ${precision} (±${greatest}), got ${what}${Number.isFinite(value) ? '; "dtype": "float64" has room for it' : ''}`;
}
