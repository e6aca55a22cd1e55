import { afterAll, describe, expect, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { useService } from './service.ts';

const service = useService();

test('/livez and /readyz are well', async () => {
  for (const path of ['/livez', '/readyz']) expect((await service.get(path)).text).toBe('{"status":"ok"}');
});

test('/info says the version, the limits in force and the engine', async () => {
  const { json } = await service.get('/info');
  expect(json).toMatchObject({ name: 'attention-service', limits: { MAX_BODY_BYTES: 67_108_864 }, engine: { threads: expect.any(Number) } });
  expect(json.node).toBe(process.version);
});

test('/ is the playground', async () => {
  const { status, headers } = await service.get('/');
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
});

describe('security headers', () => {
  test.each(['/attention', '/nope', '/info'])('%s may load nothing and not be framed', async (path) => {
    const { headers } = await service.get(path);
    expect(headers['content-security-policy']).toBe("default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'");
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  test('no policy upgrades to https or allows another host', async () => {
    for (const path of ['/docs', '/docs/static/swagger-ui.css', '/problems/internal', '/info']) {
      const { headers } = await service.get(path);
      expect(headers['content-security-policy']).not.toMatch(/upgrade-insecure-requests|https?:/);
      expect(headers).not.toHaveProperty('strict-transport-security');
    }
  });
});

describe('the document', () => {
  test('is served as JSON and as YAML', async () => {
    const { json } = await service.get('/openapi.json');
    expect(json.openapi).toBe('3.1.0');
    expect(Object.keys(json.paths)).toEqual(expect.arrayContaining(['/attention', '/livez', '/readyz', '/info', '/problems/{code}']));
    expect((await service.get('/openapi.yaml')).text).toMatch(/^openapi: 3\.1\.0/);
  });

  test('documents every field of the request with words', async () => {
    const { json } = await service.get('/openapi.json');
    const { properties } = json.components.schemas.AttentionRequest;
    for (const [name, field] of Object.entries<{ description?: string }>(properties)) expect(field.description, name).toMatch(/\w{3}/);
  });
});

describe('draining', () => {
  const app = buildApp(readConfig({ LOG_LEVEL: 'silent' }));
  afterAll(async () => (await app).close());

  test('is not ready, but alive, and still serves', async () => {
    const draining = await app;
    draining.lifecycle.drain();
    const ready = await draining.inject('/readyz');
    expect([ready.statusCode, ready.json().type, ready.headers['retry-after']]).toEqual([503, '/problems/shutting-down', '1']);
    expect((await draining.inject('/livez')).statusCode).toBe(200);
    const served = await draining.inject({ method: 'POST', url: '/attention', payload: { tokens: [[1]], include: ['lse'] } });
    expect([served.statusCode, served.body, served.headers['connection']]).toEqual([200, '{"lse":[1]}', 'close']);
  });
});
