import type { Projection } from '../engine/projection.ts';
import type { Matrix } from '../engine/tensor.ts';
import type { TokenAttention } from '../engine/token-attention.ts';
import { asking, type Described, type Form, type Setting, where } from './mistake.ts';

/*
 * Mistakes about the trainable projections.
 */

type Of = keyof TokenAttention['projections'];
const ALL: readonly Of[] = ['query', 'key', 'value', 'output'];

/** The request with some of its projections changed. */
function projecting(names: readonly Of[], change: (projection: Projection) => Projection): Form {
  return asking(({ projections }) => ({
    projections: { ...projections, ...Object.fromEntries(names.map((name) => [name, change(projections[name])])) },
  }));
}

/** Several of the names together, then each alone, no group twice. */
function groupsOf(names: readonly Of[]): (readonly Of[])[] {
  const together = [names.filter((name) => name !== 'output'), names, names.filter((name) => name === 'query' || name === 'key')];
  const groups = new Map([...together, ...names.map((name) => [name])].map((group) => [group.join(), group]));
  groups.delete('');
  return [...groups.values()];
}

export const projectionTransposed: Described = {
  title: 'A projection is applied transposed: x · Wᵀ for x · W',
  explanation:
    'A square matrix was multiplied the wrong way round. Here rows of a matrix are inputs, x · W. A linear layer that stores [out, in] computes x · Wᵀ: transpose its weight before it is handed on.',
  library: 'nn.Linear and nn.MultiheadAttention of PyTorch store [out, in]; Keras, Flax and TensorFlow store [in, out].',
  forms: ({ attention: { projections } }) => {
    const square = ALL.filter((name) => {
      const { weight } = projections[name];
      return weight !== undefined && weight.rows === weight.columns && weight.rows > 1;
    });
    return groupsOf(square).map((group) => projecting(group, ({ weight, bias }) => ({ weight: weight && transposed(weight), bias })));
  },
};

/** Transposes by what they are of: with every mistake that it is paired with, the same one is made. */
const TRANSPOSES = new WeakMap<Matrix, Matrix>();

function transposed(matrix: Matrix): Matrix {
  const { data, rows, columns } = matrix;
  const known = TRANSPOSES.get(matrix) ?? {
    data: data.map((_, k) => data[(k % rows) * columns + Math.floor(k / rows)] ?? 0),
    rows: columns,
    columns: rows,
  };
  TRANSPOSES.set(matrix, known);
  return known;
}

export const queryKeySwapped: Described = {
  title: 'w_query and w_key are exchanged',
  explanation:
    'Queries were made with w_key and keys with w_query, which transposes the scores before the mask. Hand the two matrices on in the right order.',
  library: 'Fused projections (in_proj_weight, c_attn, qkv_proj) are cut into query, key and value in an order of their own.',
  forms: ({ attention }) => {
    const { query, key } = attention.projections;
    const { queries, tokens } = attention;
    const columns = queries.from === 'tokens' ? tokens.columns : queries.vectors.columns;
    const width = ({ weight }: Projection, inputs: number) => weight?.columns ?? inputs;
    const fit =
      columns === tokens.columns &&
      width(query, columns) === width(key, columns) &&
      (query.weight ?? query.bias ?? key.weight ?? key.bias) !== undefined;
    const exchanged = (withBias: boolean): Form =>
      asking(({ projections }) => ({
        projections: {
          ...projections,
          query: { weight: key.weight, bias: withBias ? key.bias : query.bias },
          key: { weight: query.weight, bias: withBias ? query.bias : key.bias },
        },
      }));
    return where(fit, exchanged(true), ...where((query.bias ?? key.bias) !== undefined, exchanged(false)));
  },
};

export const valueProjectionMissing: Described = {
  title: 'The weighted sum is of the tokens instead of the values',
  explanation:
    'The weighted sum was taken over the tokens (or over `values` before w_value). Project first: V = values · w_value + b_value, then weights · V.',
  library: 'Luong’s and Bahdanau’s attention have no value projection.',
  forms: ({ attention, sizes: { kvHeads, d_v } }) => {
    const { tokens, values, projections } = attention;
    const { weight, bias } = projections.value;
    const width = kvHeads * d_v;
    const fits = (matrix: Matrix) => matrix.columns === width;
    const without = (projection: Projection, change: Partial<TokenAttention> = {}): Form =>
      asking((asked) => ({ ...change, projections: { ...asked.projections, value: projection } }));
    const own = values ?? tokens;
    return [
      ...where((weight ?? bias) !== undefined && fits(own), without({})),
      ...where(weight !== undefined && bias !== undefined && fits(own), without({ bias })),
      ...where(
        values !== undefined && values.columns === tokens.columns,
        asking(() => ({ values: undefined })),
      ),
      ...where(values !== undefined && (weight ?? bias) !== undefined && fits(tokens), without({}, { values: undefined })),
    ];
  },
};

export const outputProjectionMissing: Described = {
  title: 'The output projection is left out',
  explanation: 'The heads’ context vectors were given as they are. Multiply them, side by side, by w_output and add b_output.',
  library: 'scaled_dot_product_attention, flex_attention and FlashAttention have no output projection; nn.MultiheadAttention has one (out_proj).',
  forms: ({ attention }) => {
    const { weight, bias } = attention.projections.output;
    return where(
      weight !== undefined && weight.rows === weight.columns,
      projecting(['output'], () => ({})),
      ...where(
        bias !== undefined,
        projecting(['output'], () => ({ bias })),
      ),
    );
  },
};

export const projectionBiasMissing: Described = {
  title: 'The bias of a projection is left out',
  explanation: 'One or more of b_query, b_key, b_value and b_output were not added. Add each to what its matrix gives.',
  library: 'Llama and Mistral have no biases; GPT-2, BERT and Qwen2 have.',
  forms: ({ attention: { projections } }: Setting) =>
    groupsOf(ALL.filter((name) => projections[name].bias !== undefined)).map((group) => projecting(group, ({ weight }) => ({ weight }))),
};
