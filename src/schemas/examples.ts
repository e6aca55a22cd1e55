/** A request that runs as it stands, as the OpenAPI document shows it. */
interface Example {
  readonly summary: string;
  readonly description?: string;
  readonly value: unknown;
}

const TOKENS = [
  [0.2, 0.1, 0.5],
  [0.9, 0.1, 0.3],
  [0.4, 0.8, 0.2],
];
const LABELS = ['The', 'cat', 'ran'];

/** One example a step of the stair, simplest first. */
export const attentionExamples: Readonly<Record<string, Example>> = {
  'the-cat-ran': {
    summary: 'The cat ran: “ran” is the query',
    description: 'The smallest request: three token vectors, and the third one is the query. Scores 0.26, 0.5, 0.84: “ran” is most like itself.',
    value: { tokens: TOKENS, query: 2, decimals: 4 },
  },
  'the-cat-ran-shown': {
    summary: 'The cat ran, to look at',
    description:
      'Ask for `text/markdown` or `image/svg+xml` (in Swagger UI: the media type of the response) for the walk-through or the picture of the weights.',
    value: { tokens: TOKENS, labels: LABELS, query: 2 },
  },
  'every-token-a-query': {
    summary: 'Every token is a query',
    description: 'Without `query` each token is a query, and the reply has one row a token.',
    value: { tokens: TOKENS, labels: LABELS, scale: '1/sqrt(d_k)', decimals: 4 },
  },
  causal: {
    summary: 'Causal: no token attends to the ones after it',
    description: 'As in a language model: position i attends to j only where j ≤ i. The excluded weights are 0, the excluded logits null.',
    value: { tokens: TOKENS, causal: true, include: ['scores', 'logits', 'weights'], decimals: 4 },
  },
  'masked-row': {
    summary: 'A mask, and a row with nothing to attend to',
    description:
      'true = may attend. The second row may attend to nothing: its weights and context are 0, its lse null, and it is listed in `fully_masked`.',
    value: {
      tokens: TOKENS,
      query: [0, 1],
      mask: [
        [true, false, true],
        [false, false, false],
      ],
      include: ['weights', 'context', 'lse'],
      decimals: 4,
    },
  },
  pooling: {
    summary: 'Pooling over embeddings: one query vector from outside',
    description:
      'The weights are largest for the sentences that are most like the query vector, and the context vector is their weighted mean. A larger `scale` concentrates the weights.',
    value: {
      tokens: [
        [0.9, 0.1, 0, 0.2],
        [0.1, 0.8, 0.3, 0],
        [0.8, 0.2, 0.1, 0.1],
      ],
      queries: [1, 0, 0, 0.2],
      similarity: 'cosine',
      scale: 10,
      include: ['weights', 'context', 'entropy'],
      decimals: 4,
    },
  },
  projections: {
    summary: 'Trainable projections: queries, keys and values made from the tokens',
    description: 'w_query, w_key and w_value are what a transformer learns. Rows of a matrix are inputs: x · W.',
    value: {
      tokens: TOKENS,
      labels: LABELS,
      w_query: [
        [1, 0],
        [0, 1],
        [1, 1],
      ],
      w_key: [
        [0, 1],
        [1, 0],
        [1, 1],
      ],
      w_value: [
        [1, 0],
        [0, 1],
        [0, 0],
      ],
      b_value: [0.1, 0],
      scale: '1/sqrt(d_k)',
      decimals: 4,
    },
  },
  'multi-head': {
    summary: 'Two heads, causal, with an output projection',
    description: 'The four columns split into two heads of two. Replies have an axis of heads; the contexts are set side by side before w_output.',
    value: {
      tokens: [
        [1, 0, 0.5, 0.2],
        [0, 1, 0.3, 0.9],
        [0.5, 0.5, 1, 0],
      ],
      heads: 2,
      causal: true,
      scale: '1/sqrt(d_k)',
      w_output: [
        [1, 0],
        [0, 1],
        [1, 0],
        [0, 1],
      ],
      include: ['weights', 'context', 'entropy'],
      decimals: 4,
    },
  },
  'grouped-heads': {
    summary: 'Grouped heads: four query heads share two key heads',
    value: {
      tokens: [
        [1, 0],
        [0, 1],
        [0.5, 0.5],
      ],
      queries: [
        [1, 0, 0, 1],
        [0.2, 0.8, 0.6, 0.4],
      ],
      heads: 4,
      kv_heads: 2,
      decimals: 4,
    },
  },
  'cross-attention': {
    summary: 'Cross-attention: queries and values that are not the tokens',
    value: {
      tokens: TOKENS,
      queries: [
        [1, 0, 0],
        [0, 1, 0],
      ],
      values: [
        [10, 0],
        [0, 10],
        [5, 5],
      ],
      scale: '1/sqrt(d_k)',
      decimals: 4,
    },
  },
  'decoding-step': {
    summary: 'A decoding step: the query stands after the cached keys',
    description: '`queries_start` says where the queries stand, which causal, a window and rotary positions depend on.',
    value: {
      tokens: [
        [1, 0],
        [0, 1],
        [0.6, 0.8],
        [0.8, 0.6],
      ],
      queries: [0.5, 0.9],
      queries_start: 3,
      causal: true,
      window: { left: 2 },
      position: { type: 'rope' },
      decimals: 4,
    },
  },
  'bias-softcap-sink': {
    summary: 'A bias, a softcap and a sink',
    description: 'The scores are capped softly first, then the bias is added; the sink takes its share of the weight and has no value.',
    value: {
      tokens: TOKENS,
      query: 2,
      bias: [0, -1, 0.5],
      softcap: 2,
      sink: 0,
      include: ['logits', 'weights', 'context', 'sink_weight'],
      decimals: 4,
    },
  },
  alibi: {
    summary: 'ALiBi: nearer tokens count for more',
    value: { tokens: TOKENS, position: { type: 'alibi', slopes: [0.5] }, include: ['scores', 'logits', 'weights'], decimals: 4 },
  },
};

/** Two requests in one stream. */
export const ndjsonExamples: Readonly<Record<string, Example>> = {
  'two-lines': {
    summary: 'One request a line',
    value: `${JSON.stringify({ tokens: TOKENS, query: 2, decimals: 4 })}\n${JSON.stringify({ tokens: TOKENS, query: 0, decimals: 4 })}\n`,
  },
};

export const mergeExamples: Readonly<Record<string, Example>> = {
  'two-parts': {
    summary: 'Two parts of the keys; the second had none for the last row',
    value: {
      parts: [
        {
          context: [
            [1, 2],
            [3, 4],
          ],
          lse: [0.5, 1],
        },
        {
          context: [
            [5, 6],
            [0, 0],
          ],
          lse: [1.5, null],
        },
      ],
      decimals: 4,
    },
  },
};

export const diagnoseExamples: Readonly<Record<string, Example>> = {
  'scale-missing': {
    summary: 'The scores were not scaled',
    description: 'The request wants 1/√d_k; the weights are those of plain dot products.',
    value: { tokens: TOKENS, query: 2, scale: '1/sqrt(d_k)', observed: { weights: [0.24647, 0.313325, 0.440205] } },
  },
  'mask-inverted': {
    summary: 'true was taken for “ignore”',
    description: 'As nn.MultiheadAttention of PyTorch has it: the code attended to the one token that the mask excludes.',
    value: { tokens: TOKENS, query: 2, mask: [true, true, false], observed: { context: [0.4, 0.8, 0.2] } },
  },
  float16: {
    summary: 'No mistake: float16',
    description: 'The numbers do not match by default, since float16 rounds more; certified says how much it may.',
    value: {
      tokens: TOKENS,
      query: 2,
      observed: { weights: [0.2464599609375, 0.313232421875, 0.440185546875], context: [0.50732421875, 0.408203125, 0.30517578125] },
    },
  },
};

export const vectorsExamples: Readonly<Record<string, Example>> = {
  causal: {
    summary: 'Causal attention over three tokens',
    value: { tokens: { rows: 3, columns: 2 }, scale: '1/sqrt(d_k)', causal: true },
  },
};

export const inferenceExamples: Readonly<Record<string, Example>> = {
  'two-heads': {
    summary: 'Two heads, causal; Y and lse',
    value: {
      id: 'first',
      parameters: { is_causal: 1 },
      inputs: [
        { name: 'Q', shape: [1, 2, 2, 2], datatype: 'FP32', data: [1, 0, 0, 1, 0.5, 0.5, 1, 1] },
        { name: 'K', shape: [1, 2, 2, 2], datatype: 'FP32', data: [1, 0, 0, 1, 1, 0, 0, 1] },
        {
          name: 'V',
          shape: [1, 2, 2, 1],
          datatype: 'FP32',
          data: [
            [
              [[1], [2]],
              [[3], [4]],
            ],
          ],
        },
      ],
      outputs: [{ name: 'Y' }, { name: 'lse' }],
    },
  },
};
