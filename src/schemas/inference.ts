import { Type } from '@sinclair/typebox';
import { ofKind } from './kinds.ts';
import { Integer, named, TrueOrFalse } from './shapes.ts';

const Parameters = (description: string) =>
  Type.Optional(
    Type.Unsafe<Record<string, string | number | boolean | object>>({
      type: 'object',
      additionalProperties: { type: ['string', 'number', 'boolean', 'object'] },
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
    parameters: Parameters('`binary_data_size`: the tensor’s bytes follow the JSON. `content_type` and the like change nothing.'),
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

/** ONNX's numbers for the types that softmax_precision can name, and their names there. */
const SOFTMAX_PRECISION = { 1: 'float32', 10: 'float16', 11: 'float64', 16: 'bfloat16' } as const;
const SOFTMAX_PRECISION_NAMES = ['FLOAT', 'FLOAT16', 'DOUBLE', 'BFLOAT16'] as const;

const Heads = (of: string) => Type.Optional(Integer({ least: 1, most: 2 ** 31 - 1 }, `How many heads ${of} of rank 3 have.`));
const Window = (side: string) => Type.Optional(Integer({ least: -1 }, `How many keys to the ${side} of its own position a query sees; −1: all.`));

/** The attributes of ONNX's operator, and how the outputs come back. The reader goes by them, in this order. */
const ATTRIBUTES = {
  scale: Type.Optional(ofKind(Type.Number({ description: 'Multiplies every dot product; 1/√d by default.' }), { kind: 'finite' })),
  is_causal: Type.Optional(
    ofKind(
      Type.Unsafe<0 | 1 | boolean>({
        enum: [0, 1, false, true],
        ...named('IsCausal', 'Whether a query sees no key after its own position; 0 by default.'),
      }),
      {
        kind: 'flag',
      },
    ),
  ),
  q_num_heads: Heads('queries'),
  kv_num_heads: Heads('keys and values'),
  softcap: Type.Optional(
    ofKind(Type.Number({ minimum: 0, description: 'Caps the scores softly; 0, the default: not at all.' }), { kind: 'finite', least: 0 }),
  ),
  qk_matmul_output_mode: Type.Optional(
    ofKind(
      Type.Unsafe<0 | 1 | 2 | 3>({
        type: 'integer',
        minimum: 0,
        maximum: 3,
        description: 'What qk_matmul_output is: 0, the default, the raw scores; 1: after softcap; 2: after mask and bias too; 3: the weights.',
      }),
      { kind: 'integer', least: 0, most: 3 },
    ),
  ),
  softmax_precision: Type.Optional(
    ofKind(
      Type.Unsafe<keyof typeof SOFTMAX_PRECISION>({
        enum: Object.keys(SOFTMAX_PRECISION).map(Number),
        ...named('SoftmaxPrecision', 'The precision of the softmax, by ONNX’s number: 1 FLOAT, 10 FLOAT16, 11 DOUBLE, 16 BFLOAT16.'),
      }),
      { kind: 'code', codes: SOFTMAX_PRECISION, names: SOFTMAX_PRECISION_NAMES },
    ),
  ),
  left_window_size: Window('left'),
  right_window_size: Window('right'),
  binary_data_output: Type.Optional(TrueOrFalse('All outputs as bytes after the JSON, but for those that say otherwise.')),
};

/** Parameters that other servers of the protocol know, and that change nothing where every request stands alone. */
export const WITHOUT_EFFECT = [
  'timeout',
  'priority',
  'sequence_id',
  'sequence_start',
  'sequence_end',
  'content_type',
  'headers',
  'classification',
] as const;
const NoEffect = Type.Optional(Type.Unsafe<unknown>({ description: 'Is taken, and changes nothing.' }));

/** In the type there are only those that are read. */
export const InferenceParameters = Type.Object(
  {
    ...ATTRIBUTES,
    ...Object.fromEntries(WITHOUT_EFFECT.map((name) => [name, NoEffect])),
    classification: Type.Optional(Type.Unsafe<0>({ type: 'integer', enum: [0], description: 'This model does not classify.' })),
  } as typeof ATTRIBUTES,
  {
    additionalProperties: false,
    ...named('InferenceParameters', 'The attributes of the operator, and how the outputs come back. Any other parameter is refused.'),
  },
);

export const InferenceRequest = Type.Object(
  {
    id: Type.Optional(Type.String({ description: 'Comes back as it is.' })),
    model_name: Type.Optional(Type.String({ description: '`attention`; some clients say it here too. Another one is a 404.' })),
    model_version: Type.Optional(Type.String({ description: '`1`; another one is a 404.' })),
    parameters: Type.Optional(InferenceParameters),
    inputs: Type.Array(InputTensor, { description: 'Q, K and V, and what else the operator takes.' }),
    outputs: Type.Optional(
      Type.Array(RequestedOutput, {
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

const ConfiguredTensor = {
  name: Type.String(),
  data_type: Type.String({ description: '`TYPE_` and the datatype.' }),
  dims: Type.Array(Type.Integer({ description: '−1: any.' })),
};

/** Triton's model configuration extension: the message ModelConfig. */
export const ModelConfiguration = Type.Object(
  {
    name: Type.String(),
    platform: Type.String(),
    backend: Type.String(),
    version_policy: Type.Object(
      { latest: Type.Object({ num_versions: Type.Integer() }, named('LatestVersions', 'How many of the latest versions are served.')) },
      named('VersionPolicy', 'Which versions are served.'),
    ),
    max_batch_size: Type.Integer({ description: '0: the shapes hold the batch axis.' }),
    input: Type.Array(
      Type.Object(
        {
          ...ConfiguredTensor,
          format: Type.String(),
          is_shape_tensor: Type.Boolean(),
          allow_ragged_batch: Type.Boolean(),
          optional: Type.Boolean(),
        },
        named('ConfiguredInput', 'An input, as Triton configures it.'),
      ),
    ),
    output: Type.Array(
      Type.Object(
        { ...ConfiguredTensor, label_filename: Type.String(), is_shape_tensor: Type.Boolean() },
        named('ConfiguredOutput', 'An output, as Triton configures it.'),
      ),
    ),
    instance_group: Type.Array(Type.Object({}, named('InstanceGroup', 'None: threads are the service’s own.'))),
    default_model_filename: Type.String(),
    parameters: Type.Object({}, named('ConfiguredParameters', 'None.')),
  },
  named('ModelConfiguration', 'The model as Triton configures it.'),
);

const Duration = (description: string) =>
  Type.Object(
    { count: Type.Integer({ minimum: 0 }), ns: Type.Integer({ minimum: 0, description: 'In all, in nanoseconds.' }) },
    named('StatisticDuration', description),
  );
const Computed = {
  compute_input: Duration('Reading the request’s tensors.'),
  compute_infer: Duration('Computing.'),
  compute_output: Duration('Writing the reply.'),
};

/** Triton's statistics extension. */
export const ModelStatistics = Type.Object(
  {
    model_stats: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          version: Type.String(),
          last_inference: Type.Integer({ minimum: 0, description: 'Milliseconds since 1970; 0: there was none.' }),
          inference_count: Type.Integer({ minimum: 0, description: 'Requests that were answered, each as one.' }),
          execution_count: Type.Integer({ minimum: 0 }),
          inference_stats: Type.Object(
            {
              success: Duration('Requests that were answered, from the last byte of the body to the reply.'),
              fail: Duration('Requests that were refused or failed.'),
              queue: Duration('Waiting for a thread, and the way there and back.'),
              ...Computed,
              cache_hit: Duration('There is no cache.'),
              cache_miss: Duration('There is no cache.'),
            },
            named('InferenceStatistics', 'What became of the requests, and how long each part took.'),
          ),
          batch_stats: Type.Array(
            Type.Object({ batch_size: Type.Integer({ minimum: 1 }), ...Computed }, named('BatchStatistics', 'The same for one size of batch.')),
          ),
        },
        named('StatisticsOfModel', 'The requests to one model since the process started.'),
      ),
    ),
  },
  named('ModelStatistics', 'The requests to the models since the process started.'),
);

/** Triton's model repository extension: its index. */
export const RepositoryIndexRequest = Type.Object(
  { ready: Type.Optional(Type.Boolean({ description: 'Only models that are ready. An empty body is as good as {}.' })) },
  { additionalProperties: false, ...named('RepositoryIndexRequest', 'Which models are to be listed.') },
);
export const RepositoryIndex = Type.Array(
  Type.Object(
    {
      name: Type.String(),
      version: Type.String(),
      state: Type.String({ description: '`READY`, or `UNAVAILABLE` while the server shuts down.' }),
      reason: Type.String(),
    },
    named('IndexedModel', 'A model, and whether it is ready.'),
  ),
  named('RepositoryIndex', 'The models.'),
);
