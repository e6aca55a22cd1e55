import { startOf } from '../engine/block.ts';
import type { Call } from '../engine/call.ts';
import { type Floats, floats, type Matrix, type Rows } from '../engine/tensor.ts';
import type { Heads, WayInStep } from '../engine/way-in.ts';
import { calling, type Described, type Form, where } from './mistake.ts';
import type { Plan } from './plan.ts';

/*
 * Mistakes about which columns belong to which head, on the way in and on the way out.
 */

export const kvHeadsTiled: Described = {
  title: 'Key heads are tiled instead of grouped',
  explanation:
    'Query head g used key head g mod kv_heads. Consecutive query heads share a key head: g uses floor(g / (heads / kv_heads)). Repeat each key head in place (repeat_interleave, jnp.repeat), do not tile the whole.',
  library: 'Tensor.repeat, np.tile and tf.tile tile; repeat_interleave, np.repeat and enable_gqa of PyTorch group.',
  forms: ({ sizes: { h, kvHeads } }) =>
    where(
      kvHeads > 1 && kvHeads < h,
      calling((call) => ({
        ...call,
        axes: { ...call.axes, G: h },
        key: tiled(call, call.key, call.axes.D),
        value: tiled(call, call.value, call.axes.E),
      })),
    ),
};

/** [N, G·width] as [N, H·width]: head h is head h mod G. */
function tiled({ axes: { H, G, N } }: Call, rows: Rows, width: number): Rows {
  const data = floats('float64', N * H * width);
  for (let j = 0; j < N; j++) {
    for (let h = 0; h < H; h++) {
      const from = startOf(rows, 0, h % G, j);
      data.set(rows.data.subarray(from, from + width), (j * H + h) * width);
    }
  }
  return { data, offset: 0, batchStride: 0, headStride: width, rowStride: H * width };
}

export const headsInterleaved: Described = {
  title: 'The heads’ columns are dealt out in turn instead of in blocks',
  explanation:
    'Head g got the columns g, g + heads, … instead of the block from g · d_k on. Reshape to [n, heads, d_k], the heads first, not to [n, d_k, heads].',
  library: 'einops patterns such as “(d h)” for “(h d)”, and checkpoints of GPT-NeoX and BLOOM, whose columns lie in another order.',
  forms: ({ sizes: { h } }) =>
    where(
      h > 1,
      (plan) => splitting(plan, dealt),
      (plan) => joining(splitting(plan, dealt), dealtBack),
      (plan) => joining(plan, dealtBack),
    ),
};

export const headsNotTransposed: Described = {
  title: 'Heads are made by a reshape without the transpose',
  explanation:
    'Rows of heads · d_k numbers were reshaped straight to [heads, n, d_k], which mixes tokens into heads. Reshape to [n, heads, d_k] first, then swap the first two axes.',
  library: 'A view(heads, n, d) in PyTorch, or reshape in NumPy, without transpose(0, 1).',
  forms: ({ sizes: { h, n } }) =>
    where(
      h > 1 && n > 1,
      (plan) => flattening(splitting(plan, reshaped)),
      (plan) => splitting(plan, reshaped),
    ),
};

export const headsMergedWrongly: Described = {
  title: 'The heads are merged by a reshape without the transpose',
  explanation:
    'The context vectors [heads, m, d_v] were reshaped straight to [m, heads · d_v], which mixes rows and heads. Swap the first two axes first, then reshape.',
  library: 'view or reshape of the result of scaled_dot_product_attention without transpose(1, 2).',
  forms: ({ sizes: { h, m } }) => where(h > 1 && m > 1, flattening),
};

/** The plan whose context vectors are put together in the order of [H, M, E]. */
function flattening(plan: Plan): Plan {
  return {
    ...joining(plan, flattened),
    rowsBehind: (rows, axes) =>
      plan.rowsBehind([...new Set(rows.flatMap((row) => Array.from({ length: axes.H }, (_, k) => (row * axes.H + k) % axes.M)))], axes),
  };
}

/** Where the element (row, head, c) comes from in a matrix of so many rows, heads, and columns in a head. */
type Source = (row: number, head: number, c: number, sizes: { readonly rows: number; readonly heads: number; readonly width: number }) => number;

const dealt: Source = (row, head, c, { heads, width }) => row * heads * width + c * heads + head;
const reshaped: Source = (row, head, c, { rows, width }) => (head * rows + row) * width + c;

/** The plan whose vectors are split into heads so. */
function splitting(plan: Plan, source: Source): Plan {
  const wayIn = plan.wayIn.map((step): WayInStep => (step.name === 'split' ? splitBy(source) : step));
  return { ...plan, wayIn };
}

function splitBy(source: Source): WayInStep {
  return {
    name: 'split',
    run: ({ heads, kvHeads }, { queries, keys, values }) => ({
      queries: rearranged(queries, heads, source),
      keys: rearranged(keys, kvHeads, source),
      values: rearranged(values, kvHeads, source),
    }),
  };
}

function rearranged(matrix: Matrix, heads: number, source: Source): Heads {
  const { data, rows, columns } = matrix;
  const width = columns / heads;
  const moved = floats('float64', data.length);
  for (let row = 0, k = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      for (let c = 0; c < width; c++, k++) moved[k] = data[source(row, head, c, { rows, heads, width })] ?? 0;
    }
  }
  return { data: moved, rows, columns, heads };
}

/** The plan whose context vectors are put together so. */
function joining(plan: Plan, join: (context: Floats, axes: Call['axes']) => Floats): Plan {
  return { ...plan, join: (context, call) => join(plan.join(context, call), call.axes) };
}

/** Column e of head h goes to column e · H + h. */
function dealtBack(context: Floats, { H, E }: Call['axes']): Floats {
  return context.map((_, k) => {
    const column = k % (H * E);
    return context[k - column + (column % H) * E + Math.floor(column / H)] ?? 0;
  });
}

/** The numbers in the order of [H, M, E]. */
function flattened(context: Floats, { H, M, E }: Call['axes']): Floats {
  return context.map((_, k) => {
    const [head, row, e] = [Math.floor(k / (M * E)), Math.floor(k / E) % M, k % E];
    return context[row * H * E + head * E + e] ?? 0;
  });
}

/** Both ways in which values can stand for keys, by the vectors after a step. */
export const valuesForKeys: Described = {
  title: 'The weighted sum is of keys instead of values, or the scores are of values instead of keys',
  explanation:
    'The same matrix was passed as key and as value, or the two were exchanged. The scores are made of queries and keys; the weighted sum is of values.',
  library: 'MultiHeadAttention of Keras takes (query, value, key) in this order, and uses value for key where key is left out.',
  forms: ({ sizes: { d_k, d_v }, attention: { values, projections } }) => {
    const { key, value } = projections;
    const differ = values !== undefined || key.weight || key.bias || value.weight || value.bias;
    const summed: WayInStep['run'] = (_, { queries, keys }) => ({ queries, keys, values: keys });
    const compared: WayInStep['run'] = (_, { queries, values: others }) => ({ queries, keys: others, values: others });
    const exchanged: WayInStep['run'] = (_, { queries, keys, values: others }) => ({ queries, keys: others, values: keys });
    const forms = [summed, compared, exchanged].flatMap((run) => [behind('project', run), behind('normalise', run)]);
    return where(d_k === d_v && Boolean(differ), ...forms);
  },
};

/** A step more on the way in. */
function behind(name: string, run: WayInStep['run']): Form {
  return (plan) => ({ ...plan, wayIn: plan.wayIn.flatMap((step) => (step.name === name ? [step, { name: 'changed', run }] : [step])) });
}
