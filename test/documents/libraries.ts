/*
 * What each library of docs/DIALECTS.md does with its own arguments, in plain loops by its documentation: the habits as
 * they are written there, row by row.
 */

type Rows = readonly (readonly number[])[];

/** One head of attention as a library has it; `open` and `added` are by row and key. */
interface Head {
  readonly q: Rows;
  readonly k: Rows;
  readonly v?: Rows;
  readonly scale?: number;
  readonly cap?: number;
  readonly open?: (i: number, j: number) => boolean;
  readonly added?: (i: number, j: number) => number;
  readonly sink?: number;
}

/** softmax(scale · q · kᵀ …) of one head; a row without a key has weights of 0. */
function weightsOf({ q, k, scale, cap, open = () => true, added = () => 0, sink }: Head): number[][] {
  const factor = scale ?? 1 / Math.sqrt(q[0]?.length ?? 1);
  return q.map((query, i) => {
    const exponentials = k.map((key, j) => {
      const score = factor * query.reduce((sum, x, c) => sum + x * (key[c] ?? 0), 0);
      const capped = cap === undefined ? score : cap * Math.tanh(score / cap);
      return open(i, j) ? Math.exp(capped + added(i, j)) : 0;
    });
    const sum = exponentials.reduce((total, one) => total + one, sink === undefined ? 0 : Math.exp(sink));
    return exponentials.map((one) => (one === 0 ? 0 : one / sum));
  });
}

function attend(head: Head): number[][] {
  const values = head.v ?? head.k;
  return weightsOf(head).map((row) => (values[0] ?? []).map((_, c) => row.reduce((sum, weight, j) => sum + weight * (values[j]?.[c] ?? 0), 0)));
}

const T = [
  [1, 0],
  [0, 1],
];
const THREE = [...T, [1, 1]];
const plain: Head = { q: T, k: T };
const masked = (...mask: readonly (readonly boolean[])[]): Head => ({ ...plain, open: (i, j) => mask[i]?.[j] ?? false });
const lower = masked([true, false], [true, true]);
const upper = masked([true, true], [false, true]);
const empty = masked([false, false], [true, true]);
const bias: readonly (readonly number[])[] = [
  [0, -1],
  [0.5, 0],
];

/** Two queries over three keys: the diagonal begins in the top left corner, or ends in the bottom right one. */
const cornered = (at: 'top left' | 'bottom right', sees: (distance: number) => boolean = (distance) => distance >= 0): Head => ({
  q: T,
  k: THREE,
  open: (i, j) => sees(i + (at === 'top left' ? 0 : 1) - j),
});

/** Four query heads of width 1, of which two neighbours share a key head: repeat_interleave, not tile. */
const grouped = (scale?: number): number[][] => {
  const keys = [
    [1, 0],
    [0.5, 2],
  ];
  const column = (c: number) => keys.map((row) => [row[c] ?? 0]);
  const heads = [1, 2, 0, 1].map((query, g) => attend({ q: [[query]], k: column(Math.floor(g / 2)), ...(scale !== undefined && { scale }) }));
  return [heads.map((head) => head[0]?.[0] ?? 0)];
};

/** x · Wᵀ, as a layer that stores [out, in] has it. */
const linear = (x: Rows, stored: Rows) => x.map((row) => stored.map((out) => out.reduce((sum, weight, c) => sum + weight * (row[c] ?? 0), 0)));

/** Two heads, each a block of columns. */
const blocks = (tokens: Rows): Head[] => {
  const width = (tokens[0]?.length ?? 0) / 2;
  return [0, 1].map((h) => tokens.map((row) => row.slice(h * width, (h + 1) * width))).map((of) => ({ q: of, k: of }));
};

const wide = [
  [1, 0, 2, 1],
  [0, 1, 1, 3],
];
const sideBySide = (heads: readonly number[][][]) => (heads[0] ?? []).map((_, i) => heads.flatMap((head) => head[i] ?? []));
const meanWeights = (heads: readonly Head[]) =>
  heads
    .map(weightsOf)
    .reduce((sum, one) => sum.map((row, i) => row.map((x, j) => x + (one[i]?.[j] ?? 0))))
    .map((row) => row.map((x) => x / heads.length));

/** The context vectors of each row, or the heads' mean weights; by the heading, in the order of the table. */
export const LIBRARIES: Readonly<Record<string, readonly (() => number[][])[]>> = {
  'PyTorch: `scaled_dot_product_attention`': [
    () => attend(plain),
    () => attend(lower),
    () => attend({ ...plain, added: (i, j) => bias[i]?.[j] ?? 0 }),
    () => attend(cornered('top left')),
    () => grouped(),
    () => attend(empty),
  ],
  'PyTorch: `nn.MultiheadAttention`': [
    () => attend({ ...plain, open: (_, j) => ![false, true][j] }), // key_padding_mask=[False, True]
    () =>
      attend({
        ...plain,
        q: linear(T, [
          [1, 3],
          [2, 4],
        ]),
      }),
    () => meanWeights(blocks(T)),
  ],
  'PyTorch: `flex_attention`': [() => attend(plain), () => attend({ ...lower, cap: 0.5 })],
  'JAX: `jax.nn.dot_product_attention`': [
    () => attend(plain),
    () => attend({ ...upper, added: (_, j) => [0, -1][j] ?? 0 }),
    () => attend(cornered('top left')),
    () => attend({ q: THREE, k: THREE, open: (i, j) => i - j <= 1 && j - i <= 0 }),
  ],
  'Keras: `keras.ops.dot_product_attention`': [() => attend(upper), () => attend({ ...plain, cap: 2 })],
  'MLX: `mx.fast.scaled_dot_product_attention`': [
    () => attend({ ...plain, scale: 0.5 }),
    () => attend({ ...plain, scale: 0.5, added: (_, j) => [0, -1][j] ?? 0 }),
    () => attend({ ...cornered('bottom right'), scale: 0.5 }),
    () => grouped(0.5),
  ],
  'FlashAttention: `flash_attn_func`': [
    () => attend(cornered('bottom right')),
    () => attend(cornered('bottom right', (distance) => distance >= 0 && distance <= 1)),
    () => attend(empty),
    () => grouped(),
  ],
  'OpenVINO: `ScaledDotProductAttention`': [() => attend({ ...plain, sink: 0.5 }), () => attend(cornered('top left'))],
  'ONNX: `Attention`, opset 23': [
    () => attend(plain),
    () => attend(lower),
    () => attend({ ...upper, added: (i, j) => bias[i]?.[j] ?? 0 }),
    () => attend(cornered('bottom right')), // a past of one key
    () => attend({ ...lower, cap: 0.5 }),
    () => attend(empty),
    () => sideBySide(blocks(wide).map(attend)),
    () => grouped(),
  ],
};
