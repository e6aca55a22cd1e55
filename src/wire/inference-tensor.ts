import type { Chunks } from './chunks.ts';
import { DATATYPES, type DatatypeName, type Elements, fromFloats, isDatatype, toFloats } from './datatypes.ts';
import { given } from './faults.ts';

/** A tensor as it came: its name, and its elements in their own datatype. */
export interface WireTensor {
  readonly name: string;
  readonly datatype: DatatypeName;
  readonly shape: readonly number[];
  readonly elements: Elements;
}

/** A request that does not follow the protocol; says where, the rule, and what was given. */
export class BadInference extends Error {
  override readonly name = 'BadInference';
}

/** An object of the request, own members only. */
export type Members = Readonly<Record<string, unknown>>;

export function readMembers(value: unknown, what: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadInference(`${what} must be a JSON object, got ${given(value)}`);
  return Object.assign(Object.create(null), value);
}

/** What a tensor says of itself, before its data: its length in bytes is known where its data is binary. */
export interface TensorHeader {
  readonly name: string;
  readonly datatype: DatatypeName;
  readonly shape: readonly number[];
  readonly count: number;
  readonly binaryBytes: number | undefined;
  readonly data: unknown;
}

const TENSOR_MEMBERS = new Set(['name', 'shape', 'datatype', 'parameters', 'data']);
const MOST_AXES = 8;

/** @throws BadInference */
export function readTensorHeader(value: unknown, index: number): TensorHeader {
  const members = readMembers(value, `inputs[${index}]`);
  const { name, shape, datatype, data } = members;
  if (typeof name !== 'string') throw new BadInference(`inputs[${index}].name must be a string, got ${given(name)}`);
  for (const member of Object.keys(members))
    if (!TENSOR_MEMBERS.has(member))
      throw new BadInference(
        `input ${name} has a member ${JSON.stringify(member.slice(0, 60))}; a tensor has name, shape, datatype, parameters and data`,
      );
  if (!isDatatype(datatype))
    throw new BadInference(`input ${name} must have a datatype of ${Object.keys(DATATYPES).join(', ')}, got ${given(datatype)}`);
  const axes = readShape(shape, name);
  const count = axes.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(count)) throw new BadInference(`input ${name} has too many elements for any body: the shape [${axes.join(', ')}]`);
  const binaryBytes = readBinarySize(members['parameters'], name);
  if (binaryBytes === undefined && data === undefined)
    throw new BadInference(`input ${name} has neither data nor parameters.binary_data_size; one of them is required`);
  if (binaryBytes !== undefined && data !== undefined)
    throw new BadInference(`input ${name} has both data and parameters.binary_data_size; only one is allowed`);
  const { bytes } = DATATYPES[datatype];
  if (binaryBytes !== undefined && binaryBytes !== count * bytes) {
    throw new BadInference(
      `input ${name} says binary_data_size ${binaryBytes}, but ${count} elements of ${datatype} (the shape [${axes.join(', ')}]) are ${count * bytes} bytes`,
    );
  }
  return { name, datatype, shape: axes, count, binaryBytes, data };
}

function readShape(value: unknown, name: string): readonly number[] {
  const fits =
    Array.isArray(value) && value.length <= MOST_AXES && value.every((size) => typeof size === 'number' && Number.isSafeInteger(size) && size >= 0);
  if (!fits)
    throw new BadInference(
      `input ${name} must have a shape of at most ${MOST_AXES} integers, each at least 0, got ${Array.isArray(value) ? JSON.stringify(value).slice(0, 80) : given(value)}`,
    );
  return value;
}

function readBinarySize(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  const parameters = readMembers(value, `the parameters of input ${name}`);
  for (const parameter of Object.keys(parameters)) {
    if (parameter !== 'binary_data_size')
      throw new BadInference(`input ${name} has a parameter ${JSON.stringify(parameter.slice(0, 60))}; the one that is known is binary_data_size`);
  }
  const bytes = parameters['binary_data_size'];
  if (bytes !== undefined && !(typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0)) {
    throw new BadInference(`parameters.binary_data_size of input ${name} must be an integer of at least 0, got ${given(bytes)}`);
  }
  return bytes;
}

/** The elements from the body, copied once to where they are aligned. */
export function binaryElements(
  { name, datatype, count }: TensorHeader,
  body: Chunks,
  offset: number,
  float32: ((length: number) => Float32Array) | undefined,
): Elements {
  const elements = datatype === 'FP32' && float32 ? float32(count) : DATATYPES[datatype].elements(count);
  const bytes = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  body.copy(offset, bytes);
  if (datatype === 'BOOL') {
    const wrong = bytes.findIndex((byte) => byte > 1);
    if (wrong >= 0) throw new BadInference(`input ${name} must have bytes of 0 or 1, got ${bytes[wrong]} at element ${wrong}`);
  }
  return elements;
}

const SPECIAL: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY };

/** The elements from a JSON array, flat or nested as the shape is. */
export function jsonElements({ name, datatype, shape, count, data }: TensorHeader): Elements {
  if (!Array.isArray(data)) throw new BadInference(`data of input ${name} must be an array, got ${given(data)}`);
  const nested = Array.isArray(data[0]);
  const held = nested ? 0 : data.length;
  if (!nested && held !== count) throw new BadInference(`input ${name} has ${held} elements, but the shape [${shape.join(', ')}] has ${count}`);
  // A nested array is held against its shape before as much is allocated.
  if (nested) checkNested(data, shape, 0, name);
  const elements = DATATYPES[datatype].elements(count);
  const read = elementReader(name, datatype);
  let next = 0;
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) for (const element of value) walk(element);
    else {
      const element = read(value, next);
      elements[next] = elements instanceof BigInt64Array || elements instanceof BigUint64Array ? BigInt(element) : element;
      next++;
    }
  };
  walk(data);
  return elements;
}

function checkNested(value: unknown, shape: readonly number[], axis: number, name: string): void {
  const size = shape[axis];
  if (size === undefined) {
    if (Array.isArray(value)) throw new BadInference(`data of input ${name} is nested deeper than the shape [${shape.join(', ')}]`);
    return;
  }
  if (!Array.isArray(value) || value.length !== size) {
    throw new BadInference(
      `data of input ${name} must be nested as the shape [${shape.join(', ')}], got ${given(value)} on axis ${axis}, where ${size} are required`,
    );
  }
  for (const element of value) checkNested(element, shape, axis + 1, name);
}

/** A reader of one JSON element: a number of the datatype, or its bits where it has no array of its own. */
function elementReader(name: string, datatype: DatatypeName): (value: unknown, i: number) => number {
  const { kind, range } = DATATYPES[datatype];
  const [least, greatest] = range;
  const refuse = (rule: string, value: unknown, i: number): never => {
    throw new BadInference(`input ${name} must have ${rule}, got ${given(value)} at element ${i}`);
  };
  if (kind === 'boolean') return (value, i) => (typeof value === 'boolean' ? Number(value) : refuse('true and false', value, i));
  const rule = kind === 'integer' ? `integers from ${least} to ${greatest}` : `numbers within ±${greatest}, or "NaN", "Infinity" and "-Infinity",`;
  const read = (value: unknown, i: number): number => {
    const number = typeof value === 'number' ? value : kind === 'float' && typeof value === 'string' ? SPECIAL[value] : undefined;
    if (number === undefined) return refuse(rule, value, i);
    if (typeof value === 'number' && !(rounded(number, datatype) >= least && rounded(number, datatype) <= greatest)) return refuse(rule, value, i);
    return kind === 'integer' && !Number.isInteger(number) ? refuse(rule, value, i) : number;
  };
  return datatype === 'BF16' ? (value, i) => Number(fromFloats(Float32Array.of(read(value, i)), 'BF16')[0]) : read;
}

/** A number as the datatype rounds it, as far as its range is concerned. */
function rounded(value: number, datatype: DatatypeName): number {
  if (datatype === 'FP16') return Math.f16round(value);
  if (datatype === 'BF16') return roundToBfloat16(value);
  return datatype === 'FP32' ? Math.fround(value) : value;
}

function roundToBfloat16(value: number): number {
  const [bits = 0] = fromFloats(Float32Array.of(value), 'BF16') as Uint16Array;
  return toFloats(Uint16Array.of(bits), 'BF16')[0] ?? Number.NaN;
}
