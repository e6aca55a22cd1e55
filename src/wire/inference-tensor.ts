import { Failure } from '../engine/failure.ts';
import { ONNX_INPUTS, type OnnxInput } from '../engine/onnx.ts';
import type { Floats } from '../engine/tensor.ts';
import type { Chunks } from './chunks.ts';
import { DATATYPES, type DatatypeName, type Float32Room, isDatatype, roomFor, widen } from './datatypes.ts';
import { given } from './faults.ts';
import { quoted, readNamed, readParameters } from './inference-members.ts';
import { NumberArray } from './numbers/number-array.ts';

/** What a tensor says of itself, before its data: its length in bytes is known where its data is binary. */
export interface TensorHeader {
  readonly name: OnnxInput;
  readonly datatype: DatatypeName;
  readonly shape: readonly number[];
  readonly binaryBytes: number | undefined;
  readonly data: unknown;
}

const TENSOR_MEMBERS = ['name', 'shape', 'datatype', 'parameters', 'data'];
const MOST_AXES = 8;

/** Reads no element, and loops over none: how many there are has yet to be held against the limits. @throws Failure `invalid-request` */
export function readTensorHeader(value: unknown, index: number): TensorHeader {
  const members = readNamed(value, TENSOR_MEMBERS, `inputs[${index}]`);
  const { shape, datatype, data } = members;
  const called = members['name'];
  if (typeof called !== 'string') throw new Failure('invalid-request', `inputs[${index}].name must be a string, got ${given(called)}`);
  const name = ONNX_INPUTS.find((known) => known === called);
  if (!name) throw new Failure('invalid-request', `there is no input ${quoted(called)}; the inputs are ${ONNX_INPUTS.join(', ')}`);
  if (!isDatatype(datatype))
    throw new Failure('invalid-request', `input ${name} must have a datatype of ${Object.keys(DATATYPES).join(', ')}, got ${given(datatype)}`);
  const axes = readShape(shape, name);
  const parameters = readParameters(members['parameters'], ['binary_data_size'], `the parameters of input ${name}`);
  const binaryBytes = readBinarySize(parameters['binary_data_size'], name);
  const noData = data === undefined || (binaryBytes !== undefined && Array.isArray(data) && data.length === 0);
  if (binaryBytes === undefined && noData)
    throw new Failure('invalid-request', `input ${name} has neither data nor parameters.binary_data_size; one of them is required`);
  if (binaryBytes !== undefined && !noData)
    throw new Failure('invalid-request', `input ${name} has both data and parameters.binary_data_size; only one is allowed`);
  return { name, datatype, shape: axes, binaryBytes, data };
}

function readShape(value: unknown, name: string): readonly number[] {
  const fits =
    Array.isArray(value) && value.length <= MOST_AXES && value.every((size) => typeof size === 'number' && Number.isSafeInteger(size) && size >= 0);
  if (!fits)
    throw new Failure(
      'invalid-request',
      `input ${name} must have a shape of at most ${MOST_AXES} integers, each at least 0, got ${Array.isArray(value) ? JSON.stringify(value).slice(0, 80) : given(value)}`,
    );
  return value;
}

function readBinarySize(bytes: unknown, name: string): number | undefined {
  if (bytes === undefined) return undefined;
  if (typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw new Failure('invalid-request', `parameters.binary_data_size of input ${name} must be an integer of at least 0, got ${given(bytes)}`);
}

/** A tensor's numbers: booleans as bytes of 0 and 1. */
export type Values = Floats | Uint8Array;

/**
 * The numbers of a tensor whose shape is within the limits, converted once, to where `float32` makes room for them: from
 * the body, at `offset`, or from JSON.
 * @throws Failure `invalid-request`
 */
export function readValues(header: TensorHeader, body: Chunks, offset: number, float32: Float32Room | undefined): Values {
  const count = header.shape.reduce((product, size) => product * size, 1);
  return header.binaryBytes === undefined ? jsonValues(header, count, float32) : binaryValues(header, count, body, offset, float32);
}

function binaryValues(
  { name, datatype, shape, binaryBytes }: TensorHeader,
  count: number,
  body: Chunks,
  offset: number,
  float32: Float32Room | undefined,
): Values {
  const { bytes, elements } = DATATYPES[datatype];
  if (binaryBytes !== count * bytes) {
    throw new Failure(
      'invalid-request',
      `input ${name} says binary_data_size ${binaryBytes}, but ${count} elements of ${datatype} (the shape [${shape.join(', ')}]) are ${count * bytes} bytes`,
    );
  }
  const bytesInto = (target: Values | ReturnType<typeof elements>) =>
    body.copy(offset, new Uint8Array(target.buffer, target.byteOffset, target.byteLength));
  if (datatype === 'BOOL') {
    const flags = new Uint8Array(count);
    bytesInto(flags);
    const wrong = flags.findIndex((byte) => byte > 1);
    if (wrong >= 0) throw new Failure('invalid-request', `input ${name} must have bytes of 0 or 1, got ${flags[wrong]} at element ${wrong}`);
    return flags;
  }
  const values = roomFor(datatype, count, float32);
  if (datatype === 'FP32' || datatype === 'FP64') bytesInto(values);
  else {
    const raw = elements(count);
    bytesInto(raw);
    widen(raw, datatype, values);
  }
  return values;
}

const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/** The numbers of a JSON array, flat or nested as the shape is. */
function jsonValues({ name, datatype, shape, data }: TensorHeader, count: number, float32: Float32Room | undefined): Values {
  const known = data instanceof NumberArray && fits(data.shape, shape, count) ? valuesOf(data, datatype, float32) : undefined;
  if (known) return known;
  if (!Array.isArray(data)) throw new Failure('invalid-request', `data of input ${name} must be an array, got ${given(data)}`);
  const nested = Array.isArray(data[0]);
  const held = nested ? 0 : data.length;
  if (!nested && held !== count)
    throw new Failure('invalid-request', `input ${name} has ${held} elements, but the shape [${shape.join(', ')}] has ${count}`);
  // A nested array is held against its shape before as much is allocated.
  if (nested) checkNested(data, shape, 0, name);
  const values = datatype === 'BOOL' ? new Uint8Array(count) : roomFor(datatype, count, float32);
  const read = elementReader(name, datatype);
  let next = 0;
  const walk = (list: readonly unknown[]): void => {
    for (const value of list) {
      // Of a flat array an element that is an array is refused as any other that is no number.
      if (nested && Array.isArray(value)) walk(value);
      else {
        values[next] = read(value, next);
        next++;
      }
    }
  };
  walk(data);
  return values;
}

/** Whether data is flat, or nested as the shape is. */
function fits(data: readonly number[], shape: readonly number[], count: number): boolean {
  return data.length === 1 ? data[0] === count : data.length === shape.length && data.every((size, axis) => size === shape[axis]);
}

/** Elements that were read already, as the datatype holds them; undefined where one is not in its range. */
function valuesOf(array: NumberArray, datatype: DatatypeName, float32: Float32Room | undefined): Values | undefined {
  const { kind, range, round } = DATATYPES[datatype];
  if (kind === 'boolean') return array.booleans;
  const data = array.floats('float64') ?? (datatype === 'FP32' ? array.floats('float32') : undefined);
  if (!data) return undefined;
  const values = roomFor(datatype, data.length, float32);
  if (datatype === 'FP32' && data instanceof Float32Array) {
    values.set(data);
    return values;
  }
  const [least, greatest] = range;
  for (let i = 0; i < data.length; i++) {
    const held = round(data[i] as number);
    if (!(held >= least && held <= greatest && (kind === 'float' || Number.isInteger(held)))) return undefined;
    values[i] = held;
  }
  return values;
}

function checkNested(value: unknown, shape: readonly number[], axis: number, name: string): void {
  const size = shape[axis];
  if (size === undefined) {
    if (Array.isArray(value)) throw new Failure('invalid-request', `data of input ${name} is nested deeper than the shape [${shape.join(', ')}]`);
    return;
  }
  if (!Array.isArray(value) || value.length !== size) {
    throw new Failure(
      'invalid-request',
      `data of input ${name} must be nested as the shape [${shape.join(', ')}], got ${given(value)} on axis ${axis}, where ${size} are required`,
    );
  }
  for (const element of value) checkNested(element, shape, axis + 1, name);
}

/** A reader of one JSON element: a number as the datatype holds it. */
function elementReader(name: string, datatype: DatatypeName): (value: unknown, i: number) => number {
  const { kind, range, round } = DATATYPES[datatype];
  const [least, greatest] = range;
  const refuse = (rule: string, value: unknown, i: number): never => {
    throw new Failure('invalid-request', `input ${name} must have ${rule}, got ${given(value)} at element ${i}`);
  };
  if (kind === 'boolean') return (value, i) => (typeof value === 'boolean' ? Number(value) : refuse('true and false', value, i));
  const rule = kind === 'integer' ? `integers from ${least} to ${greatest}` : `numbers within ±${greatest}, or "NaN", "Infinity" and "-Infinity"`;
  return (value, i) => {
    if (typeof value === 'number') {
      const held = round(value);
      return held >= least && held <= greatest && (kind === 'float' || Number.isInteger(held)) ? held : refuse(rule, value, i);
    }
    return (kind === 'float' && typeof value === 'string' ? SPECIAL.get(value) : undefined) ?? refuse(rule, value, i);
  };
}
