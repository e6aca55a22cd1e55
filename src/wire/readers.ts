import { type Floats, floats, type Matrix, type Precision } from '../engine/tensor.ts';
import { count, type Faults, given, pointerTo } from './faults.ts';

/*
 * Readers of one member each: a value of the parsed body in, a typed value out, or undefined with its faults noted.
 * They coerce nothing, and stop where the faults are full.
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

/** A row of numbers. */
export function readVector(value: unknown, precision: Precision, pointer: string, faults: Faults): Floats | undefined {
  const row = readArray(value, 'number', pointer, faults);
  if (!row) return undefined;
  const data = floats(precision, row.length);
  readRow(row, data, 0, precision, pointer, faults);
  return data;
}

/**
 * A matrix: at least one row, at least one column, every row as wide as the first. Where single elements are at fault
 * it still comes back, so that what depends on its shape can be held against it.
 */
export function readMatrix(value: unknown, precision: Precision, pointer: string, faults: Faults): Matrix | undefined {
  const rows = readArray(value, 'row of numbers', pointer, faults);
  if (!rows) return undefined;
  const columns = checkWidths(rows, 'number', pointer, faults);
  // Widths are checked before anything is allocated: one long row must not cost rows × its width.
  const data = floats(precision, columns === undefined ? 0 : rows.length * columns);
  for (let r = 0; r < rows.length && !faults.full; r++) {
    const row = rows[r];
    if (Array.isArray(row)) readRow(row, data, r * (columns ?? 0), precision, `${pointer}/${r}`, faults);
  }
  return columns === undefined ? undefined : { data, rows: rows.length, columns };
}

/** Booleans in one row, or in rows of equal width; 1 for true. It comes back for its shape, as a matrix does. */
export function readBooleans(value: unknown, pointer: string, faults: Faults): { data: Uint8Array; shape: readonly number[] } | undefined {
  const list = readArray(value, 'boolean, or row of booleans,', pointer, faults);
  if (!list) return undefined;
  const nested = Array.isArray(list[0]);
  const columns = nested ? checkWidths(list, 'boolean', pointer, faults) : list.length;
  const data = new Uint8Array((columns ?? 0) * (nested ? list.length : 1));
  for (const [r, row] of (nested ? list : [list]).entries()) {
    if (Array.isArray(row)) readBooleanRow(row, data, r * (columns ?? 0), nested ? `${pointer}/${r}` : pointer, faults);
    if (faults.full) break;
  }
  return columns !== undefined ? { data, shape: nested ? [list.length, columns] : [columns] } : undefined;
}

function readBooleanRow(row: readonly unknown[], data: Uint8Array, offset: number, pointer: string, faults: Faults): void {
  for (let c = 0; c < row.length && !faults.full; c++) {
    if (typeof row[c] === 'boolean') data[offset + c] = row[c] === true ? 1 : 0;
    else faults.add(`${pointer}/${c}`, `must be true (may attend) or false, got ${given(row[c])}`);
  }
}

/** An array that is not empty. */
export function readArray(value: unknown, of: string, pointer: string, faults: Faults): readonly unknown[] | undefined {
  if (!Array.isArray(value)) return faults.add(pointer, `must be an array with at least one ${of}, got ${given(value)}`);
  if (value.length === 0) return faults.add(pointer, `is empty; at least one ${of} is required`);
  return value;
}

/** The members of an object, own ones only, with a fault for each that is not among `known`. */
export function readObject(
  value: unknown,
  known: ReadonlySet<string>,
  pointer: string,
  faults: Faults,
): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return faults.add(pointer, `must be a JSON object, got ${given(value)}`);
  const members: Record<string, unknown> = Object.create(null);
  for (const [name, member] of Object.entries(value)) {
    if (known.has(name)) members[name] = member;
    else faults.add(pointerTo(pointer, name), `is not a field of this request; the fields are ${[...known].join(', ')}`);
    if (faults.full) break;
  }
  return members;
}

/** The width that all rows share, or undefined with a fault for each row that is not like the first. */
function checkWidths(rows: readonly unknown[], of: string, pointer: string, faults: Faults): number | undefined {
  const width = Array.isArray(rows[0]) ? rows[0].length : undefined;
  let fine = true;
  for (let r = 0; r < rows.length && !faults.full; r++) {
    const row = rows[r];
    if (!Array.isArray(row)) faults.add(`${pointer}/${r}`, `must be a row, an array of ${of}s, got ${given(row)}`);
    else if (row.length === 0) faults.add(`${pointer}/${r}`, `is empty; a row has at least one ${of}`);
    else if (width !== undefined && width > 0 && row.length !== width) {
      faults.add(`${pointer}/${r}`, `has ${count(row.length, of)}, but row 0 has ${width}; every row must be equally wide`);
    } else continue;
    fine = false;
  }
  return fine ? width : undefined;
}

function readRow(row: readonly unknown[], data: Floats, offset: number, precision: Precision, pointer: string, faults: Faults): void {
  for (let c = 0; c < row.length && !faults.full; c++) {
    const value = row[c];
    if (typeof value === 'number') {
      const held = precision === 'float32' ? Math.fround(value) : value;
      data[offset + c] = held;
      if (!Number.isFinite(held)) faults.add(`${pointer}/${c}`, outOfRange(value, precision));
    } else faults.add(`${pointer}/${c}`, `must be a number, got ${given(value)}`);
  }
}

function outOfRange(value: number, precision: Precision): string {
  const greatest = precision === 'float32' ? '3.4028234663852886e+38' : '1.7976931348623157e+308';
  const what = Number.isFinite(value) ? `${value}` : 'a number too great for double precision';
  return `is outside the range of ${precision} (±${greatest}), got ${what}${precision === 'float32' && Number.isFinite(value) ? '; "dtype": "float64" has room for it' : ''}`;
}
