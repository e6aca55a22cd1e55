import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Json, useService } from '../http/service.ts';

const service = useService();
let document: Json;
beforeAll(async () => {
  document = (await service.get('/openapi.json')).json;
});

interface Operation {
  readonly path: string;
  readonly method: string;
  readonly operation: Json;
}
const operations = (): Operation[] =>
  Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, operation]) => ({ path, method, operation })),
  );
/** Every body that a request or a reply may have: where, its type, and what the document says of it. */
const bodies = (): { where: string; type: string; media: Json }[] =>
  operations().flatMap(({ path, method, operation }) =>
    [['asked', operation.requestBody] as const, ...Object.entries<Json>(operation.responses)].flatMap(([status, { content = {} } = {}]) =>
      Object.entries<Json>(content).map(([type, media]) => ({ where: `${method} ${path} ${status} ${type}`, type, media })),
    ),
  );
const examplesOf = (media: Json): Json[] => [
  ...(media.example === undefined ? [] : [media.example]),
  ...Object.values<Json>(media.examples ?? {}).map(({ value }) => value),
  ...(media.schema.examples ?? []),
];
const isBinary = (media: Json): boolean => media.schema.format === 'binary';

describe('generators of clients', () => {
  test('find a name for each object, union and list of words', () => {
    const unnamed: string[] = [];
    const look = (schema: Json, where: string, named: boolean): void => {
      const needsName = (schema.properties && schema.type === 'object') || schema.anyOf || schema.oneOf || (schema.enum?.length ?? 0) > 1;
      if (needsName && !named) unnamed.push(where);
      for (const [name, property] of Object.entries<Json>(schema.properties ?? {})) look(property, `${where}.${name}`, false);
      for (const [i, variant] of (schema.anyOf ?? schema.oneOf ?? []).entries()) look(variant, `${where}|${i}`, false);
      if (schema.items) look(schema.items, `${where}[]`, false);
      if (typeof schema.additionalProperties === 'object') look(schema.additionalProperties, `${where}{}`, false);
    };
    for (const [name, schema] of Object.entries<Json>(document.components.schemas)) look(schema, name, true);
    for (const { where, media } of bodies()) look(media.schema, where, false);
    for (const { path, operation } of operations()) for (const { name, schema } of operation.parameters ?? []) look(schema, `${path} ${name}`, false);
    // The list of what is fully masked holds a number or a pair, and has a name itself.
    expect(unnamed).toEqual(['FullyMasked[]']);
  });

  test('are told no default of a member, which they would take for one that is always there', () => {
    const defaults = Object.entries<Json>(document.components.schemas).filter(([, schema]) => JSON.stringify(schema).includes('"default":'));
    expect(defaults.map(([name]) => name)).toEqual(['ContentEncoding']);
  });

  test('find a type for each body', () => {
    for (const { where, media } of bodies()) expect(media.schema.type ?? media.schema.$ref, where).toBeTypeOf('string');
  });

  test('are not made to invent a header', () => {
    for (const { path, operation } of operations())
      for (const { in: place, name, schema } of operation.parameters ?? [])
        if (place === 'header') expect(resolved(schema).default, `${path} ${name}`).toBe('identity');
  });
});

describe('examples', () => {
  test('are there for each body, but for bytes', () => {
    for (const { where, media } of bodies()) if (!isBinary(media)) expect(examplesOf(media).length, where).toBeGreaterThan(0);
  });

  test('are as their schemas say', () => {
    for (const { where, media } of bodies()) {
      const valid = validator(media.schema);
      for (const example of examplesOf(media)) expect(valid(example) ? [] : valid.errors, where).toEqual([]);
    }
  });

  test('of requests get the examples of replies', async () => {
    let compared = 0;
    for (const { path, operation } of operations())
      for (const [type, media] of Object.entries<Json>(operation.requestBody?.content ?? {})) {
        const answered = operation.responses[200].content[type];
        const pairs = media.examples
          ? Object.entries<Json>(media.examples).map(([name, { value }]) => [value, answered.examples[name]?.value])
          : [[media.example, answered.example]];
        for (const [asked, wanted] of isBinary(media) ? [] : pairs) {
          const { status, text } = await service.ask(asked, { path, headers: { 'content-type': type } });
          expect([status, type.endsWith('ndjson') ? text : JSON.parse(text)], `${path} ${JSON.stringify(asked)}`).toEqual([200, wanted]);
          compared++;
        }
      }
    expect(compared).toBeGreaterThan(15);
  });

  test('of what is shown are what is shown', async () => {
    const { requestBody, responses } = document.paths['/attention'].post;
    const asked = requestBody.content['application/json'].examples['the-cat-ran-shown'].value;
    for (const type of ['text/markdown', 'image/svg+xml']) {
      const { text } = await service.ask(asked, { headers: { accept: type } });
      expect(text).toBe(responses[200].content[type].schema.examples[0]);
    }
  });

  test('of what is asked for without a body are what comes back', async () => {
    for (const { path, method, operation } of operations().filter(({ method }) => method === 'get')) {
      const [type, media] = Object.entries<Json>(operation.responses[200].content)[0] ?? [];
      const { text, headers } = await service.get(path.replace('{code}', 'invalid-request'), 'GET');
      expect(headers['content-type'], `${method} ${path}`).toMatch(new RegExp(`^${type}`));
      const got = type?.startsWith('text/') ? text : JSON.parse(text);
      // What runs, and what was asked before, is another each time.
      if (path !== '/info' && path !== '/metrics' && !path.endsWith('/stats')) expect(got, path).toEqual(examplesOf(media)[0]);
      expect(validator(media.schema)(got), path).toBe(true);
    }
  });
});

describe('what is said of replies', () => {
  test('each address that another method is asked for says what the document says', async () => {
    for (const { path, method, operation } of operations()) {
      const { status, headers, json } = await service.get(path, method === 'get' ? 'POST' : 'GET');
      const content = Object.values<Json>(operation.responses[405].content)[0];
      expect([status, json, headers['allow'] !== undefined], path).toEqual([405, examplesOf(content)[0], true]);
    }
  });

  test('each header that a reply is said to have is on it', async () => {
    for (const path of ['/attention', '/attention/merge', '/v2/models/attention/infer']) {
      const { requestBody, responses } = document.paths[path].post;
      const asked = Object.values<Json>(requestBody.content['application/json'].examples)[0]?.value;
      const bytes = path.startsWith('/v2') && { parameters: { ...asked.parameters, binary_data_output: true } };
      const { headers } = await service.ask({ ...asked, ...bytes }, { path });
      for (const name of Object.keys(responses[200].headers as object)) expect(headers[name.toLowerCase()], `${path} ${name}`).toBeDefined();
    }
  });

  test('random options get replies as the schema says', async () => {
    const valid = validator({ $ref: '#/components/schemas/AttentionReply' });
    const include = ['scores', 'logits', 'weights', 'context', 'lse', 'entropy', 'sink_weight', 'queries', 'keys', 'values', 'trace'];
    const tokens = [
      [1, 0, 0.5, 0.2],
      [0, 1, 0.3, 0.9],
      [0.5, 0.5, 1, 0],
    ];
    for (const heads of [undefined, 1, 2])
      for (const query of [undefined, 1, [0, 2]])
        for (const option of [{ causal: true }, { sink: 1 }, { mask: [false, false, false] }, { similarity: 'cosine', softcap: 1 }]) {
          const { json } = await service.ask({ tokens, heads, query, include, ...option });
          expect(valid(json) ? Object.keys(json as object) : valid.errors, JSON.stringify({ heads, query, option })).toEqual(
            expect.arrayContaining(include),
          );
        }
  });

  test('what the readers take and refuse, the schema takes and refuses', () => {
    const valid = validator({ $ref: '#/components/schemas/AttentionRequest' });
    const tokens = [[1]];
    for (const good of [{}, { query: [0] }, { scale: '1/sqrt(d_k)' }, { window: { left: 0 } }, { mask: [[true]] }, { sink: [1] }])
      expect(valid({ tokens, ...good }), JSON.stringify(good)).toBe(true);
    for (const bad of [{ similarity: 'manhattan' }, { query: -1 }, { window: {} }, { mask: [1] }, { scael: 1 }, { include: ['scores', 'scores'] }])
      expect(valid({ tokens, ...bad }), JSON.stringify(bad)).toBe(false);
  });
});

function resolved(schema: Json): Json {
  const name = schema.$ref?.split('/').at(-1);
  return name ? document.components.schemas[name] : schema;
}

/** A check of values against a schema of the document. */
function validator(schema: Json): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, formats: { binary: true } });
  return ajv.compile({ ...schema, components: document.components });
}
