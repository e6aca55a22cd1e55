import { MODEL } from '../../runtime/answers/inference.ts';

/*
 * What the inference protocol says of its one model: metadata as KServe has it, configuration as Triton has it.
 */

const INPUTS = { Q: 4, K: 4, V: 4, attn_mask: 4, past_key: 4, past_value: 4, nonpad_kv_seqlen: 1 } as const;
const OUTPUTS = { Y: 4, present_key: 4, present_value: 4, qk_matmul_output: 4, lse: 3 } as const;
const REQUIRED: ReadonlySet<string> = new Set(['Q', 'K', 'V']);
const datatypeOf = (name: string) => (name === 'nonpad_kv_seqlen' ? 'INT64' : 'FP32');
const anyOf = (rank: number) => Array<number>(rank).fill(-1);
const shaped = ([name, rank]: [string, number]) => ({ name, datatype: datatypeOf(name), shape: anyOf(rank) });

export const METADATA = {
  name: MODEL.name,
  versions: [MODEL.version],
  platform: 'onnx_attention',
  inputs: Object.entries(INPUTS).map(shaped),
  outputs: Object.entries(OUTPUTS).map(shaped),
  properties: {
    operator: 'ONNX Attention, opset 25; attributes are request parameters',
    outputs: 'none named: Y alone, not all, since the others cost n²',
    datatypes:
      'Q, K, V, past_key, past_value: FP16, BF16, FP32, FP64; attn_mask: these, BOOL or any integer; FP16 and BF16 in JSON are plain numbers',
    ranks: 'Q, K, V have rank 4, or rank 3 with q_num_heads and kv_num_heads; attn_mask has rank 1 to 4',
    lse: 'log-sum-exp of each row, besides the operator’s outputs; FP64 beside FP64',
  },
};

/** The message ModelConfig of Triton as JSON. `max_batch_size` 0: the shapes hold the batch axis, and no request is joined with another. */
export const CONFIGURATION = {
  name: MODEL.name,
  platform: METADATA.platform,
  backend: 'attention',
  version_policy: { latest: { num_versions: 1 } },
  max_batch_size: 0,
  input: Object.entries(INPUTS).map(([name, rank]) => ({
    name,
    data_type: `TYPE_${datatypeOf(name)}`,
    format: 'FORMAT_NONE',
    dims: anyOf(rank),
    is_shape_tensor: false,
    allow_ragged_batch: false,
    optional: !REQUIRED.has(name),
  })),
  output: Object.entries(OUTPUTS).map(([name, rank]) => ({
    name,
    data_type: `TYPE_${datatypeOf(name)}`,
    dims: anyOf(rank),
    label_filename: '',
    is_shape_tensor: false,
  })),
  instance_group: [],
  default_model_filename: '',
  parameters: {},
};
