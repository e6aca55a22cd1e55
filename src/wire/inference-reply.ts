import type { Dense, OnnxOutput } from '../engine/onnx.ts';
import { type Floats, floats } from '../engine/tensor.ts';
import { DATATYPES, type DatatypeName, fromFloats } from './datatypes.ts';
import type { AskedInference, Model } from './inference-request.ts';
import type { Segment } from './numbers/segments.ts';

/** A reply: its JSON, and the bytes of binary tensors, which come after it. */
export interface InferenceReply {
  readonly json: readonly Segment[];
  readonly binary: readonly Uint8Array[];
}

/** The outputs in the order in which they were asked for, each as JSON or as bytes (little-endian, row-major). */
export function inferenceReply(
  { id, outputs }: Pick<AskedInference, 'id' | 'outputs'>,
  results: ReadonlyMap<OnnxOutput, Dense>,
  model: Model,
): InferenceReply {
  const binary: Uint8Array[] = [];
  const head = JSON.stringify({ model_name: model.name, model_version: model.version, id });
  const json: Segment[] = [`${head.slice(0, -1)},"outputs":[`];
  for (const [place, { name, datatype, binary: asBytes }] of outputs.entries()) {
    const result = results.get(name);
    if (!result) throw new Error(`the operator gave no ${name}, which was asked for`);
    const { data, shape } = result;
    const tensor = `${place > 0 ? ',' : ''}${JSON.stringify({ name, datatype, shape }).slice(0, -1)}`;
    if (!asBytes) {
      json.push(`${tensor},"data":`, { data: printedAs(data, datatype), shape: [data.length], words: true }, '}');
      continue;
    }
    const elements = fromFloats(data, datatype);
    binary.push(new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength));
    json.push(`${tensor},"parameters":{"binary_data_size":${elements.byteLength}}}`);
  }
  json.push(']}');
  return { json, binary };
}

/** Numbers rounded to the datatype, in the arithmetic that says how many digits they need. */
function printedAs(data: Floats, datatype: DatatypeName): Floats {
  const { round, held } = DATATYPES[datatype];
  if (datatype === 'FP32' ? data instanceof Float32Array : datatype === 'FP64' && data instanceof Float64Array) return data;
  const rounded = floats(held, data.length);
  for (let i = 0; i < data.length; i++) rounded[i] = round(data[i] ?? 0);
  return rounded;
}
