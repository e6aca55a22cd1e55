import { readFileSync } from 'node:fs';
import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { useService } from '../http/service.ts';

const service = useService();
const TOKENS = [
  [0.2, 0.1, 0.5],
  [0.9, 0.1, 0.3],
  [0.4, 0.8, 0.2],
];
const SEED = { tokens: TOKENS, labels: ['The', 'cat', 'ran'], query: 2 };
const MASKED_HEADS = {
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
const TIE = {
  tokens: [
    [1, 0],
    [1, 0],
    [0, 1],
  ],
  labels: ['left', 'twin', 'other'],
  query: 0,
};
const NOTHING = {
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
const HOSTILE = [
  '<script>alert(1)</script>',
  '"quoted" & \'single\'',
  'a | pipe\nand a line',
  'שלום \u202eevil\u202c',
  '😀👩‍👩‍👧‍👦',
  `${'long '.repeat(2000)}`,
  '',
  '\u0000\u0007\ud800',
];

const ask = (body: object, accept: string) => service.ask(body, { headers: { accept } });
const markdown = (body: object) => ask(body, 'text/markdown');
const svg = (body: object) => ask(body, 'image/svg+xml');
const golden = (name: string) => readFileSync(new URL(`../goldens/${name}`, import.meta.url), 'utf8');

describe('the walk-through', () => {
  test.each([
    ['the-cat-ran.md', SEED],
    ['masked-heads.md', MASKED_HEADS],
    ['tie.md', TIE],
    ['nothing-to-attend-to.md', NOTHING],
  ])('reads as in %s', async (name, body) => {
    const { status, text, headers } = await markdown(body);
    expect([status, headers['content-type']]).toEqual([200, 'text/markdown; charset=utf-8']);
    expect(text).toBe(golden(name));
  });

  test('has the four headings, and one for each step that the options add', async () => {
    const headings = async (options: object) =>
      [...(await markdown({ ...SEED, ...options })).text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(await headings({})).toEqual(['Inputs', 'Scores', 'Weights', 'Context vector']);
    expect(
      await headings({
        scale: 2,
        softcap: 1,
        bias: [0, 1, 2],
        causal: true,
        sink: 0,
        w_value: [[1], [0], [1]],
        b_output: [1],
        position: { type: 'sinusoidal' },
      }),
    ).toEqual([
      'Inputs',
      'Positions',
      'Projections',
      'Scores',
      'Scale',
      'Softcap',
      'Bias',
      'Mask',
      'Sink',
      'Weights',
      'Context vector',
      'Output projection',
    ]);
  });

  test('says the numbers of the reply', async () => {
    const body = { ...SEED, query: undefined, scale: 3, causal: true };
    const { text } = await markdown(body);
    const { json } = await service.ask({ ...body, decimals: 4 });
    for (const row of json.weights) for (const weight of row) expect(text).toContain(`| ${weight} = `.replace('| 0 = ', '| 0 |'));
    for (const row of json.context) expect(text).toContain(`[${row.join(', ')}]`);
  });

  test('says honestly what rounded shares add up to', async () => {
    expect((await markdown(SEED)).text).toContain('Rounded to one decimal the shares add up to 99.9 %.');
    expect((await markdown(NOTHING)).text).not.toContain('Rounded to one decimal');
  });

  test('ignores include and decimals', async () => {
    expect((await markdown({ ...SEED, include: ['lse'], decimals: 0 })).text).toBe((await markdown(SEED)).text);
  });

  test('takes a hostile label for nothing but text, on one line', async () => {
    const tokens = HOSTILE.map((_, i) => [i, 1]);
    const { text } = await markdown({ tokens, labels: HOSTILE, query: 0 });
    expect(text).not.toContain('<script>');
    expect(text).toContain('\\<script\\>alert\\(1\\)\\</script\\>');
    expect(text).toContain('a \\| pipe and a line');
    for (const control of ['\u202e', '\u0000', '\u0007']) expect(text.includes(control), control).toBe(false);
    expect(text.split('\n').every((line) => line.length < 500)).toBe(true);
    for (const line of text.split('\n').filter((one) => one.startsWith('| ')))
      expect(line.replaceAll('\\|', '').split('|').length).toBeLessThanOrEqual(7);
  });
});

describe('the heatmap', () => {
  const parsed = (text: string) => {
    const cells: string[] = [];
    const titles: string[] = [];
    const parser = new SaxesParser();
    let inTitle = false;
    parser.on('error', (error) => {
      throw error;
    });
    parser.on('opentag', ({ name, attributes }) => {
      inTitle = name === 'title';
      if (`${attributes['class'] ?? ''}`.split(' ').includes('cell')) cells.push(`${attributes['class']}`);
    });
    parser.on('text', (words) => {
      if (inTitle) titles.push(words);
      inTitle = false;
    });
    parser.write(text).close();
    return { cells, titles };
  };

  test('has a cell for each weight, and says it', async () => {
    const { status, text, headers } = await svg({ ...SEED, query: undefined });
    expect([status, headers['content-type']]).toEqual([200, 'image/svg+xml; charset=utf-8']);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    const { cells, titles } = parsed(text);
    expect(cells).toHaveLength(9);
    const { json } = await service.ask({ ...SEED, decimals: 4 });
    ['The', 'cat', 'ran'].forEach((name, j) => {
      expect(titles).toContain(`\u2068ran\u2069 asks \u2068${name}\u2069: ${json.weights[j]}`);
    });
  });

  test('has a panel a head, and hatches what is masked', async () => {
    const { text } = await svg(MASKED_HEADS);
    const { cells, titles } = parsed(text);
    expect(cells).toHaveLength(2 * 2 * 3);
    expect(cells.filter((classes) => classes === 'cell masked')).toHaveLength(4);
    expect(titles.filter((title) => title.endsWith(': masked'))).toHaveLength(4);
    expect(text).toContain('Head 2 of 2');
  });

  test('is well-formed whatever the labels hold, with the whole label in the tooltip', async () => {
    const { text } = await svg({ tokens: HOSTILE.map((_, i) => [i, 1]), labels: HOSTILE });
    const { cells, titles } = parsed(text);
    expect(cells).toHaveLength(HOSTILE.length ** 2);
    expect(titles.some((title) => title.includes('<script>alert(1)</script>'))).toBe(true);
    expect(titles.some((title) => title.includes('long '.repeat(1999)))).toBe(true);
    expect(text).not.toContain('<script>');
  });

  test('is drawn for a row with nothing to attend to, and for one cell', async () => {
    expect(parsed((await svg(NOTHING)).text).cells).toEqual(['cell', 'cell', 'cell masked', 'cell masked']);
    expect(parsed((await svg({ tokens: [[1]] })).text).cells).toEqual(['cell']);
  });
});

describe('the trace', () => {
  test('has every number of the arithmetic', async () => {
    const { json } = await service.ask({ ...SEED, decimals: 4, include: ['trace', 'weights'] });
    expect(Object.keys(json)).toEqual(['weights', 'trace']);
    expect(json.trace).toEqual({
      products: [
        [0.08, 0.08, 0.1],
        [0.36, 0.08, 0.06],
        [0.16, 0.64, 0.04],
      ],
      dot: [0.26, 0.5, 0.84],
      scaled: [0.26, 0.5, 0.84],
      capped: [0.26, 0.5, 0.84],
      biased: [0.26, 0.5, 0.84],
      excluded: [false, false, false],
      max: 0.84,
      exponentials: [0.5599, 0.7118, 1],
      sum: 2.2717,
      contributions: [
        [0.0493, 0.0246, 0.1232],
        [0.282, 0.0313, 0.094],
        [0.1761, 0.3522, 0.088],
      ],
    });
  });

  test('agrees with the reply in every head and row, with every option', async () => {
    const body = {
      ...MASKED_HEADS,
      softcap: 1,
      bias: [0.5, -0.5, 1],
      sink: 0.2,
      position: { type: 'alibi' },
      dtype: 'float64',
      include: ['scores', 'logits', 'weights', 'context', 'trace'],
    };
    const { json } = await service.ask(body);
    expect([json.trace.length, json.trace[0].length]).toEqual([2, 2]);
    for (const [h, head] of json.trace.entries()) {
      for (const [i, row] of head.entries()) {
        row.scaled.forEach((score: number, j: number) => {
          expect(score).toBeCloseTo(json.scores[h][i][j], 12);
          const weight = row.exponentials[j] / row.sum;
          expect(weight).toBeCloseTo(json.weights[h][i][j], 12);
          expect(row.excluded[j]).toBe(json.logits[h][i][j] === null);
          if (!row.excluded[j]) expect(row.biased[j]).toBeCloseTo(json.logits[h][i][j], 12);
        });
        [0, 1].forEach((e) => {
          const sum = row.contributions.reduce((total: number, one: number[]) => total + (one[e] ?? 0), 0);
          expect(sum).toBeCloseTo(json.context[i][h * 2 + e], 12);
        });
      }
    }
  });

  test('says null for the greatest of nothing', async () => {
    const { json } = await service.ask({ ...NOTHING, include: ['trace'] });
    expect(json.trace[1]).toMatchObject({
      excluded: [true, true],
      max: null,
      sum: 0,
      exponentials: [0, 0],
      contributions: [
        [0, 0],
        [0, 0],
      ],
    });
  });
});

describe('what can’t be shown', () => {
  const many = (m: number, n: number) => ({
    tokens: Array.from({ length: n }, (_, i) => [i / n]),
    query: Array.from({ length: m }, (_, i) => i % n),
  });

  test.each([
    ['text/markdown', 65, 10, 'the walk-through shows at most 64 asking rows × 256 keys; the request has 65 × 10'],
    ['text/markdown', 1, 257, 'the walk-through shows at most 64 asking rows × 256 keys; the request has 1 × 257'],
    ['image/svg+xml', 257, 10, 'the heatmap shows at most 256 asking rows × 256 keys; the request has 257 × 10'],
    ['image/svg+xml', 1, 257, 'the heatmap shows at most 256 asking rows × 256 keys; the request has 1 × 257'],
  ])('%s of %i × %i is a 413 that says the figures', async (accept, m, n, words) => {
    const { status, json, headers } = await ask(many(m, n), accept);
    expect([status, json.type, json.detail]).toEqual([413, '/problems/work-too-large', words]);
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });

  test('a trace has the walk-through’s limit', async () => {
    const { status, json } = await service.ask({ ...many(65, 10), include: ['trace'] });
    expect([status, json.detail]).toEqual([413, 'the trace shows at most 64 asking rows × 256 keys; the request has 65 × 10']);
  });

  test('errors are problems whatever Accept says', async () => {
    const { status, headers } = await markdown({ tokens: [[1], [1, 2]] });
    expect([status, headers['content-type']]).toEqual([422, 'application/problem+json; charset=utf-8']);
  });
});

test.each([
  ['text/markdown;q=0.5, application/json;q=0.4', 'text/markdown; charset=utf-8'],
  ['image/*', 'image/svg+xml; charset=utf-8'],
  ['*/*', 'application/json; charset=utf-8'],
  ['text/html, application/xml;q=0.9, */*;q=0.8', 'application/json; charset=utf-8'],
])('Accept: %s gets %s', async (accept, type) => {
  expect((await ask(SEED, accept)).headers['content-type']).toBe(type);
});
