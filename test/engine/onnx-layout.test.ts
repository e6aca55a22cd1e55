import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';
import { type OnnxAttributes, type OnnxOutput, type OnnxShapes, onnxLayout } from '../../src/engine/onnx.ts';

/** Two batch entries, 4 heads that share 2 key heads, 3 queries, 5 keys, 6 numbers a key and 7 a value. */
const FOUR: OnnxShapes = { Q: [2, 4, 3, 6], K: [2, 2, 5, 6], V: [2, 2, 5, 7] };
const THREE: OnnxShapes = { Q: [2, 3, 24], K: [2, 5, 12], V: [2, 5, 14] };
const HEADS: OnnxAttributes = { q_num_heads: 4, kv_num_heads: 2 };

describe('the layout of ONNX’s tensors', () => {
  test('has its axes in the shapes of rank 4', () => {
    const { axes, packed, P, L, mask, outputs } = onnxLayout(FOUR, {}, ['Y']);
    expect({ axes, packed, P, L, mask }).toEqual({
      axes: { B: 2, H: 4, G: 2, M: 3, N: 5, D: 6, E: 7 },
      packed: false,
      P: 0,
      L: 5,
      mask: undefined,
    });
    expect(outputs).toEqual({
      Y: [2, 4, 3, 7],
      present_key: [2, 2, 5, 6],
      present_value: [2, 2, 5, 7],
      qk_matmul_output: [2, 4, 3, 5],
      lse: [2, 4, 3],
    });
  });

  test('has its heads in the attributes, where the rank is 3', () => {
    const { axes, packed, outputs } = onnxLayout(THREE, HEADS, ['Y']);
    expect({ axes, packed, Y: outputs.Y, present_key: outputs.present_key }).toEqual({
      axes: { B: 2, H: 4, G: 2, M: 3, N: 5, D: 6, E: 7 },
      packed: true,
      Y: [2, 3, 28],
      present_key: [2, 2, 5, 6],
    });
  });

  test('has the past keys before the new ones', () => {
    const { axes, P, L, outputs } = onnxLayout({ ...FOUR, past_key: [2, 2, 8, 6], past_value: [2, 2, 8, 7] }, {}, ['Y', 'present_key']);
    expect({ N: axes.N, P, L, present_key: outputs.present_key, present_value: outputs.present_value }).toEqual({
      N: 13,
      P: 8,
      L: 5,
      present_key: [2, 2, 13, 6],
      present_value: [2, 2, 13, 7],
    });
  });

  test.each([
    [[5], { batchStride: 0, headStride: 0, rowStride: 0, keys: 5 }],
    [[3, 5], { batchStride: 0, headStride: 0, rowStride: 5, keys: 5 }],
    [[1, 5], { batchStride: 0, headStride: 0, rowStride: 0, keys: 5 }],
    [[4, 3, 5], { batchStride: 0, headStride: 15, rowStride: 5, keys: 5 }],
    [[4, 1, 5], { batchStride: 0, headStride: 5, rowStride: 0, keys: 5 }],
    [[2, 4, 3, 5], { batchStride: 60, headStride: 15, rowStride: 5, keys: 5 }],
    [[2, 1, 1, 5], { batchStride: 5, headStride: 0, rowStride: 0, keys: 5 }],
    [[3, 2], { batchStride: 0, headStride: 0, rowStride: 2, keys: 2 }],
    [[0], { batchStride: 0, headStride: 0, rowStride: 0, keys: 0 }],
  ])('broadcasts a mask of the shape %j from the right', (shape, view) => {
    expect(onnxLayout({ ...FOUR, attn_mask: shape }, {}, ['Y']).mask).toEqual({ ...view, keyStride: 1, shape });
  });

  test('may be without queries, and without keys', () => {
    expect(onnxLayout({ Q: [1, 1, 0, 1], K: [1, 1, 0, 1], V: [1, 1, 0, 1] }, {}, ['Y']).axes).toEqual({ B: 1, H: 1, G: 1, M: 0, N: 0, D: 1, E: 1 });
  });
});

type Refused = [message: string, shapes: Partial<OnnxShapes>, attributes?: OnnxAttributes, wanted?: readonly OnnxOutput[]];

const PAST = { past_key: [2, 2, 8, 6], past_value: [2, 2, 8, 7] };
const RANKS = 'Q, K and V must all have rank 3 or all rank 4, got the shape';
const NOT_ALLOWED = 'q_num_heads and kv_num_heads are not allowed where Q, K and V have rank 4: the shapes say the heads';
const REQUIRED = 'q_num_heads and kv_num_heads are required where Q, K and V have rank 3';
const EMPTY = 'batch, heads and head sizes must be at least 1, got Q the shape';
const BROADCAST = 'attn_mask must broadcast to [2, 4, 3, 5] (batch, heads, queries, keys; the last axis may be shorter), got the shape';

describe('shapes that do not fit are refused with the rule and what was given', () => {
  test.each<Refused>([
    [`${RANKS} [2, 3, 6], the shape [2, 2, 5, 6] and the shape [2, 2, 5, 7]`, { Q: [2, 3, 6] }],
    [`${RANKS} [2, 4, 3, 6], the shape [2, 5, 6] and the shape [2, 2, 5, 7]`, { K: [2, 5, 6] }],
    [`${RANKS} [2, 4, 3, 6], the shape [2, 2, 5, 6] and the shape [2, 5, 7]`, { V: [2, 5, 7] }],
    [`${RANKS} [2, 6], the shape [2, 6] and the shape [2, 6]`, { Q: [2, 6], K: [2, 6], V: [2, 6] }],
    [
      `${RANKS} [1, 1, 1, 1, 1], the shape [1, 1, 1, 1, 1] and the shape [1, 1, 1, 1, 1]`,
      { Q: [1, 1, 1, 1, 1], K: [1, 1, 1, 1, 1], V: [1, 1, 1, 1, 1] },
    ],
    [NOT_ALLOWED, {}, HEADS],
    [NOT_ALLOWED, {}, { q_num_heads: 4 }],
    [NOT_ALLOWED, {}, { kv_num_heads: 2 }],
    [REQUIRED, THREE],
    [REQUIRED, THREE, { q_num_heads: 4 }],
    [REQUIRED, THREE, { kv_num_heads: 2 }],
    ['the last axis of Q, 24, must be a multiple of its 5 heads', THREE, { q_num_heads: 5, kv_num_heads: 2 }],
    ['the last axis of K, 12, must be a multiple of its 5 heads', THREE, { q_num_heads: 4, kv_num_heads: 5 }],
    ['the last axis of V, 14, must be a multiple of its 4 heads', THREE, { q_num_heads: 4, kv_num_heads: 4 }],
    ['K must have the batch size 2 of Q, got the shape [1, 2, 5, 6]', { K: [1, 2, 5, 6] }],
    ['V must have the batch size 2 of Q, got the shape [3, 2, 5, 7]', { V: [3, 2, 5, 7] }],
    [`${EMPTY} [0, 4, 3, 6], K the shape [0, 2, 5, 6], V the shape [0, 2, 5, 7]`, { Q: [0, 4, 3, 6], K: [0, 2, 5, 6], V: [0, 2, 5, 7] }],
    [`${EMPTY} [2, 0, 3, 6], K the shape [2, 2, 5, 6], V the shape [2, 2, 5, 7]`, { Q: [2, 0, 3, 6] }],
    [`${EMPTY} [2, 4, 3, 6], K the shape [2, 0, 5, 6], V the shape [2, 0, 5, 7]`, { K: [2, 0, 5, 6], V: [2, 0, 5, 7] }],
    [`${EMPTY} [2, 4, 3, 0], K the shape [2, 2, 5, 0], V the shape [2, 2, 5, 7]`, { Q: [2, 4, 3, 0], K: [2, 2, 5, 0] }],
    [`${EMPTY} [2, 4, 3, 6], K the shape [2, 2, 5, 6], V the shape [2, 2, 5, 0]`, { V: [2, 2, 5, 0] }],
    ['K and V must have equally many heads, got 2 and 1', { V: [2, 1, 5, 7] }],
    ['the 4 heads of Q must be a multiple of the 3 heads of K', { K: [2, 3, 5, 6], V: [2, 3, 5, 7] }],
    ['K must have the head size 6 of Q, got 5', { K: [2, 2, 5, 5] }],
    ['K and V must be equally long, got 5 and 4 keys', { V: [2, 2, 4, 7] }],
    ['past_key and past_value must be given together, got past_key alone', { past_key: PAST.past_key }],
    ['past_key and past_value must be given together, got past_value alone', { past_value: PAST.past_value }],
    ['nonpad_kv_seqlen can’t be given together with past_key and past_value', { ...PAST, nonpad_kv_seqlen: [2] }],
    ['present_key can’t be asked for together with nonpad_kv_seqlen', { nonpad_kv_seqlen: [2] }, {}, ['Y', 'present_key']],
    ['present_value can’t be asked for together with nonpad_kv_seqlen', { nonpad_kv_seqlen: [2] }, {}, ['present_value', 'Y']],
    ['nonpad_kv_seqlen must have the shape [2] (batch), got the shape [3]', { nonpad_kv_seqlen: [3] }],
    ['nonpad_kv_seqlen must have the shape [2] (batch), got the shape [2, 1]', { nonpad_kv_seqlen: [2, 1] }],
    ['nonpad_kv_seqlen must have the shape [2] (batch), got the shape []', { nonpad_kv_seqlen: [] }],
    [
      'past_key must have the shape [2, 2, 8, 6] (batch, key heads, past length, head size), got the shape [2, 2, 8, 7]',
      { ...PAST, past_key: [2, 2, 8, 7] },
    ],
    [
      'past_value must have the shape [2, 2, 8, 7] (batch, key heads, past length, head size), got the shape [2, 2, 9, 7]',
      { ...PAST, past_value: [2, 2, 9, 7] },
    ],
    ['attn_mask must have rank 1 to 4, got the shape []', { attn_mask: [] }],
    ['attn_mask must have rank 1 to 4, got the shape [1, 2, 4, 3, 5]', { attn_mask: [1, 2, 4, 3, 5] }],
    [`${BROADCAST} [3, 4, 3, 5]`, { attn_mask: [3, 4, 3, 5] }],
    [`${BROADCAST} [2, 3, 5]`, { attn_mask: [2, 3, 5] }],
    [`${BROADCAST} [4, 5]`, { attn_mask: [4, 5] }],
    [`${BROADCAST} [6]`, { attn_mask: [6] }],
  ])('%s', (message, shapes, attributes = {}, wanted = ['Y']) => {
    expect(() => onnxLayout({ ...FOUR, ...shapes }, attributes, wanted)).toThrow(new Failure('invalid-request', message));
  });
});
