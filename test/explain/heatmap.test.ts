import { createHash } from 'node:crypto';
import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { useService } from '../http/service.ts';
import { HOSTILE, MASKED_HEADS, NOTHING, SEED, TOKENS } from './lessons.ts';

// The largest pictures take seconds, and on a busy machine more than a client waits.
const service = useService({ REQUEST_TIMEOUT_MS: '300000' });
const svg = (body: object) => service.ask(body, { headers: { accept: 'image/svg+xml' } });
const drawn = async (body: object) => parsed((await svg(body)).text);

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly parent: Element | undefined;
  text: string;
  /** What its <title> says. */
  title?: string;
}

/** The elements of a picture; a fault of the XML is thrown. */
function parsed(text: string) {
  const elements: Element[] = [];
  const open: Element[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element: Element = { name, attributes: attributes as Record<string, string>, parent: open.at(-1), text: '' };
    elements.push(element);
    open.push(element);
  });
  parser.on('closetag', () => {
    const element = open.pop();
    if (element?.name === 'title' && element.parent) element.parent.title = element.text;
  });
  parser.on('text', (words) => {
    const element = open.at(-1);
    if (element) element.text += words;
  });
  parser.write(text).close();
  const cells = elements.filter(({ attributes }) => attributes['class'] === 'cell');
  const texts = elements.filter(({ name }) => name === 'text');
  return { elements, cells, titles: cells.map(({ title }) => title), texts };
}

describe('the heatmap', () => {
  test('has a cell for each weight, which says it', async () => {
    const { status, text, headers } = await svg({ ...SEED, query: undefined });
    expect([status, headers['content-type']]).toEqual([200, 'image/svg+xml; charset=utf-8']);
    const { json } = await service.ask({ ...SEED, query: undefined, decimals: 4 });
    const said = ['The', 'cat', 'ran'].flatMap((query, i) => ['The', 'cat', 'ran'].map((key, j) => `${query} → ${key}: ${json.weights[i][j]}`));
    expect(parsed(text).titles).toEqual(said);
  });

  test('writes the weights into large cells, and titles rows as queries and columns as keys', async () => {
    const words = (await drawn(SEED)).texts.map(({ text }) => text);
    for (const word of ['0.25', '0.31', '0.44', '← queries', 'keys →']) expect(words).toContain(word);
  });

  test('has a legend from 0 to a round number above the greatest weight', async () => {
    const legend = async (body: object) => {
      const { texts } = await drawn(body);
      const at = texts.findIndex(({ text }) => text === 'weight');
      return texts.slice(at + 1).map(({ text }) => text);
    };
    expect(await legend(SEED)).toEqual(['0.0', '0.1', '0.2', '0.3', '0.4', '0.5']);
    expect(await legend(NOTHING)).toEqual(['0.0', '0.2', '0.4', '0.6', '0.8', 'masked']);
    expect(await legend({ tokens: Array.from({ length: 100 }, () => [1]), query: 0 })).toEqual(['0.000', '0.002', '0.004', '0.010']);
  });

  test('gives a greater weight a stronger colour: the strongest on top of the range', async () => {
    const { cells, titles } = await drawn({ tokens: [[0], [1], [2], [3]], queries: [1] });
    const lightness = cells.map(
      ({ attributes }) => Number.parseInt(attributes['fill']?.slice(1, 3) ?? '', 16) + Number.parseInt(attributes['fill']?.slice(3, 5) ?? '', 16),
    );
    expect(titles).toHaveLength(4);
    expect(lightness).toEqual(lightness.toSorted((a, b) => b - a));
    expect(new Set(lightness).size).toBe(4);
  });

  test('has a panel a head, and hatches what is masked', async () => {
    const { cells, titles, texts } = await drawn(MASKED_HEADS);
    expect(cells).toHaveLength(2 * 2 * 3);
    expect(titles.flatMap((title, k) => (title?.endsWith(': masked') ? [k] : []))).toEqual([1, 5, 7, 11]);
    for (const [k, { attributes }] of cells.entries()) expect(attributes['fill'] === 'url(#masked)').toBe([1, 5, 7, 11].includes(k));
    expect(texts.map(({ text }) => text).filter((text) => text.startsWith('Head'))).toEqual(['Head 0', 'Head 1']);
  });

  test('is drawn for a row with nothing to attend to, and for one cell', async () => {
    expect((await drawn(NOTHING)).titles).toEqual(['one → one: 0.7311', 'one → two: 0.2689', 'two → one: masked', 'two → two: masked']);
    expect((await drawn({ tokens: [[1]] })).titles).toEqual(['token 0 → token 0: 1']);
  });

  test('says what a row adds up to', async () => {
    const words = (await svg({ ...SEED, sink: 0 })).text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
    expect(words).toContain('what they lack to 1 is the sink');
    expect((await svg(SEED)).text).not.toContain('is the sink');
    expect((await svg(SEED)).text).toContain('they add up to 1.');
    const { texts } = await drawn(NOTHING);
    expect(texts.map(({ text }) => text).join(' ')).toContain('they add up to 1, or all keys are masked.');
  });

  test('ignores include and decimals', async () => {
    expect((await svg({ ...SEED, include: ['lse'], decimals: 0 })).text).toBe((await svg(SEED)).text);
  });

  test('is allowed its own style by hash, and nothing else', async () => {
    const { text, headers } = await svg(SEED);
    const style = parsed(text).elements.find(({ name }) => name === 'style')?.text ?? '';
    expect(style).toContain('@media(prefers-color-scheme:dark)');
    const hash = createHash('sha256').update(style).digest('base64');
    expect(headers['content-security-policy']).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(text).not.toContain(' style="');
  });

  test('shows a label of white space alone in quotation marks', async () => {
    const { titles } = await drawn({ tokens: [[1], [1]], labels: ['\n', 'b'], query: 0 });
    expect(titles).toEqual(['"\\n" → "\\n": 0.5', '"\\n" → b: 0.5']);
  });

  test('stands in a grid where there are many heads', async () => {
    const size = async (h: number, m: number, n: number) => {
      const tokens = Array.from({ length: n }, (_, i) => Array.from({ length: h }, (_cell, c) => Math.sin(i + c)));
      const { text } = await svg({ tokens, heads: h, query: Array.from({ length: m }, (_, i) => i % n) });
      const [, width, height] = /^<svg [^>]*?width="(\d+)" height="(\d+)"/.exec(text) ?? [];
      return { width: Number(width), height: Number(height) };
    };
    for (const [h, m, n] of [
      [16, 64, 64],
      [12, 40, 40],
      [16, 1, 64],
      [16, 64, 4],
      [8, 4, 4],
      [2, 64, 64],
    ] as const) {
      const { width, height } = await size(h, m, n);
      expect(width, `${h} heads of ${m} × ${n}`).toBeLessThanOrEqual(1600);
      expect(height, `${h} heads of ${m} × ${n}`).toBeLessThanOrEqual(1750);
    }
    expect((await size(16, 200, 200)).height).toBeLessThan(2500);
  });

  test('draws the largest panel whole', async () => {
    const tokens = Array.from({ length: 256 }, (_, i) => [Math.sin(i), Math.cos(i)]);
    expect((await drawn({ tokens, causal: true })).cells).toHaveLength(256 * 256);
  });
});

describe('hostile labels', () => {
  const body = { tokens: HOSTILE.map((_, i) => [i, 1]), labels: HOSTILE };

  test('leave the XML well-formed, with an element for nothing but what is drawn', async () => {
    const { elements, cells } = await drawn(body);
    expect(cells).toHaveLength(HOSTILE.length ** 2);
    const names = new Set(elements.map(({ name }) => name));
    expect([...names].sort()).toEqual(['defs', 'desc', 'g', 'path', 'pattern', 'rect', 'style', 'svg', 'text', 'title']);
  });

  test('are shortened, with the whole in the tooltip', async () => {
    const { texts } = await drawn(body);
    const long = texts.filter(({ title }) => title === 'long '.repeat(2000).trim());
    expect(long.map(({ text }) => text)).toEqual(['long long long…', 'long long long…']);
    expect(texts.some(({ title }) => title === '<script>alert(1)</script>')).toBe(true);
  });

  test('do not steer the text around them', async () => {
    const { text } = await svg(body);
    for (const control of ['\u202e', '\u202c', '\u0000', '\u0007', '\u001b', '\ufffe'])
      expect(text.includes(control), JSON.stringify(control)).toBe(false);
    expect(text.isWellFormed()).toBe(true);
  });

  test('may all be long: 256 labels of 10,000 characters', async () => {
    const labels = Array.from({ length: 256 }, (_, i) => `${i}${'x'.repeat(10_000)}`);
    const { status, text } = await svg({ tokens: labels.map((_, i) => [i]), labels });
    expect(status).toBe(200);
    expect(parsed(text).texts.filter(({ title }) => labels.includes(title ?? '')).length).toBeGreaterThan(50);
  });
});

test('a picture is asked for with the same request as numbers', async () => {
  const { cells } = await drawn({ tokens: TOKENS, queries: [[1, 0, 0]], similarity: 'cosine' });
  expect(cells).toHaveLength(3);
});
