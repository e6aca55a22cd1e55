import { type Floats, firstNotFinite, type Precision } from '../../engine/tensor.ts';

/**
 * An array of a JSON text that was read straight into memory: numbers, or booleans as 0 and 1, nested `shape.length` deep,
 * row-major. It stands in a parsed value where JSON.parse would have put arrays. Every number is finite; null is NaN.
 */
export class NumberArray {
  readonly data: Floats | Uint8Array;
  readonly shape: readonly number[];
  readonly hasNulls: boolean;

  constructor(data: Floats | Uint8Array, shape: readonly number[], hasNulls: boolean) {
    this.data = data;
    this.shape = shape;
    this.hasNulls = hasNulls;
  }

  /** The numbers in that precision; undefined where there are none, or not all of them can be had in it. */
  floats(precision: Precision): Floats | undefined {
    const { data, hasNulls } = this;
    if (hasNulls || data instanceof Uint8Array) return undefined;
    if (data instanceof Float32Array) return precision === 'float32' ? data : undefined;
    if (precision === 'float64') return data;
    const singles = new Float32Array(data);
    return firstNotFinite(singles) < 0 ? singles : undefined;
  }

  get booleans(): Uint8Array | undefined {
    return this.data instanceof Uint8Array ? this.data : undefined;
  }
}
