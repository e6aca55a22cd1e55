import { addScaled } from './arithmetic.ts';
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

/** out += x · w. Rows of w are added up, so that memory is read in order. */
function multiply(x: Matrix, w: Matrix, out: Floats, checkpoint: (() => void) | undefined): void {
  const { columns } = w;
  for (let r = 0; r < x.rows; r++) {
    checkpoint?.();
    for (let c = 0; c < x.columns; c++) {
      addScaled(out, r * columns, x.data[r * x.columns + c] ?? 0, w.data, c * columns, columns);
    }
  }
}
