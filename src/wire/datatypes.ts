import { fromBfloat16, roundToBfloat16, toBfloat16 } from '../engine/bfloat16.ts';
import { type Floats, floats, type Precision } from '../engine/tensor.ts';

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
  /** The arithmetic that holds every number of the datatype as it is; the integers that it does not are far beyond any mask. */
  readonly held: Precision;
  /** A number as the datatype holds it, rounded once, to nearest, ties to even. */
  round(value: number): number;
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

const exact = (value: number): number => value;
const few = { kind: 'integer', held: 'float32', round: exact } as const;
const many = { kind: 'integer', held: 'float64', round: exact } as const;

/** The datatypes of the Open Inference Protocol that tensors may have here; BF16 is Triton's. */
export const DATATYPES = {
  BOOL: { bytes: 1, kind: 'boolean', range: [0, 1], held: 'float32', round: exact, elements: (length) => new Uint8Array(length) },
  UINT8: { bytes: 1, ...few, range: integer(8, false), elements: (length) => new Uint8Array(length) },
  UINT16: { bytes: 2, ...few, range: integer(16, false), elements: (length) => new Uint16Array(length) },
  UINT32: { bytes: 4, ...many, range: integer(32, false), elements: (length) => new Uint32Array(length) },
  UINT64: { bytes: 8, ...many, range: integer(64, false), elements: (length) => new BigUint64Array(length) },
  INT8: { bytes: 1, ...few, range: integer(8, true), elements: (length) => new Int8Array(length) },
  INT16: { bytes: 2, ...few, range: integer(16, true), elements: (length) => new Int16Array(length) },
  INT32: { bytes: 4, ...many, range: integer(32, true), elements: (length) => new Int32Array(length) },
  INT64: { bytes: 8, ...many, range: integer(64, true), elements: (length) => new BigInt64Array(length) },
  FP16: { bytes: 2, kind: 'float', range: float(65_504), held: 'float32', round: Math.f16round, elements: (length) => new Float16Array(length) },
  BF16: {
    bytes: 2,
    kind: 'float',
    range: float(3.3895313892515355e38),
    held: 'float32',
    round: roundToBfloat16,
    elements: (length) => new Uint16Array(length),
  },
  FP32: {
    bytes: 4,
    kind: 'float',
    range: float(3.4028234663852886e38),
    held: 'float32',
    round: Math.fround,
    elements: (length) => new Float32Array(length),
  },
  FP64: { bytes: 8, kind: 'float', range: float(Number.MAX_VALUE), held: 'float64', round: exact, elements: (length) => new Float64Array(length) },
} as const satisfies Record<string, Datatype>;

export type DatatypeName = keyof typeof DATATYPES;

export function isDatatype(name: unknown): name is DatatypeName {
  return typeof name === 'string' && Object.hasOwn(DATATYPES, name);
}

/** Makes room for float32 numbers where the kernel reads them. */
export type Float32Room = (length: number) => Float32Array;

/** Room for so many numbers of that datatype: `float32` makes it where it is float32. */
export function roomFor(datatype: DatatypeName, length: number, float32: Float32Room | undefined): Floats {
  const { held } = DATATYPES[datatype];
  return held === 'float32' && float32 ? float32(length) : floats(held, length);
}

/** Writes elements as numbers, in one pass. */
export function widen(elements: Elements, datatype: DatatypeName, target: Floats): void {
  if (datatype === 'BF16' && elements instanceof Uint16Array && target instanceof Float32Array) fromBfloat16(elements, target);
  else if (elements instanceof BigInt64Array || elements instanceof BigUint64Array)
    for (let i = 0; i < elements.length; i++) target[i] = Number(elements[i]);
  else target.set(elements);
}

/** Numbers as elements of that datatype, each rounded once. No copy where none is needed. */
export function fromFloats(data: Floats, datatype: DatatypeName): Elements {
  if (datatype === 'FP32') return data instanceof Float32Array ? data : new Float32Array(data);
  if (datatype === 'FP64') return data instanceof Float64Array ? data : new Float64Array(data);
  return datatype === 'FP16' ? new Float16Array(data) : toBfloat16(data);
}
