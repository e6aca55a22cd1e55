import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';
import { reference } from '../../src/engine/kernels/reference.ts';
import {
  type Dense,
  ONNX_OUTPUTS,
  type OnnxAttributes,
  type OnnxInput,
  type OnnxInputs,
  type OnnxOutput,
  type OnnxShapes,
  onnxCall,
  onnxLayout,
} from '../../src/engine/onnx.ts';
import type { Floats, Precision } from '../../src/engine/tensor.ts';
import { anyLayout, laidOut } from './any-layout.ts';
import { random } from './calls.ts';
import { type Attributes, attentionByDefinition, type Inputs } from './onnx-by-definition.ts';

/** Numbers from −1 to 1 that float32 holds too. */
function tensor(shape: readonly number[], seed: number, precision: Precision = 'float64'): Dense {
  const next = random(seed);
  const numbers = Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => Math.fround(next()));
  return { data: precision === 'float32' ? Float32Array.from(numbers) : Float64Array.from(numbers), shape };
}

/** The call for these tensors, as the service makes it. */
function callOf(inputs: OnnxInputs, attributes: OnnxAttributes, wanted: readonly OnnxOutput[] = ['Y'], precision: Precision = 'float64') {
  const shapes = Object.fromEntries(Object.entries(inputs).map(([name, dense]) => [name, (dense as Dense | undefined)?.shape]));
  return onnxCall(inputs, onnxLayout(shapes as OnnxShapes, attributes, wanted), attributes, wanted, precision);
}

function attend(inputs: OnnxInputs, attributes: OnnxAttributes = {}, wanted: readonly OnnxOutput[] = ['Y'], precision: Precision = 'float64') {
  const { call, outputs } = callOf(inputs, attributes, wanted, precision);
  return outputs(reference.attend(call));
}

/** The same by the operator's text. */
function byDefinition(inputs: OnnxInputs, { is_causal, ...attributes }: OnnxAttributes) {
  const plain: Partial<Record<OnnxInput, unknown>> = {};
  for (const [name, { data, shape }] of Object.entries(inputs) as [OnnxInput, Dense][]) plain[name] = { data: [...data], shape };
  const { attn_mask: mask, nonpad_kv_seqlen: lengths } = inputs;
  if (mask) plain.attn_mask = { data: [...mask.data], shape: mask.shape, boolean: mask.data instanceof Uint8Array };
  if (lengths) plain.nonpad_kv_seqlen = [...lengths.data];
  return attentionByDefinition(plain as Inputs, { ...attributes, is_causal: Number(is_causal ?? false) } as Attributes);
}

function expectDefinition(inputs: OnnxInputs, attributes: OnnxAttributes, wanted: readonly OnnxOutput[]): void {
  const exact = byDefinition(inputs, attributes);
  const found = attend(inputs, attributes, wanted);
  expect([...found.keys()]).toEqual(wanted);
  for (const [name, { data, shape }] of found) {
    expect([data.length, data.length], name).toEqual([exact[name].length, shape.reduce((product, size) => product * size, 1)]);
    data.forEach((value, i) => {
      const other = exact[name][i] ?? Number.NaN;
      if (value !== other && !(Math.abs(value - other) <= 1e-12)) expect.fail(`${name} ${i} is ${value}, not ${other}`);
    });
  }
}

const four = (B: number, H: number, G: number, S: number, L: number, D: number, E: number): OnnxInputs => ({
  Q: tensor([B, H, S, D], 1),
  K: tensor([B, G, L, D], 2),
  V: tensor([B, G, L, E], 3),
});
const three = (B: number, H: number, G: number, S: number, L: number, D: number, E: number): OnnxInputs => ({
  Q: tensor([B, S, H * D], 1),
  K: tensor([B, L, G * D], 2),
  V: tensor([B, L, G * E], 3),
});
const counts = (...lengths: number[]): Dense<Float64Array> => ({ data: Float64Array.from(lengths), shape: [lengths.length] });

const bit = fc.boolean();
const anything = fc.record({
  ...anyLayout(3),
  is_causal: fc.constantFrom(undefined, false, true),
  softcap: fc.constantFrom(undefined, 0, 0.7),
  scale: fc.constantFrom(undefined, 0.3, -1),
  qk_matmul_output_mode: fc.constantFrom<(0 | 1 | 2 | 3 | undefined)[]>(undefined, 0, 1, 2, 3),
  left_window_size: fc.constantFrom(undefined, -1, 0, 1, 2),
  right_window_size: fc.constantFrom(undefined, -1, 0, 1, 2),
  shared: fc.tuple(bit, bit, bit),
  seed: fc.nat({ max: 1000 }),
});

describe('ONNX’s attention', () => {
  test('is what its definition says, under any options', () => {
    fc.assert(
      fc.property(anything, ({ B, G, group, S, L, D, E, packed, memory, rank, boolean, short, shared, seed, ...options }) => {
        const { H, P, maskedKeys, lengths } = laidOut({ B, G, group, L, memory, short });
        const full = [B, H, S].map((length, axis) => (shared[axis] ? 1 : length));
        const shape = [...full, maskedKeys].slice(4 - rank);
        const next = random(seed);
        const masked = Array.from({ length: shape.reduce((product, length) => product * length, 1) }, () => next());
        const attn_mask = boolean
          ? { data: Uint8Array.from(masked, (x) => (x > -0.4 ? 1 : 0)), shape }
          : { data: Float64Array.from(masked, (x) => (x > -0.7 ? x : Number.NEGATIVE_INFINITY)), shape };
        const inputs: OnnxInputs = {
          ...(packed ? three : four)(B, H, G, S, L, D, E),
          ...(rank > 0 && { attn_mask }),
          ...(memory === 'past' && { past_key: tensor([B, G, P, D], 4), past_value: tensor([B, G, P, E], 5) }),
          ...(memory === 'padded' && { nonpad_kv_seqlen: counts(...lengths(next)) }),
        };
        const attributes = { ...options, ...(packed && { q_num_heads: H, kv_num_heads: G }) };
        expectDefinition(inputs, attributes, memory === 'padded' ? ['lse', 'qk_matmul_output', 'Y'] : ONNX_OUTPUTS);
      }),
      { numRuns: 400, seed: 7 },
    );
  });

  test('names its inputs and outputs as ONNX does, and one more of ours', () => {
    expect(ONNX_OUTPUTS).toEqual(['Y', 'present_key', 'present_value', 'qk_matmul_output', 'lse']);
  });

  test('computes what is asked for, and nothing else', () => {
    const want = (wanted: readonly OnnxOutput[], qk_matmul_output_mode?: 0 | 1 | 2 | 3) =>
      [...callOf(four(1, 2, 1, 2, 3, 2, 2), { qk_matmul_output_mode }, wanted).call.want].join(' ');
    expect([want(['Y']), want(['lse']), want(['present_key', 'present_value'])]).toEqual(['context', 'lse', '']);
    expect([undefined, 0, 1, 2, 3].map((mode) => want(['qk_matmul_output'], mode as 0 | undefined))).toEqual([
      'scores',
      'scores',
      'capped',
      'logits',
      'weights',
    ]);
  });

  test('gives an empty tensor for what the operator had nothing to give', () => {
    const { outputs } = callOf(four(1, 1, 1, 1, 1, 1, 1), {}, ['Y', 'lse']);
    expect(outputs({ fullyMasked: [] })).toEqual(
      new Map([
        ['Y', { data: new Float64Array(0), shape: [1, 1, 1, 1] }],
        ['lse', { data: new Float64Array(0), shape: [1, 1, 1] }],
      ]),
    );
  });

  test('reads tensors where they stand, and copies keys only to put a past before them', () => {
    const inputs = four(1, 2, 2, 3, 4, 2, 2);
    const { call, outputs } = callOf(inputs, {}, ['Y', 'present_key', 'present_value']);
    expect([call.query.data, call.key.data, call.value.data]).toEqual([inputs.Q.data, inputs.K.data, inputs.V.data]);
    expect(call.query.data).toBe(inputs.Q.data);
    expect(call.key.data).toBe(inputs.K.data);
    expect(outputs({ fullyMasked: [] }).get('present_key')?.data).toBe(inputs.K.data);
    const packed = three(2, 1, 1, 3, 4, 2, 2);
    const alone = callOf(packed, { q_num_heads: 1, kv_num_heads: 1 }, ['present_key']);
    expect(alone.outputs({ fullyMasked: [] }).get('present_key')?.data).toBe(packed.K.data);
  });

  test('may have no keys: then nothing is attended to', () => {
    for (const inputs of [
      four(1, 2, 2, 2, 0, 3, 2),
      { ...four(1, 2, 2, 2, 0, 3, 2), past_key: tensor([1, 2, 0, 3], 4), past_value: tensor([1, 2, 0, 2], 5) },
    ]) {
      const found = attend(inputs, {}, ONNX_OUTPUTS);
      expect([...(found.get('Y')?.data ?? [])]).toEqual(Array(8).fill(0));
      expect([...(found.get('lse')?.data ?? [])]).toEqual(Array(4).fill(Number.NEGATIVE_INFINITY));
      expect(found.get('present_key')).toEqual({ data: new Float64Array(0), shape: [1, 2, 0, 3] });
    }
  });

  test('does not go through heads in which nothing stands, however many', () => {
    const many = 2 ** 40;
    const empty = (...shape: number[]): Dense => ({ data: new Float64Array(0), shape });
    const present = (inputs: OnnxInputs, attributes: OnnxAttributes) =>
      callOf(inputs, attributes, ['present_key']).outputs({ fullyMasked: [] }).get('present_key');
    const rank4 = { Q: empty(1, many, 0, 1), K: empty(1, many, 0, 1), V: empty(1, many, 0, 1) };
    expect(present({ ...rank4, past_key: empty(1, many, 0, 1), past_value: empty(1, many, 0, 1) }, {})).toEqual(empty(1, many, 0, 1));
    const rank3 = { Q: empty(1, 0, many), K: empty(1, 0, many), V: empty(1, 0, many) };
    expect(present(rank3, { q_num_heads: many, kv_num_heads: many })).toEqual(empty(1, many, 0, 1));
  });

  test('may have no queries: then nothing is given', () => {
    const found = attend({ ...four(2, 2, 2, 0, 3, 2, 2), nonpad_kv_seqlen: counts(1, 3) }, { is_causal: true }, ['Y', 'lse']);
    expect(found.get('Y')).toEqual({ data: new Float64Array(0), shape: [2, 2, 0, 2] });
    expect(found.get('lse')).toEqual({ data: new Float64Array(0), shape: [2, 2, 0] });
  });
});

describe('the precision of ONNX’s attention', () => {
  const single = { Q: tensor([1, 1, 2, 2], 1, 'float32'), K: tensor([1, 1, 3, 2], 2, 'float32'), V: tensor([1, 1, 3, 2], 3, 'float32') };
  const mask = (data: Floats | Uint8Array): Dense<Floats | Uint8Array> => ({ data, shape: [3] });

  test('is that of its call, whichever the tensors came in', () => {
    const { call } = callOf({ ...single, attn_mask: mask(Float32Array.of(0.5, 1, 2)) }, {}, ['Y'], 'float64');
    for (const data of [call.query.data, call.key.data, call.value.data, call.bias?.data]) expect(data).toBeInstanceOf(Float64Array);
    const own = callOf({ ...single, attn_mask: mask(Float64Array.of(0.1, 1, 2)) }, {}, ['Y'], 'float32').call;
    expect(own.query.data).toBe(single.Q.data);
    expect(own.bias).toEqual({ data: Float32Array.of(0.1, 1, 2), batchStride: 0, headStride: 0, rowStride: 0, keyStride: 1 });
  });

  test('leaves a mask of booleans, and numbers of its own precision, as they are', () => {
    const booleans = Uint8Array.of(1, 0, 1);
    const masked = callOf({ ...single, attn_mask: mask(booleans) }, {}, ['Y'], 'float32').call;
    expect([masked.mask?.data, masked.bias]).toEqual([booleans, undefined]);
    const numbers = Float32Array.of(1, 0, 1);
    const added = callOf({ ...single, attn_mask: mask(numbers) }, {}, ['Y'], 'float32').call;
    expect(added.bias?.data).toBe(numbers);
    expect(added.mask).toBeUndefined();
    expect(callOf(single, {}, ['Y'], 'float32').call).not.toHaveProperty('bias');
  });

  test('rounds the scale', () => {
    const scale = (given: number | undefined, precision: Precision) => callOf(single, { scale: given }, ['Y'], precision).call.scale;
    expect([scale(undefined, 'float64'), scale(undefined, 'float32')]).toEqual([1 / Math.sqrt(2), Math.fround(1 / Math.sqrt(2))]);
    expect([scale(0.1, 'float64'), scale(0.1, 'float32'), scale(0, 'float64')]).toEqual([0.1, Math.fround(0.1), 0]);
  });

  test('hands softcap and the softmax’s precision on; a softcap of 0 is none', () => {
    const { softcap, softmaxPrecision } = callOf(single, { softcap: 0.5, softmax_precision: 'bfloat16' }).call;
    expect([softcap, softmaxPrecision]).toEqual([0.5, 'bfloat16']);
    expect(callOf(single, { softcap: 0 }).call.softcap).toBeUndefined();
  });
});

describe('padded keys', () => {
  const inputs = four(2, 1, 1, 2, 4, 2, 2);

  test.each([
    [[5, 1], 'got 5 at [0]'],
    [[1, 5], 'got 5 at [1]'],
    [[1, -1], 'got -1 at [1]'],
  ])('%j of 4 are refused', (lengths, got) => {
    expect(() => callOf({ ...inputs, nonpad_kv_seqlen: counts(...lengths) }, {})).toThrow(
      new Failure('invalid-request', `nonpad_kv_seqlen must be from 0 to the 4 keys of K, ${got}`),
    );
  });

  test('may be none and all', () => {
    const { keyRanges } = callOf({ ...inputs, nonpad_kv_seqlen: counts(0, 4) }, {}).call;
    expect({ first: [...keyRanges.first], end: [...keyRanges.end] }).toEqual({ first: [0, 0, 0, 0], end: [0, 0, 4, 4] });
  });

  test('must be covered by the mask', () => {
    const short = (keys: number): OnnxInputs => ({
      ...inputs,
      nonpad_kv_seqlen: counts(3, 1),
      attn_mask: { data: new Float64Array(2 * keys), shape: [2, keys] },
    });
    expect(() => callOf(short(2), {})).toThrow(
      new Failure('invalid-request', 'the last axis of attn_mask must cover the 3 keys of nonpad_kv_seqlen, got the shape [2, 2]'),
    );
    expect([...callOf(short(3), {}).call.keyRanges.end]).toEqual([3, 3, 1, 1]);
  });
});
