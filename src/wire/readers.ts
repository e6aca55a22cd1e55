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

/** Elements for [n], [m, n] or [h, m, n], flat, and that shape. It comes back for its shape even where elements are at fault. */
export interface PerPairRead<Data> {
  readonly data: Data;
  readonly shape: readonly number[];
}

/** Booleans, 1 for true. */
export function readBooleans(value: unknown, pointer: string, faults: Faults): PerPairRead<Uint8Array> | undefined {
  return readPerPair(value, 'boolean', pointer, faults, (length) => new Uint8Array(length), readBooleanRow);
}

/** Finite numbers of that precision. */
export function readNumbers(value: unknown, precision: Precision, pointer: string, faults: Faults): PerPairRead<Floats> | undefined {
  return readPerPair(
    value,
    'number',
    pointer,
    faults,
    (length) => floats(precision, length),
    (row, data, offset, at) => readRow(row, data, offset, precision, at, faults),
  );
}

type RowReader<Data> = (row: readonly unknown[], data: Data, offset: number, pointer: string, faults: Faults) => void;

function readPerPair<Data>(
  value: unknown,
  of: string,
  pointer: string,
  faults: Faults,
  allocate: (length: number) => Data,
  readRow: RowReader<Data>,
): PerPairRead<Data> | undefined {
  const list = readArray(value, `${of} or row of ${of}s`, pointer, faults);
  if (!list) return undefined;
  const rank = Array.isArray(list[0]) ? (Array.isArray(list[0][0]) ? 3 : 2) : 1;
  const heads: readonly unknown[] = rank === 3 ? list : [rank === 2 ? list : [list]];
  const shape = perPairShape(heads, rank, of, pointer, faults);
  const [rows, keys] = shape ?? [0, 0];
  // Shapes are checked before anything is allocated: one long row must not cost rows × its width.
  const data = allocate(shape ? heads.length * rows * keys : 0);
  for (let h = 0; h < heads.length && !faults.full; h++) {
    const head = heads[h];
    if (!Array.isArray(head)) continue;
    for (let r = 0; r < head.length && !faults.full; r++) {
      const at = `${pointer}${rank === 3 ? `/${h}` : ''}${rank >= 2 ? `/${r}` : ''}`;
      if (Array.isArray(head[r])) readRow(head[r], data, (h * rows + r) * keys, at, faults);
    }
  }
  return shape && { data, shape: rank === 1 ? [keys] : rank === 2 ? [rows, keys] : [heads.length, rows, keys] };
}

/** The rows and keys that every head has, or undefined with faults. */
function perPairShape(
  heads: readonly unknown[],
  rank: number,
  of: string,
  pointer: string,
  faults: Faults,
): readonly [rows: number, keys: number] | undefined {
  let shape: readonly [number, number] | undefined;
  let fine = true;
  for (let h = 0; h < heads.length && !faults.full; h++) {
    const at = rank === 3 ? `${pointer}/${h}` : pointer;
    const head = rank === 1 ? heads[h] : readArray(heads[h], `row of ${of}s`, at, faults);
    if (!Array.isArray(head)) {
      fine = false;
      continue;
    }
    const keys = rank === 1 ? head[0].length : checkWidths(head, of, at, faults);
    if (keys === undefined) fine = false;
    else if (!shape) shape = [head.length, keys];
    else if (shape[0] !== head.length || shape[1] !== keys) {
      faults.add(at, `is ${head.length} × ${keys}, but ${pointer}/0 is ${shape[0]} × ${shape[1]}; every head must have the same shape`);
      fine = false;
    }
  }
  return fine ? shape : undefined;
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

const MOST_FIELDS_LISTED = 8;

const NONE: ReadonlySet<string> = new Set();

/**
 * The members of an object, own ones only, with a fault for each that is not among `known`. A member that is null is
 * absent, but for those of `nullable`, where null is a value.
 */
export function readObject(
  value: unknown,
  known: ReadonlySet<string>,
  pointer: string,
  faults: Faults,
  nullable = NONE,
): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return faults.add(pointer, `must be a JSON object, got ${given(value)}`);
  const members: Record<string, unknown> = Object.create(null);
  for (const [name, member] of Object.entries(value)) {
    if (known.has(name)) {
      if (member !== null || nullable.has(name)) members[name] = member;
    } else
      faults.add(
        pointerTo(pointer, name),
        `is not a field ${pointer === '' ? 'of this request' : 'here'}${known.size > MOST_FIELDS_LISTED ? '; /docs lists the fields' : `; the fields are ${[...known].join(', ')}`}`,
      );
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
  const start = copyNumbers(row, data, offset, GREATEST[precision]);
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

function outOfRange(value: number, precision: Precision): string {
  const greatest = precision === 'float32' ? '3.4028234663852886e+38' : '1.7976931348623157e+308';
  const what = Number.isFinite(value) ? `${value}` : 'a number too great for double precision';
  return `is outside the range of ${precision} (±${greatest}), got ${what}${precision === 'float32' && Number.isFinite(value) ? '; "dtype": "float64" has room for it' : ''}`;
}
