import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { attentionExamples, inferenceExamples, mergeExamples, ndjsonExamples } from '../schemas/examples.ts';
import { description, version } from '../version.ts';

/** Swagger UI styles its own elements inline; scripts come from this host alone, and nothing is asked of another. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The OpenAPI document from the routes' schemas, and Swagger UI over it. Call it before the first route. */
export async function documentRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Attention service', version, description, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/', description: 'this service' }],
      tags: [
        { name: 'attention', description: 'Scores, weights and context vectors.' },
        { name: 'inference', description: 'The full ONNX operator over the Open Inference Protocol v2, as KServe and Triton’s clients speak it.' },
        { name: 'operations', description: 'Health, limits and the meaning of failures.' },
      ],
    },
    transformObject: (document) => withExamples('openapiObject' in document ? document.openapiObject : document.swaggerObject),
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => (typeof json['$id'] === 'string' ? json['$id'] : `def-${i}`) },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_POLICY,
    uiConfig: { validatorUrl: null, tryItOutEnabled: true, deepLinking: true, displayRequestDuration: true, defaultModelsExpandDepth: 0 },
  });
}

/** The document itself, at the addresses where tools look for it. */
export async function documentRoute(app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(app.swagger())),
  );
  app.get('/openapi.yaml', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/yaml; charset=utf-8').send(app.swagger({ yaml: true })),
  );
}

/** The examples of each operation's body. The plugin would drop them, since they stand beside a reference to a schema. */
const EXAMPLES = [
  { path: '/attention', type: 'application/json', examples: attentionExamples },
  { path: '/attention', type: 'application/x-ndjson', examples: ndjsonExamples },
  { path: '/v2/models/attention/infer', type: 'application/json', examples: inferenceExamples },
  { path: '/v2/models/attention/versions/1/infer', type: 'application/json', examples: inferenceExamples },
  { path: '/attention/merge', type: 'application/json', examples: mergeExamples },
];

function withExamples<Document extends object>(document: Document): Document {
  const { paths } = document as { paths?: Record<string, { post?: { requestBody?: { content?: Record<string, object> } } }> };
  for (const { path, type, examples } of EXAMPLES) {
    const media = paths?.[path]?.post?.requestBody?.content?.[type];
    if (!media) throw new Error(`there is no ${type} body at ${path} to show examples for`);
    Object.assign(media, { examples });
  }
  return document;
}
