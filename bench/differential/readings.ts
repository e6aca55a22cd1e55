import type { Dense, OnnxInputs } from '../../src/engine/onnx.ts';
import type { Case } from './cases.ts';

/*
 * The operator by its definition, in float64 and apart from the engine, with a switch for each way in which an
 * implementation may read it differently. With no switch it is the current text. So a difference is explained by
 * computing what the peer computed, not by guessing.
 */

/** Each reading that is known, and what the operator's text says instead. */
export const READINGS = {
  'excluded keys are −3.4·10³⁸ in mode 2, not −∞': 'an excluded key has the bias −∞, and mode 2 is after the bias',
  'causal means nothing to a single query': 'query 0 sees j ≤ past length, however many keys are new',
  'softcap after the mask': 'softcap comes before the mask',
  'modes 1 and 2 swapped': '1 is after softcap, 2 after softcap and bias',
  'causal without the past’s offset': 'query i sees j ≤ i + past length',
  'fully masked rows are NaN': 'they are 0',
} as const;
export type Reading = keyof typeof READINGS;

const LOWEST = -3.4028234663852886e38;
const OUT = Number.NEGATIVE_INFINITY;

export interface Outputs {
  readonly Y: readonly number[];
  readonly qk_matmul_output: readonly number[];
}

/** Y as the operator lays it out, and the output of the mode that was asked for. */
export function byDefinition({ inputs, attributes }: Case, readings: ReadonlySet<Reading> = new Set()): Outputs {
  const read = (reading: Reading) => readings.has(reading);
  const { q_num_heads, kv_num_heads, softcap = 0, is_causal = false, qk_matmul_output_mode: mode = 0 } = attributes;
  const Q = heads(inputs.Q, q_num_heads);
  const K = joined(inputs.past_key, heads(inputs.K, kv_num_heads));
  const V = joined(inputs.past_value, heads(inputs.V, kv_num_heads));
  const scale = Math.fround(attributes.scale ?? 1 / Math.sqrt(Q.width));
  const softened = (x: number) => (softcap > 0 ? softcap * Math.tanh(x / softcap) : x);
  const causal = is_causal && !(read('causal means nothing to a single query') && Q.rows === 1);
  const past = inputs.past_key && !read('causal without the past’s offset') ? (inputs.past_key.shape[2] ?? 0) : 0;
  const mask = maskReader(inputs.attn_mask);
  const packed = q_num_heads !== undefined;
  const Y = new Array<number>(Q.batch * Q.heads * Q.rows * V.width);
  const qk: number[] = [];
  for (let b = 0; b < Q.batch; b++) {
    for (let h = 0; h < Q.heads; h++) {
      const g = Math.floor(h / (Q.heads / K.heads));
      const keys = Array.from({ length: K.rows }, (_, j) => K.row(b, g, j));
      const values = Array.from({ length: K.rows }, (_, j) => V.row(b, g, j));
      for (let i = 0; i < Q.rows; i++) {
        const query = Q.row(b, h, i);
        const raw = keys.map((key) => scale * dot(query, key));
        const bias = raw.map((_, j) => {
          const hidden = causal && j > i + past;
          const given = mask(b, h, i, j);
          return hidden || given === 'excluded' ? OUT : given;
        });
        const capped = raw.map(softened);
        const biased = read('softcap after the mask') ? raw.map((x, j) => softened(x + (bias[j] ?? 0))) : capped.map((x, j) => x + (bias[j] ?? 0));
        const weights = softmax(biased, read('fully masked rows are NaN'));
        const stages = read('modes 1 and 2 swapped') ? [raw, biased, capped, weights] : [raw, capped, biased, weights];
        const lowest = read('excluded keys are −3.4·10³⁸ in mode 2, not −∞');
        qk.push(
          ...(stages[mode] ?? []).map((x, j) => (lowest && x === OUT && ((causal && j > i + past) || mask(b, h, i, j) === 'excluded') ? LOWEST : x)),
        );
        const at = (packed ? (b * Q.rows + i) * Q.heads + h : (b * Q.heads + h) * Q.rows + i) * V.width;
        for (let e = 0; e < V.width; e++)
          Y[at + e] = weights.reduce((sum, weight, j) => (weight === 0 ? sum : sum + weight * (values[j]?.[e] ?? 0)), 0);
      }
    }
  }
  return { Y, qk_matmul_output: qk };
}

/** Rows with every key excluded are 0. */
function softmax(scores: readonly number[], maskedIsNaN: boolean): number[] {
  const most = Math.max(...scores);
  if (most === OUT) return scores.map(() => (maskedIsNaN ? Number.NaN : 0));
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

type MaskReader = (b: number, h: number, i: number, j: number) => number | 'excluded';

function maskReader(mask: OnnxInputs['attn_mask']): MaskReader {
  if (!mask) return () => 0;
  const { data, shape } = mask;
  const [batch = 1, heads = 1, rows = 1, keys = 1] = [...Array<number>(4 - shape.length).fill(1), ...shape];
  return (b, h, i, j) => {
    const value = data[(((batch === 1 ? 0 : b) * heads + (heads === 1 ? 0 : h)) * rows + (rows === 1 ? 0 : i)) * keys + j] ?? Number.NaN;
    return data instanceof Uint8Array ? (value === 1 ? 0 : 'excluded') : value;
  };
}

interface Heads {
  readonly batch: number;
  readonly heads: number;
  readonly rows: number;
  readonly width: number;
  row(b: number, h: number, r: number): ArrayLike<number>;
}

/** Rank 4, or rank 3 with its heads side by side. */
function heads({ data, shape }: Dense, count: number | undefined): Heads {
  const [batch = 0, second = 0, third = 0, fourth = 0] = shape;
  if (count === undefined) {
    const at = (b: number, h: number, r: number) => ((b * second + h) * third + r) * fourth;
    return { batch, heads: second, rows: third, width: fourth, row: (b, h, r) => data.subarray(at(b, h, r), at(b, h, r) + fourth) };
  }
  const width = third / count;
  const at = (b: number, h: number, r: number) => (b * second + r) * third + h * width;
  return { batch, heads: count, rows: second, width, row: (b, h, r) => data.subarray(at(b, h, r), at(b, h, r) + width) };
}

function joined(past: Dense | undefined, now: Heads): Heads {
  if (!past) return now;
  const before = heads(past, undefined);
  return { ...now, rows: before.rows + now.rows, row: (b, h, r) => (r < before.rows ? before.row(b, h, r) : now.row(b, h, r - before.rows)) };
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += (a[c] ?? 0) * (b[c] ?? 0);
  return sum;
}
