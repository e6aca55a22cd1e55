import { Failure } from '../engine/failure.ts';
import { ONNX_OUTPUTS, type OnnxAttributes, type OnnxOutput } from '../engine/onnx.ts';
import { InferenceParameters } from '../schemas/inference.ts';
import type { DatatypeName } from './datatypes.ts';
import { Faults, given } from './faults.ts';
import { fieldsOf } from './fields.ts';
import { type Members, readNamed, readParameters } from './inference-members.ts';
import { readMembers } from './readers.ts';

const FIELDS = fieldsOf(InferenceParameters);

/** The parameters that a request may have and that change something. */
export const REQUEST_PARAMETERS: readonly string[] = FIELDS.members.map(({ name }) => name);

/** The attributes of the operator from the parameters of a request, and whether every output is to come as bytes. */
export interface RequestParameters {
  readonly attributes: OnnxAttributes;
  readonly everyBinary: boolean;
}

/** @throws Failure `invalid-request` for the first that is at fault */
export function readRequestParameters(parameters: Members): RequestParameters {
  const faults = new Faults();
  const { binary_data_output: everyBinary = false, ...attributes } = readMembers(parameters, FIELDS, 'float64', '', faults);
  const [fault] = faults.list;
  if (fault) throw new Failure('invalid-request', `parameters.${fault.pointer.slice(1)} ${fault.detail}`);
  return { attributes, everyBinary };
}

/** An output, the datatype that it comes back in, and whether as bytes. */
export interface AskedOutput {
  readonly name: OnnxOutput;
  readonly datatype: DatatypeName;
  readonly binary: boolean;
}

/** What comes back: Y alone where nothing is named. @throws Failure `invalid-request` */
export function readOutputs(value: unknown, everyBinary: boolean, keyType: DatatypeName, valueType: DatatypeName): readonly AskedOutput[] {
  const datatypes: Record<OnnxOutput, DatatypeName> = {
    Y: keyType,
    present_key: keyType,
    present_value: valueType,
    qk_matmul_output: keyType,
    lse: keyType === 'FP64' || valueType === 'FP64' ? 'FP64' : 'FP32',
  };
  if (value !== undefined && !Array.isArray(value)) throw new Failure('invalid-request', `outputs must be an array of outputs, got ${given(value)}`);
  if (value === undefined || value.length === 0) return [{ name: 'Y', datatype: datatypes.Y, binary: everyBinary }];
  const asked: AskedOutput[] = [];
  for (const [index, output] of value.entries()) {
    const members = readNamed(output, ['name', 'parameters'], `outputs[${index}]`);
    const name = ONNX_OUTPUTS.find((known) => known === members['name']);
    if (!name)
      throw new Failure('invalid-request', `outputs[${index}].name must be one of ${ONNX_OUTPUTS.join(', ')}, got ${given(members['name'])}`);
    if (asked.some((other) => other.name === name)) throw new Failure('invalid-request', `output ${name} is asked for twice`);
    const own = readParameters(members['parameters'], ['binary_data'], `the parameters of output ${name}`);
    asked.push({ name, datatype: datatypes[name], binary: readFlag(own['binary_data'], `parameters.binary_data of output ${name}`) ?? everyBinary });
  }
  return asked;
}

function readFlag(value: unknown, what: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw new Failure('invalid-request', `${what} must be true or false, got ${given(value)}`);
}
