import { Type } from '@sinclair/typebox';
import { named } from './shapes.ts';

const Parameters = (description: string) =>
  Type.Optional(
    Type.Unsafe<Record<string, string | number | boolean>>({
      type: 'object',
      additionalProperties: { type: ['string', 'number', 'boolean'] },
      ...named('Parameters', description),
    }),
  );
const DATATYPE = Type.Unsafe<string>({
  type: 'string',
  enum: ['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', 'INT32', 'INT64', 'FP16', 'BF16', 'FP32', 'FP64'],
  ...named('Datatype', 'What a tensor’s elements are.'),
});
const SHAPE = Type.Array(Type.Integer({ minimum: 0 }), { description: 'Row-major.' });
const DATA = Type.Optional(
  Type.Unsafe<unknown>({
    type: 'array',
    items: {},
    description:
      'Flat, or nested as the shape is: numbers, booleans for BOOL, and "NaN", "Infinity", "-Infinity" for floats. Absent where the data is binary.',
  }),
);

const InputTensor = Type.Object(
  {
    name: Type.Unsafe<string>({
      type: 'string',
      enum: ['Q', 'K', 'V', 'attn_mask', 'past_key', 'past_value', 'nonpad_kv_seqlen'],
      ...named('InputName', 'An input of the operator.'),
    }),
    shape: SHAPE,
    datatype: DATATYPE,
    parameters: Parameters('`binary_data_size`: the tensor’s bytes follow the JSON.'),
    data: DATA,
  },
  { additionalProperties: false, ...named('InputTensor', 'A tensor that the operator takes.') },
);
const RequestedOutput = Type.Object(
  {
    name: Type.Unsafe<string>({
      type: 'string',
      enum: ['Y', 'present_key', 'present_value', 'qk_matmul_output', 'lse'],
      ...named('OutputName', 'An output of the operator.'),
    }),
    parameters: Parameters('`binary_data`: whether this output comes as bytes after the JSON.'),
  },
  { additionalProperties: false, ...named('RequestedOutput', 'An output to come back.') },
);

export const InferenceRequest = Type.Object(
  {
    id: Type.Optional(Type.String({ description: 'Comes back as it is.' })),
    parameters: Parameters(
      'The attributes of the operator: `scale` (1/√d), `is_causal` (0, 1 or a boolean), `q_num_heads` and `kv_num_heads` (for rank 3), `softcap` (0: none), `qk_matmul_output_mode` (0 to 3), `softmax_precision` (1 FLOAT, 10 FLOAT16, 11 DOUBLE, 16 BFLOAT16), `left_window_size`, `right_window_size` (−1: unbounded); and `binary_data_output`: all outputs as bytes.',
    ),
    inputs: Type.Array(InputTensor, { description: 'Q, K and V, and what else the operator takes.' }),
    outputs: Type.Optional(
      Type.Array(RequestedOutput, {
        minItems: 1,
        description: 'What comes back. None named: Y alone, a deviation from the protocol, since the others cost n².',
      }),
    ),
  },
  {
    $id: 'InferenceRequest',
    additionalProperties: false,
    description: 'ONNX’s Attention over tensors: its inputs, its attributes as parameters, and which outputs come back.',
  },
);

const OutputTensor = Type.Object(
  {
    name: RequestedOutput.properties.name,
    shape: SHAPE,
    datatype: DATATYPE,
    parameters: Parameters('`binary_data_size`: the tensor’s bytes follow the JSON.'),
    data: Type.Optional(
      Type.Unsafe<(number | string)[]>({
        type: 'array',
        items: { type: ['number', 'string'] },
        description: 'Flat, row-major: numbers, and "NaN", "Infinity", "-Infinity" for what JSON lacks. Absent where the data is binary.',
      }),
    ),
  },
  named('OutputTensor', 'A tensor that the operator gives.'),
);

export const InferenceResponse = Type.Object(
  {
    model_name: Type.String({ description: 'attention' }),
    model_version: Type.String({ description: '1' }),
    id: Type.Optional(Type.String({ description: 'The request’s own.' })),
    outputs: Type.Array(OutputTensor, { description: 'The outputs asked for, in that order.' }),
  },
  { $id: 'InferenceResponse', description: 'The outputs, and which model gave them.' },
);

export const InferenceError = Type.Object(
  { error: Type.String({ description: 'Which tensor or parameter, the rule, and what was given.' }) },
  { $id: 'InferenceError', description: 'What was wrong, in a sentence.' },
);

const TensorMetadata = Type.Object(
  { name: Type.String(), datatype: Type.String(), shape: Type.Array(Type.Integer({ description: '−1: any.' })) },
  named('TensorMetadata', 'A tensor of the model: its name, its usual datatype and its axes.'),
);

export const ModelMetadata = Type.Object(
  {
    name: Type.String(),
    versions: Type.Array(Type.String()),
    platform: Type.String(),
    inputs: Type.Array(TensorMetadata),
    outputs: Type.Array(TensorMetadata),
    properties: Type.Record(Type.String(), Type.String(), {
      description: 'What differs from the protocol, and what the fixed fields can’t say.',
    }),
  },
  named('ModelMetadata', 'The tensors that the model takes and gives.'),
);

export const ServerMetadata = Type.Object(
  { name: Type.String(), version: Type.String(), extensions: Type.Array(Type.String()) },
  named('ServerMetadata', 'The server, and the extensions of the protocol that it speaks.'),
);
export const ServerLive = Type.Object({ live: Type.Boolean() }, named('ServerLive', 'Whether the server is alive.'));
export const ServerReady = Type.Object({ live: Type.Boolean(), ready: Type.Boolean() }, named('ServerReady', 'Whether the server wants requests.'));
export const ModelReady = Type.Object({ name: Type.String(), ready: Type.Boolean() }, named('ModelReady', 'Whether the model wants requests.'));
export const ModelList = Type.Object({ models: Type.Array(Type.String()) }, named('ModelList', 'The names of the models.'));
