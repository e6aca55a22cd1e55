import { type TSchema, Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../config.ts';
import { MODEL } from '../../runtime/answer.ts';
import type { Answerer } from '../../runtime/answerer.ts';
import {
  InferenceError,
  InferenceRequest,
  InferenceResponse,
  ModelList,
  ModelMetadata,
  ModelReady,
  ServerLive,
  ServerMetadata,
  ServerReady,
} from '../../schemas/inference.ts';
import { name as serverName, version as serverVersion } from '../../version.ts';
import { readChunks } from '../body.ts';
import { goneSignal } from '../gone.ts';
import { Problem } from '../problems.ts';

const JSON_LENGTH = 'inference-header-content-length';
const MODEL_PATH = `/v2/models/${MODEL.name}`;
const VERSION_PATH = `${MODEL_PATH}/versions/${MODEL.version}`;

/** The Open Inference Protocol v2 over REST: the model `attention` is ONNX's Attention, opset 25. */
export async function inferenceRoutes(app: FastifyInstance, { config, answerer }: { config: Config; answerer: Answerer }): Promise<void> {
  const get = (url: string, operationId: string, summary: string, reply: TSchema, answer: () => object) =>
    app.get(url, { schema: { operationId, tags: ['inference'], summary, response: { 200: reply } } }, async () => answer());
  const requireReady = () => {
    if (!app.lifecycle.ready)
      throw new Problem('shutting-down', 'the server is not ready: it has been asked to stop', { headers: { 'retry-after': '1' } });
  };

  const server = { name: serverName, version: serverVersion, extensions: ['binary_tensor_data'] };
  get('/v2', 'serverMetadata', 'The server, and the extensions that it speaks', ServerMetadata, () => server);
  app.get('/v2/', { schema: { hide: true } }, async () => server);
  get('/v2/health/live', 'serverLive', 'Is the server alive?', ServerLive, () => ({ live: true }));
  get('/v2/health/ready', 'serverReady', 'Does the server want requests?', ServerReady, () => {
    requireReady();
    return { live: true, ready: true };
  });
  get('/v2/models', 'models', 'The models', ModelList, () => ({ models: [MODEL.name] }));
  for (const [path, of] of [
    [MODEL_PATH, 'model'],
    [VERSION_PATH, 'modelVersion'],
  ] as const) {
    get(path, `${of}Metadata`, 'The tensors that the model takes and gives', ModelMetadata, () => METADATA);
    get(`${path}/ready`, `${of}Ready`, 'Does the model want requests?', ModelReady, () => {
      requireReady();
      return { name: MODEL.name, ready: true };
    });
    app.post(`${path}/infer`, { schema: inferDocumentation(`${of}Infer`) }, (request, reply) => infer(request, reply, config, answerer));
  }
  app.all('/v2/*', { schema: { hide: true } }, async (request) => {
    throw new Problem('not-found', `there is nothing at ${request.url.slice(0, 200)}; the one model is ${MODEL.name}, version ${MODEL.version}`);
  });
}

async function infer(request: FastifyRequest, reply: FastifyReply, config: Config, answerer: Answerer): Promise<FastifyReply> {
  const body = await readChunks(request, { maxBytes: config.MAX_BODY_BYTES, timeoutMs: config.REQUEST_TIMEOUT_MS });
  const header = request.headers[JSON_LENGTH];
  const jsonLength = Array.isArray(header) ? header.join(', ') : header;
  const { answer, timing } = await answerer.answer({ kind: 'inference', body, jsonLength }, () => goneSignal(reply));
  reply.header('server-timing', timing);
  if (answer.jsonLength === undefined) return reply.type('application/json').send(answer.body);
  return reply.header('Inference-Header-Content-Length', answer.jsonLength).type('application/octet-stream').send(answer.body);
}

const shaped = (name: string, datatype: string, rank: number) => ({ name, datatype, shape: Array<number>(rank).fill(-1) });

const METADATA = {
  name: MODEL.name,
  versions: [MODEL.version],
  platform: 'onnx_attention',
  inputs: [
    shaped('Q', 'FP32', 4),
    shaped('K', 'FP32', 4),
    shaped('V', 'FP32', 4),
    shaped('attn_mask', 'FP32', 4),
    shaped('past_key', 'FP32', 4),
    shaped('past_value', 'FP32', 4),
    shaped('nonpad_kv_seqlen', 'INT64', 1),
  ],
  outputs: [
    shaped('Y', 'FP32', 4),
    shaped('present_key', 'FP32', 4),
    shaped('present_value', 'FP32', 4),
    shaped('qk_matmul_output', 'FP32', 4),
    shaped('lse', 'FP32', 3),
  ],
  properties: {
    operator: 'ONNX Attention, opset 25; attributes are request parameters',
    outputs: 'none named: Y alone, not all, since the others cost n²',
    datatypes:
      'Q, K, V, past_key, past_value: FP16, BF16, FP32, FP64; attn_mask: these, BOOL or any integer; FP16 and BF16 in JSON are plain numbers',
    ranks: 'Q, K, V have rank 4, or rank 3 with q_num_heads and kv_num_heads; attn_mask has rank 1 to 4',
    lse: 'log-sum-exp of each row, besides the operator’s outputs; FP64 beside FP64',
  },
};

const errors = (description: string) => ({ description, content: { 'application/json': { schema: Type.Ref(InferenceError) } } });

function inferDocumentation(operationId: string) {
  return {
    operationId,
    tags: ['inference'],
    summary: 'ONNX Attention over tensors',
    description:
      'Tensors in JSON, or as bytes after it (the binary tensor extension: `binary_data_size` in the tensor’s parameters, the header Inference-Header-Content-Length with the length of the JSON, little-endian and row-major). No Content-Type is needed. Bodies may be packed with gzip or deflate. Deviation: with no `outputs` named, Y alone comes back.',
    headers: Type.Object({
      'inference-header-content-length': Type.Optional(
        Type.String({ description: 'The length of the JSON in bytes, where binary tensors follow it.' }),
      ),
    }),
    body: {
      content: {
        'application/json': { schema: Type.Ref(InferenceRequest) },
        'application/octet-stream': {
          schema: Type.Unsafe<unknown>({ description: 'The JSON of an InferenceRequest, and the bytes of its binary tensors.' }),
        },
      },
    },
    response: {
      200: {
        description: 'The outputs asked for.',
        content: {
          'application/json': { schema: Type.Ref(InferenceResponse) },
          'application/octet-stream': {
            schema: Type.Unsafe<unknown>({ description: 'The JSON of an InferenceResponse, and the bytes of its binary tensors.' }),
          },
        },
      },
      400: errors('A tensor, a parameter or the body is not as it must be.'),
      404: errors('Another model or version.'),
      408: errors('The body did not arrive in time.'),
      413: errors('Over MAX_BODY_BYTES, MAX_WORK or MAX_REPLY_NUMBERS.'),
      503: errors('Shutting down, or the answer took too long.'),
    },
  };
}
