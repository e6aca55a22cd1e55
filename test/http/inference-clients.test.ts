import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { fromNumbers } from './inference-elements.ts';
import { useService } from './service.ts';

/*
 * The bodies of clients that nobody here wrote, byte for byte as they send them.
 */

const service = useService();
const INFER = '/v2/models/attention/infer';

/** As undici sends it where nothing else is said: without a Content-Type. */
async function send(body: string | Buffer, headers: Record<string, string> = {}, path = INFER) {
  const reply = await request(`${service.url}${path}`, { method: 'POST', body, headers });
  const bytes = Buffer.from(await reply.body.bytes());
  return { status: reply.statusCode, headers: reply.headers, bytes, text: bytes.toString() };
}

const INPUTS =
  '[{"name":"Q","shape":[1,1,1,2],"datatype":"FP32","data":[1.0,0.0]},{"name":"K","shape":[1,1,2,2],"datatype":"FP32","data":[1.0,0.0,0.0,1.0]},{"name":"V","shape":[1,1,2,1],"datatype":"FP32","data":[10.0,20.0]}]';
const WEIGHT = 1 / (1 + Math.exp(-Math.SQRT1_2));
const WANTED = 10 * WEIGHT + 20 * (1 - WEIGHT);

describe('KServe’s SDK', () => {
  const json = { 'content-type': 'application/json' };

  test('names the model in the body', async () => {
    const body = `{"id":"7c9d6b0e-8a3f-4c5c-9c53-6f9d5c8c0a11","model_name":"attention","inputs":${INPUTS}}`;
    const { status, text, headers } = await send(body, json);
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(JSON.parse(text)).toMatchObject({ model_name: 'attention', id: '7c9d6b0e-8a3f-4c5c-9c53-6f9d5c8c0a11' });
    expect(JSON.parse(text).outputs[0].data[0]).toBeCloseTo(WANTED, 5);
  });

  test('in its older form sends null for what is absent', async () => {
    const inputs = INPUTS.replaceAll('"datatype"', '"parameters":null,"datatype"');
    const body = `{"id": null, "model_name": "attention", "model_version": null, "inputs": ${inputs}, "outputs": null, "parameters": null}`;
    const { status, text } = await send(body, json);
    expect([status, JSON.parse(text).id]).toEqual([200, undefined]);
  });

  test('sends binary tensors after the JSON', async () => {
    const parts = [fromNumbers([1, 0], 'FP32'), fromNumbers([1, 0, 0, 1], 'FP32'), fromNumbers([10, 20], 'FP32')];
    const inputs = JSON.parse(INPUTS).map(({ data: _, ...tensor }: { data: unknown }, i: number) => ({
      ...tensor,
      parameters: { binary_data_size: parts[i]?.length },
    }));
    const head = Buffer.from(
      JSON.stringify({ id: 'a', model_name: 'attention', inputs, outputs: [{ name: 'Y', parameters: { binary_data: true } }] }),
    );
    const { status, headers, bytes } = await send(Buffer.concat([head, ...parts]), {
      'inference-header-content-length': `${head.length}`,
      'content-type': 'application/octet-stream',
    });
    expect(status).toBe(200);
    expect(bytes.readFloatLE(Number(headers['inference-header-content-length']))).toBeCloseTo(WANTED, 5);
  });

  test('gets a 404 for another model or version, and shows the text, since the type is exactly application/json', async () => {
    for (const [member, words] of [
      ['"model_name":"bert"', 'model_name is "bert"; the one model is attention, version 1'],
      ['"model_name":"attention","model_version":"2"', 'model_version is "2"'],
    ] as const) {
      const { status, headers, text } = await send(`{${member},"inputs":${INPUTS}}`, json);
      expect([status, headers['content-type']]).toEqual([404, 'application/json']);
      expect(JSON.parse(text).error).toContain(words);
    }
    expect((await send(`{"model_name":"attention","model_version":"1","inputs":${INPUTS}}`, json)).status).toBe(200);
    const { status, text } = await send(`{"model_name":5,"inputs":${INPUTS}}`, json);
    expect([status, JSON.parse(text).error]).toEqual([400, 'model_name must be a string, got 5']);
  });
});

test('every error under /v2 is exactly application/json, with an error alone', async () => {
  const drained = await Promise.all([
    send('{', {}),
    send('{}', { 'content-encoding': 'what' }),
    send('{}', {}, '/v2/models/other/infer'),
    send(JSON.stringify({ inputs: JSON.parse(INPUTS).map((tensor: object) => ({ ...tensor, shape: [1, 2 ** 31, 0, 1], data: [] })) })),
    send('{}', {}, '/v2/nope'),
    send('{}', {}, '/v2/models/attention/config'),
    send('{"ready":1}', {}, '/v2/repository/index'),
  ]);
  expect(drained.map(({ status }) => status)).toEqual([400, 400, 404, 413, 404, 405, 400]);
  for (const { headers, text } of drained) {
    expect(headers['content-type']).toBe('application/json');
    expect(Object.keys(JSON.parse(text))).toEqual(['error']);
  }
});

describe('MLServer’s codecs', () => {
  test('put a content type on the request, its tensors and its outputs, and an empty list for no outputs', async () => {
    const np = '"parameters":{"content_type":"np"}';
    const inputs = INPUTS.replaceAll('"datatype"', `${np},"datatype"`);
    const named = await send(
      `{"model_name":"attention","model_version":"1","id":"b",${np.replace('}', ',"headers":{"x-user":"a"}}')},"inputs":${inputs},"outputs":[{"name":"Y",${np}}]}`,
    );
    expect([named.status, JSON.parse(named.text).outputs[0].name]).toEqual([200, 'Y']);
    const none = await send(`{"parameters":[],"inputs":${inputs},"outputs":[]}`);
    expect(JSON.parse(none.text).outputs.map(({ name }: { name: string }) => name)).toEqual(['Y']);
  });
});

describe('Triton’s client', () => {
  const PARAMETERS = '"sequence_id":42,"sequence_start":true,"sequence_end":false,"priority":1,"timeout":1000000';

  test('sends a sequence, a priority and a timeout, which change nothing', async () => {
    const { status, text } = await send(
      `{"id":"1","parameters":{${PARAMETERS}},"inputs":${INPUTS},"outputs":[{"name":"Y","parameters":{"classification":0,"binary_data":false}}]}`,
    );
    expect([status, JSON.parse(text).outputs.length]).toEqual([200, 1]);
  });

  test.each([
    ['"parameters":{"temperature":1}', 'parameters can’t have "temperature"'],
    ['"outputs":[{"name":"Y","parameters":{"classification":3}}]', 'classification in the parameters of output Y must be 0'],
    [
      '"outputs":[{"name":"Y","parameters":{"shared_memory_region":"r","shared_memory_byte_size":4}}]',
      'have shared_memory_region, but this server shares no memory',
    ],
    ['"temperature":null', 'the request can’t have "temperature"'],
  ])('%s is refused by name', async (member, words) => {
    const { status, text } = await send(`{${member},"inputs":${INPUTS}}`);
    expect([status, JSON.parse(text).error]).toEqual([400, expect.stringContaining(words)]);
  });

  test('reads the model’s configuration', async () => {
    for (const path of ['/v2/models/attention/config', '/v2/models/attention/versions/1/config']) {
      const { status, json } = await service.get(path);
      expect(status).toBe(200);
      expect(json).toMatchObject({ name: 'attention', platform: 'onnx_attention', backend: 'attention', max_batch_size: 0 });
      expect(json.input[0]).toEqual({
        name: 'Q',
        data_type: 'TYPE_FP32',
        format: 'FORMAT_NONE',
        dims: [-1, -1, -1, -1],
        is_shape_tensor: false,
        allow_ragged_batch: false,
        optional: false,
      });
      expect(json.input.at(-1)).toMatchObject({ name: 'nonpad_kv_seqlen', data_type: 'TYPE_INT64', dims: [-1], optional: true });
      expect(json.output.map(({ name }: { name: string }) => name)).toEqual(['Y', 'present_key', 'present_value', 'qk_matmul_output', 'lse']);
    }
  });

  test('reads statistics that count what was asked', async () => {
    const read = async (path = '/v2/models/attention/stats') => (await service.get(path)).json.model_stats[0];
    const before = await read();
    await send(`{"inputs":${INPUTS}}`);
    await send(`{"inputs":${INPUTS}}`);
    await send('{');
    const after = await read('/v2/models/attention/versions/1/stats');
    expect([after.name, after.version]).toEqual(['attention', '1']);
    expect(after.inference_count - before.inference_count).toBe(2);
    expect(after.execution_count).toBe(after.inference_count);
    expect(after.last_inference).toBeGreaterThan(Date.now() - 60_000);
    for (const kind of ['success', 'queue', 'compute_input', 'compute_infer', 'compute_output']) {
      expect(after.inference_stats[kind].count - before.inference_stats[kind].count, kind).toBe(2);
    }
    expect(after.inference_stats.compute_infer.ns).toBeGreaterThan(before.inference_stats.compute_infer.ns);
    expect(after.inference_stats.fail.count - before.inference_stats.fail.count).toBe(1);
    expect(after.batch_stats[0].batch_size).toBe(1);
    expect((await read('/v2/models/stats')).name).toBe('attention');
  });

  test('reads the index of models, with no body, or only those that are ready', async () => {
    const entry = { name: 'attention', version: '1', state: 'READY', reason: '' };
    for (const body of ['', '{}', '{"ready":true}', '{"ready":null}']) {
      const { status, text } = await send(body, {}, '/v2/repository/index');
      expect([status, JSON.parse(text)]).toEqual([200, [entry]]);
    }
  });
});

describe('what JSON can’t say', () => {
  test('a bare NaN or infinity: the refusal says to write it as a string', async () => {
    for (const word of ['NaN', '-Infinity']) {
      const { status, text } = await send(`{"inputs":${INPUTS.replace('1.0', word)}}`);
      expect(status).toBe(400);
      expect(JSON.parse(text).error).toMatch(
        new RegExp(`${word} is not a number of JSON\\. .* write it as a string: "NaN", "Infinity" or "-Infinity"$`),
      );
    }
  });

  test('a binary body without its length header: the refusal says so, whatever its bytes are', async () => {
    const head = Buffer.from(`{"inputs":${INPUTS.replaceAll(/"data":\[[^\]]*\]/g, '"parameters":{"binary_data_size":8}')}}`);
    for (const numbers of [fromNumbers([1, 2, 3], 'FP32'), Buffer.alloc(12), Buffer.from('"[{}]"'), fromNumbers([Number.NaN, 7e-12], 'FP64')]) {
      const { status, text } = await send(Buffer.concat([head, numbers]));
      expect([status, JSON.parse(text).error]).toEqual([400, expect.stringContaining('Inference-Header-Content-Length')]);
      expect(JSON.parse(text).error).toContain('it is missing');
    }
  });
});

describe('numbers are rounded once', () => {
  test('BF16 from JSON', async () => {
    const bf16 = INPUTS.replaceAll('FP32', 'BF16').replace('"data":[10.0,20.0]', '"data":[1.0039062500009095,1.0039062500009095]');
    const { text } = await send(`{"inputs":${bf16},"outputs":[{"name":"present_value"},{"name":"Y"}]}`);
    expect(JSON.parse(text).outputs.map(({ data }: { data: number[] }) => data)).toEqual([[1.0078125, 1.0078125], [1.0078125]]);
  });

  test('BF16 from double arithmetic, as JSON and as bytes', async () => {
    // Q and K are bfloat16, V is double: Y is bfloat16 of a double next to a tie.
    const inputs = INPUTS.replace('"FP32","data":[1.0,0.0]}', '"BF16","data":[1.0,0.0]}')
      .replace('"FP32","data":[1.0,0.0,0.0,1.0]', '"BF16","data":[1.0,0.0,0.0,1.0]')
      .replace('"FP32","data":[10.0,20.0]', '"FP64","data":[1.0039062500009095,1.0039062500009095]');
    const plain = await send(`{"inputs":${inputs}}`);
    expect(JSON.parse(plain.text).outputs[0]).toMatchObject({ datatype: 'BF16', data: [1.0078125] });
    const { bytes, headers } = await send(`{"parameters":{"binary_data_output":true},"inputs":${inputs}}`);
    expect(bytes.readUInt16LE(Number(headers['inference-header-content-length']))).toBe(0x3f81);
  });

  test('softmax in bfloat16 from doubles', async () => {
    // Two keys whose logits differ by a double just past the tie between two bfloat16.
    const logit = 1.0039062500009095;
    const inputs = `[{"name":"Q","shape":[1,1,1,1],"datatype":"FP64","data":[1]},{"name":"K","shape":[1,1,2,1],"datatype":"FP64","data":[${logit},0]},{"name":"V","shape":[1,1,2,1],"datatype":"FP64","data":[1,0]}]`;
    const lse = async (softmax_precision: number, k = inputs) =>
      JSON.parse((await send(`{"parameters":{"scale":1,"softmax_precision":${softmax_precision}},"inputs":${k},"outputs":[{"name":"lse"}]}`)).text)
        .outputs[0].data[0];
    expect(await lse(16)).toBe(await lse(16, inputs.replace(`${logit}`, '1.0078125')));
  });
});

describe('while it shuts down', () => {
  const leaving = useService();

  test('the model is not ready, the index says so, and the refusal is exactly application/json', async () => {
    leaving.drain();
    const index = (body: string) => leaving.ask(body, { path: '/v2/repository/index' });
    expect((await index('{}')).json).toEqual([
      { name: 'attention', version: '1', state: 'UNAVAILABLE', reason: 'the server has been asked to stop' },
    ]);
    expect((await index('{"ready":true}')).json).toEqual([]);
    const { status, headers } = await leaving.get('/v2/models/attention/ready');
    expect([status, headers['content-type']]).toEqual([503, 'application/json']);
  });
});

test('another model is told from a worker thread too', async () => {
  const { status, text } = await send(`{"model_name":"bert","inputs":${INPUTS}}`.padEnd(100_000));
  expect([status, JSON.parse(text).error]).toEqual([404, 'model_name is "bert"; the one model is attention, version 1']);
});
