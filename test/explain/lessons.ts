/** The lessons whose walk-throughs were read by eye: test/goldens/<name>.md. */
export const TOKENS = [
  [0.2, 0.1, 0.5],
  [0.9, 0.1, 0.3],
  [0.4, 0.8, 0.2],
];

export const SEED = { tokens: TOKENS, labels: ['The', 'cat', 'ran'], query: 2 };

export const MASKED_HEADS = {
  tokens: [
    [1, 0, 0.5, 0.2],
    [0, 1, 0.3, 0.9],
    [0.5, 0.5, 1, 0],
  ],
  labels: ['a', 'b', 'c'],
  heads: 2,
  query: [0, 2],
  mask: [
    [true, false, true],
    [true, true, false],
  ],
  scale: '1/sqrt(d_k)',
};

export const TIE = {
  tokens: [
    [1, 0],
    [1, 0],
    [0, 1],
  ],
  labels: ['left', 'twin', 'other'],
  query: 0,
};

export const NOTHING = {
  tokens: [
    [1, 0],
    [0, 1],
  ],
  labels: ['one', 'two'],
  mask: [
    [true, true],
    [false, false],
  ],
};

export const EVERY_STEP = {
  tokens: TOKENS,
  query: [2, 0],
  scale: -2,
  similarity: 'cosine',
  w_query: [
    [1, 0],
    [0, 1],
    [1, 1],
  ],
  b_query: [0.1, -0.2],
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
  position: { type: 'rope' },
  softcap: 2,
  bias: [0, -1, 0.5],
  causal: true,
  window: { left: 1 },
  sink: 0.5,
  w_output: [[1], [2]],
  b_output: [0.5],
};

/** Labels that would be markup, cells, lines, directions or controls, if they were let. */
export const HOSTILE = [
  '<script>alert(1)</script>',
  '"quoted" & \'single\' &amp;',
  'a | pipe\nand a line',
  'שלום \u202eevil\u202c',
  '😀👩‍👩‍👧‍👦',
  'long '.repeat(2000),
  '',
  '\u0000\u0007\u001b[31m\ud800\ufffe',
  '`code` *bold* _line_ [link](https://example.com) www.example.com $x$',
  `z${'\u0301'.repeat(5000)}`,
  ']]> --> <![CDATA[',
  '日本語',
];
