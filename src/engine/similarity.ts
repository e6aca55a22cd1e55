import { type ZeroVector, ZeroVectors } from './errors.ts';
import { floats, type Matrix, type Precision, rounded } from './tensor.ts';

const MOST_ROWS_NAMED = 20;

/** A block of length 0: its row, and its head. */
interface ZeroRow {
  readonly row: number;
  readonly head: number;
}

/**
 * Each row's blocks of `columns / heads` numbers divided by their Euclidean length, so that a dot product becomes a
 * cosine. Each block is divided by its greatest magnitude first, so that no square overflows or vanishes.
 * Blocks of length 0 are left as they are and listed in `zeros`, up to 20.
 */
export function unitLength(matrix: Matrix, heads: number, precision: Precision): { readonly unit: Matrix; readonly zeros: readonly ZeroRow[] } {
  const round = (value: number) => rounded(precision, value);
  const width = matrix.columns / heads;
  const data = floats(precision, matrix.data.length);
  const zeros: { row: number; head: number }[] = [];
  for (let row = 0; row < matrix.rows; row++) {
    for (let head = 0; head < heads; head++) {
      const offset = row * matrix.columns + head * width;
      const block = matrix.data.subarray(offset, offset + width);
      const greatest = greatestMagnitude(block);
      if (greatest === 0) {
        if (zeros.length < MOST_ROWS_NAMED) zeros.push({ row, head });
        continue;
      }
      let squares = 0;
      for (const x of block) {
        const part = round(x / greatest);
        squares = round(squares + round(part * part));
      }
      const length = round(Math.sqrt(squares));
      block.forEach((x, c) => {
        data[offset + c] = round(round(x / greatest) / length);
      });
    }
  }
  return { unit: { ...matrix, data }, zeros };
}

/** The greatest |x|; 0 of none. */
export function greatestMagnitude(block: ArrayLike<number>): number {
  let greatest = 0;
  for (let k = 0; k < block.length; k++) greatest = Math.max(greatest, Math.abs(block[k] ?? 0));
  return greatest;
}

/**
 * Refuses rows without a direction. `positions` says which token each query row is, where the query rows are tokens: the fault
 * is then the token's.
 * @throws ZeroVectors naming up to 20 of them
 */
export function refuseZeroRows(keys: readonly ZeroRow[], queries: readonly ZeroRow[], positions: Int32Array | undefined): void {
  const ofTokens = (row: number, head: number): ZeroVector => ({ vectors: 'tokens', row, head });
  const zeros = keys.map(({ row, head }) => ofTokens(row, head));
  for (const { row, head } of queries) {
    const zero: ZeroVector = positions ? ofTokens(positions[row] ?? row, head) : { vectors: 'queries', row, head };
    if (!zeros.some((other) => other.vectors === zero.vectors && other.row === zero.row)) zeros.push(zero);
  }
  if (zeros.length > 0) throw new ZeroVectors(zeros.slice(0, MOST_ROWS_NAMED));
}
