import fc from 'fast-check';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { inferenceExamples } from '../../src/schemas/examples.ts';
import { anyLayout, laidOut } from '../engine/any-layout.ts';
import { random } from '../engine/calls.ts';
import { type Attributes, attentionByDefinition, type Inputs } from '../engine/onnx-by-definition.ts';
import { withFacts } from '../facts.ts';
import { type CaseTensor, infer, numbersOf, readTensors } from './inference-client.ts';
import { type Datatype, fromNumbers, toNumbers } from './inference-elements.ts';
import { useService } from './service.ts';

const service = useService({ MAX_BODY_BYTES: '100000', MAX_WORK: '1e6', MAX_REPLY_NUMBERS: '10000' });
const INFER = '/v2/models/attention/infer';
const OUTPUTS = ['Y', 'present_key', 'present_value', 'qk_matmul_output', 'lse'];

/** Numbers from −1 to 1 that the datatype holds exactly. */
function tensor(shape: readonly number[], seed: number, datatype: Datatype = 'FP32'): CaseTensor {
  const next = random(seed);
  const data = Array.from({ length: shape.reduce((product, size) => product * size, 1) }, next);
  return { datatype, shape, data: toNumbers(fromNumbers(data, datatype), datatype) };
}

const mask = (shape: readonly number[], data: readonly (number | boolean | string)[], datatype: Datatype = 'FP32'): CaseTensor => ({
  shape,
  data,
  datatype,
});
const cycle = <T>(length: number, values: readonly T[]): T[] => Array.from({ length }, (_, i) => values[i % values.length] as T);

interface Case {
  readonly inputs: Readonly<Record<string, CaseTensor>>;
  readonly parameters?: Readonly<Record<string, number>>;
  readonly outputs?: readonly string[];
  readonly tolerance?: number;
}

const four = (B: number, H: number, G: number, S: number, L: number, D: number, E = D, datatype: Datatype = 'FP32') => ({
  Q: tensor([B, H, S, D], 1, datatype),
  K: tensor([B, G, L, D], 2, datatype),
  V: tensor([B, G, L, E], 3, datatype),
});
const three = (B: number, H: number, G: number, S: number, L: number, D: number, E = D) => ({
  inputs: { Q: tensor([B, S, H * D], 1), K: tensor([B, L, G * D], 2), V: tensor([B, L, G * E], 3) },
  parameters: { q_num_heads: H, kv_num_heads: G },
});
const past = (B: number, G: number, P: number, D: number, E = D) => ({ past_key: tensor([B, G, P, D], 4), past_value: tensor([B, G, P, E], 5) });
const lengths = (...counts: number[]): CaseTensor => ({ datatype: 'INT64', shape: [counts.length], data: counts });

/** One case of our own for each feature; expected values come from the definition. */
const CASES: Readonly<Record<string, Case>> = {
  'rank 4': { inputs: four(2, 3, 3, 4, 6, 8) },
  'rank 4, E ≠ D': { inputs: four(2, 3, 3, 4, 6, 8, 5) },
  'rank 3': three(2, 3, 3, 4, 6, 8),
  'rank 3, E ≠ D, grouped heads': three(2, 6, 2, 4, 6, 4, 3),
  'one key head for all (MQA), rank 4': { inputs: four(2, 4, 1, 3, 5, 4) },
  'a scale': { inputs: four(1, 2, 2, 3, 4, 4), parameters: { scale: 0.05 } },
  'a negative scale': { inputs: four(1, 2, 2, 3, 4, 4), parameters: { scale: -1 } },
  'causal, more queries than keys': { inputs: four(1, 2, 2, 6, 4, 4), parameters: { is_causal: 1 } },
  'causal, more keys than queries: top-left': { inputs: four(1, 2, 2, 3, 6, 4), parameters: { is_causal: 1 } },
  'past and present': { inputs: { ...four(2, 2, 2, 3, 2, 4), ...past(2, 2, 5, 4) }, outputs: OUTPUTS },
  'past and present, causal, grouped heads': {
    inputs: { ...four(2, 4, 2, 3, 3, 4, 6), ...past(2, 2, 5, 4, 6) },
    parameters: { is_causal: 1 },
    outputs: OUTPUTS,
  },
  'past and present, rank 3': {
    inputs: { ...three(2, 4, 2, 3, 2, 4, 3).inputs, ...past(2, 2, 5, 4, 3) },
    parameters: { q_num_heads: 4, kv_num_heads: 2 },
    outputs: OUTPUTS,
  },
  'an empty past': { inputs: { ...four(1, 2, 2, 3, 3, 4), ...past(1, 2, 0, 4) }, parameters: { is_causal: 1 }, outputs: OUTPUTS },
  'present without a past, rank 3': { ...three(2, 4, 2, 3, 4, 4, 3), outputs: OUTPUTS },
  'padded keys': { inputs: { ...four(3, 2, 2, 2, 6, 4), nonpad_kv_seqlen: lengths(0, 3, 6) }, outputs: ['Y', 'qk_matmul_output', 'lse'] },
  'padded keys, causal, negative offsets': {
    inputs: { ...four(3, 2, 2, 4, 6, 4), nonpad_kv_seqlen: lengths(1, 4, 6) },
    parameters: { is_causal: 1 },
    outputs: ['Y', 'lse'],
  },
  'padded keys, rank 3': {
    inputs: { ...three(2, 2, 1, 3, 5, 4).inputs, nonpad_kv_seqlen: lengths(2, 5) },
    parameters: { q_num_heads: 2, kv_num_heads: 1, is_causal: 1 },
  },
  'padded keys with a window': { inputs: { ...four(2, 2, 2, 2, 6, 4), nonpad_kv_seqlen: lengths(3, 6) }, parameters: { left_window_size: 1 } },
  'a boolean mask of rank 1': { inputs: { ...four(2, 2, 2, 3, 5, 4), attn_mask: mask([5], [true, false, true, true, false], 'BOOL') } },
  'a boolean mask of rank 2': { inputs: { ...four(2, 2, 2, 3, 5, 4), attn_mask: mask([3, 5], cycle(15, [true, false, true, true]), 'BOOL') } },
  'a mask of rank 3 is for heads': { inputs: { ...four(2, 2, 2, 3, 5, 4), attn_mask: mask([2, 3, 5], cycle(30, [0.5, -1, 2, 0, -0.25, 1, 3])) } },
  'a mask of rank 4, broadcast': { inputs: { ...four(2, 2, 2, 3, 5, 4), attn_mask: mask([2, 1, 1, 5], cycle(10, [0.5, -1, '-Infinity', 0])) } },
  'a short numeric mask': { inputs: { ...four(2, 2, 2, 3, 5, 4), attn_mask: mask([3, 2], [0, 1, 2, 3, 4, 5]) }, outputs: ['Y', 'lse'] },
  'a short boolean mask of rank 1': { inputs: { ...four(1, 1, 1, 2, 5, 4), attn_mask: mask([3], [true, false, true], 'BOOL') } },
  'a last axis of 1 is short, not broadcast': { inputs: { ...four(1, 2, 2, 2, 4, 4), attn_mask: mask([2, 1], [0.5, -0.5]) } },
  'an integer mask': { inputs: { ...four(1, 2, 2, 2, 4, 4), attn_mask: mask([4], [1, 0, -2, 3], 'INT32') } },
  'a mask of INT64': { inputs: { ...four(1, 2, 2, 2, 4, 4), attn_mask: mask([4], [1, 0, -2, 3], 'INT64') } },
  'a mask of UINT8 is numbers': { inputs: { ...four(1, 2, 2, 2, 4, 4), attn_mask: mask([4], [1, 0, 2, 3], 'UINT8') } },
  'a double mask beside floats': { inputs: { ...four(1, 2, 2, 2, 4, 4), attn_mask: mask([4], [0.1, 0.2, '-Infinity', 0.3], 'FP64') } },
  'a row that no key is left for': {
    inputs: { ...four(1, 2, 2, 3, 4, 4), attn_mask: mask([3, 4], [...cycle(4, [true]), ...cycle(4, [false]), ...cycle(4, [true, false])], 'BOOL') },
    parameters: { qk_matmul_output_mode: 3 },
    outputs: ['Y', 'qk_matmul_output', 'lse'],
  },
  'a padded mask with padded keys': {
    inputs: { ...four(2, 3, 3, 4, 6, 8, 10), attn_mask: mask([2, 3, 4, 4], cycle(96, [0.5, -0.5, 0, 1, -2])), nonpad_kv_seqlen: lengths(3, 4) },
  },
  windows: { inputs: four(1, 2, 2, 6, 6, 4), parameters: { left_window_size: 2, right_window_size: 1 } },
  'a left window, causal, with a past': {
    inputs: { ...four(1, 2, 2, 3, 3, 4), ...past(1, 2, 4, 4) },
    parameters: { left_window_size: 2, is_causal: 1 },
    outputs: ['Y', 'lse'],
  },
  'a window of its own position alone': { inputs: four(1, 1, 1, 4, 4, 4), parameters: { left_window_size: 0, right_window_size: 0 } },
  'softcap before the mask': { inputs: { ...four(1, 2, 2, 3, 4, 4), attn_mask: mask([4], [0, '-Infinity', 1, 0]) }, parameters: { softcap: 0.3 } },
  ...Object.fromEntries(
    [0, 1, 2, 3].flatMap((qk_matmul_output_mode) =>
      [0, 0.5].map((softcap) => [
        `output mode ${qk_matmul_output_mode} with a softcap of ${softcap}`,
        {
          inputs: { ...four(2, 4, 2, 3, 5, 4), attn_mask: mask([3, 5], cycle(15, [0, 1, '-Infinity', -1])) },
          parameters: { qk_matmul_output_mode, softcap, is_causal: 1 },
          outputs: ['Y', 'qk_matmul_output'],
        },
      ]),
    ),
  ),
  float64: { inputs: four(1, 2, 2, 3, 5, 4, 4, 'FP64'), outputs: OUTPUTS, tolerance: 1e-13 },
  'float16 computes in float32 and rounds what it returns': { inputs: four(1, 2, 2, 3, 5, 4, 4, 'FP16'), outputs: OUTPUTS, tolerance: 2 ** -11 },
  bfloat16: { inputs: four(1, 2, 2, 3, 5, 4, 4, 'BF16'), outputs: OUTPUTS, tolerance: 2 ** -8 },
  'V in another type than Q': { inputs: { ...four(1, 2, 2, 3, 5, 4), V: tensor([1, 2, 5, 4], 3, 'FP64') }, outputs: OUTPUTS },
  'softmax in double': { inputs: four(1, 2, 2, 3, 5, 4), parameters: { softmax_precision: 11 } },
  'softmax in float16': { inputs: four(1, 2, 2, 3, 5, 4), parameters: { softmax_precision: 10 }, tolerance: 4e-3 },
  'softmax in bfloat16': { inputs: four(1, 2, 2, 3, 5, 4), parameters: { softmax_precision: 16 }, tolerance: 3e-2 },
};

function byDefinition({ inputs, parameters = {} }: Case) {
  const plain = (found: CaseTensor | undefined) => found && { shape: found.shape, data: numbersOf(found) };
  const all = Object.fromEntries(Object.entries(inputs).map(([name, found]) => [name, plain(found)]));
  const given = {
    ...all,
    ...(inputs['attn_mask'] && { attn_mask: { ...plain(inputs['attn_mask']), boolean: inputs['attn_mask'].datatype === 'BOOL' } }),
    ...(inputs['nonpad_kv_seqlen'] && { nonpad_kv_seqlen: numbersOf(inputs['nonpad_kv_seqlen']) }),
  };
  return attentionByDefinition(given as unknown as Inputs, parameters as Attributes);
}

function expectDefinition(found: Record<string, CaseTensor>, asked: Case): void {
  const wanted = byDefinition(asked);
  const tolerance = asked.tolerance ?? 1e-6;
  expect(Object.keys(found)).toEqual(asked.outputs ?? ['Y']);
  for (const [name, output] of Object.entries(found)) {
    const expected = wanted[name as keyof typeof wanted];
    expect(output.data.length, name).toBe(expected.length);
    numbersOf(output).forEach((value, i) => {
      const other = expected[i] ?? Number.NaN;
      if (value !== other && !(Math.abs(value - other) <= tolerance * (1 + Math.abs(other)))) expect.fail(`${name} ${i} is ${value}, not ${other}`);
    });
  }
}

describe.each(['json', 'binary'] as const)('as %s', (wire) => {
  test.each(Object.entries(CASES))('%s', async (_name, asked) => {
    const { answer, tensors } = await infer(service, asked, wire);
    expect(answer.status, answer.text).toBe(200);
    expectDefinition(tensors, asked);
  });
});

test('random combinations of all options follow the definition', async () => {
  const bit = fc.boolean();
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        ...anyLayout(4),
        causal: bit,
        softcap: bit,
        mode: fc.integer({ min: 0, max: 3 }),
        left: fc.integer({ min: -1, max: 2 }),
        right: fc.integer({ min: -1, max: 2 }),
        binary: bit,
        seed: fc.integer(),
      }),
      async ({ B, G, group, S, L, D, E, packed, causal, softcap, mode, memory, left, right, rank, boolean, short, binary, seed }) => {
        const { H, P, maskedKeys, lengths: unpadded } = laidOut({ B, G, group, L, memory, short });
        const shape = [B, H, S, maskedKeys].slice(4 - rank);
        const count = shape.reduce((product, length) => product * length, 1);
        const values = boolean ? [true, false, true, true, false] : [0, 0.5, '-Infinity', -1, 2];
        const layout = packed ? three(B, H, G, S, L, D, E) : { inputs: four(B, H, G, S, L, D, E), parameters: {} };
        const next = random(seed);
        const asked: Case = {
          inputs: {
            ...layout.inputs,
            ...(rank > 0 && {
              attn_mask: mask(
                shape,
                cycle(
                  count,
                  values.map((_, i) => values[(i + Math.abs(seed)) % values.length] as number),
                ),
                boolean ? 'BOOL' : 'FP32',
              ),
            }),
            ...(memory === 'past' && past(B, G, P, D, E)),
            ...(memory === 'padded' && { nonpad_kv_seqlen: lengths(...unpadded(next)) }),
          },
          parameters: {
            ...layout.parameters,
            is_causal: Number(causal),
            softcap: softcap ? 0.7 : 0,
            qk_matmul_output_mode: mode,
            left_window_size: left,
            right_window_size: right,
          },
          outputs: memory === 'padded' ? ['lse', 'qk_matmul_output', 'Y'] : OUTPUTS,
        };
        const { answer, tensors } = await infer(service, asked, binary ? 'binary' : 'json');
        expect(answer.status, answer.text).toBe(200);
        expectDefinition(tensors, asked);
      },
    ),
    { numRuns: 150 },
  );
});

test('NaN and infinities at an excluded key change nothing, elsewhere they are printed in words', async () => {
  const inputs = { ...four(1, 1, 1, 2, 3, 2), attn_mask: mask([3], [true, false, true], 'BOOL') };
  const poisoned = {
    ...inputs,
    K: { ...inputs.K, data: inputs.K.data.map((x, i) => (i === 2 || i === 3 ? 'NaN' : x)) },
    V: { ...inputs.V, data: inputs.V.data.map((x, i) => (i === 2 ? 'Infinity' : x)) },
  };
  for (const wire of ['json', 'binary'] as const) {
    expect((await infer(service, { inputs: poisoned }, wire)).tensors['Y']).toEqual((await infer(service, { inputs }, wire)).tensors['Y']);
  }
  const { attn_mask: _, ...seen } = poisoned;
  expect((await infer(service, { inputs: seen }, 'json')).tensors['Y']?.data).toEqual(['NaN', 'NaN', 'NaN', 'NaN']);
});

test('an infinite key in a large problem is answered, away from the event loop, as IEEE arithmetic says', async () => {
  const inputs = four(1, 1, 1, 80, 80, 64);
  const finite = await withFacts(() => infer(service, { inputs }, 'binary'));
  expect(finite.facts).toMatchObject([{ where: 'inline' }]);
  const infinite = { ...inputs.K, data: inputs.K.data.map((x, i) => (i === 5 ? 'Infinity' : x)) };
  const { given, facts } = await withFacts(() => infer(service, { inputs: { ...inputs, K: infinite } }, 'binary'));
  const { answer, tensors } = given;
  expect([answer.status, facts]).toEqual([200, [expect.objectContaining({ where: 'worker' })]]);
  expect(tensors['Y']?.data.some((y) => Number.isNaN(y))).toBe(true);
});

describe('the wire', () => {
  const Q = { name: 'Q', shape: [1, 1, 1, 2], datatype: 'FP32' };
  const K = { name: 'K', shape: [1, 1, 2, 2], datatype: 'FP32' };
  const V = { name: 'V', shape: [1, 1, 2, 1], datatype: 'FP32' };
  const floats = (...data: number[]) => fromNumbers(data, 'FP32');

  test('the documented example runs', async () => {
    const { status, json } = await service.ask(inferenceExamples['two-heads']?.value, { path: INFER });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      model_name: 'attention',
      model_version: '1',
      id: 'first',
      outputs: [
        { name: 'Y', shape: [1, 2, 2, 1], datatype: 'FP32' },
        { name: 'lse', shape: [1, 2, 2] },
      ],
    });
  });

  test('a request as Triton’s Python client sends it: no Content-Type, no outputs named, a binary reply expected', async () => {
    const parts = [floats(1, 0), floats(1, 0, 0, 1), floats(10, 20)];
    const inputs = [Q, K, V].map((tensor, i) => ({ ...tensor, parameters: { binary_data_size: parts[i]?.length } }));
    const json = Buffer.from(JSON.stringify({ id: '', inputs, parameters: { binary_data_output: true } }));
    const { statusCode, headers, body } = await request(`${service.url}${INFER}`, {
      method: 'POST',
      headers: { 'Inference-Header-Content-Length': `${json.length}` },
      body: Buffer.concat([json, ...parts]),
    });
    const bytes = Buffer.from(await body.bytes());
    expect(statusCode).toBe(200);
    expect(headers['content-type']).toBe('application/octet-stream');
    expect(Number(headers['content-length'])).toBe(bytes.length);
    const length = Number(headers['inference-header-content-length']);
    expect(JSON.parse(bytes.subarray(0, length).toString())).toEqual({
      model_name: 'attention',
      model_version: '1',
      id: '',
      outputs: [{ name: 'Y', datatype: 'FP32', shape: [1, 1, 1, 1], parameters: { binary_data_size: 4 } }],
    });
    const weight = 1 / (1 + Math.exp(-Math.SQRT1_2));
    expect(bytes.readFloatLE(length)).toBeCloseTo(10 * weight + 20 * (1 - weight), 5);
  });

  test('JSON and binary tensors mix, in and out, in the order of the JSON', async () => {
    const keys = floats(1, 0, 0, 1);
    const json = Buffer.from(
      JSON.stringify({
        inputs: [
          { ...V, data: [[[[10], [20]]]] },
          { ...K, parameters: { binary_data_size: keys.length } },
          { ...Q, data: [1, 0] },
        ],
        outputs: [{ name: 'lse' }, { name: 'Y', parameters: { binary_data: true } }, { name: 'present_key', parameters: { binary_data: false } }],
      }),
    );
    const answer = await service.ask(Buffer.concat([json, keys]), { path: INFER, headers: { 'inference-header-content-length': `${json.length}` } });
    const tensors = readTensors(answer);
    expect(Object.keys(tensors)).toEqual(['lse', 'Y', 'present_key']);
    expect(tensors['present_key']?.data).toEqual([1, 0, 0, 1]);
    expect(numbersOf(tensors['lse'] as CaseTensor)[0]).toBeCloseTo(Math.log(Math.exp(Math.SQRT1_2) + 1), 5);
  });

  test('a binary body may be unaligned, in many pieces, and packed', async () => {
    const { gzipSync } = await import('node:zlib');
    const parts = [floats(1, 0), floats(1, 0, 0, 1), floats(10, 20)];
    for (const pad of ['', ' ', '  ', '   ']) {
      const json = Buffer.from(
        `${pad}${JSON.stringify({ inputs: [Q, K, V].map((tensor, i) => ({ ...tensor, parameters: { binary_data_size: parts[i]?.length } })) })}`,
      );
      const headers = { 'inference-header-content-length': `${json.length}` };
      const plain = await service.ask(Buffer.concat([json, ...parts]), { path: INFER, headers });
      const packed = await service.ask(gzipSync(Buffer.concat([json, ...parts])), {
        path: INFER,
        headers: { ...headers, 'content-encoding': 'gzip' },
      });
      expect(plain.status).toBe(200);
      expect(packed.text).toBe(plain.text);
    }
  });

  const good = {
    inputs: [
      { ...Q, data: [1, 0] },
      { ...K, data: [1, 0, 0, 1] },
      { ...V, data: [1, 2] },
    ],
  };
  const withQ = (change: object) => ({ inputs: [{ ...Q, data: [1, 0], ...change }, good.inputs[1], good.inputs[2]] });
  const add = (extra: object, rest: object = {}) => ({ inputs: [...good.inputs, extra], ...rest });

  test.each<[string, unknown, Record<string, string>, string]>([
    ['no JSON', '{', {}, 'line 1, column 2'],
    ['no object', '[]', {}, 'the request must be a JSON object'],
    ['an unknown member', { ...good, input: [] }, {}, 'can’t have "input"'],
    ['no inputs', {}, {}, 'inputs must be an array'],
    ['a missing input', { inputs: good.inputs.slice(1) }, {}, 'input Q is required'],
    ['an unknown input', add({ name: 'mask', shape: [1], datatype: 'BOOL', data: [true] }), {}, 'there is no input "mask"'],
    ['an input twice', add(good.inputs[0] as object), {}, 'input Q is given twice'],
    ['an unknown datatype', withQ({ datatype: 'BYTES' }), {}, 'input Q must have a datatype of BOOL'],
    ['an integer Q', withQ({ datatype: 'INT32' }), {}, 'K must have the datatype INT32 of Q, got FP32'],
    ['a shape that is none', withQ({ shape: [1, -1] }), {}, 'input Q must have a shape'],
    ['too few elements', withQ({ data: [1] }), {}, 'input Q has 1 elements, but the shape [1, 1, 1, 2] has 2'],
    ['data nested otherwise', withQ({ data: [[1, 0]] }), {}, 'must be nested as the shape [1, 1, 1, 2]'],
    ['data nested deeper', withQ({ data: [[[[[1], [0]]]]] }), {}, 'nested deeper than the shape'],
    ['a string for a number', withQ({ data: ['1', 0] }), {}, 'got the string "1" at element 0'],
    ['null for a number', withQ({ data: [null, 0] }), {}, 'got null at element 0'],
    ['a number outside FP32', withQ({ data: [1e39, 0] }), {}, 'got 1e+39 at element 0'],
    [
      'a number for a boolean',
      add({ name: 'attn_mask', shape: [2], datatype: 'BOOL', data: [1, 0] }),
      {},
      'attn_mask must have true and false, got 1',
    ],
    ['a fraction for an integer', add({ name: 'attn_mask', shape: [2], datatype: 'INT8', data: [0.5, 0] }), {}, 'integers from -128 to 127, got 0.5'],
    ['an integer out of range', add({ name: 'attn_mask', shape: [2], datatype: 'UINT8', data: [-1, 0] }), {}, 'integers from 0 to 255, got -1'],
    ['neither data nor size', { inputs: [Q, good.inputs[1], good.inputs[2]] }, {}, 'neither data nor parameters.binary_data_size'],
    ['both', withQ({ parameters: { binary_data_size: 8 } }), {}, 'has both data and'],
    [
      'binary data without the header',
      { inputs: [{ ...Q, parameters: { binary_data_size: 8 } }, good.inputs[1], good.inputs[2]] },
      {},
      'Inference-Header-Content-Length must say',
    ],
    ['a header that is no integer', good, { 'inference-header-content-length': '1.5' }, 'must be an integer from 0 to the'],
    ['a header past the body', good, { 'inference-header-content-length': '99999' }, 'got "99999"'],
    ['a negative header', good, { 'inference-header-content-length': '-1' }, 'got "-1"'],
    ['a raw binary request', good, { 'inference-header-content-length': '0' }, 'a raw binary request'],
    ['a header that cuts the JSON short', good, { 'inference-header-content-length': '20' }, 'line 1'],
    [
      'an unknown parameter of a tensor',
      withQ({ parameters: { shared_memory_region: 'x' } }),
      {},
      'the parameters of input Q have shared_memory_region, but this server shares no memory',
    ],
    ['an unknown attribute', { ...good, parameters: { is_casual: 1 } }, {}, 'parameters can’t have "is_casual"'],
    ['an attribute of another type', { ...good, parameters: { is_causal: 2 } }, {}, 'is_causal must be 0, 1, true or false, got 2'],
    ['a scale that is no number', { ...good, parameters: { scale: '1' } }, {}, 'scale must be a finite number'],
    ['a negative softcap', { ...good, parameters: { softcap: -1 } }, {}, 'softcap must be a finite number of at least 0'],
    ['an unknown output mode', { ...good, parameters: { qk_matmul_output_mode: 4 } }, {}, 'an integer from 0 to 3, got 4'],
    ['an unknown softmax precision', { ...good, parameters: { softmax_precision: 2 } }, {}, '16 (BFLOAT16), got 2'],
    ['a window below −1', { ...good, parameters: { left_window_size: -2 } }, {}, 'an integer of at least -1'],
    ['an unknown output', { ...good, outputs: [{ name: 'Z' }] }, {}, 'outputs[0].name must be one of Y'],
    ['an output twice', { ...good, outputs: [{ name: 'Y' }, { name: 'Y' }] }, {}, 'output Y is asked for twice'],
    ['outputs that are no list', { ...good, outputs: 'Y' }, {}, 'outputs must be an array of outputs, got the string "Y"'],
    ['binary_data that is no boolean', { ...good, outputs: [{ name: 'Y', parameters: { binary_data: 1 } }] }, {}, 'must be true or false, got 1'],
    ['ranks that differ', withQ({ shape: [1, 1, 2] }), {}, 'Q, K and V must all have rank 3 or all rank 4, got the shape [1, 1, 2]'],
    ['rank 4 with head counts', { ...good, parameters: { q_num_heads: 1, kv_num_heads: 1 } }, {}, 'not allowed where Q, K and V have rank 4'],
    [
      'another batch size',
      { inputs: [{ ...Q, shape: [2, 1, 1, 2], data: [1, 0, 0, 1] }, good.inputs[1], good.inputs[2]] },
      {},
      'K must have the batch size 2 of Q',
    ],
    [
      'heads that do not divide',
      { inputs: [good.inputs[0], { ...K, shape: [1, 2, 1, 2], data: [1, 0, 0, 1] }, { ...V, shape: [1, 2, 1, 1], data: [1, 2] }] },
      {},
      'the 1 heads of Q must be a multiple of the 2 heads of K',
    ],
    [
      'another head size',
      { inputs: [good.inputs[0], { ...K, shape: [1, 1, 4, 1], data: [1, 0, 0, 1] }, good.inputs[2]] },
      {},
      'K must have the head size 2 of Q, got 1',
    ],
    ['K and V of other lengths', { inputs: [good.inputs[0], good.inputs[1], { ...V, shape: [1, 1, 1, 2], data: [1, 2] }] }, {}, 'got 2 and 1 keys'],
    [
      'past_key alone',
      add({ name: 'past_key', shape: [1, 1, 1, 2], datatype: 'FP32', data: [1, 2] }),
      {},
      'past_key and past_value must be given together, got past_key alone',
    ],
    [
      'a mask that does not broadcast',
      add({ name: 'attn_mask', shape: [3, 2], datatype: 'FP32', data: [1, 2, 3, 4, 5, 6] }),
      {},
      'attn_mask must broadcast to [1, 1, 1, 2]',
    ],
    ['a mask of rank 0', add({ name: 'attn_mask', shape: [], datatype: 'FP32', data: [1] }), {}, 'rank 1 to 4'],
    ['lengths of another type', add({ name: 'nonpad_kv_seqlen', shape: [1], datatype: 'INT32', data: [1] }), {}, 'must be INT64, got INT32'],
    ['lengths of another shape', add({ name: 'nonpad_kv_seqlen', shape: [2], datatype: 'INT64', data: [1, 1] }), {}, 'must have the shape [1]'],
    [
      'lengths past the keys',
      add({ name: 'nonpad_kv_seqlen', shape: [1], datatype: 'INT64', data: [3] }),
      {},
      'from 0 to the 2 keys of K, got 3 at [0]',
    ],
    ['negative lengths', add({ name: 'nonpad_kv_seqlen', shape: [1], datatype: 'INT64', data: [-1] }), {}, 'got -1 at [0]'],
    [
      'present beside lengths',
      add({ name: 'nonpad_kv_seqlen', shape: [1], datatype: 'INT64', data: [1] }, { outputs: [{ name: 'present_key' }] }),
      {},
      'present_key can’t be asked for together with nonpad_kv_seqlen',
    ],
    ['an unknown encoding', good, { 'content-encoding': 'compress' }, 'gzip, deflate, br, zstd, or identity'],
  ])('%s is a 400 that says what, the rule and what was given', async (_name, body, headers, words) => {
    const { status, json } = await service.ask(body, { path: INFER, headers });
    expect(status).toBe(400);
    expect(Object.keys(json)).toEqual(['error']);
    expect(json.error).toContain(words);
  });

  test('sizes of binary tensors are held against shapes and body', async () => {
    const ask = async (size: number, bytes: number) => {
      const json = Buffer.from(JSON.stringify({ inputs: [{ ...Q, parameters: { binary_data_size: size } }, good.inputs[1], good.inputs[2]] }));
      return service.ask(Buffer.concat([json, Buffer.alloc(bytes)]), {
        path: INFER,
        headers: { 'inference-header-content-length': `${json.length}` },
      });
    };
    expect((await ask(8, 8)).status).toBe(200);
    for (const [size, bytes, words] of [
      [4, 4, 'says binary_data_size 4, but 2 elements of FP32'],
      [8, 7, 'are 8 bytes by their binary_data_size, but 7 bytes follow'],
      [8, 9, 'but 9 bytes follow'],
      [-8, 8, 'must be an integer of at least 0'],
    ] as const) {
      const { status, json } = await ask(size, bytes);
      expect(status).toBe(400);
      expect(json.error).toContain(words);
    }
  });

  test('a binary boolean must be 0 or 1', async () => {
    const json = Buffer.from(JSON.stringify(add({ name: 'attn_mask', shape: [2], datatype: 'BOOL', parameters: { binary_data_size: 2 } })));
    const { status, json: reply } = await service.ask(Buffer.concat([json, Buffer.of(1, 2)]), {
      path: INFER,
      headers: { 'inference-header-content-length': `${json.length}` },
    });
    expect([status, reply.error]).toEqual([400, 'input attn_mask must have bytes of 0 or 1, got 2 at element 1']);
  });

  test('limits are 413, in words', async () => {
    const big = await service.ask(' '.repeat(100_001), { path: INFER });
    expect([big.status, big.json.error]).toEqual([413, 'the body has 100001 bytes; MAX_BODY_BYTES is 100000']);
    const work = await infer(service, { inputs: four(1, 1, 1, 100, 100, 64) }, 'binary');
    expect([work.answer.status, work.answer.json.error]).toEqual([413, expect.stringContaining('MAX_WORK is 1000000')]);
    const reply = await infer(service, { inputs: four(1, 2, 2, 90, 90, 1), outputs: ['qk_matmul_output'] }, 'binary');
    expect([reply.answer.status, reply.answer.json.error]).toEqual([413, expect.stringContaining('MAX_REPLY_NUMBERS is 10000')]);
  });
});

describe('health and metadata', () => {
  test('the server is live, ready, and says the binary extension', async () => {
    expect((await service.get('/v2/health/live')).json).toEqual({ live: true });
    expect((await service.get('/v2/health/ready')).json).toEqual({ live: true, ready: true });
    for (const path of ['/v2', '/v2/'])
      expect((await service.get(path)).json).toMatchObject({
        name: 'attention-service',
        extensions: ['binary_tensor_data', 'model_configuration', 'statistics'],
      });
    expect((await service.get('/v2/models')).json).toEqual({ models: ['attention'] });
  });

  test.each(['/v2/models/attention', '/v2/models/attention/versions/1'])('%s says the tensors, and is ready', async (path) => {
    const { json } = await service.get(path);
    expect(json).toMatchObject({
      name: 'attention',
      versions: ['1'],
      platform: 'onnx_attention',
      properties: { outputs: expect.stringContaining('Y alone') },
    });
    expect(json.inputs.map(({ name }: { name: string }) => name)).toEqual(['Q', 'K', 'V', 'attn_mask', 'past_key', 'past_value', 'nonpad_kv_seqlen']);
    expect(json.outputs.map(({ name }: { name: string }) => name)).toEqual(OUTPUTS);
    expect((await service.get(`${path}/ready`)).json).toEqual({ name: 'attention', ready: true });
    const { status } = await service.ask(inferenceExamples['two-heads']?.value, { path: `${path}/infer` });
    expect(status).toBe(200);
  });

  test.each(['/v2/models/other', '/v2/models/other/ready', '/v2/models/attention/versions/2', '/v2/nope'])('%s is a 404 in words', async (path) => {
    const { status, json } = await service.get(path);
    expect([status, Object.keys(json)]).toEqual([404, ['error']]);
  });

  test('another model is a 404, and another method a 405, in words', async () => {
    expect((await service.ask('{}', { path: '/v2/models/other/infer' })).json.error).toContain('the one model is attention');
    const { status, json, headers } = await service.get(INFER);
    expect([status, Object.keys(json), headers['allow']]).toEqual([405, ['error'], 'POST']);
  });
});
