/** The two arithmetics of the service. float32 rounds its inputs on entry and every operation after. */
export type Precision = 'float32' | 'float64';

/** Numbers of one precision, row-major. */
export type Floats = Float32Array | Float64Array;

/** A row-major matrix: element (r, c) is `data[r * columns + c]`. */
export interface Matrix {
  readonly data: Floats;
  readonly rows: number;
  readonly columns: number;
}

/**
 * Rows of equal width with a batch and a head axis: the row (b, h, r) starts at
 * `offset + b * batchStride + h * headStride + r * rowStride`, and its elements lie side by side.
 * Heads as column blocks of one matrix and heads as separate matrices are both such a view.
 */
export interface Rows {
  readonly data: Floats;
  readonly offset: number;
  readonly batchStride: number;
  readonly headStride: number;
  readonly rowStride: number;
}

/** A value for each (b, h, i, j), stored once where it is the same along an axis: the stride is 0 there. */
export interface Broadcast<Data> {
  readonly data: Data;
  readonly batchStride: number;
  readonly headStride: number;
  readonly rowStride: number;
  readonly keyStride: number;
}

/** An array of zeros of that precision. */
export function floats(precision: Precision, length: number): Floats {
  return precision === 'float32' ? new Float32Array(length) : new Float64Array(length);
}

/** From so many numbers on, a view of their bits costs less than it saves. */
const MANY = 256;
const MAGNITUDE = 0x7fffffff;
/** Added to the bits of a magnitude, it carries into the sign where all bits of the exponent are set. */
const ONE_EXPONENT = 0x800000;

/**
 * Where the first number stands that is not finite; −1 where all are. A loop of its own: findIndex takes many times as long. Only what is not finite less
 * itself is not 0; with Number.isFinite V8 14.6's optimised loop came to take 130 ns a number, for as long as the thread lived.
 */
export function firstNotFinite(data: Floats): number {
  if (data.length >= MANY && data instanceof Float32Array && areFinite(data)) return -1;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0;
    if (value - value !== 0) return i;
  }
  return -1;
}

/** By the bits, without a branch a number. */
function areFinite({ buffer, byteOffset, length }: Float32Array): boolean {
  const bits = new Int32Array(buffer, byteOffset, length);
  let carries = 0;
  for (let i = 0; i < length; i++) carries |= ((bits[i] ?? 0) & MAGNITUDE) + ONE_EXPONENT;
  return carries >= 0;
}

/** `value` as that precision holds it; ±Infinity where it is out of range. */
export function rounded(precision: Precision, value: number): number {
  return precision === 'float32' ? Math.fround(value) : value;
}

/** The view of a matrix whose columns are `heads` blocks side by side: head h is the columns [h·width, (h+1)·width). */
export function columnBlocks(matrix: Matrix, heads: number): Rows {
  return { data: matrix.data, offset: 0, batchStride: 0, headStride: matrix.columns / heads, rowStride: matrix.columns };
}

/** 0, 1, 2, …: the position of each row of a matrix. */
export function positionsOf({ rows }: Matrix): Int32Array {
  const positions = new Int32Array(rows);
  for (let i = 0; i < rows; i++) positions[i] = i;
  return positions;
}

/** The rows of a matrix at these positions, in this order; the matrix itself where they are all of its rows as they stand. */
export function takeRows(matrix: Matrix, positions: Int32Array): Matrix {
  const { data, rows, columns } = matrix;
  if (positions.length === rows && positions.every((position, r) => position === r)) return matrix;
  const taken = data instanceof Float32Array ? new Float32Array(positions.length * columns) : new Float64Array(positions.length * columns);
  // Element by element: a view costs more than a short row, and rows are seldom long or many.
  for (let r = 0, k = 0; r < positions.length; r++) {
    const start = (positions[r] ?? 0) * columns;
    for (let c = 0; c < columns; c++, k++) taken[k] = data[start + c] ?? 0;
  }
  return { data: taken, rows: positions.length, columns };
}

/** The elements of [rows, heads · width] as [heads, rows, width]. */
export function headMajor({ data, rows, columns }: Matrix, heads: number): Floats {
  if (heads === 1) return data;
  const width = columns / heads;
  const moved = data instanceof Float32Array ? new Float32Array(data.length) : new Float64Array(data.length);
  for (let h = 0; h < heads; h++) {
    for (let r = 0; r < rows; r++) moved.set(data.subarray(r * columns + h * width, r * columns + (h + 1) * width), (h * rows + r) * width);
  }
  return moved;
}
