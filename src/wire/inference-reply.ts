import type { Dense, OnnxOutput } from '../engine/onnx.ts';
import type { Floats } from '../engine/tensor.ts';
import { DATATYPES, type DatatypeName, fromFloats } from './datatypes.ts';
import { shortestFloat32 } from './float32.ts';
import type { AskedInference, Model } from './inference-request.ts';

/** A reply: JSON, with the bytes of binary tensors after it where `jsonLength` is given. */
export interface InferenceReply {
  readonly body: Buffer;
  readonly jsonLength: number | undefined;
}

/** The outputs in the order in which they were asked for, each as JSON or as bytes (little-endian, row-major). */
export function printInferenceReply(
  { id, outputs }: Pick<AskedInference, 'id' | 'outputs'>,
  results: ReadonlyMap<OnnxOutput, Dense>,
  model: Model,
): InferenceReply {
  const binary: Uint8Array[] = [];
  const tensors = outputs.map(({ name, datatype, binary: asBytes }) => {
    const result = results.get(name);
    if (!result) throw new Error(`the operator gave no ${name}, which was asked for`);
    const { data, shape } = result;
    if (!asBytes) return { name, datatype, shape, data: printable(data, datatype) };
    const elements = fromFloats(data, datatype);
    binary.push(new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength));
    return { name, datatype, shape, parameters: { binary_data_size: elements.byteLength } };
  });
  const json = Buffer.from(JSON.stringify({ model_name: model.name, model_version: model.version, id, outputs: tensors }));
  return outputs.some((output) => output.binary)
    ? { body: Buffer.concat([json, ...binary]), jsonLength: json.length }
    : { body: json, jsonLength: undefined };
}

/** Numbers with the fewest digits that read back as the same, and words for what JSON lacks. */
function printable(data: Floats, datatype: DatatypeName): (number | string)[] {
  const { round, held } = DATATYPES[datatype];
  const numbers = new Array<number | string>(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = round(data[i] ?? 0);
    if (Number.isFinite(value)) numbers[i] = held === 'float32' ? shortestFloat32(value) : value;
    else numbers[i] = String(value);
  }
  return numbers;
}
