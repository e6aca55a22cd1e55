import { type Datatype, fromNumbers, toNumbers } from './inference-elements.ts';
import type { Answer, Json, Service } from './service.ts';

/** A tensor of numbers, booleans or words, as a case holds it. */
export interface CaseTensor {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: readonly (number | boolean | string)[];
}

export interface InferenceCase {
  readonly parameters?: Readonly<Record<string, number | boolean>>;
  readonly inputs: Readonly<Record<string, CaseTensor>>;
  readonly outputs?: readonly string[];
}

/** Asks for a case with every tensor as JSON, or every one as bytes in both directions. */
export async function infer(
  service: Pick<Service, 'ask'>,
  { parameters = {}, inputs, outputs }: InferenceCase,
  wire: 'json' | 'binary',
): Promise<{ answer: Answer; tensors: Record<string, CaseTensor> }> {
  const binary: Buffer[] = [];
  const tensors = Object.entries(inputs).map(([name, { datatype, shape, data }]) => {
    if (wire === 'json') return { name, datatype, shape, data };
    const bytes = fromNumbers(data, datatype);
    binary.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  });
  const json = Buffer.from(
    JSON.stringify({
      parameters: wire === 'binary' ? { ...parameters, binary_data_output: true } : parameters,
      inputs: tensors,
      ...(outputs && { outputs: outputs.map((name) => ({ name })) }),
    }),
  );
  const answer = await service.ask(Buffer.concat([json, ...binary]), {
    path: '/v2/models/attention/infer',
    headers: wire === 'binary' ? { 'inference-header-content-length': `${json.length}`, 'content-type': 'application/octet-stream' } : {},
  });
  return { answer, tensors: answer.status === 200 ? readTensors(answer) : {} };
}

/** The tensors of a reply by name, JSON and binary ones. */
export function readTensors({ bytes, headers }: Answer): Record<string, CaseTensor> {
  const jsonLength = headers['inference-header-content-length'];
  const end = jsonLength === undefined ? bytes.length : Number(jsonLength);
  const { outputs }: Json = JSON.parse(bytes.subarray(0, end).toString());
  let offset = end;
  const tensors: Record<string, CaseTensor> = {};
  for (const { name, datatype, shape, data, parameters } of outputs) {
    const size = parameters?.binary_data_size;
    tensors[name] = { datatype, shape, data: data ?? toNumbers(bytes.subarray(offset, offset + size), datatype) };
    offset += size ?? 0;
  }
  return tensors;
}

/** The numbers of a tensor, words included. */
export function numbersOf({ data }: CaseTensor): number[] {
  return data.map(Number);
}
