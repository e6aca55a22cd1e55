import { type Floats, floats, type Precision } from '../engine/tensor.ts';
import { checkWidths, readArray, readRow } from './arrays.ts';
import { type Faults, given } from './faults.ts';
import type { ShapedPerPair } from './members.ts';
import { NumberArray } from './numbers/number-array.ts';

/** Booleans, 1 for true: [n], [m, n] or [h, m, n]. They come back for their shape even where elements are at fault. */
export function readBooleans(value: unknown, pointer: string, faults: Faults): ShapedPerPair<Uint8Array> | undefined {
  const read = value instanceof NumberArray ? shaped(value, value.booleans) : undefined;
  if (read) return read;
  return readPerPair(value, 'boolean', pointer, faults, (length) => new Uint8Array(length), readBooleanRow);
}

/** Finite numbers of that precision: [n], [m, n] or [h, m, n]. They come back for their shape even where elements are at fault. */
export function readNumbers(value: unknown, precision: Precision, pointer: string, faults: Faults): ShapedPerPair<Floats> | undefined {
  const read = value instanceof NumberArray ? shaped(value, value.floats(precision)) : undefined;
  if (read) return read;
  return readPerPair(
    value,
    'number',
    pointer,
    faults,
    (length) => floats(precision, length),
    (row, data, offset, at) => readRow(row, data, offset, precision, at, faults),
  );
}

/** What was read already, where it has the axes of a value for each pair. */
function shaped<Data>({ shape }: NumberArray, data: Data | undefined): ShapedPerPair<Data> | undefined {
  const rank = shape.length;
  return data && (rank === 1 || rank === 2 || rank === 3) ? { data, rank, shape } : undefined;
}

type RowReader<Data> = (row: readonly unknown[], data: Data, offset: number, pointer: string, faults: Faults) => void;

function readPerPair<Data>(
  value: unknown,
  of: string,
  pointer: string,
  faults: Faults,
  allocate: (length: number) => Data,
  readRow: RowReader<Data>,
): ShapedPerPair<Data> | undefined {
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
  return shape && { data, rank, shape: rank === 1 ? [keys] : rank === 2 ? [rows, keys] : [heads.length, rows, keys] };
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
    const head = readArray(heads[h], `row of ${of}s`, at, faults);
    if (!head) {
      fine = false;
      continue;
    }
    const keys = checkWidths(head, of, at, faults);
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
