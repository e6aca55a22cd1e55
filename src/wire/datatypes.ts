import type { Floats } from '../engine/tensor.ts';

/** Elements as they lie in memory; BF16 has no typed array, its 16 bits are the upper half of a float32. */
export type Elements =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float16Array
  | Float32Array
  | Float64Array;

interface Datatype {
  readonly bytes: number;
  readonly kind: 'float' | 'integer' | 'boolean';
  /** The least and the greatest number that JSON may hold. */
  readonly range: readonly [number, number];
  elements(length: number): Elements;
}

const integer = (bits: number, signed: boolean): readonly [number, number] =>
  // Past 2^53 a JSON number is not exact, so a wider range could not be checked.
  bits === 64
    ? [signed ? Number.MIN_SAFE_INTEGER : 0, Number.MAX_SAFE_INTEGER]
    : signed
      ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
      : [0, 2 ** bits - 1];
const float = (greatest: number): readonly [number, number] => [-greatest, greatest];

/** The datatypes of the Open Inference Protocol that tensors may have here; BF16 is Triton's. */
export const DATATYPES = {
  BOOL: { bytes: 1, kind: 'boolean', range: [0, 1], elements: (length) => new Uint8Array(length) },
  UINT8: { bytes: 1, kind: 'integer', range: integer(8, false), elements: (length) => new Uint8Array(length) },
  UINT16: { bytes: 2, kind: 'integer', range: integer(16, false), elements: (length) => new Uint16Array(length) },
  UINT32: { bytes: 4, kind: 'integer', range: integer(32, false), elements: (length) => new Uint32Array(length) },
  UINT64: { bytes: 8, kind: 'integer', range: integer(64, false), elements: (length) => new BigUint64Array(length) },
  INT8: { bytes: 1, kind: 'integer', range: integer(8, true), elements: (length) => new Int8Array(length) },
  INT16: { bytes: 2, kind: 'integer', range: integer(16, true), elements: (length) => new Int16Array(length) },
  INT32: { bytes: 4, kind: 'integer', range: integer(32, true), elements: (length) => new Int32Array(length) },
  INT64: { bytes: 8, kind: 'integer', range: integer(64, true), elements: (length) => new BigInt64Array(length) },
  FP16: { bytes: 2, kind: 'float', range: float(65_504), elements: (length) => new Float16Array(length) },
  BF16: { bytes: 2, kind: 'float', range: float(3.3895313892515355e38), elements: (length) => new Uint16Array(length) },
  FP32: { bytes: 4, kind: 'float', range: float(3.4028234663852886e38), elements: (length) => new Float32Array(length) },
  FP64: { bytes: 8, kind: 'float', range: float(Number.MAX_VALUE), elements: (length) => new Float64Array(length) },
} as const satisfies Record<string, Datatype>;

export type DatatypeName = keyof typeof DATATYPES;

export function isDatatype(name: unknown): name is DatatypeName {
  return typeof name === 'string' && Object.hasOwn(DATATYPES, name);
}

/** Elements as numbers that kernels compute with: float32 for what it holds exactly, float64 for the rest. No copy where none is needed. */
export function toFloats(elements: Elements, datatype: DatatypeName): Floats {
  if (elements instanceof Float32Array || elements instanceof Float64Array) return elements;
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) return Float64Array.from(elements, Number);
  if (elements instanceof Int32Array || elements instanceof Uint32Array) return Float64Array.from(elements);
  if (datatype === 'BF16' && elements instanceof Uint16Array) return fromBfloat16(elements);
  return Float32Array.from(elements);
}

/** Numbers as elements of that datatype, rounded to nearest, ties to even. No copy where none is needed. */
export function fromFloats(data: Floats, datatype: DatatypeName): Elements {
  if (datatype === 'FP32') return data instanceof Float32Array ? data : Float32Array.from(data);
  if (datatype === 'FP64') return data instanceof Float64Array ? data : Float64Array.from(data);
  if (datatype === 'FP16') return Float16Array.from(data);
  return toBfloat16(data);
}

function fromBfloat16(elements: Uint16Array): Float32Array {
  const wide = new Uint32Array(elements.length);
  for (let i = 0; i < elements.length; i++) wide[i] = (elements[i] ?? 0) << 16;
  return new Float32Array(wide.buffer);
}

const QUIET_NAN = 0x7fc0;

function toBfloat16(data: Floats): Uint16Array {
  const single = data instanceof Float32Array ? data : Float32Array.from(data);
  const bits = new Uint32Array(single.buffer, single.byteOffset, single.length);
  // Adding half of the last kept place, less one where that place is even, rounds to nearest, ties to even.
  return Uint16Array.from(bits, (word, i) => (Number.isNaN(single[i]) ? QUIET_NAN : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16));
}
