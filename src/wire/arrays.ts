import { type Floats, floats, type Matrix, type Precision } from '../engine/tensor.ts';
import { count, type Faults, given } from './faults.ts';
import { NumberArray } from './numbers/number-array.ts';
import { outOfRange } from './scalars.ts';

/*
 * Readers of arrays, as far as a vector and a matrix. They stop where the faults are full. A NumberArray that is not what
 * is wanted goes the way of all that is no array: it is refused, and the body is read again without NumberArrays.
 */

/** An array that is not empty. */
export function readArray(value: unknown, of: string, pointer: string, faults: Faults): readonly unknown[] | undefined {
  if (!Array.isArray(value)) return faults.add(pointer, `must be an array with at least one ${of}, got ${given(value)}`);
  if (value.length === 0) return faults.add(pointer, `is empty; at least one ${of} is required`);
  return value;
}

/** A row of numbers. */
export function readVector(value: unknown, precision: Precision, pointer: string, faults: Faults): Floats | undefined {
  const read = value instanceof NumberArray && value.shape.length === 1 ? value.floats(precision) : undefined;
  if (read) return read;
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
  if (value instanceof NumberArray && value.shape.length === 2) {
    const [height = 0, columns = 0] = value.shape;
    const data = value.floats(precision);
    if (data) return { data, rows: height, columns };
  }
  const rows = readArray(value, 'row of numbers', pointer, faults);
  if (!rows) return undefined;
  const columns = checkWidths(rows, 'number', pointer, faults);
  // Widths are checked before anything is allocated: one long row must not cost rows × its width.
  const data = floats(precision, columns === undefined ? 0 : rows.length * columns);
  for (let r = 0; r < rows.length && !faults.full; r++) {
    const row = rows[r];
    if (Array.isArray(row)) readRow(row, data, r * (columns ?? 0), precision, pointer, faults, r);
  }
  return columns === undefined ? undefined : { data, rows: rows.length, columns };
}

/** The width that all rows share, or undefined with a fault for each row that is not like the first. */
export function checkWidths(rows: readonly unknown[], of: string, pointer: string, faults: Faults): number | undefined {
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

/** Reads a row into `data`, from `offset` on; where it is one of several, it is the one at that index below the pointer. */
export function readRow(
  row: readonly unknown[],
  data: Floats,
  offset: number,
  precision: Precision,
  pointer: string,
  faults: Faults,
  index?: number,
): void {
  const start = copyNumbers(row, data, offset, GREATEST[precision]);
  if (start < row.length) readSlowly(row, start, data, offset, precision, index === undefined ? pointer : `${pointer}/${index}`, faults);
}

/** Reads what is left of a row from the first element on that is at fault. */
function readSlowly(
  row: readonly unknown[],
  start: number,
  data: Floats,
  offset: number,
  precision: Precision,
  pointer: string,
  faults: Faults,
): void {
  for (let c = start; c < row.length && !faults.full; c++) {
    const value = row[c];
    if (typeof value !== 'number') faults.add(`${pointer}/${c}`, `must be a number, got ${given(value)}`);
    else if (Math.abs(value) > GREATEST[precision]) faults.add(`${pointer}/${c}`, outOfRange(value, precision));
    else data[offset + c] = value;
  }
}

/** The greatest number that does not round to infinity: half a unit below the next power of two. */
const GREATEST: Readonly<Record<Precision, number>> = { float32: 3.4028235677973362e38, float64: Number.MAX_VALUE };

/** Copies numbers while they are in order, and returns where that ends: one tight loop, since most rows are. */
function copyNumbers(row: readonly unknown[], data: Floats, offset: number, greatest: number): number {
  for (let c = 0; c < row.length; c++) {
    const value = row[c];
    if (typeof value !== 'number' || !(value <= greatest && value >= -greatest)) return c;
    data[offset + c] = value;
  }
  return row.length;
}
