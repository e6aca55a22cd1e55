/*
 * An ONNX model with one node, Attention, written byte by byte: the protobuf wire format is a few lines, its library and
 * ONNX's schema are not. Field numbers are those of onnx.proto3.
 */

const VARINT = 0;
const BYTES = 2;
const FIXED32 = 5;
const IR_VERSION = 10;
const OPSET = 23;
/** TensorProto.DataType */
const ELEMENT = { float32: 1, bool: 9 } as const;
/** AttributeProto.AttributeType */
const ATTRIBUTE = { float: 1, int: 2 } as const;

/** A tensor that goes in or comes out. */
export interface Port {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type?: keyof typeof ELEMENT;
}

/** The node: `undefined` stands for an optional input or output that is left out. */
export interface Node {
  readonly inputs: readonly (Port | undefined)[];
  readonly outputs: readonly (Port | undefined)[];
  readonly integers?: Readonly<Record<string, number>>;
  readonly floats?: Readonly<Record<string, number>>;
}

export function attentionModel({ inputs, outputs, integers = {}, floats = {} }: Node): Uint8Array {
  const attributes = [
    ...Object.entries(integers).map(([name, value]) => [...text(1, name), ...integer(3, value), ...integer(20, ATTRIBUTE.int)]),
    ...Object.entries(floats).map(([name, value]) => [...text(1, name), ...float(2, value), ...integer(20, ATTRIBUTE.float)]),
  ];
  const node = [
    ...inputs.flatMap((port) => text(1, port?.name ?? '')),
    ...outputs.flatMap((port) => text(2, port?.name ?? '')),
    ...text(4, 'Attention'),
    ...attributes.flatMap((attribute) => bytes(5, attribute)),
  ];
  const ports = (field: number, of: readonly (Port | undefined)[]) => of.flatMap((port) => (port ? bytes(field, valueInfo(port)) : []));
  const graph = [...bytes(1, node), ...text(2, 'attention'), ...ports(11, inputs), ...ports(12, outputs)];
  return Uint8Array.from([...integer(1, IR_VERSION), ...bytes(7, graph), ...bytes(8, [...text(1, ''), ...integer(2, OPSET)])]);
}

function valueInfo({ name, shape, type = 'float32' }: Port): number[] {
  const dimensions = shape.flatMap((size) => bytes(1, integer(1, size)));
  return [...text(1, name), ...bytes(2, bytes(1, [...integer(1, ELEMENT[type]), ...bytes(2, dimensions)]))];
}

function varint(n: number): number[] {
  return n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))];
}

function integer(field: number, n: number): number[] {
  return [...varint((field << 3) | VARINT), ...varint(n)];
}

function float(field: number, x: number): number[] {
  return [...varint((field << 3) | FIXED32), ...new Uint8Array(Float32Array.of(x).buffer)];
}

function bytes(field: number, content: readonly number[]): number[] {
  return [...varint((field << 3) | BYTES), ...varint(content.length), ...content];
}

function text(field: number, content: string): number[] {
  return bytes(field, [...new TextEncoder().encode(content)]);
}
