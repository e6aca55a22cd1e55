import { Failure } from '../engine/failure.ts';
import { ONNX_OUTPUTS, type OnnxAttributes, type OnnxOutput } from '../engine/onnx.ts';
import type { DatatypeName } from './datatypes.ts';
import { given } from './faults.ts';
import { type Members, readMembers, readParameters } from './inference-members.ts';

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

/** The parameters that a request may have and that change something. */
export const REQUEST_PARAMETERS: readonly string[] = [...ATTRIBUTES, 'binary_data_output'];

/** The attributes of the operator from the parameters of a request. @throws Failure `invalid-request` */
export function readAttributes(parameters: Members): OnnxAttributes {
  const number = (name: string, rule: string, fits: (value: number) => boolean): number | undefined => {
    const value = parameters[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !fits(value)) throw new Failure('invalid-request', `parameters.${name} must be ${rule}, got ${given(value)}`);
    return value;
  };
  const integer = (name: string, least: number, most: number) =>
    number(name, `an integer from ${least} to ${most}`, (value) => Number.isInteger(value) && value >= least && value <= most);
  const causal = parameters['is_causal'];
  if (causal !== undefined && causal !== 0 && causal !== 1 && typeof causal !== 'boolean')
    throw new Failure('invalid-request', `parameters.is_causal must be 0, 1, true or false, got ${given(causal)}`);
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

/** An output, the datatype that it comes back in, and whether as bytes. */
export interface AskedOutput {
  readonly name: OnnxOutput;
  readonly datatype: DatatypeName;
  readonly binary: boolean;
}

/** What comes back: Y alone where nothing is named. @throws Failure `invalid-request` */
export function readOutputs(value: unknown, parameters: Members, keyType: DatatypeName, valueType: DatatypeName): readonly AskedOutput[] {
  const everyBinary = readFlag(parameters['binary_data_output'], 'parameters.binary_data_output') ?? false;
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
    const members = readMembers(output, ['name', 'parameters'], `outputs[${index}]`);
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
