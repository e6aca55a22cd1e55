import type { Axes, Call, Output, Result, SoftmaxPrecision } from './call.ts';
import { Failure } from './failure.ts';
import { keyRangesOf } from './mask.ts';
import { type Broadcast, type Floats, floats, headMajor, type Precision, type Rows } from './tensor.ts';

/*
 * ONNX's Attention operator, opset 25 (24 and 23 are subsets), on the operator of this engine.
 * https://onnx.ai/onnx/operators/onnx__Attention.html
 */

export const ONNX_INPUTS = ['Q', 'K', 'V', 'attn_mask', 'past_key', 'past_value', 'nonpad_kv_seqlen'] as const;
export type OnnxInput = (typeof ONNX_INPUTS)[number];

/** `lse` is ours; the others are the operator's. */
export const ONNX_OUTPUTS = ['Y', 'present_key', 'present_value', 'qk_matmul_output', 'lse'] as const;
export type OnnxOutput = (typeof ONNX_OUTPUTS)[number];

/** A tensor, row-major. */
export interface Dense<Data = Floats> {
  readonly data: Data;
  readonly shape: readonly number[];
}

export interface OnnxInputs {
  readonly Q: Dense;
  readonly K: Dense;
  readonly V: Dense;
  /** Booleans (1 = attend), or numbers that are added. */
  readonly attn_mask?: Dense<Uint8Array | Floats> | undefined;
  readonly past_key?: Dense | undefined;
  readonly past_value?: Dense | undefined;
  /** How many keys of each batch entry count. */
  readonly nonpad_kv_seqlen?: Dense<Float64Array> | undefined;
}

export interface OnnxAttributes {
  readonly scale?: number | undefined;
  readonly is_causal?: boolean | undefined;
  readonly q_num_heads?: number | undefined;
  readonly kv_num_heads?: number | undefined;
  readonly softcap?: number | undefined;
  /** 0: raw scores; 1: after softcap; 2: after softcap and bias; 3: weights. */
  readonly qk_matmul_output_mode?: 0 | 1 | 2 | 3 | undefined;
  readonly softmax_precision?: SoftmaxPrecision | undefined;
  /** −1: unbounded. */
  readonly left_window_size?: number | undefined;
  readonly right_window_size?: number | undefined;
}

/** The shapes of the inputs: all that counting a call takes. */
export type OnnxShapes = Readonly<Record<'Q' | 'K' | 'V', readonly number[]> & Partial<Record<OnnxInput, readonly number[]>>>;

/** A call of the operator, ready to be computed. */
interface OnnxCall {
  readonly call: Call;
  /** The outputs from what the operator gave. */
  outputs(result: Result): ReadonlyMap<OnnxOutput, Dense>;
}

const QK_OUTPUT = ['scores', 'capped', 'logits', 'weights'] as const satisfies readonly Output[];

/**
 * The axes of a call, from its shapes alone. Nothing is looped over: an empty tensor may have an axis of any size, which
 * has yet to be held against the limits.
 * @throws Failure `invalid-request` where shapes and attributes do not fit
 */
export function onnxLayout(shapes: OnnxShapes, attributes: OnnxAttributes, wanted: readonly OnnxOutput[]): OnnxLayout {
  const split = layoutOf(shapes, attributes);
  const { B, H, G, M, P, L, D, E, packed } = split;
  checkPast(shapes, split, wanted);
  const N = P + L;
  const mask = shapes.attn_mask && maskViewOf(shapes.attn_mask, [B, H, M, N]);
  const lengths = shapes.nonpad_kv_seqlen;
  if (lengths && !same(lengths, [B]))
    throw new Failure('invalid-request', `nonpad_kv_seqlen must have the shape [${B}] (batch), got ${said(lengths)}`);
  return {
    ...split,
    axes: { B, H, G, M, N, D, E },
    mask,
    outputs: {
      Y: packed ? [B, M, H * E] : [B, H, M, E],
      present_key: [B, G, N, D],
      present_value: [B, G, N, E],
      qk_matmul_output: [B, H, M, N],
      lse: [B, H, M],
    },
  };
}

/**
 * The operator's call for these tensors, whose axes are within the limits.
 * @throws Failure `invalid-request`
 */
export function onnxCall(
  given: OnnxInputs,
  layout: OnnxLayout,
  attributes: OnnxAttributes,
  wanted: readonly OnnxOutput[],
  precision: Precision,
): OnnxCall {
  const { axes, packed, outputs: shapes } = layout;
  const { H, M, D, E } = axes;
  const keys = withPast(given.past_key, given.K, layout, D, precision);
  const values = withPast(given.past_value, given.V, layout, E, precision);
  const qk = QK_OUTPUT[attributes.qk_matmul_output_mode ?? 0];
  const want = new Set<Output>();
  if (wanted.includes('Y')) want.add('context');
  if (wanted.includes('lse')) want.add('lse');
  if (wanted.includes('qk_matmul_output')) want.add(qk);
  const call: Call = {
    axes,
    precision,
    query: rowsOf(inPrecision(given.Q.data, precision), packed, H, M, D),
    key: keys.rows,
    value: values.rows,
    scale: scaleOf(attributes.scale, D, precision),
    softcap: attributes.softcap === 0 ? undefined : attributes.softcap,
    softmaxPrecision: attributes.softmax_precision,
    keyRanges: keyRangesOfBatches(given, attributes, layout),
    ...maskOf(given.attn_mask?.data, layout.mask, precision),
    want,
    contextLayout: packed ? undefined : { offset: 0, batchStride: H * M * E, headStride: M * E, rowStride: E },
  };
  const outputs = (result: Result) => {
    const found: Record<OnnxOutput, () => Floats | undefined> = {
      Y: () => result.context,
      present_key: keys.present,
      present_value: values.present,
      qk_matmul_output: () => result[qk],
      lse: () => result.lse,
    };
    return new Map(wanted.map((name) => [name, { data: found[name]() ?? floats(precision, 0), shape: shapes[name] }]));
  };
  return { call, outputs };
}

/** Batch, heads and lengths: P past keys, L new ones; `packed` where heads are blocks of columns (rank 3). */
interface Split {
  readonly B: number;
  readonly H: number;
  readonly G: number;
  readonly M: number;
  readonly P: number;
  readonly L: number;
  readonly D: number;
  readonly E: number;
  readonly packed: boolean;
}

/** How a call is laid out, and the shapes of what it can give back. */
export interface OnnxLayout extends Split {
  readonly axes: Axes;
  readonly mask: MaskView | undefined;
  readonly outputs: Readonly<Record<OnnxOutput, readonly number[]>>;
}

/** How a mask is broadcast, and how many keys it covers: those past it are excluded. */
interface MaskView extends Omit<Broadcast<never>, 'data'> {
  readonly keys: number;
  readonly shape: readonly number[];
}

function layoutOf({ Q, K, V, past_key }: OnnxShapes, attributes: OnnxAttributes): Split {
  const packed = Q.length === 3;
  if (K.length !== Q.length || V.length !== Q.length || (Q.length !== 3 && Q.length !== 4)) {
    throw new Failure('invalid-request', `Q, K and V must all have rank 3 or all rank 4, got ${said(Q)}, ${said(K)} and ${said(V)}`);
  }
  const { q_num_heads, kv_num_heads } = attributes;
  if (packed && (q_num_heads === undefined || kv_num_heads === undefined))
    throw new Failure('invalid-request', 'q_num_heads and kv_num_heads are required where Q, K and V have rank 3');
  if (!packed && (q_num_heads !== undefined || kv_num_heads !== undefined))
    throw new Failure('invalid-request', 'q_num_heads and kv_num_heads are not allowed where Q, K and V have rank 4: the shapes say the heads');
  const heads = (name: string, shape: readonly number[], count: number | undefined) =>
    packed ? split(name, shape, count ?? 1) : { count: at(shape, 1), rows: at(shape, 2), width: at(shape, 3) };
  const query = heads('Q', Q, q_num_heads);
  const key = heads('K', K, kv_num_heads);
  const value = heads('V', V, kv_num_heads);
  const B = at(Q, 0);
  for (const [name, shape] of [
    ['K', K],
    ['V', V],
  ] as const) {
    if (at(shape, 0) !== B) throw new Failure('invalid-request', `${name} must have the batch size ${B} of Q, got ${said(shape)}`);
  }
  if (B < 1 || query.count < 1 || key.count < 1 || query.width < 1 || value.width < 1)
    throw new Failure('invalid-request', `batch, heads and head sizes must be at least 1, got Q ${said(Q)}, K ${said(K)}, V ${said(V)}`);
  if (key.count !== value.count) throw new Failure('invalid-request', `K and V must have equally many heads, got ${key.count} and ${value.count}`);
  if (query.count % key.count !== 0)
    throw new Failure('invalid-request', `the ${query.count} heads of Q must be a multiple of the ${key.count} heads of K`);
  if (key.width !== query.width) throw new Failure('invalid-request', `K must have the head size ${query.width} of Q, got ${key.width}`);
  if (key.rows !== value.rows) throw new Failure('invalid-request', `K and V must be equally long, got ${key.rows} and ${value.rows} keys`);
  return {
    B,
    H: query.count,
    G: key.count,
    M: query.rows,
    P: past_key ? at(past_key, 2) : 0,
    L: key.rows,
    D: query.width,
    E: value.width,
    packed,
  };
}

function split(name: string, shape: readonly number[], count: number): { count: number; rows: number; width: number } {
  const hidden = at(shape, 2);
  if (hidden % count !== 0) throw new Failure('invalid-request', `the last axis of ${name}, ${hidden}, must be a multiple of its ${count} heads`);
  return { count, rows: at(shape, 1), width: hidden / count };
}

function checkPast({ past_key, past_value, nonpad_kv_seqlen }: OnnxShapes, { B, G, P, D, E }: Split, wanted: readonly OnnxOutput[]): void {
  if ((past_key === undefined) !== (past_value === undefined))
    throw new Failure('invalid-request', `past_key and past_value must be given together, got ${past_key ? 'past_key' : 'past_value'} alone`);
  if (nonpad_kv_seqlen) {
    if (past_key) throw new Failure('invalid-request', 'nonpad_kv_seqlen can’t be given together with past_key and past_value');
    const present = wanted.find((name) => name === 'present_key' || name === 'present_value');
    if (present) throw new Failure('invalid-request', `${present} can’t be asked for together with nonpad_kv_seqlen`);
  }
  for (const [name, past, width] of [
    ['past_key', past_key, D],
    ['past_value', past_value, E],
  ] as const) {
    const wantedShape = [B, G, P, width];
    if (past && !same(past, wantedShape))
      throw new Failure(
        'invalid-request',
        `${name} must have the shape [${wantedShape.join(', ')}] (batch, key heads, past length, head size), got ${said(past)}`,
      );
  }
}

/** The keys or values with the past before them, and what `present_*` is: the same in [B, G, N, width]. */
function withPast(
  past: Dense | undefined,
  { data }: Dense,
  { B, G, P, L, packed }: Split,
  width: number,
  precision: Precision,
): { rows: Rows; present(): Floats } {
  const given = inPrecision(data, precision);
  if (!past) {
    const moved = () => (packed ? perBatch(given, B, L, G, width, precision) : given);
    return { rows: rowsOf(given, packed, G, L, width), present: moved };
  }
  const now = packed ? perBatch(given, B, L, G, width, precision) : given;
  const N = P + L;
  const both = floats(precision, B * G * N * width);
  if (both.length === 0) return { rows: rowsOf(both, false, G, N, width), present: () => both };
  for (let head = 0; head < B * G; head++) {
    both.set(past.data.subarray(head * P * width, (head + 1) * P * width), head * N * width);
    both.set(now.subarray(head * L * width, (head + 1) * L * width), (head * N + P) * width);
  }
  return { rows: rowsOf(both, false, G, N, width), present: () => both };
}

/** [B, rows, heads · width] as [B, heads, rows, width]. */
function perBatch(data: Floats, B: number, rows: number, heads: number, width: number, precision: Precision): Floats {
  if (heads === 1 || data.length === 0) return data;
  const moved = floats(precision, data.length);
  const size = rows * heads * width;
  for (let b = 0; b < B; b++) moved.set(headMajor({ data: data.subarray(b * size, (b + 1) * size), rows, columns: heads * width }, heads), b * size);
  return moved;
}

function rowsOf(data: Floats, packed: boolean, heads: number, rows: number, width: number): Rows {
  const batchStride = heads * rows * width;
  return packed
    ? { data, offset: 0, batchStride, headStride: width, rowStride: heads * width }
    : { data, offset: 0, batchStride, headStride: rows * width, rowStride: width };
}

function inPrecision(data: Floats, precision: Precision): Floats {
  return precision === 'float64' && data instanceof Float32Array ? new Float64Array(data) : data;
}

function scaleOf(scale: number | undefined, D: number, precision: Precision): number {
  const exact = scale ?? 1 / Math.sqrt(D);
  return precision === 'float32' ? Math.fround(exact) : exact;
}

/**
 * How a mask is broadcast from the right to [B, H, M, N]. A last axis shorter than N, 1 included, is padded: the keys past
 * it are excluded, which `keys` says.
 */
function maskViewOf(shape: readonly number[], full: readonly [number, number, number, number]): MaskView {
  const [B, H, M, N] = full;
  if (shape.length < 1 || shape.length > 4) throw new Failure('invalid-request', `attn_mask must have rank 1 to 4, got ${said(shape)}`);
  const [batch, heads, rows, keys] = [...Array(4 - shape.length).fill(1), ...shape] as [number, number, number, number];
  const fits = (size: number, axis: number) => size === 1 || size === axis;
  if (!fits(batch, B) || !fits(heads, H) || !fits(rows, M) || keys > N) {
    throw new Failure(
      'invalid-request',
      `attn_mask must broadcast to [${full.join(', ')}] (batch, heads, queries, keys; the last axis may be shorter), got ${said(shape)}`,
    );
  }
  return {
    keys,
    shape,
    batchStride: batch === 1 ? 0 : heads * rows * keys,
    headStride: heads === 1 ? 0 : rows * keys,
    rowStride: rows === 1 ? 0 : keys,
    keyStride: 1,
  };
}

/** Booleans are a mask; numbers, as the call's precision holds them, are added. */
function maskOf(data: Uint8Array | Floats | undefined, view: MaskView | undefined, precision: Precision): Pick<Call, 'mask' | 'bias'> {
  if (!data || !view) return {};
  const { keys: _, shape: __, ...strides } = view;
  if (data instanceof Uint8Array) return { mask: { data, ...strides } };
  const added = precision === 'float32' && data instanceof Float64Array ? new Float32Array(data) : inPrecision(data, precision);
  return { bias: { data: added, ...strides } };
}

/** Which keys each row sees by causal, windows, padded keys and a short mask. */
function keyRangesOfBatches({ nonpad_kv_seqlen, past_key }: OnnxInputs, attributes: OnnxAttributes, { B, M, P, L, mask }: OnnxLayout) {
  const { left_window_size = -1, right_window_size = -1, is_causal = false } = attributes;
  const lengths = nonpad_kv_seqlen?.data;
  const outside = lengths?.findIndex((length) => length < 0 || length > L) ?? -1;
  if (outside >= 0)
    throw new Failure('invalid-request', `nonpad_kv_seqlen must be from 0 to the ${L} keys of K, got ${lengths?.[outside]} at [${outside}]`);
  const longest = lengths?.reduce((most, length) => Math.max(most, length), 0) ?? 0;
  if (mask && mask.keys < longest)
    throw new Failure('invalid-request', `the last axis of attn_mask must cover the ${longest} keys of nonpad_kv_seqlen, got ${said(mask.shape)}`);
  const positions = new Int32Array(B * M);
  for (let b = 0, r = 0; M > 0 && b < B; b++) {
    // Negative where fewer keys than queries count: the first rows then see nothing.
    const offset = past_key ? P : lengths ? (lengths[b] ?? 0) - M : 0;
    for (let i = 0; i < M; i++, r++) positions[r] = i + offset;
  }
  const keyCounts = lengths ? lengths.map((length) => Math.min(mask?.keys ?? length, length)) : new Float64Array(B).fill(mask?.keys ?? P + L);
  const window = { left: left_window_size < 0 ? undefined : left_window_size, right: right_window_size < 0 ? undefined : right_window_size };
  return keyRangesOf(positions, keyCounts, window, is_causal);
}

function at(shape: readonly number[], axis: number): number {
  return shape[axis] ?? 0;
}

function same(shape: readonly number[], other: readonly number[]): boolean {
  return shape.length === other.length && shape.every((size, axis) => size === other[axis]);
}

function said(shape: readonly number[]): string {
  return `the shape [${shape.join(', ')}]`;
}
