import { describe, expect, test } from 'vitest';
import { AttentionRequest } from '../../src/schemas/attention.ts';
import { MergeRequest } from '../../src/schemas/merge.ts';
import { type Json, useService } from './service.ts';

const service = useService();
const TOKENS = [
  [1, 0],
  [0, 1],
];

describe('null for what is optional is as good as nothing', () => {
  const optional = Object.keys(AttentionRequest.properties).filter((name) => name !== 'tokens');

  test.each(optional)('%s', async (name) => {
    const { status, text } = await service.ask({ tokens: TOKENS, [name]: null });
    expect([status, text]).toEqual([200, (await service.ask({ tokens: TOKENS })).text]);
  });

  test('all at once, and within what is given', async () => {
    const nothing = Object.fromEntries(optional.map((name) => [name, null]));
    expect((await service.ask({ ...nothing, tokens: TOKENS })).text).toBe((await service.ask({ tokens: TOKENS })).text);
    for (const [given, meant] of [
      [{ window: { left: 0, right: null } }, { window: { left: 0 } }],
      [{ position: { type: 'rope', base: null, interleaved: null } }, { position: { type: 'rope' } }],
      [{ position: { type: 'alibi', slopes: null } }, { position: { type: 'alibi' } }],
    ]) {
      const { status, text } = await service.ask({ tokens: TOKENS, ...given });
      expect([status, text]).toEqual([200, (await service.ask({ tokens: TOKENS, ...meant })).text]);
    }
  });

  test('of a merge', async () => {
    const parts = [{ context: [1, 2], lse: 0.5 }];
    const nothing = Object.fromEntries(Object.keys(MergeRequest.properties).map((name) => [name, null]));
    const { status, text } = await service.ask({ ...nothing, parts }, { path: '/attention/merge' });
    expect([status, text]).toEqual([200, (await service.ask({ parts }, { path: '/attention/merge' })).text]);
  });
});

describe('null is not nothing', () => {
  test.each<[string, object, string, string]>([
    ['for what is required', { tokens: null }, '/tokens', '/attention'],
    ['as a row', { tokens: [null] }, '/tokens/0', '/attention'],
    ['as a number', { tokens: [[null]] }, '/tokens/0/0', '/attention'],
    ['as a position', { tokens: TOKENS, query: [null] }, '/query/0', '/attention'],
    ['as an output', { tokens: TOKENS, include: [null] }, '/include/0', '/attention'],
    ['as an element of a mask', { tokens: TOKENS, mask: [null, true] }, '/mask/0', '/attention'],
    ['for a field that is not known', { tokens: TOKENS, scael: null }, '/scael', '/attention'],
    ['for a field that is not known, further down', { tokens: TOKENS, window: { left: 1, up: null } }, '/window/up', '/attention'],
    ['for both sides of a window', { tokens: TOKENS, window: { left: null, right: null } }, '/window', '/attention'],
    ['for the type of a position', { tokens: TOKENS, position: { type: null } }, '/position/type', '/attention'],
    ['for the context of a part', { parts: [{ context: null, lse: 1 }] }, '/parts/0/context', '/attention/merge'],
    ['as a part', { parts: [null] }, '/parts/0', '/attention/merge'],
  ])('%s', async (_name, body, pointer, path) => {
    const { status, json } = await service.ask(body, { path });
    expect(status).toBe(422);
    expect(json.errors.map((fault: { pointer: string }) => fault.pointer)).toContain(pointer);
  });

  test('where it is a value: the lse of a part that had no key', async () => {
    const parts = [
      { context: [0, 0], lse: null },
      { context: [1, 2], lse: 0.5 },
    ];
    expect((await service.ask({ parts }, { path: '/attention/merge' })).json).toEqual({ context: [1, 2], lse: 0.5 });
  });
});

describe('refusals read as sentences', () => {
  const WRONG = [null, true, -1, 0.5, 1e39, 'x', '', [], [null], [[]], [['x']], [[1], [1, 2]], [true], {}, { type: 'x' }, { left: -1 }, { x: 1 }];
  const Q = { name: 'Q', shape: [1, 1, 1, 2], datatype: 'FP32', data: [1, 0] };
  const K = { name: 'K', shape: [1, 1, 2, 2], datatype: 'FP32', data: [1, 0, 0, 1] };
  const V = { name: 'V', shape: [1, 1, 2, 1], datatype: 'FP32', data: [1, 2] };
  const WRONG_TYPES = ['FP16', 'BF16', 'FP64', 'BOOL', 'INT8', 'INT64', 'UINT16'];

  function* bodies(): Generator<[path: string, body: unknown]> {
    for (const wrong of WRONG) {
      for (const path of ['/attention', '/attention/merge', '/v2/models/attention/infer', '/v2/repository/index']) yield [path, wrong];
      for (const name of [...Object.keys(AttentionRequest.properties), 'unknown']) yield ['/attention', { tokens: TOKENS, [name]: wrong }];
      for (const name of [...Object.keys(MergeRequest.properties), 'unknown'])
        yield ['/attention/merge', { parts: [{ context: [1, 2], lse: 1 }], [name]: wrong }];
      for (const name of ['context', 'lse', 'unknown']) yield ['/attention/merge', { parts: [{ context: [1, 2], lse: 1, [name]: wrong }] }];
      for (const name of ['id', 'model_name', 'model_version', 'parameters', 'inputs', 'outputs', 'unknown'])
        yield ['/v2/models/attention/infer', { inputs: [Q, K, V], [name]: wrong }];
      for (const name of ['name', 'shape', 'datatype', 'parameters', 'data', 'unknown'])
        yield ['/v2/models/attention/infer', { inputs: [{ ...Q, [name]: wrong }, K, V] }];
      for (const name of [
        'scale',
        'is_causal',
        'q_num_heads',
        'softcap',
        'softmax_precision',
        'left_window_size',
        'binary_data_output',
        'classification',
      ])
        yield ['/v2/models/attention/infer', { inputs: [Q, K, V], parameters: { [name]: wrong } }];
      for (const datatype of WRONG_TYPES)
        yield ['/v2/models/attention/infer', { inputs: [Q, K, V, { name: 'attn_mask', shape: [2], datatype, data: [wrong, 1] }] }];
      for (const output of [wrong, { name: wrong }, { name: 'Y', parameters: wrong }, { name: 'Y', parameters: { binary_data: wrong } }])
        yield ['/v2/models/attention/infer', { inputs: [Q, K, V], outputs: [output] }];
    }
  }

  test('with no doubled punctuation, and nothing of JavaScript', async () => {
    const said = new Set<string>();
    for (const [path, body] of bodies()) {
      const { status, text } = await service.ask(body, { path });
      expect(status, text).toBeLessThan(500);
      if (status === 200) continue;
      const json: Json = JSON.parse(text);
      for (const detail of json.errors ? json.errors.map((fault: { detail: string }) => fault.detail) : [json.detail ?? json.error]) said.add(detail);
    }
    expect(said.size).toBeGreaterThan(150);
    const odd = [...said].filter((detail) => /[,;:.] ?[,;:.](?!\.)| {2}|undefined|\[object|\bNaN\b(?!")|[,;: ]$/.test(detail));
    expect(odd).toEqual([]);
  });
});
