import accepts from '@fastify/accepts';
import { describe, expect, test } from 'vitest';
import { failureOf } from '../../src/http/failures.ts';
import { negotiate, negotiateLines, problemResponses } from '../../src/http/representation.ts';
import { useSmall } from './small.ts';

const JSON_TYPE = 'application/json';
const LINES = ['application/x-ndjson', 'application/jsonl'] as const;

const small = useSmall(async (app) => {
  await app.register(accepts);
  app.setErrorHandler((error, _request, reply) => {
    const { code, message } = failureOf(error);
    return reply.code(406).send(`${code}: ${message}`);
  });
  app.get('/one', async (request) => negotiate(request, [JSON_TYPE, 'text/markdown', 'image/svg+xml']));
  app.get('/lines', async (request) => negotiateLines(request, 'application/jsonl', LINES));
});
const ask = async (path: string, accept?: string) => (await small.ask(path, accept === undefined ? {} : { headers: { accept } })).text;

describe('of several representations', () => {
  test.each([
    [undefined, JSON_TYPE],
    ['*/*', JSON_TYPE],
    [JSON_TYPE, JSON_TYPE],
    ['text/markdown', 'text/markdown'],
    ['image/*', 'image/svg+xml'],
    ['text/html, text/markdown;q=0.5, image/svg+xml;q=0.9', 'image/svg+xml'],
    ['text/markdown; charset=utf-8', 'text/markdown'],
    ['text/markdown; charset=utf-8; q=0.1, image/svg+xml; version=1; Q = 0.2', 'image/svg+xml'],
    ['text/markdown;q=0, */*', JSON_TYPE],
    ['application/json;eq=1, text/html', JSON_TYPE],
    ['application/json; charset=utf-8;q=0, text/markdown', 'text/markdown'],
  ])('Accept %j gets %s', async (accept, type) => {
    expect(await ask('/one', accept)).toBe(type);
  });

  test('none may be wanted: what is offered is listed', async () => {
    expect(await ask('/one', 'text/csv')).toBe(
      'not-acceptable: this route gives application/json, text/markdown, image/svg+xml, got Accept: text/csv',
    );
  });

  test('a long Accept is cut short where it is said', async () => {
    const accept = `text/csv, ${'x'.repeat(300)}/y`;
    expect(await ask('/one', accept)).toBe(
      `not-acceptable: this route gives application/json, text/markdown, image/svg+xml, got Accept: ${accept.slice(0, 200)}`,
    );
  });
});

describe('of the names of one format of lines', () => {
  test.each([
    [undefined, 'application/jsonl'],
    ['*/*', 'application/jsonl'],
    ['application/jsonl', 'application/jsonl'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['application/x-ndjson;q=0.5, application/jsonl', 'application/jsonl'],
    ['application/jsonl;q=0.5, application/x-ndjson', 'application/x-ndjson'],
    ['application/json', 'application/jsonl'],
    ['application/json, Application/X-NDJSON ;q=0.5', 'application/x-ndjson'],
    ['application/json, text/html', 'application/jsonl'],
  ])('Accept %j gets %s', async (accept, type) => {
    expect(await ask('/lines', accept)).toBe(type);
  });

  test('none may be wanted', async () => {
    expect(await ask('/lines', 'text/csv')).toBe(
      'not-acceptable: this route gives application/jsonl, application/x-ndjson, application/json, got Accept: text/csv',
    );
  });
});

describe('documented failures', () => {
  const content = { 'application/problem+json': { schema: expect.objectContaining({ $ref: 'Problem' }) } };

  test('are one response a status, which names the problems that it can be', () => {
    expect(problemResponses(['malformed-json', 'timeout', 'malformed-http'])).toEqual({
      400: {
        description: '`malformed-json`: The body is not JSON. `malformed-http`: This is not a request in HTTP/1.1.',
        content,
      },
      408: { description: '`timeout`: The body did not arrive in time.', content },
    });
    expect(problemResponses([])).toEqual({});
  });
});
