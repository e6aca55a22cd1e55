import { describe, expect, test } from 'vitest';
import { CONFIGURATION, METADATA } from '../../src/http/routes/inference-model.ts';
import { useService } from './service.ts';

const service = useService({ ENGINE: 'reference', THREADS: '1' });
const draining = useService({ ENGINE: 'reference', THREADS: '1' });
const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [1, 1, 1, 1], data: [1] });
const CALL = { inputs: ['Q', 'K', 'V'].map(tensor) };
const JSON_TYPE = 'application/json';
const MODELS = ['/v2/models/attention', '/v2/models/attention/versions/1'];

const said = async (path: string, of = service) => {
  const { status, headers, json } = await of.get(path);
  return { status, type: String(headers['content-type']).split(';')[0], json };
};
const fine = (json: unknown) => ({ status: 200, type: JSON_TYPE, json });

describe('the server', () => {
  test.each([
    ['/v2', { name: 'attention-service', version: expect.any(String), extensions: ['binary_tensor_data', 'model_configuration', 'statistics'] }],
    ['/v2/', { name: 'attention-service', version: expect.any(String), extensions: ['binary_tensor_data', 'model_configuration', 'statistics'] }],
    ['/v2/health/live', { live: true }],
    ['/v2/health/ready', { live: true, ready: true }],
    ['/v2/models', { models: ['attention'] }],
  ])('%s', async (path, json) => {
    expect(await said(path)).toEqual(fine(json));
  });
});

describe.each(MODELS)('the model at %s', (path) => {
  test('says what it takes, how it is configured, and that it is ready', async () => {
    expect(await said(path)).toEqual(fine(METADATA));
    expect(await said(`${path}/config`)).toEqual(fine(CONFIGURATION));
    expect(await said(`${path}/ready`)).toEqual(fine({ name: 'attention', ready: true }));
  });

  test('answers, and counts what it answered and what it did not', async () => {
    const counts = async (at: string) => {
      const { success, fail } = (await said(at)).json.model_stats[0].inference_stats;
      return [success.count, fail.count];
    };
    const [success = 0, fail = 0] = await counts(`${path}/stats`);
    const { status, headers, json } = await service.ask(CALL, { path: `${path}/infer` });
    expect([status, headers['content-type'], json.outputs[0].data]).toEqual([200, JSON_TYPE, [1]]);
    expect(headers['server-timing']).toMatch(/^decode;dur=/);
    expect(headers['inference-header-content-length']).toBeUndefined();
    expect((await service.ask({}, { path: `${path}/infer` })).status).toBe(400);
    expect(await counts(`${path}/stats`)).toEqual([success + 1, fail + 1]);
    expect(await counts('/v2/models/stats')).toEqual([success + 1, fail + 1]);
    expect((await said(`${path}/stats`)).json.model_stats[0].inference_stats.fail.ns).toBeGreaterThan(0);
  });

  test('answers with bytes, after JSON of the length that a header says', async () => {
    const asked = { ...CALL, outputs: [{ name: 'Y', parameters: { binary_data: true } }] };
    const { headers, bytes } = await service.ask(asked, { path: `${path}/infer` });
    const length = Number(headers['inference-header-content-length']);
    expect(headers['content-type']).toBe('application/octet-stream');
    expect(JSON.parse(bytes.subarray(0, length).toString()).outputs[0].parameters).toEqual({ binary_data_size: 4 });
    expect(bytes.readFloatLE(length)).toBe(1);
  });

  test('reads how long its JSON is', async () => {
    const headers = { 'inference-header-content-length': '5' };
    expect((await service.ask(CALL, { path: `${path}/infer`, headers })).status).toBe(400);
    const whole = { 'inference-header-content-length': `${JSON.stringify(CALL).length}` };
    expect((await service.ask(CALL, { path: `${path}/infer`, headers: whole })).status).toBe(200);
  });
});

describe('the index of models', () => {
  const index = (body: unknown, of = service) => of.ask(body, { path: '/v2/repository/index' });

  test('has the one model, which is ready', async () => {
    for (const body of ['', '{}', '{"ready":true}', '{"ready":false}'])
      expect((await index(body)).json).toEqual([{ name: 'attention', version: '1', state: 'READY', reason: '' }]);
  });
});

test('a request for the index is read on the event loop, and may not be long', async () => {
  const { status, json } = await service.ask(`{"ready":true${' '.repeat(70_000)}}`, { path: '/v2/repository/index' });
  expect([status, json.error]).toEqual([413, 'the body has 70014 bytes; a request for the index has at most 65536']);
});

describe('what is not there', () => {
  test('is said with the address, and what is', async () => {
    const { status, json } = await service.get('/v2/models/bert');
    expect(status).toBe(404);
    expect(json).toEqual({ error: 'there is nothing at /v2/models/bert; the one model is attention, version 1' });
    const long = `/v2/${'x'.repeat(300)}`;
    expect((await service.get(long)).json.error).toBe(`there is nothing at ${long.slice(0, 200)}; the one model is attention, version 1`);
  });

  test('another method is said with those that are taken', async () => {
    const { status, headers, json } = await service.get('/v2/models/attention/infer');
    expect([status, headers['allow']]).toEqual([405, 'POST']);
    expect(json).toEqual({ error: 'GET is not taken here; this address takes POST' });
  });
});

describe('while it drains', () => {
  test('it lives, but neither server nor model is ready, and the index says so', async () => {
    draining.drain();
    const words = { error: 'the server is not ready: it has been asked to stop' };
    expect(await said('/v2/health/live', draining)).toEqual(fine({ live: true }));
    for (const path of ['/v2/health/ready', ...MODELS.map((model) => `${model}/ready`)])
      expect(await said(path, draining)).toEqual({ status: 503, type: JSON_TYPE, json: words });
    const index = (body: string) => draining.ask(body, { path: '/v2/repository/index' });
    expect((await index('{}')).json).toEqual([
      { name: 'attention', version: '1', state: 'UNAVAILABLE', reason: 'the server has been asked to stop' },
    ]);
    expect((await index('{"ready":true}')).json).toEqual([]);
  });
});
