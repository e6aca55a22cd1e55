import { type TSchema, Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../../engine/failure.ts';
import { MODEL } from '../../runtime/answers/inference.ts';
import { INLINE_BYTES } from '../../runtime/cost.ts';
import { BodyHeaders } from '../../schemas/headers.ts';
import {
  InferenceError,
  InferenceRequest,
  InferenceResponse,
  ModelConfiguration,
  ModelList,
  ModelMetadata,
  ModelReady,
  ModelStatistics,
  RepositoryIndex,
  RepositoryIndexRequest,
  ServerLive,
  ServerMetadata,
  ServerReady,
} from '../../schemas/inference.ts';
import { name as serverName, version as serverVersion } from '../../version.ts';
import { readRepositoryIndex } from '../../wire/repository-index.ts';
import { answerOtherMethods, collectMethods } from '../absent.ts';
import { type Answering, admit, answerRequest } from '../answering.ts';
import { readChunks } from '../body.ts';
import { answerFailures } from '../failures.ts';
import { InferenceStatistics } from '../inference-statistics.ts';
import { asInferenceErrors } from '../printing.ts';
import { CONFIGURATION, METADATA } from './inference-model.ts';

const JSON_LENGTH = 'inference-header-content-length';
const MODEL_PATH = `/models/${MODEL.name}`;
const VERSION_PATH = `${MODEL_PATH}/versions/${MODEL.version}`;

/** The Open Inference Protocol v2 over REST, under its own prefix: the model `attention` is ONNX's Attention, opset 25. */
export async function inferenceRoutes(app: FastifyInstance, { answering, preflights }: { answering: Answering; preflights: boolean }): Promise<void> {
  answerFailures(app, asInferenceErrors, answering.metrics);
  const methodsOf = collectMethods(app);
  const get = (url: string, operationId: string, summary: string, reply: TSchema, answer: () => object) => {
    const response = { 200: { ...reply, examples: [answer()] }, ...(url.endsWith('/ready') && { 503: errors('Shutting down.') }) };
    app.get(url, { schema: { operationId, tags: ['inference'], summary, response } }, async () => answer());
  };
  const requireReady = () => {
    if (!app.attentionLifecycle.ready) throw new Failure('shutting-down', 'the server is not ready: it has been asked to stop');
  };

  const server = { name: serverName, version: serverVersion, extensions: ['binary_tensor_data', 'model_configuration', 'statistics'] };
  const statistics = new InferenceStatistics();
  get('', 'serverMetadata', 'The server, and the extensions that it speaks', ServerMetadata, () => server);
  app.get('/', { prefixTrailingSlash: 'slash', schema: { hide: true } }, async () => server);
  get('/health/live', 'serverLive', 'Is the server alive?', ServerLive, () => ({ live: true }));
  get('/health/ready', 'serverReady', 'Does the server want requests?', ServerReady, () => {
    requireReady();
    return { live: true, ready: true };
  });
  get('/models', 'models', 'The models', ModelList, () => ({ models: [MODEL.name] }));
  for (const [path, of] of [
    [MODEL_PATH, 'model'],
    [VERSION_PATH, 'modelVersion'],
  ] as const) {
    get(path, `${of}Metadata`, 'The tensors that the model takes and gives', ModelMetadata, () => METADATA);
    get(`${path}/config`, `${of}Configuration`, 'The model as Triton configures it', ModelConfiguration, () => CONFIGURATION);
    get(`${path}/stats`, `${of}Statistics`, 'What was asked of the model since the process started', ModelStatistics, () => statistics.reply());
    get(`${path}/ready`, `${of}Ready`, 'Does the model want requests?', ModelReady, () => {
      requireReady();
      return { name: MODEL.name, ready: true };
    });
    app.post(`${path}/infer`, { schema: inferDocumentation(`${of}Infer`) }, (request, reply) => infer(request, reply, answering, statistics));
  }
  get('/models/stats', 'statistics', 'What was asked of all models, of which there is one', ModelStatistics, () => statistics.reply());
  const { bodies } = answering;
  // It is parsed on the event loop.
  const indexBodies = bodies.maxBytes <= INLINE_BYTES ? bodies : { ...bodies, maxBytes: INLINE_BYTES, rule: 'a request for the index has at most' };
  app.post('/repository/index', { schema: INDEX_DOCUMENTATION }, async (request, reply) => {
    const body = await readChunks(request, indexBodies, admit(reply, answering.answerer));
    const { readyOnly } = readRepositoryIndex(Buffer.concat(body));
    const { ready } = app.attentionLifecycle;
    if (readyOnly && !ready) return [];
    return [{ ...MODEL, state: ready ? 'READY' : 'UNAVAILABLE', reason: ready ? '' : 'the server has been asked to stop' }];
  });
  app.all('/*', { schema: { hide: true } }, async (request) => {
    throw new Failure('not-found', `there is nothing at ${request.url.slice(0, 200)}; the one model is ${MODEL.name}, version ${MODEL.version}`);
  });
  answerOtherMethods(app, new Map(methodsOf), { preflights });
}

async function infer(request: FastifyRequest, reply: FastifyReply, answering: Answering, statistics: InferenceStatistics): Promise<FastifyReply> {
  const began = performance.now();
  const header = request.headers[JSON_LENGTH];
  const jsonLength = Array.isArray(header) ? header.join(', ') : header;
  try {
    return await answerRequest(request, reply, answering, {
      ask: (body) => ({ kind: 'inference', body, jsonLength }),
      binary: jsonLength !== undefined,
      head: ({ answer, facts }) => {
        statistics.succeeded(facts.stages);
        if (answer.jsonLength === undefined) reply.type('application/json');
        else reply.header('Inference-Header-Content-Length', answer.jsonLength).type('application/octet-stream');
      },
    });
  } catch (error) {
    statistics.failed(performance.now() - began);
    throw error;
  }
}

const errors = (description: string) => ({ description, content: { 'application/json': { schema: Type.Ref(InferenceError) } } });

const INDEX_DOCUMENTATION = {
  operationId: 'repositoryIndex',
  tags: ['inference'],
  summary: 'The models, and whether they are ready',
  body: { content: { 'application/json': { schema: RepositoryIndexRequest } } },
  response: {
    200: { description: 'The one model.', content: { 'application/json': { schema: RepositoryIndex } } },
    400: errors('The body is not as it must be.'),
    401: errors('A key is set, and the bearer is missing or wrong.'),
    408: errors('The body did not arrive in time.'),
    413: errors('Over MAX_BODY_BYTES.'),
    429: errors('Too much is asked of the service at once.'),
  },
};

const binary = (description: string) => Type.Unsafe<unknown>({ type: 'string', format: 'binary', description });

function inferDocumentation(operationId: string) {
  return {
    operationId,
    tags: ['inference'],
    summary: 'ONNX Attention over tensors',
    description:
      'Tensors in JSON, or as bytes after it (the binary tensor extension: `binary_data_size` in the tensor’s parameters, the header `Inference-Header-Content-Length` with the length of the JSON in bytes, on that request alone; little-endian and row-major). No Content-Type is needed. Bodies may be packed with gzip, deflate, br or zstd. null, or an empty list, for what is optional means that it is absent. Deviation: with no `outputs` named, Y alone comes back.',
    // Inference-Header-Content-Length is in the words alone: a tool that takes a parameter for one to send would send it with JSON too.
    headers: BodyHeaders,
    body: {
      content: {
        'application/json': { schema: Type.Ref(InferenceRequest) },
        'application/octet-stream': {
          schema: binary(
            'The JSON of an InferenceRequest, and the bytes of its binary tensors; the request header Inference-Header-Content-Length says how long the JSON is.',
          ),
        },
      },
    },
    response: {
      200: {
        description: 'The outputs asked for.',
        headers: {
          'Inference-Header-Content-Length': {
            type: 'integer',
            minimum: 2,
            description: 'Where outputs come as bytes: the length of the JSON before them, in bytes.',
          },
          'Server-Timing': { type: 'string', description: 'What decoding, computing and encoding took, in milliseconds.' },
        },
        content: {
          'application/json': { schema: Type.Ref(InferenceResponse) },
          'application/octet-stream': {
            schema: binary('The JSON of an InferenceResponse, and the bytes of its binary tensors.'),
          },
        },
      },
      400: errors('A tensor, a parameter or the body is not as it must be.'),
      401: errors('A key is set, and the bearer is missing or wrong.'),
      404: errors('Another model or version.'),
      408: errors('The body did not arrive in time.'),
      413: errors('Over MAX_BODY_BYTES, MAX_WORK or MAX_REPLY_NUMBERS.'),
      417: errors('An Expect other than 100-continue.'),
      429: errors('Too much is asked of the service at once.'),
      431: errors('The headers are too large.'),
      500: errors('Something went wrong on our side.'),
      503: errors('Shutting down, overloaded, or the answer took too long.'),
    },
  };
}
