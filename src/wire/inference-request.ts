import { Failure } from '../engine/failure.ts';
import { ONNX_INPUTS, type OnnxAttributes, type OnnxInput, type OnnxInputs, type OnnxShapes } from '../engine/onnx.ts';
import type { Floats, Precision } from '../engine/tensor.ts';
import type { Chunks } from './chunks.ts';
import { DATATYPES, type DatatypeName, type Float32Room } from './datatypes.ts';
import { given } from './faults.ts';
import { type AskedOutput, REQUEST_PARAMETERS, readOutputs, readRequestParameters } from './inference-attributes.ts';
import { type Members, quoted, readNamed, readParameters } from './inference-members.ts';
import { readTensorHeader, readValues, type TensorHeader } from './inference-tensor.ts';
import { parseJson } from './json.ts';
import type { JsonReader } from './numbers/number-reader.ts';
import type { MakeRoom } from './parsed-bytes.ts';

/** The model that a request is for. */
export interface Model {
  readonly name: string;
  readonly version: string;
}

/** An inference request that has been understood, but for the numbers of its tensors. */
export interface AskedInference {
  readonly id: string | undefined;
  readonly shapes: OnnxShapes;
  readonly attributes: OnnxAttributes;
  readonly outputs: readonly AskedOutput[];
  /** float64 where Q, K or V is, else float32. */
  readonly precision: Precision;
  /** How many numbers the tensors hold that must be converted, and how many come as JSON: what reading them will cost. */
  readonly converted: number;
  /**
   * Reads the tensors, each converted once, to where `float32` makes room. Call it once the shapes are within the limits.
   * @throws Failure `invalid-request`
   */
  readInputs(float32?: Float32Room): OnnxInputs;
}

const NO_SUCH_NUMBER = 'JSON has no such number; in a tensor of floats write it as a string: "NaN", "Infinity" or "-Infinity"';
/** What a body says of whose tensors some are neither FP32 nor booleans. */
const NOT_SINGLES = ['FP64', 'FP16', 'BF16', 'INT'] as const;
const HEADER_MISSING =
  'where the bytes of binary tensors follow the JSON, the header Inference-Header-Content-Length must say how long the JSON is; it is missing';

/**
 * The operator's inputs from a body of the Open Inference Protocol: JSON, and after it, where `jsonLength` says how long
 * that is, the bytes of the binary tensors in the order in which the JSON names them.
 * @throws Failure `invalid-request`, `malformed-json`, `not-found`; what `makeRoom` throws
 */
export function readInferenceRequest(
  body: Chunks,
  jsonLength: string | undefined,
  model: Model,
  { reader, makeRoom }: { readonly reader?: JsonReader | undefined; readonly makeRoom?: MakeRoom | undefined } = {},
): AskedInference {
  const jsonBytes = readJsonLength(jsonLength, body.length);
  const advice = { noSuchNumber: NO_SUCH_NUMBER, otherBytes: jsonLength === undefined ? HEADER_MISSING : undefined };
  const request = readNamed(
    (reader?.read(body.pieces(jsonBytes), NOT_SINGLES, makeRoom) ?? { value: parseJson(body.head(jsonBytes), advice, makeRoom) }).value,
    ['id', 'model_name', 'model_version', 'parameters', 'inputs', 'outputs'],
    'the request',
  );
  requireModel(request, model);
  const { id } = request;
  if (id !== undefined && typeof id !== 'string') throw new Failure('invalid-request', `id must be a string, got ${given(id)}`);
  const headers = readHeaders(request['inputs']);
  const parameters = readParameters(request['parameters'], REQUEST_PARAMETERS, 'parameters');
  const { Q, V } = requireTypes(headers);
  const { attributes, everyBinary } = readRequestParameters(parameters);
  const outputs = readOutputs(request['outputs'], everyBinary, Q.datatype, V.datatype);
  return {
    id,
    shapes: Object.fromEntries([...headers].map(([name, { shape }]) => [name, shape])) as unknown as OnnxShapes,
    attributes,
    outputs,
    precision: Q.datatype === 'FP64' || V.datatype === 'FP64' ? 'float64' : 'float32',
    converted: [...headers.values()].reduce((sum, { datatype, shape }) => sum + (isConverted(datatype) ? sizeOf(shape) : 0), 0),
    readInputs: (float32) => readInputs(headers, body, jsonBytes, jsonLength !== undefined, float32),
  };
}

function readJsonLength(header: string | undefined, bodyLength: number): number {
  if (header === undefined) return bodyLength;
  const length = /^\d{1,15}$/.test(header) ? Number(header) : undefined;
  if (length === undefined || length > bodyLength)
    throw new Failure(
      'invalid-request',
      `Inference-Header-Content-Length must be an integer from 0 to the ${bodyLength} bytes of the body, got ${quoted(header)}`,
    );
  if (length === 0)
    throw new Failure(
      'invalid-request',
      'Inference-Header-Content-Length is 0, a raw binary request, which this model can’t take: it has several inputs of variable shape',
    );
  return length;
}

/** Some clients say in the body too which model they mean. An empty version means any. */
function requireModel(request: Members, model: Model): void {
  for (const [member, known] of [
    ['model_name', model.name],
    ['model_version', model.version],
  ] as const) {
    const named = request[member];
    if (named === undefined || named === known || (named === '' && member === 'model_version')) continue;
    if (typeof named !== 'string') throw new Failure('invalid-request', `${member} must be a string, got ${given(named)}`);
    throw new Failure('not-found', `${member} is ${quoted(named)}; the one model is ${model.name}, version ${model.version}`);
  }
}

type Headers = ReadonlyMap<OnnxInput, TensorHeader>;

function readHeaders(value: unknown): Headers {
  if (!Array.isArray(value)) throw new Failure('invalid-request', `inputs must be an array of tensors, got ${given(value)}`);
  if (value.length > ONNX_INPUTS.length)
    throw new Failure('invalid-request', `inputs must be at most ${ONNX_INPUTS.length} tensors, got ${value.length}`);
  const headers = new Map<OnnxInput, TensorHeader>();
  for (const header of value.map(readTensorHeader)) {
    if (headers.has(header.name)) throw new Failure('invalid-request', `input ${header.name} is given twice`);
    headers.set(header.name, header);
  }
  return headers;
}

/** Holds the datatypes against each other. */
function requireTypes(headers: Headers): { readonly Q: TensorHeader; readonly V: TensorHeader } {
  const required = (name: OnnxInput) => {
    const found = headers.get(name);
    if (!found) throw new Failure('invalid-request', `input ${name} is required`);
    return found;
  };
  const [Q, , V] = [required('Q'), required('K'), required('V')];
  for (const [name, other] of [
    ['K', Q],
    ['past_key', Q],
    ['past_value', V],
  ] as const) {
    const found = headers.get(name);
    if (found && found.datatype !== other.datatype)
      throw new Failure('invalid-request', `${name} must have the datatype ${other.datatype} of ${other.name}, got ${found.datatype}`);
  }
  for (const { name, datatype } of [Q, V])
    if (DATATYPES[datatype].kind !== 'float') throw new Failure('invalid-request', `${name} must be FP16, BF16, FP32 or FP64, got ${datatype}`);
  const lengths = headers.get('nonpad_kv_seqlen');
  if (lengths && lengths.datatype !== 'INT64') throw new Failure('invalid-request', `nonpad_kv_seqlen must be INT64, got ${lengths.datatype}`);
  return { Q, V };
}

/** In the order of the JSON, which is that of the bytes. */
function readInputs(headers: Headers, body: Chunks, jsonBytes: number, mayBeBinary: boolean, float32: Float32Room | undefined): OnnxInputs {
  let binary = 0;
  for (const { name, binaryBytes } of headers.values()) {
    if (binaryBytes !== undefined && !mayBeBinary) throw new Failure('invalid-request', `input ${name} is binary, so ${HEADER_MISSING}`);
    binary += binaryBytes ?? 0;
  }
  if (binary !== body.length - jsonBytes)
    throw new Failure(
      'invalid-request',
      `the binary tensors are ${binary} bytes by their binary_data_size, but ${body.length - jsonBytes} bytes follow the JSON`,
    );
  let offset = jsonBytes;
  const inputs: Partial<Record<OnnxInput, { data: Floats | Uint8Array; shape: readonly number[] }>> = {};
  for (const header of headers.values()) {
    inputs[header.name] = { data: readValues(header, body, offset, float32), shape: header.shape };
    offset += header.binaryBytes ?? 0;
  }
  return inputs as OnnxInputs;
}

function isConverted(datatype: DatatypeName): boolean {
  return datatype !== 'FP32' && datatype !== 'FP64' && datatype !== 'BOOL';
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
