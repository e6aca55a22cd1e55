/** A request that runs as it stands, as the OpenAPI document shows it. */
interface Example {
  readonly summary: string;
  readonly description?: string;
  readonly value: Readonly<Record<string, unknown>>;
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
    summary: 'The cat ran: “ran” asks',
    description: 'The smallest request: three token vectors, and the third one asks. Scores 0.26, 0.5, 0.84: “ran” is most like itself.',
    value: { tokens: TOKENS, query: 2, decimals: 4 },
  },
  'every-token-asks': {
    summary: 'Every token asks',
    description: 'Without `query` each token asks, and the reply has one row a token.',
    value: { tokens: TOKENS, labels: LABELS, scale: '1/sqrt(d_k)', decimals: 4 },
  },
  causal: {
    summary: 'Causal: no token sees the ones after it',
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
    summary: 'Pooling over embeddings: one vector from outside asks',
    description: 'A query vector picks the sentences that are like it, and gets their weighted mean. A larger `scale` is choosier.',
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
};
