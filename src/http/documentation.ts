import { readFileSync } from 'node:fs';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { description, version } from '../version.ts';
import { withComponents } from './components.ts';
import { linesAsTheyAre } from './documentation-lines.ts';
import { DOCUMENTATION_STYLE } from './documentation-style.ts';
import { withExamples } from './documented-examples.ts';
import { withKeys } from './documented-keys.ts';

/** Swagger UI styles its own elements inline; scripts come from this host alone, and nothing is asked of another. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The OpenAPI document from the routes' schemas, and Swagger UI over it. Call it before the first route. */
export async function documentRoutes(app: FastifyInstance, base: string): Promise<void> {
  const icon = readFileSync(new URL('../playground/icon.svg', import.meta.url), 'utf8');
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Attention service', version, description, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/', description: 'this service' }],
      tags: [
        { name: 'attention', description: 'Scores, weights and context vectors.' },
        { name: 'diagnosis', description: 'Somebody’s numbers, held against the right ones and against those of known mistakes.' },
        { name: 'inference', description: 'The full ONNX operator over the Open Inference Protocol v2, as KServe and Triton’s clients speak it.' },
        { name: 'operations', description: 'Health, limits and the meaning of failures.' },
      ],
    },
    transformObject: (document) =>
      withComponents(withKeys(withExamples('openapiObject' in document ? document.openapiObject : document.swaggerObject, base))),
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => (typeof json['$id'] === 'string' ? json['$id'] : `def-${i}`) },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    indexPrefix: base,
    staticCSP: DOCS_POLICY,
    theme: {
      title: 'Attention service: the API',
      css: [{ filename: 'fit.css', content: DOCUMENTATION_STYLE }],
      favicon: [{ filename: 'icon.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: icon }],
    },
    // The bar at the top has the framework's logo, and a field to open another document with.
    uiConfig: {
      layout: 'BaseLayout',
      validatorUrl: null,
      tryItOutEnabled: true,
      deepLinking: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
      plugins: [linesAsTheyAre],
    },
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
