import { ONNX_INPUTS, ONNX_OUTPUTS, type OnnxAttributes, type OnnxInput, type OnnxInputs, type OnnxOutput } from '../engine/onnx.ts';
import type { Chunks } from './chunks.ts';
import { DATATYPES, type DatatypeName, toFloats } from './datatypes.ts';
import { given } from './faults.ts';
import { BadInference, binaryElements, jsonElements, type Members, readMembers, readTensorHeader, type WireTensor } from './inference-tensor.ts';
import { parseJson } from './json.ts';

/** An inference request that has been understood. */
export interface AskedInference {
  readonly id: string | undefined;
  readonly inputs: OnnxInputs;
  readonly attributes: OnnxAttributes;
  readonly outputs: readonly AskedOutput[];
}

/** An output, the datatype that it comes back in, and whether as bytes. */
interface AskedOutput {
  readonly name: OnnxOutput;
  readonly datatype: DatatypeName;
  readonly binary: boolean;
}

/**
 * The operator's inputs from a body of the Open Inference Protocol: JSON, and after it, where `jsonLength` says how long
 * that is, the bytes of the binary tensors in the order in which the JSON names them. They are copied once: `float32`
 * makes room for FP32 where the kernel reads it.
 * @throws BadInference, MalformedJson
 */
export function readInferenceRequest(body: Chunks, jsonLength: string | undefined, float32?: (length: number) => Float32Array): AskedInference {
  const jsonBytes = readJsonLength(jsonLength, body.length);
  const request = readMembers(parseJson(body.head(jsonBytes)), 'the request');
  refuseUnknown(request, ['id', 'parameters', 'inputs', 'outputs'], 'the request');
  const { id } = request;
  if (id !== undefined && typeof id !== 'string') throw new BadInference(`id must be a string, got ${given(id)}`);
  const tensors = readTensors(request['inputs'], body, jsonBytes, jsonLength !== undefined, float32);
  const parameters = request['parameters'] === undefined ? {} : readMembers(request['parameters'], 'parameters');
  const { inputs, keyType, valueType } = onnxInputs(tensors);
  return { id, inputs, attributes: readAttributes(parameters), outputs: readOutputs(request['outputs'], parameters, keyType, valueType) };
}

function readJsonLength(header: string | undefined, bodyLength: number): number {
  if (header === undefined) return bodyLength;
  const length = /^\d{1,15}$/.test(header) ? Number(header) : undefined;
  if (length === undefined || length > bodyLength)
    throw new BadInference(
      `Inference-Header-Content-Length must be an integer from 0 to the ${bodyLength} bytes of the body, got ${JSON.stringify(header.slice(0, 60))}`,
    );
  if (length === 0)
    throw new BadInference(
      'Inference-Header-Content-Length is 0, a raw binary request, which this model can’t take: it has several inputs of variable shape',
    );
  return length;
}

function readTensors(
  value: unknown,
  body: Chunks,
  jsonBytes: number,
  mayBeBinary: boolean,
  float32: ((length: number) => Float32Array) | undefined,
): readonly WireTensor[] {
  if (!Array.isArray(value)) throw new BadInference(`inputs must be an array of tensors, got ${given(value)}`);
  if (value.length > ONNX_INPUTS.length) throw new BadInference(`inputs must be at most ${ONNX_INPUTS.length} tensors, got ${value.length}`);
  const headers = value.map(readTensorHeader);
  const binary = headers.reduce((sum, { binaryBytes = 0 }) => sum + binaryBytes, 0);
  const first = headers.find(({ binaryBytes }) => binaryBytes !== undefined);
  if (first && !mayBeBinary)
    throw new BadInference(`input ${first.name} is binary, so the header Inference-Header-Content-Length must say how long the JSON before it is`);
  if (binary !== body.length - jsonBytes)
    throw new BadInference(`the binary tensors are ${binary} bytes by their binary_data_size, but ${body.length - jsonBytes} bytes follow the JSON`);
  let offset = jsonBytes;
  return headers.map((header) => {
    const elements = header.binaryBytes === undefined ? jsonElements(header) : binaryElements(header, body, offset, float32);
    offset += header.binaryBytes ?? 0;
    return { name: header.name, datatype: header.datatype, shape: header.shape, elements };
  });
}

function onnxInputs(tensors: readonly WireTensor[]): { inputs: OnnxInputs; keyType: DatatypeName; valueType: DatatypeName } {
  const byName = new Map<string, WireTensor>();
  for (const tensor of tensors) {
    if (!ONNX_INPUTS.some((name) => name === tensor.name))
      throw new BadInference(`there is no input ${JSON.stringify(tensor.name.slice(0, 60))}; the inputs are ${ONNX_INPUTS.join(', ')}`);
    if (byName.has(tensor.name)) throw new BadInference(`input ${tensor.name} is given twice`);
    byName.set(tensor.name, tensor);
  }
  const tensor = (name: OnnxInput) => byName.get(name);
  const required = (name: OnnxInput) => {
    const found = tensor(name);
    if (!found) throw new BadInference(`input ${name} is required`);
    return found;
  };
  const [Q, K, V] = [required('Q'), required('K'), required('V')];
  for (const [name, other] of [
    ['K', Q],
    ['past_key', Q],
    ['past_value', V],
  ] as const) {
    const found = tensor(name);
    if (found && found.datatype !== other.datatype)
      throw new BadInference(`${name} must have the datatype ${other.datatype} of ${other.name}, got ${found.datatype}`);
  }
  const floating = (found: WireTensor | undefined) => {
    if (!found) return undefined;
    if (DATATYPES[found.datatype].kind !== 'float') throw new BadInference(`${found.name} must be FP16, BF16, FP32 or FP64, got ${found.datatype}`);
    return { data: toFloats(found.elements, found.datatype), shape: found.shape };
  };
  const mask = tensor('attn_mask');
  const lengths = tensor('nonpad_kv_seqlen');
  if (lengths && lengths.datatype !== 'INT64') throw new BadInference(`nonpad_kv_seqlen must be INT64, got ${lengths.datatype}`);
  const inputs = {
    Q: { data: toFloats(Q.elements, Q.datatype), shape: Q.shape },
    K: { data: toFloats(K.elements, K.datatype), shape: K.shape },
    V: { data: toFloats(V.elements, V.datatype), shape: V.shape },
    attn_mask: mask && { data: mask.datatype === 'BOOL' ? (mask.elements as Uint8Array) : toFloats(mask.elements, mask.datatype), shape: mask.shape },
    past_key: floating(tensor('past_key')),
    past_value: floating(tensor('past_value')),
    nonpad_kv_seqlen: lengths && { data: Float64Array.from(lengths.elements as BigInt64Array, Number), shape: lengths.shape },
  };
  for (const found of [Q, K, V]) floating(found);
  return { inputs, keyType: Q.datatype, valueType: V.datatype };
}

/** ONNX's numbers for the types that softmax_precision can name. */
const SOFTMAX_PRECISION = new Map([
  [1, 'float32'],
  [10, 'float16'],
  [11, 'float64'],
  [16, 'bfloat16'],
] as const);
const ATTRIBUTES = [
  'scale',
  'is_causal',
  'q_num_heads',
  'kv_num_heads',
  'softcap',
  'qk_matmul_output_mode',
  'softmax_precision',
  'left_window_size',
  'right_window_size',
];
const LONGEST_WINDOW = Number.MAX_SAFE_INTEGER;

function readAttributes(parameters: Members): OnnxAttributes {
  refuseUnknown(parameters, [...ATTRIBUTES, 'binary_data_output'], 'parameters');
  const number = (name: string, rule: string, fits: (value: number) => boolean): number | undefined => {
    const value = parameters[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !fits(value)) throw new BadInference(`parameters.${name} must be ${rule}, got ${given(value)}`);
    return value;
  };
  const integer = (name: string, least: number, most: number) =>
    number(name, `an integer from ${least} to ${most}`, (value) => Number.isInteger(value) && value >= least && value <= most);
  const causal = parameters['is_causal'];
  if (causal !== undefined && causal !== 0 && causal !== 1 && typeof causal !== 'boolean')
    throw new BadInference(`parameters.is_causal must be 0, 1, true or false, got ${given(causal)}`);
  const precision = number('softmax_precision', '1 (FLOAT), 10 (FLOAT16), 11 (DOUBLE) or 16 (BFLOAT16)', (value) =>
    [...SOFTMAX_PRECISION.keys()].some((key) => key === value),
  );
  return {
    scale: number('scale', 'a finite number', Number.isFinite),
    is_causal: causal === undefined ? undefined : Boolean(causal),
    q_num_heads: integer('q_num_heads', 1, 2 ** 31 - 1),
    kv_num_heads: integer('kv_num_heads', 1, 2 ** 31 - 1),
    softcap: number('softcap', 'a finite number of at least 0', (value) => Number.isFinite(value) && value >= 0),
    qk_matmul_output_mode: integer('qk_matmul_output_mode', 0, 3) as OnnxAttributes['qk_matmul_output_mode'],
    softmax_precision: SOFTMAX_PRECISION.get(precision as 1),
    left_window_size: integer('left_window_size', -1, LONGEST_WINDOW),
    right_window_size: integer('right_window_size', -1, LONGEST_WINDOW),
  };
}

function readOutputs(value: unknown, parameters: Members, keyType: DatatypeName, valueType: DatatypeName): readonly AskedOutput[] {
  const everyBinary = readFlag(parameters['binary_data_output'], 'parameters.binary_data_output') ?? false;
  const datatypes: Record<OnnxOutput, DatatypeName> = {
    Y: keyType,
    present_key: keyType,
    present_value: valueType,
    qk_matmul_output: keyType,
    lse: keyType === 'FP64' || valueType === 'FP64' ? 'FP64' : 'FP32',
  };
  if (value === undefined) return [{ name: 'Y', datatype: datatypes.Y, binary: everyBinary }];
  if (!Array.isArray(value) || value.length === 0) throw new BadInference(`outputs must name at least one output, got ${given(value)}`);
  const asked: AskedOutput[] = [];
  for (const [index, output] of value.entries()) {
    const members = readMembers(output, `outputs[${index}]`);
    refuseUnknown(members, ['name', 'parameters'], `outputs[${index}]`);
    const name = ONNX_OUTPUTS.find((known) => known === members['name']);
    if (!name) throw new BadInference(`outputs[${index}].name must be one of ${ONNX_OUTPUTS.join(', ')}, got ${given(members['name'])}`);
    if (asked.some((other) => other.name === name)) throw new BadInference(`output ${name} is asked for twice`);
    const own = members['parameters'] === undefined ? {} : readMembers(members['parameters'], `the parameters of output ${name}`);
    refuseUnknown(own, ['binary_data'], `the parameters of output ${name}`);
    asked.push({ name, datatype: datatypes[name], binary: readFlag(own['binary_data'], `parameters.binary_data of output ${name}`) ?? everyBinary });
  }
  return asked;
}

function readFlag(value: unknown, what: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw new BadInference(`${what} must be true or false, got ${given(value)}`);
}

function refuseUnknown(members: Members, known: readonly string[], what: string): void {
  const unknown = Object.keys(members).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new BadInference(`${what} can’t have ${JSON.stringify(unknown.slice(0, 60))}; it has ${known.join(', ')}`);
}
