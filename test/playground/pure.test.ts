import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { arcPath, LINE } from '../../src/playground/arc-paths.ts';
import { curlOf, fetchOf, frameOf, pythonOf } from '../../src/playground/code.ts';
import { editTokens } from '../../src/playground/edits.ts';
import { whereOf, wordsOf } from '../../src/playground/fault-words.ts';
import { faultOfKey } from '../../src/playground/key.ts';
import { LESSONS } from '../../src/playground/lessons.ts';
import { fromLink, toLink } from '../../src/playground/link.ts';
import { readRequest } from '../../src/playground/open.ts';
import { readMatrix } from '../../src/playground/paste.ts';
import { questionOf } from '../../src/playground/request.ts';
import { MOST_WORDS, readSentence, wordsOn } from '../../src/playground/sentence.ts';
import { labelOf, on, START, type State, withGrids } from '../../src/playground/state.ts';
import { tokenColours } from '../../src/playground/token-colours.ts';
import { FEATURES, knownWords, vectorOf } from '../../src/playground/words.ts';
import { AttentionRequest } from '../../src/schemas/attention.ts';
import { attentionExamples } from '../../src/schemas/examples.ts';
import { useService } from '../http/service.ts';

const service = useService();

const EVERYTHING: State = {
  ...START,
  lesson: undefined,
  authored: {
    title: 'Größe & co',
    words: 'one,\ntwo',
    question: 'Which? 100 %',
    choices: ['a,b', 'c;d'],
    right: 1,
    hides: true,
    told: 'So.',
    shown: 'tokens=1;2&ask=0',
  },
  labels: ['a,b', 'c;d=&#', '“é” %'],
  dimensions: ['x', '', 'z z'],
  tokens: [
    ['0.2', 'abc', ''],
    ['1e-3', '-1', '.5'],
    ['0.4', '0.8', '0,2'],
  ],
  query: 0,
  everyone: true,
  cosine: true,
  causal: true,
  window: on({ left: '1', right: '' }),
  mask: on([[true, false, true]]),
  heads: on({ query: '3', key: '1' }),
  head: 2,
  position: { type: 'alibi', base: '1e4', interleaved: true, slopes: '0.5, 1; 2' },
  dtype: 'float64',
  texts: { queries_start: on('-2'), scale: on('1/sqrt(d_k)'), softcap: on('2'), sink: on('-0.5, 1') },
  grids: {
    ...START.grids,
    queries: on([['1', '2', '3']]),
    values: on([['1'], ['2'], ['x']]),
    w_query: on([['1', '0']]),
    w_output: on([['2']]),
    b_value: on([['0.5', '']]),
    bias: on([['0', '-1', '']]),
  },
};

describe('the lessons', () => {
  test.each(LESSONS)('$title: the numbers are those of the service', async ({ reveal, choices, right }) => {
    const { status, json } = await service.ask({ ...questionOf(reveal.state), decimals: 4 });
    expect(status).toBe(200);
    expect(Object.keys(reveal.expected).length).toBeGreaterThan(0);
    for (const [output, numbers] of Object.entries(reveal.expected)) expect(json[output], output).toEqual(numbers);
    expect(choices[right]).toBeDefined();
  });

  test.each(LESSONS)('$title: a link carries it', ({ state, reveal }) => {
    for (const one of [state, reveal.state]) expect(questionOf(fromLink(`#${toLink(one)}`) ?? START)).toEqual(questionOf(one));
  });
});

describe('links', () => {
  test('carry everything, slips of the pen included', () => {
    expect(fromLink(`#${toLink(EVERYTHING)}`)).toEqual(EVERYTHING);
  });

  test('a lesson needs a question and choices, and a right one that is there', () => {
    expect(fromLink('#tokens=1&choices=a,b')?.authored).toBeUndefined();
    expect(fromLink('#tokens=1&question=Why')?.authored).toBeUndefined();
    expect(fromLink('#tokens=1&question=Why&choices=a,b&right=7')?.authored).toMatchObject({ question: 'Why', right: 0, hides: false, told: '' });
  });

  test('a link that can’t be read is the start', () => {
    expect(fromLink('')).toBeUndefined();
    expect(fromLink('#nonsense=%E0%A4%A')).toBeUndefined();
    expect(fromLink('#tokens=1,2;3&ask=99')).toMatchObject({ tokens: [['1', '2'], ['3']], query: 1 });
  });
});

describe('pasting', () => {
  const matrix = [
    ['0.2', '-1'],
    ['3.', '4e-2'],
  ];
  test.each([
    ['CSV', '0.2,-1\n3.,4e-2\n'],
    ['CSV with semicolons', '0.2;-1\r\n3.;4e-2'],
    ['a spreadsheet', '0.2\t-1\n3.\t4e-2'],
    ['columns of blanks', '0.2 -1\n  3.   4e-2'],
    ['JSON', '[[0.2, -1], [3., 4e-2]]'],
    ['NumPy’s print', '[[ 0.2  -1]\n [ 3.  4e-2]]'],
    ['NumPy’s repr', 'array([[0.2, -1],\n       [3., 4e-2]], dtype=float32)'],
    ['what this page prints, with a true minus', '0.2, −1\n3., 4e−2'],
    ['quoted fields', '"0.2","-1"\n"3.","4e-2"'],
    ['PyTorch’s print', 'tensor([[0.2, -1],\n        [3., 4e-2]])'],
  ])('%s', (_name, text) => {
    expect(readMatrix(text)?.cells).toEqual(matrix);
  });

  test('names beside the numbers', () => {
    expect(readMatrix(',x,y\nThe,1,2\ncat,3,4')).toEqual({
      cells: [
        ['1', '2'],
        ['3', '4'],
      ],
      rowNames: ['The', 'cat'],
      columnNames: ['x', 'y'],
    });
    expect(readMatrix('  ')).toBeUndefined();
    expect(readMatrix('"to be, or not",1,2\n"say ""no""",3,4')).toMatchObject({
      rowNames: ['to be, or not', 'say "no"'],
      cells: [
        ['1', '2'],
        ['3', '4'],
      ],
    });
  });
});

describe('a decimal comma', () => {
  test('is told from a separator where that can be told, and stays as it was typed', () => {
    expect(readMatrix('0,5;1,5\n2,5;3,5')?.cells).toEqual([
      ['0,5', '1,5'],
      ['2,5', '3,5'],
    ]);
    expect(readMatrix('0,5 1,5')?.cells).toEqual([['0,5', '1,5']]);
    expect(readMatrix('0.5,1.5')?.cells).toEqual([['0.5', '1.5']]);
  });

  test('gets a hint, in the place of the service’s words', () => {
    expect(wordsOf('must be a number, got the string "0,25"')).toBe('is “0,25”: write it with a point, 0.25');
    expect(wordsOf('must be a number, got the string "abc"')).toBe('must be a number, and “abc” is none');
    expect(wordsOf('must be a number, got the string ""')).toBe('is empty: a number belongs there');
  });
});

test('what is wrong is said in the words of the page', () => {
  const state = withGrids({ ...START, query: 1 }, { bias: on([]) });
  expect(
    ['/tokens/1/1', '/tokens/2', '/softcap', '/heads', '/kv_heads', '/bias/2', '/mask/0/1', '/w_query/1/0', '/b_key/2', '/window/left'].map(
      (pointer) => whereOf(pointer, state),
    ),
  ).toEqual([
    'cat, y',
    'ran',
    'Softcap',
    'Heads',
    'Heads: key heads',
    'Bias: query cat, key ran',
    'Mask: query The, key cat',
    'w_query, row 1, column 0',
    'b_key, number 2',
    'Window: left',
  ]);
  expect(wordsOf('needs `queries_start`: vectors from outside stand nowhere')).toBe(
    'needs “Queries have positions”: vectors from outside stand nowhere',
  );
});

describe('opening a request', () => {
  const BODY = {
    tokens: [
      [1, 0.5],
      [-2, 1e-7],
      [3, 4],
    ],
    labels: ['a', 'b', 'c'],
    query: 1,
    values: [[1], [2], [3]],
    similarity: 'cosine',
    scale: '1/sqrt(d_k)',
    w_query: [
      [1, 0],
      [0, 1],
    ],
    b_query: [0.5, -1],
    w_key: [
      [1, 1],
      [0, 1],
    ],
    b_key: [1, 2],
    w_value: [[2]],
    b_value: [3],
    w_output: [[1, 2]],
    b_output: [0, 1],
    heads: 1,
    kv_heads: 1,
    causal: true,
    window: { left: 1 },
    mask: [true, true, false],
    bias: [0.5, 0, -1],
    softcap: 3,
    sink: 0.5,
    position: { type: 'rope', base: 500, interleaved: true },
    dtype: 'float64',
  };

  const SEVERAL = {
    tokens: [[1, 2]],
    queries: [
      [1, 2],
      [3, 4],
    ],
    labels: ['a'],
    queries_start: 4,
    mask: [[true], [false]],
    position: { type: 'alibi', slopes: [0.5, 1] },
    sink: [-1, 2],
  };

  test('every option comes back as it was', () => {
    for (const body of [BODY, SEVERAL]) expect(questionOf(readRequest(JSON.stringify(body))?.state ?? START)).toEqual(body);
  });

  test('of every option of the API', () => {
    // What is in the reply, and how its numbers are printed, is not a question of the page.
    const options = Object.keys(AttentionRequest.properties).filter((name) => !['include', 'decimals'].includes(name));
    expect([...new Set([...Object.keys(BODY), ...Object.keys(SEVERAL)])].toSorted()).toEqual(options.toSorted());
  });

  test('so does the page’s own JSON download', () => {
    const opened = readRequest(JSON.stringify({ request: { ...BODY, include: ['weights'], mask: null }, reply: {} }));
    const { mask, ...rest } = BODY;
    expect([questionOf(opened?.state ?? START), opened?.notes]).toEqual([rest, []]);
  });

  test('what the page has no place for is said in plain words', () => {
    const opened = readRequest(JSON.stringify({ tokens: [[1]], query: [0], scael: 1, mask: [[[true]]] }));
    expect(opened?.notes).toEqual([
      'This page has no place for “scael”: it is left out.',
      'It asks for some tokens only: here every token is a query, and those are among the rows.',
      'It has a mask for each head: this page has one for all heads, so that is left out.',
    ]);
  });

  test.each(Object.entries(attentionExamples))(
    'the example %s of the API opens, and its weights are those of its own answer',
    async (_name, { value }) => {
      const body = value as { readonly query?: unknown };
      const opened = readRequest(JSON.stringify(body));
      if (!opened) throw new Error('it opens');
      const weightsOf = async (request: object) => (await service.ask({ ...request, include: ['weights'], decimals: 6 })).json.weights;
      const [asked, shown] = await Promise.all([weightsOf(body), weightsOf(questionOf(opened.state))]);
      const rows = Array.isArray(body.query) ? body.query.map((token) => shown[token]) : Array.isArray(asked[0]) ? shown : shown.flat();
      expect(rows).toEqual(asked);
      expect(opened.notes).toHaveLength(Array.isArray(body.query) ? 1 : 0);
    },
  );

  test('the rows of a mask stand where their queries do', () => {
    const body = {
      tokens: [[1], [2], [3]],
      query: [2, 0],
      mask: [
        [true, false, true],
        [true, true, false],
      ],
    };
    expect(questionOf(readRequest(JSON.stringify(body))?.state ?? START).mask).toEqual([
      [true, true, false],
      [true, true, true],
      [true, false, true],
    ]);
  });

  test('what is no request is none', () => {
    for (const text of ['[[1, 2]]', '{"tokens": 1}', '{"a": 1}', '{', '1,2']) expect(readRequest(text)).toBeUndefined();
  });
});

test('a dimension more widens the matrices that take the tokens', () => {
  const state = withGrids(START, { w_query: on(START.tokens), b_key: on([['1', '2', '3']]) });
  const wider = editTokens(state, { kind: 'add column' });
  expect([wider.tokens[0]?.length, wider.grids.w_query.value.length, wider.dimensions.length, wider.grids.b_key.value[0]?.length]).toEqual([
    4, 4, 4, 4,
  ]);
  const back = editTokens(wider, { kind: 'remove column', at: 3 });
  expect([back.tokens, back.grids]).toEqual([state.tokens, state.grids]);
});

test('a token more or less takes its value, its row of the mask and its bias with it', () => {
  const state = withGrids(
    { ...START, everyone: true },
    {
      values: on([['1'], ['2'], ['3']]),
      bias: on([
        ['1', '2', '3'],
        ['4', '5', '6'],
        ['7', '8', '9'],
      ]),
    },
  );
  const more = editTokens(state, { kind: 'add row' });
  expect(more.grids.values.value).toEqual([['1'], ['2'], ['3'], ['0']]);
  const less = editTokens(more, { kind: 'remove row', at: 1 });
  expect(less.grids.values.value).toEqual([['1'], ['3'], ['0']]);
  expect(questionOf(less).bias).toEqual([
    [1, 3, 0],
    [7, 9, 0],
    [0, 0, 0],
  ]);
});

test('code in other languages carries the question', () => {
  const request = { ...questionOf({ ...START, causal: true, everyone: true, labels: ['true', 'a "b', 'c'] }) };
  const place = { address: 'http://h/attention', locked: false, page: 'http://h/?present#tokens=1' };
  expect(pythonOf(request, place)).toContain('"labels": ["true", "a \\"b", "c"]');
  expect(pythonOf(request, place)).toContain('"causal": True');
  expect(fetchOf(request, place)).toContain("fetch('http://h/attention'");
  expect(frameOf(request, place)).toContain('src="http://h/?embed#tokens=1"');
});

test.each([
  ['curl', curlOf, " -H 'authorization: Bearer YOUR_KEY'"],
  ['fetch', fetchOf, "'authorization': 'Bearer YOUR_KEY'"],
  ['Python', pythonOf, 'headers={"authorization": "Bearer YOUR_KEY"}'],
])('code for %s says where a key goes, where the service wants one, and only there', (_name, codeOf, header) => {
  const request = questionOf(START);
  expect(codeOf(request, { address: 'http://h/attention', locked: true, page: '' })).toContain(header);
  expect(codeOf(request, { address: 'http://h/attention', locked: false, page: '' })).not.toContain('uthorization');
});

test('a key that no header can carry is known before it is sent, and is not repeated', () => {
  for (const key of ['ключ', 'clé', 'two words', 'tab\tbed', '=']) {
    expect(faultOfKey(key), key).toContain('letters, digits and -._~+/');
    expect(faultOfKey(key)).not.toContain(key === '=' ? '"="' : key);
  }
  for (const key of ['', 'secret-key', 'a~b.c+/_d==']) expect(faultOfKey(key), key).toBeUndefined();
});

describe('a sentence', () => {
  test('becomes tokens, with the vectors of the table, and every word a query', () => {
    const sentence = readSentence('The cat’s hat: “ate” the CAKE, xyzzy!');
    expect(sentence?.state.labels).toEqual(['The', 'cat’s', 'hat', 'ate', 'the', 'CAKE', 'xyzzy']);
    expect(sentence?.state.dimensions).toEqual([...FEATURES]);
    expect(sentence?.state.tokens[5]).toEqual(vectorOf('cake')?.map(String));
    expect(sentence?.unknown).toEqual(['cat’s', 'xyzzy']);
    expect(sentence && wordsOn(sentence)).toContain('The table has no “cat’s”, “xyzzy”: their vectors are 0');
    expect(sentence?.state.everyone).toBe(true);
    expect(readSentence(' … ')).toBeUndefined();
  });

  test('of many words keeps the first, and says how many are left out', () => {
    const sentence = readSentence('cat '.repeat(MOST_WORDS + 3));
    expect(sentence?.state.tokens).toHaveLength(MOST_WORDS);
    expect(sentence && wordsOn(sentence)).toContain('3 words after the first 32 are left out');
  });

  test('the table: every word once, in features that are named, from −1 to 1, and none without any', () => {
    const words = knownWords();
    expect(new Set(words).size).toBe(words.length);
    for (const word of words) {
      const vector = vectorOf(word) ?? [];
      expect(
        vector.every((part) => part >= -1 && part <= 1),
        word,
      ).toBe(true);
      expect(
        vector.some((part) => part !== 0),
        word,
      ).toBe(true);
    }
    // A line that names no feature would leave a NaN or an unknown name behind.
    expect(vectorOf('Queen')).toEqual([1, 1, 1, 0.3, 0, 0.2, 0, 0, 0, 0]);
  });
});

test('an arc begins at its query, ends at its key, and bends to the same side both ways', () => {
  expect(arcPath(0, 2, 3)).toMatch(new RegExp(`^M4 ${LINE / 2}A[\\d.]+ ${LINE} 0 0 1 4 ${2.5 * LINE}$`));
  expect(arcPath(2, 0, 3)).toMatch(new RegExp(`^M4 ${2.5 * LINE}A[\\d.]+ ${LINE} 0 0 0 4 ${LINE / 2}$`));
});

describe('the files of the page', () => {
  const FILES = ['/', '/playground/playground.js', '/playground/playground.css', '/playground/icon.svg'];

  test('come with their type, a policy of their own, and are asked for again only when new', async () => {
    for (const path of FILES) {
      const { status, headers } = await service.get(path);
      expect(status).toBe(200);
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      const again = await fetch(`${service.url}${path}`, { headers: { 'if-none-match': String(headers['etag']) } });
      expect([again.status, (await again.bytes()).length]).toEqual([304, 0]);
    }
    expect((await service.get('/')).headers['content-type']).toBe('text/html; charset=utf-8');
  });

  test('weigh less than 150 KB together, packed', async () => {
    const bytes = await Promise.all(FILES.map(async (path) => gzipSync((await service.get(path)).bytes).length));
    expect(bytes.reduce((sum, length) => sum + length)).toBeLessThan(150_000);
  });

  test('are packed for those who take it, and for no other', async () => {
    const packed = await fetch(`${service.url}/playground/playground.js`, { headers: { 'accept-encoding': 'gzip' } });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    const { headers, text } = await service.get('/playground/playground.js');
    expect(headers['content-encoding']).toBeUndefined();
    expect(await packed.text()).toBe(text);
  });

  test('hold no inline script or style', async () => {
    const { text } = await service.get('/');
    expect(text).not.toMatch(/<style|style="|<script(?![^>]*\bsrc=)|\bon\w+="/);
  });
});

describe('the colours of tokens', () => {
  test('are those of their places where each has its own', () => {
    expect(tokenColours([0.1, 0.7, 0.2])).toEqual([0, 1, 2]);
  });

  test('go to the heaviest of many, no two alike; a heavier token keeps that of its place', () => {
    const weights = Array.from({ length: 20 }, () => 0.01);
    for (const [j, weight] of [
      [11, 0.3],
      [3, 0.2],
      [19, 0.1],
      [12, 0.09],
    ] as const)
      weights[j] = weight;
    const colours = tokenColours(weights);
    expect([colours[11], colours[12]]).toEqual([3, 4]);
    const own = colours.filter((colour) => colour !== 'none');
    expect([own.length, new Set(own).size]).toEqual([7, 7]);
    for (const j of [3, 19]) expect(own).toContain(colours[j]);
  });
});

test('a label of white space alone stands in quotation marks, as in the service’s pictures; none is the number of its token', async () => {
  const labels = ['\n', '  ', '\u00a0\u200b', '', ' cat '];
  const state = { ...START, labels, tokens: labels.map(() => ['1', '0', '0']) };
  expect(labels.map((_, token) => labelOf(state, token))).toEqual(['"\\n"', '"  "', '"\\u{a0}\\u{200b}"', 'token 3', 'cat']);
  const { text } = await service.ask({ ...questionOf(state) }, { headers: { accept: 'image/svg+xml' } });
  for (const name of ['&quot;\\n&quot;', '&quot;\\u{a0}\\u{200b}&quot;', 'token 3']) expect(text).toContain(name);
});
