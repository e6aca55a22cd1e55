import { type Datatype, fromNumbers } from '../http/inference-elements.ts';
import type { Dice } from './dice.ts';
import { SIZES, type Value } from './values.ts';

interface Tensor {
  readonly name: string;
  shape: number[];
  readonly datatype: Datatype;
  data?: (number | boolean)[];
  parameters?: { readonly binary_data_size: number };
}

export interface Tensors {
  readonly inputs: Tensor[];
  readonly [name: string]: unknown;
}

const tensor = (name: string, shape: number[], datatype: Datatype = 'FP32', of: number | boolean = 0.5): Tensor => ({
  name,
  shape,
  datatype,
  data: filled(shape, of),
});
const filled = <T>(shape: readonly number[], of: T): T[] => Array<T>(shape.reduce((product, axis) => product * axis, 1)).fill(of);

/** Requests for inference that are answered, and have every input, parameter and output between them. */
export const ANSWERED: readonly Tensors[] = [
  {
    inputs: [
      tensor('Q', [1, 2, 2, 2]),
      tensor('K', [1, 1, 2, 2]),
      tensor('V', [1, 1, 2, 3]),
      tensor('attn_mask', [2, 4], 'BOOL', true),
      tensor('past_key', [1, 1, 2, 2]),
      tensor('past_value', [1, 1, 2, 3]),
    ],
    parameters: { is_causal: 1, scale: 0.5, softcap: 2, qk_matmul_output_mode: 2, softmax_precision: 1 },
    outputs: ['Y', 'present_key', 'present_value', 'qk_matmul_output'].map((name) => ({ name, parameters: { binary_data: true } })),
  },
  {
    inputs: [tensor('Q', [2, 3, 4]), tensor('K', [2, 2, 2]), tensor('V', [2, 2, 2]), tensor('nonpad_kv_seqlen', [2], 'INT64', 2)],
    parameters: { q_num_heads: 2, kv_num_heads: 1, binary_data_output: true },
    outputs: [{ name: 'Y' }, { name: 'lse' }],
  },
  { id: 'half', inputs: [tensor('Q', [1, 1, 3, 2], 'FP16'), tensor('K', [1, 1, 3, 2], 'FP16'), tensor('V', [1, 1, 3, 2], 'FP16')] },
];

/** Gives one axis of some inputs another length, in accord or not, and data that fit where they are few. */
export function reshape(dice: Dice, { inputs, ...rest }: Tensors): Tensors {
  const axis = dice.below(4);
  const size = dice.pick(SIZES);
  const all = dice.chance(0.5);
  const reshaped = inputs.map((input) => {
    if (!all && dice.chance(0.5)) return input;
    const shape = input.shape.map((old, i) => (i === Math.min(axis, input.shape.length - 1) ? size : old));
    const count = shape.reduce((product, length) => product * length, 1);
    return { ...input, shape, data: count <= 300 ? filled(shape, input.data?.[0] ?? 1) : [] };
  });
  return { inputs: reshaped, ...rest };
}

/** A request with its tensors as bytes: the JSON, and what follows it. */
export function inBytes({ inputs, ...rest }: Tensors): { readonly json: Value; readonly bytes: Buffer } {
  const parts = inputs.map(({ data = [], datatype }) => fromNumbers((data as unknown[]).flat(9) as number[], datatype));
  const described = inputs.map(({ data: _, ...input }, i) => ({ ...input, parameters: { binary_data_size: parts[i]?.length ?? 0 } }));
  return { json: { ...rest, inputs: described } as unknown as Value, bytes: Buffer.concat(parts) };
}
