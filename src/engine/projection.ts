import { type Floats, floats, type Matrix, type Precision } from './tensor.ts';

/** x · weight + bias; either may be absent, and without both x passes as it is. */
export interface Projection {
  readonly weight?: Matrix | undefined;
  readonly bias?: Floats | undefined;
}

/**
 * x · W + b, each row of x on its own: [rows, inputs] · [inputs, columns] + [columns].
 * Summed over the inputs in order, then the bias; in float32 every operation is rounded.
 */
export function project(x: Matrix, { weight, bias }: Projection, precision: Precision, checkpoint?: () => void): Matrix {
  if (!weight && !bias) return x;
  const columns = weight?.columns ?? x.columns;
  const out = floats(precision, x.rows * columns);
  if (weight) multiply(x, weight, out, checkpoint);
  else out.set(x.data);
  if (bias) for (let i = 0; i < out.length; i++) out[i] = (out[i] ?? 0) + (bias[i % columns] ?? 0);
  return { data: out, rows: x.rows, columns };
}

/** out += x · w. Rows of w are added up, so that memory is read in order; two loops, since one that serves both precisions is slow. */
function multiply(x: Matrix, w: Matrix, out: Floats, checkpoint: (() => void) | undefined): void {
  const { columns } = w;
  for (let r = 0; r < x.rows; r++) {
    checkpoint?.();
    for (let c = 0; c < x.columns; c++) {
      const factor = x.data[r * x.columns + c] ?? 0;
      if (out instanceof Float32Array) addScaledFloat32(factor, w.data, c * columns, out, r * columns, columns);
      else addScaledFloat64(factor, w.data, c * columns, out, r * columns, columns);
    }
  }
}

function addScaledFloat32(factor: number, row: Matrix['data'], from: number, out: Float32Array, to: number, length: number): void {
  for (let c = 0; c < length; c++) out[to + c] = (out[to + c] ?? 0) + Math.fround(factor * (row[from + c] ?? 0));
}

function addScaledFloat64(factor: number, row: Matrix['data'], from: number, out: Float64Array, to: number, length: number): void {
  for (let c = 0; c < length; c++) out[to + c] = (out[to + c] ?? 0) + factor * (row[from + c] ?? 0);
}
