/*
 * ONNX's Attention by its definition, in float64 and with plain arrays, written apart from the engine, so that the two
 * can disagree. Follows the operator's text: pipeline, bias, offsets, padding.
 */

interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface Inputs {
  readonly Q: Tensor;
  readonly K: Tensor;
  readonly V: Tensor;
  readonly attn_mask?: Tensor & { readonly boolean: boolean };
  readonly past_key?: Tensor;
  readonly past_value?: Tensor;
  readonly nonpad_kv_seqlen?: readonly number[];
}

export interface Attributes {
  readonly scale?: number;
  readonly is_causal?: number;
  readonly q_num_heads?: number;
  readonly kv_num_heads?: number;
  readonly softcap?: number;
  readonly qk_matmul_output_mode?: number;
  readonly left_window_size?: number;
  readonly right_window_size?: number;
}

type Four = number[][][][];

export function attentionByDefinition(
  inputs: Inputs,
  attributes: Attributes,
): Record<'Y' | 'present_key' | 'present_value' | 'qk_matmul_output' | 'lse', number[]> {
  const packed = inputs.Q.shape.length === 3;
  const Q = four(inputs.Q, attributes.q_num_heads);
  const present_key = join(inputs.past_key, four(inputs.K, attributes.kv_num_heads));
  const present_value = join(inputs.past_value, four(inputs.V, attributes.kv_num_heads));
  const P = inputs.past_key?.shape[2] ?? 0;
  const [B, H, S] = [Q.length, Q[0]?.length ?? 0, Q[0]?.[0]?.length ?? 0];
  const [G, T] = [present_key[0]?.length ?? 0, present_key[0]?.[0]?.length ?? 0];
  const D = Q[0]?.[0]?.[0]?.length ?? 0;
  const scale = attributes.scale ?? 1 / Math.sqrt(D);
  const mode = attributes.qk_matmul_output_mode ?? 0;
  const Y: Four = [];
  const lse: number[] = [];
  const qk: number[] = [];
  for (let b = 0; b < B; b++) {
    Y.push([]);
    for (let h = 0; h < H; h++) {
      const g = Math.floor(h / (H / G));
      Y[b]?.push([]);
      for (let i = 0; i < S; i++) {
        const raw = get(present_key, b, g).map((key) => scale * dot(get(Q, b, h)[i] ?? [], key));
        const capped = raw.map((score) => (attributes.softcap ? attributes.softcap * Math.tanh(score / attributes.softcap) : score));
        const bias = Array.from({ length: T }, (_, j) => biasOf(inputs, attributes, { b, h, i, j, P, S, T, B, H }));
        const score = capped.map((value, j) => (bias[j] === Number.NEGATIVE_INFINITY ? Number.NEGATIVE_INFINITY : value + (bias[j] ?? 0)));
        const max = Math.max(...score);
        const exps = score.map((value, j) => (bias[j] === Number.NEGATIVE_INFINITY ? 0 : Math.exp(value - max)));
        const sum = exps.reduce((total, e) => total + e, 0);
        const p = exps.map((e) => (sum === 0 ? 0 : e / sum));
        lse.push(sum === 0 ? Number.NEGATIVE_INFINITY : max + Math.log(sum));
        qk.push(...([raw, capped, score, p][mode] ?? []));
        const width = get(present_value, b, g)[0]?.length ?? 0;
        Y[b]?.[h]?.push(
          Array.from({ length: width }, (_, e) =>
            p.reduce((total, weight, j) => (weight === 0 ? total : total + weight * (get(present_value, b, g)[j]?.[e] ?? 0)), 0),
          ),
        );
      }
    }
  }
  const flat = packed ? Y.flatMap((batch) => Array.from({ length: S }, (_, i) => batch.flatMap((head) => head[i] ?? []))).flat() : Y.flat(3);
  return { Y: flat, present_key: present_key.flat(3), present_value: present_value.flat(3), qk_matmul_output: qk, lse };
}

interface Place {
  readonly b: number;
  readonly h: number;
  readonly i: number;
  readonly j: number;
  readonly P: number;
  readonly S: number;
  readonly T: number;
  readonly B: number;
  readonly H: number;
}

function biasOf({ attn_mask, past_key, nonpad_kv_seqlen }: Inputs, attributes: Attributes, { b, h, i, j, P, S }: Place): number {
  const out = Number.NEGATIVE_INFINITY;
  const nonpad = nonpad_kv_seqlen?.[b];
  const position = i + (past_key ? P : nonpad === undefined ? 0 : nonpad - S);
  if (nonpad !== undefined && j >= nonpad) return out;
  if (attributes.is_causal && j > position) return out;
  const { left_window_size: left = -1, right_window_size: right = -1 } = attributes;
  if (left >= 0 && j < position - left) return out;
  if (right >= 0 && j > position + right) return out;
  if (!attn_mask) return 0;
  const shape = [...Array(4 - attn_mask.shape.length).fill(1), ...attn_mask.shape];
  if (j >= shape[3]) return out;
  const place = [b, h, i, j].reduce((offset, index, axis) => offset * shape[axis] + (axis < 3 && shape[axis] === 1 ? 0 : index), 0);
  const value = attn_mask.data[place] ?? Number.NaN;
  return attn_mask.boolean ? (value ? 0 : out) : value;
}

function get(tensor: Four, b: number, h: number): number[][] {
  return tensor[b]?.[h] ?? [];
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, c) => sum + x * (b[c] ?? 0), 0);
}

/** As [batch][head][row][column], from rank 4, or from rank 3 by its heads. */
function four({ shape, data }: Tensor, heads = 1): Four {
  if (shape.length === 4) {
    const [B = 0, H = 0, S = 0, D = 0] = shape;
    return range(B, (b) => range(H, (h) => range(S, (s) => range(D, (d) => data[((b * H + h) * S + s) * D + d] ?? 0))));
  }
  const [B = 0, S = 0, hidden = 0] = shape;
  const D = hidden / heads;
  return range(B, (b) => range(heads, (h) => range(S, (s) => range(D, (d) => data[(b * S + s) * hidden + h * D + d] ?? 0))));
}

function join(past: Tensor | undefined, now: Four): Four {
  return past ? four(past).map((batch, b) => batch.map((head, h) => [...head, ...get(now, b, h)])) : now;
}

function range<T>(length: number, make: (i: number) => T): T[] {
  return Array.from({ length }, (_, i) => make(i));
}
