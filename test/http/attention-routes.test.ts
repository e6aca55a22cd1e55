import accepts from '@fastify/accepts';
import { describe, expect, test } from 'vitest';
import { answerFailures } from '../../src/http/failures.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { asProblems } from '../../src/http/printing.ts';
import { attentionRoutes } from '../../src/http/routes/attention.ts';
import { diagnoseRoutes } from '../../src/http/routes/diagnose.ts';
import { metricsRoutes } from '../../src/http/routes/metrics.ts';
import { prepare, useAnswering } from './answered.ts';
import { useSmall } from './small.ts';

const answering = useAnswering();
const small = useSmall(async (app) => {
  prepare(app);
  answerFailures(app, asProblems('/ai'), new Metrics());
  app.setSerializerCompiler(() => JSON.stringify);
  await app.register(accepts);
  await app.register(attentionRoutes, { answering });
  await app.register(diagnoseRoutes, { answering });
  await app.register(metricsRoutes, { text: async () => 'attention_up 1\n' });
});

const TOKENS = [
  [1, 0],
  [0, 1],
];
const QUESTION = JSON.stringify({ tokens: TOKENS, query: 0, include: ['lse'] });
const JSON_TYPE = 'application/json';

async function post(path: string, body: string, { accept, type = JSON_TYPE }: { accept?: string; type?: string } = {}) {
  const { status, headers, text } = await small.ask(path, { method: 'POST', body, headers: { 'content-type': type, ...(accept && { accept }) } });
  return { status, type: headers['content-type'], headers, text };
}

describe('POST /attention', () => {
  test.each([
    [undefined, `${JSON_TYPE}; charset=utf-8`, /^\{"lse":[\d.]+\}$/],
    ['*/*', `${JSON_TYPE}; charset=utf-8`, /^\{"lse"/],
    ['text/markdown', 'text/markdown; charset=utf-8', /^# /],
    ['image/svg+xml', 'image/svg+xml; charset=utf-8', /^<svg /],
  ])('Accept %s is answered as %s', async (accept, type, text) => {
    const got = await post('/attention', QUESTION, accept === undefined ? {} : { accept });
    expect([got.status, got.type, got.headers['vary']]).toEqual([200, type, 'accept']);
    expect(got.text).toMatch(text);
  });

  test('the picture may bring its own style and nothing else; other replies have no policy of their own', async () => {
    const { headers } = await post('/attention', QUESTION, { accept: 'image/svg+xml' });
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    for (const accept of [JSON_TYPE, 'text/markdown'])
      expect((await post('/attention', QUESTION, { accept })).headers).not.toHaveProperty('content-security-policy');
  });

  test.each(['application/x-ndjson', 'application/ndjson', 'application/jsonl'])('lines of %s are answered line by line', async (type) => {
    const { status, text, headers } = await post('/attention', `${QUESTION}\n{}\n${QUESTION}`, { type });
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^application\/[\w-]+; charset=utf-8$/);
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => Object.keys(JSON.parse(line)).includes('lse'))).toEqual([true, false, true]);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ line: 2, type: '/ai/problems/invalid-request' });
  });

  test('another type is not read, and no other is written', async () => {
    expect((await post('/attention', QUESTION, { type: 'text/plain' })).status).toBe(415);
    expect((await post('/attention', QUESTION, { accept: 'image/png' })).status).toBe(406);
    expect((await post('/attention', QUESTION, { type: 'application/x-ndjson', accept: 'image/svg+xml' })).status).toBe(406);
  });
});

describe('POST /attention/merge', () => {
  const PARTS = '{"parts":[{"context":[1,2],"lse":0}]}';

  test('is answered as JSON alone', async () => {
    const { status, type, text } = await post('/attention/merge', PARTS);
    expect([status, type, text]).toEqual([200, `${JSON_TYPE}; charset=utf-8`, '{"context":[1,2],"lse":0}']);
    expect((await post('/attention/merge', PARTS, { accept: 'text/markdown' })).status).toBe(406);
    expect((await post('/attention/merge', PARTS, { type: 'application/x-ndjson' })).status).toBe(415);
  });
});

describe('POST /attention/diagnose', () => {
  const OBSERVED = JSON.stringify({ tokens: TOKENS, dtype: 'float64', observed: { context: TOKENS } });

  test('is answered as JSON, or in words', async () => {
    const { status, type, text } = await post('/attention/diagnose', OBSERVED);
    expect([status, type, JSON.parse(text).matches]).toEqual([200, `${JSON_TYPE}; charset=utf-8`, false]);
    const words = await post('/attention/diagnose', OBSERVED, { accept: 'text/markdown' });
    expect([words.status, words.type]).toEqual([200, 'text/markdown; charset=utf-8']);
    expect(words.text).toMatch(/^# Diagnosis/);
  });

  test('another type is not read, and no other is written', async () => {
    expect((await post('/attention/diagnose', OBSERVED, { type: 'text/plain' })).status).toBe(415);
    expect((await post('/attention/diagnose', OBSERVED, { accept: 'text/x-python' })).status).toBe(406);
  });
});

describe('POST /attention/diagnose/vectors', () => {
  const SIZES = '{"tokens":{"rows":2,"columns":2}}';

  test('is answered as JSON, or as a file for pytest', async () => {
    const { status, type, text } = await post('/attention/diagnose/vectors', SIZES);
    expect([status, type, Object.keys(JSON.parse(text)).slice(0, 2)]).toEqual([200, `${JSON_TYPE}; charset=utf-8`, ['cases', 'not_told_apart']]);
    const file = await post('/attention/diagnose/vectors', SIZES, { accept: 'text/x-python' });
    expect([file.status, file.type]).toEqual([200, 'text/x-python; charset=utf-8']);
    expect(file.text).toMatch(/^"""Tests of an attention function/);
  });

  test('another type is not read, and no other is written', async () => {
    expect((await post('/attention/diagnose/vectors', SIZES, { type: 'text/plain' })).status).toBe(415);
    expect((await post('/attention/diagnose/vectors', SIZES, { accept: 'text/markdown' })).status).toBe(406);
  });
});

test('GET /metrics is text as Prometheus reads it', async () => {
  const { status, headers, text } = await small.ask('/metrics');
  expect([status, headers['content-type'], text]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8', 'attention_up 1\n']);
});
