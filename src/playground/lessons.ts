import { on, START, type State, withGrids, withTexts } from './state.ts';

/** One step of the course: a state to start from, a question to predict, and what happens when it is tried. */
export interface Lesson {
  readonly id: string;
  readonly title: string;
  readonly words: string;
  readonly state: State;
  readonly question: string;
  readonly choices: readonly string[];
  readonly right: number;
  /** The state that answers the question, the words for it, and the numbers that the service gives, to four decimals. */
  readonly reveal: { readonly state: State; readonly words: string; readonly expected: Readonly<Record<string, unknown>> };
}

const everyone: State = { ...START, everyone: true };
const PROJECTED: State = withGrids(
  { ...everyone, lesson: 'projections' },
  {
    w_query: on([
      ['1', '0'],
      ['0', '1'],
      ['1', '1'],
    ]),
    w_key: on([
      ['1', '0'],
      ['1', '1'],
      ['0', '1'],
    ]),
    w_value: on([
      ['1', '0'],
      ['0', '1'],
      ['0', '0'],
    ]),
  },
);

/** Sixteen numbers of about ±1 a token: their dot products spread by about √16. */
const WIDE: State = {
  ...START,
  lesson: 'scale',
  labels: ['The', 'cat', 'ran', 'far'],
  dimensions: Array.from({ length: 16 }, (_, i) => `d${i}`),
  tokens: [
    '1 -1 0.5 1 -0.5 1 -1 0.5 1 -1 1 0.5 -1 1 -0.5 1',
    '-1 1 1 0.5 1 -0.5 1 -1 0.5 1 -1 1 1 -0.5 1 -1',
    '1 0.5 -1 1 1 -1 0.5 1 -1 1 0.5 -1 1 1 -1 0.5',
    '0.5 1 -1 1 -1 0.5 1 1 -0.5 -1 1 -1 0.5 1 -1 1',
  ].map((row) => row.split(' ')),
};

const SCALED = { scale: on('1/sqrt(d_k)') };

const FOUR_WIDE: State = {
  ...withTexts(everyone, SCALED),
  lesson: 'heads',
  dimensions: ['a', 'b', 'c', 'd'],
  tokens: [
    ['1', '0', '0.5', '0.2'],
    ['0', '1', '0.3', '0.9'],
    ['0.5', '0.5', '1', '0'],
  ],
};

const CAUSAL: State = { ...withTexts(everyone, SCALED), lesson: 'causal', query: 0 };

const CROSS: State = withGrids({ ...START, lesson: 'cross', query: 0 }, { queries: on([['0.4', '0.8', '0.2']]) });

/** The course: each lesson adds one idea to the one before. */
export const LESSONS: readonly Lesson[] = [
  {
    id: 'plain',
    title: 'Plain attention',
    words:
      'Each token has a vector. “ran” is the query: its vector is multiplied number by number with each token’s vector, the key, and added up, which gives the scores. Softmax turns the scores into weights, shares of 1. The token vectors are the values too: their weighted sum is the context vector.',
    state: START,
    question: '“ran” gives itself the most. Now make the vector of “cat” twice as long: 1.8, 0.2, 0.6. Which token gets the largest weight?',
    choices: ['The', 'cat', 'ran'],
    right: 1,
    reveal: {
      state: { ...START, tokens: START.tokens.map((row, i) => (i === 1 ? ['1.8', '0.2', '0.6'] : row)) },
      words:
        'A dot product grows with the length of a vector, not with its direction alone. The score of “cat” doubles from 0.5 to 1, and passes 0.84.',
      expected: { scores: [0.26, 1, 0.84], weights: [0.2048, 0.4293, 0.3658] },
    },
  },
  {
    id: 'everyone',
    title: 'Every token is a query',
    words: 'In a transformer every token is a query at once: one row each. All rows attend to the same keys, and none depends on another.',
    state: { ...START, lesson: 'everyone' },
    question: 'The score of query “cat” and key “ran” is that of query “ran” and key “cat”: a · b = b · a. Will their weights be the same too?',
    choices: ['Yes', 'No'],
    right: 1,
    reveal: {
      state: { ...everyone, lesson: 'everyone' },
      words: 'Each row has its own softmax, with its own sum. The same score is a different share of a different whole.',
      expected: {
        weights: [
          [0.3332, 0.3468, 0.3201],
          [0.2537, 0.4486, 0.2977],
          [0.2465, 0.3133, 0.4402],
        ],
      },
    },
  },
  {
    id: 'projections',
    title: 'Trainable projections',
    words:
      'A token’s query, key and value need not be the same vector. Three matrices turn its vector into a query, a key and a value. They are what a transformer learns.',
    state: { ...everyone, lesson: 'projections' },
    question: 'With w_query and w_key in place, is the score of query “cat” and key “ran” still that of query “ran” and key “cat”?',
    choices: ['Yes, always', 'Not any more'],
    right: 1,
    reveal: {
      state: PROJECTED,
      words: 'Queries and keys are different vectors now, so the two scores differ. The values are two wide, and so is the context.',
      expected: {
        scores: [
          [0.57, 0.94, 1.44],
          [0.6, 1.36, 1.84],
          [0.78, 1, 1.72],
        ],
      },
    },
  },
  {
    id: 'scale',
    title: 'Why 1/√d_k',
    words:
      'A dot product of d_k numbers of about ±1 is a sum of d_k terms: it spreads by about √d_k. Softmax of large scores gives nearly everything to one token, and then hardly anything can be learned.',
    state: WIDE,
    question: '“ran” is the query, and d_k is 16. Multiply each score by 1/√16 = 0.25. What happens to the largest weight?',
    choices: ['It grows', 'It stays: the order is the same', 'It shrinks, and the others get some'],
    right: 2,
    reveal: {
      state: withTexts(WIDE, SCALED),
      words: 'The order stays, the sharpness goes: dividing by √d_k keeps the scores as wide apart as if d_k were 1.',
      expected: { scores: [-0.375, -0.5, 3.25, 1.75], weights: [0.0209, 0.0185, 0.7854, 0.1752] },
    },
  },
  {
    id: 'causal',
    title: 'Causal',
    words: 'A model that writes word by word must not look ahead. Causal attention excludes every key after the query’s position.',
    state: CAUSAL,
    question: '“The” stands first. With causal on, what will its weight on itself be?',
    choices: ['1', 'About a third, as before', '0'],
    right: 0,
    reveal: {
      state: { ...CAUSAL, causal: true },
      words: 'Only itself is left to attend to, and shares add up to 1. The excluded keys are taken out before the softmax, not set to 0 after it.',
      expected: {
        weights: [
          [1, 0, 0],
          [0.4185, 0.5815, 0],
          [0.282, 0.3239, 0.3941],
        ],
      },
    },
  },
  {
    id: 'heads',
    title: 'Several heads',
    words:
      'One softmax gives each query one set of weights. Heads split the width: each attends on its own, with its own columns, and their contexts are set side by side.',
    state: FOUR_WIDE,
    question: 'Split the four columns into two heads of two. Will both heads of “ran” favour the same token?',
    choices: ['Yes: the tokens are the same', 'No: each sees other columns'],
    right: 1,
    reveal: {
      state: { ...FOUR_WIDE, heads: on({ query: '2', key: '' }), query: 2 },
      words: 'Head 0 sees columns a and b, head 1 sees c and d. Choose a head above the strip. d_k is 2 now, so the scale is 1/√2.',
      expected: {
        weights: [
          [
            [0.4555, 0.2246, 0.3199],
            [0.2246, 0.4555, 0.3199],
            [0.3333, 0.3333, 0.3333],
          ],
          [
            [0.3136, 0.3226, 0.3638],
            [0.2877, 0.4306, 0.2817],
            [0.3037, 0.2637, 0.4326],
          ],
        ],
      },
    },
  },
  {
    id: 'cross',
    title: 'Cross-attention',
    words:
      'A query need not be one of the tokens: a decoder’s queries attend to an encoder’s tokens, a search’s query to documents. The query comes from outside, keys and values from the tokens.',
    state: CROSS,
    question: 'Add a second query from outside that is 0, 0, 0. What weights will it get?',
    choices: ['None: its scores are all 0', 'Equal shares', 'Those of the first query'],
    right: 1,
    reveal: {
      state: withGrids(
        { ...CROSS, query: 1 },
        {
          queries: on([
            ['0.4', '0.8', '0.2'],
            ['0', '0', '0'],
          ]),
        },
      ),
      words: 'All its scores are 0, and equal scores share equally: the context is the plain mean of the values.',
      expected: {
        weights: [
          [0.2465, 0.3133, 0.4402],
          [0.3333, 0.3333, 0.3333],
        ],
        context: [
          [0.5074, 0.4081, 0.3053],
          [0.5, 0.3333, 0.3333],
        ],
      },
    },
  },
];
