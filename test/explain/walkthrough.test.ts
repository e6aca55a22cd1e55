import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { displayWidth } from '../../src/explain/labels.ts';
import { useService } from '../http/service.ts';
import { EVERY_STEP, HOSTILE, MASKED_HEADS, NOTHING, SEED, TIE, TOKENS } from './lessons.ts';

const service = useService();
const markdown = (body: object) => service.ask(body, { headers: { accept: 'text/markdown' } });
const textOf = async (body: object) => (await markdown(body)).text;
/** The text under one heading. */
const under = (heading: string, text: string) => text.split(/^## /m).find((section) => section.startsWith(`${heading}\n`)) ?? '';

describe('the walk-through', () => {
  test.each([
    ['the-cat-ran', SEED],
    ['masked-heads', MASKED_HEADS],
    ['tie', TIE],
    ['nothing-to-attend-to', NOTHING],
    ['every-step', EVERY_STEP],
  ])('reads as in goldens/%s.md, which was read by eye', async (name, body) => {
    const { status, text, headers } = await markdown(body);
    expect([status, headers['content-type']]).toEqual([200, 'text/markdown; charset=utf-8']);
    expect(text).toBe(readFileSync(new URL(`../goldens/${name}.md`, import.meta.url), 'utf8'));
  });

  test('has the four headings of the lesson, and an end', async () => {
    expect(headings(await textOf(SEED))).toEqual(['Inputs', 'Scores', 'Weights', 'Context vector', 'In short']);
  });

  test.each([
    [{ position: { type: 'sinusoidal' } }, 'Positions'],
    [{ tokens: [[1, 0]], query: 0, labels: ['a'], position: { type: 'rope' } }, 'Positions'],
    [{ position: { type: 'alibi' } }, 'Positions'],
    [{ b_value: [1, 2, 3] }, 'Projections'],
    [{ heads: 3 }, 'Heads'],
    [{ similarity: 'cosine' }, 'Cosine'],
    [{ scale: 2 }, 'Scale'],
    [{ softcap: 2 }, 'Softcap'],
    [{ bias: [0, 1, 2] }, 'Bias'],
    [{ mask: [true, true, false] }, 'Mask'],
    [{ causal: true }, 'Mask'],
    [{ window: { left: 1 } }, 'Mask'],
    [{ sink: 0 }, 'Sink'],
    [{ w_output: [[1], [1], [1]] }, 'Output projection'],
  ])('%o adds the heading %s', async (options, heading) => {
    const added = headings(await textOf({ ...SEED, ...options })).filter((one) => !headings5.includes(one));
    expect(added).toEqual([heading]);
  });

  test('ignores include and decimals', async () => {
    expect(await textOf({ ...SEED, include: ['lse'], decimals: 0 })).toBe(await textOf(SEED));
  });

  test('calls tokens without labels by their positions, and vectors from outside queries', async () => {
    expect(await textOf({ tokens: TOKENS, query: 1 })).toContain('Token 1 is the query: which of the tokens matter to it?');
    expect(await textOf({ tokens: TOKENS, queries: [1, 0, 0] })).toContain('The query: which of the tokens matter to it?');
    expect(await textOf({ tokens: TOKENS, queries: [[1, 0, 0]], queries_start: 7, causal: true })).toContain('It stands at position 7.');
  });

  test('shows a label of white space alone in quotation marks', async () => {
    const text = await textOf({ tokens: TOKENS, labels: ['\n', ' ', '\u00a0\u200e'], query: 0 });
    expect(text).toContain('“"\\\\n"” is the query');
    for (const cell of ['"\\\\n"', '" "', '"\\\\u{a0}\\\\u{200e}"']) expect(text, cell).toContain(`| ${cell} `);
  });

  test('works out a line of rope, of sinusoids and of the output projection', async () => {
    const rope = {
      tokens: [
        [1, 0],
        [0.5, 2],
      ],
      query: 1,
    };
    expect(await textOf({ ...rope, position: { type: 'rope' } })).toContain(
      '    0.5·0.5403 - 2·0.8415  = -1.4128\n    0.5·0.8415 + 2·0.5403  = 1.5013',
    );
    expect(await textOf({ ...rope, query: 0, position: { type: 'rope' } })).toContain('The first pair of the key of token 1, at position 1');
    expect(await textOf({ ...rope, position: { type: 'sinusoidal' } })).toContain('    0.5 + sin(1)  = 0.5 + 0.8415  = 1.3415');
    const projected = under('Output projection', await textOf({ tokens: [[1, 2]], query: 0, w_output: [[3], [0.5]], b_output: [-1] }));
    expect(projected).toContain('    1·3 + 2·0.5 - 1  = 3 + 1 - 1  = 3');
  });

  test.each(['rope', 'sinusoidal'])('shows the sines and cosines of %s as the step rounds them, in float32', async (type) => {
    const at = { tokens: [[1, 0]], queries: [[0, 1]], queries_start: 4687, position: { type } };
    // cos(4687) is 0.96734999…, and a float32 0.96735001…
    expect(await textOf(at)).toMatch(type === 'rope' ? 'cos(4687) = 0.9674' : '1 + 0.9674');
    expect(await textOf({ ...at, dtype: 'float64' })).toMatch(type === 'rope' ? 'cos(4687) = 0.9673' : '1 + 0.9673');
  });

  test('says that keys are cut too, and what a logit is, where the word first stands', async () => {
    const text = await textOf({
      tokens: [[1, 2, 3, 4]],
      query: 0,
      heads: 2,
      kv_heads: 1,
      w_key: [
        [1, 0],
        [0, 1],
        [0, 0],
        [0, 0],
      ],
      w_value: [
        [1, 0],
        [0, 1],
        [0, 0],
        [0, 0],
      ],
      softcap: 2,
    });
    expect(under('Heads', text)).toContain('Each query is cut into 2 pieces of 2, each key into 1 piece of 2 and each value into 1 piece of 2.');
    expect(under('Weights', text)).toContain('A logit is the number that softmax sees: a token’s score, capped.');
    for (const options of [{ softcap: 2 }, { bias: [0, 0, 0] }, { sink: 0 }, { position: { type: 'alibi' } }]) {
      const one = await textOf({ ...SEED, ...options });
      expect(one.match(/\blogits?\b/i)?.index).toBe(one.indexOf('A logit is the number that softmax sees') + 2);
    }
  });

  test('tells two tokens of one name apart', async () => {
    const text = await textOf({ tokens: TOKENS, labels: ['the', 'cat', 'the'], query: 1 });
    expect(text).toContain('“the (0)”');
    expect(text).toContain('“the (2)”');
  });
});

/** The steps of a line, `a·b = c`, that do not come out to the digits that are printed; `block` are the vectors above it. */
function wrongSteps(line: string, block: readonly (readonly number[])[]): string[] {
  const name = /^ +(?:token \d+|added up)/;
  const [first = '', ...results] = line.replace(name, '').split(' = ');
  let left = first;
  return results.filter((result) => {
    const [right = '', factor] = result.split('  × ');
    const printed = right.includes('[') ? vectorValues(right) : [right];
    const values = line.startsWith('    added up')
      ? printed.map((_, c) => block.reduce((sum, vector) => sum + (vector[c] ?? 0), 0))
      : left.includes('[')
        ? vectorValues(left)
        : [numberOf(left)];
    left = factor === undefined ? right : `${right}·${factor}`;
    if (values.length === 0 || right.includes('+')) return false;
    return !printed.every((text, c) => Math.abs(Number(values[c]) - numberOf(`${text}`)) <= 0.5001 * 10 ** -(`${text}`.split('.')[1]?.length ?? 0));
  });
}

/** `0.5 · [1, 2]` as its numbers. */
function vectorValues(text: string): number[] {
  const [, weight = '1', numbers = ''] = /(?:([\d.e-]+) · )?\[(.*)\]/.exec(text) ?? [];
  return numbers.split(', ').map((number) => Number(weight) * Number(number));
}

/** A sum of products of plain numbers. */
function numberOf(text: string): number {
  const terms = text.replaceAll('- ', '+ -').split('+');
  return terms
    .map((term) =>
      term
        .split('·')
        .map((factor) => Number(factor.replaceAll(/[() ]/g, '')))
        .reduce((a, b) => a * b),
    )
    .reduce((a, b) => a + b, 0);
}

const headings5 = ['Inputs', 'Scores', 'Weights', 'Context vector', 'In short'];

function headings(text: string): string[] {
  return [...text.matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
}

describe('its numbers', () => {
  test('are those of the reply', async () => {
    const body = { ...SEED, query: undefined, scale: 3, causal: true, softcap: 2 };
    const text = await textOf(body);
    const { json } = await service.ask({ ...body, decimals: 4 });
    const told = (section: string) => [...under(section, text).matchAll(/-?\d+\.?\d*(?:e-?\d+)?/g)].map(([number]) => Number(number));
    for (const score of json.scores.flat()) expect(told('Scores'), 'scores').toContain(score);
    for (const weight of json.weights.flat()) expect(told('Weights'), 'weights').toContain(weight);
    for (const element of json.context.flat()) expect(told('Context vector'), 'context').toContain(element);
  });

  test('are the reply’s with every kernel', async () => {
    const tokens = Array.from({ length: 64 }, (_, i) => Array.from({ length: 16 }, (_, c) => Math.sin(7 * i + 3 * c)));
    const text = await textOf({ tokens, query: 3 });
    const { json } = await service.ask({ tokens, query: 3 });
    const rows = [...under('Weights', text).matchAll(/^\| token \d+ .*\| +(\S+) \| +\S+ % \|$/gm)].map(([, weight]) => Number(weight));
    expect(rows).toHaveLength(64);
    rows.forEach((weight, j) => {
      expect(Math.abs(weight - json.weights[j])).toBeLessThanOrEqual(json.weights[j] < 0.5e-4 ? 0.005 * json.weights[j] : 0.5001e-4);
    });
  });

  test('add up as they are printed, or say at that line that they are rounded', async () => {
    const tokens = Array.from({ length: 5 }, (_, i) => Array.from({ length: 4 }, (_cell, c) => Math.sin(17 * i + 5 * c)));
    const body = {
      tokens,
      values: tokens.map(([x = 0]) => [10 * x, 1e-4]),
      scale: 0.7,
      bias: [0.1, 0.02, 1e-4, 0, -1 / 3],
      position: { type: 'alibi' },
    };
    const text = await textOf(body);
    const steps = ['Scores', 'Bias', 'Positions', 'Context vector'].flatMap((heading) =>
      under(heading, text)
        .split('\n')
        .filter((line) => line.startsWith('    ')),
    );
    expect(steps.length).toBeGreaterThan(5 * 5 * 3);
    let rounded = 0;
    let block: number[][] = [];
    for (const line of steps) {
      expect(line.includes('≈'), line).toBe(line.endsWith('(rounded)'));
      if (line.includes('≈')) rounded++;
      else expect(wrongSteps(line, block), line).toEqual([]);
      block = line.startsWith('    added up') ? [] : [...block, vectorValues(line.split(/[=≈] /).at(-1) ?? '')];
    }
    expect(rounded).toBeGreaterThan(0);
    expect(rounded).toBeLessThan(steps.length);
  });

  test('say so where rounded shares miss 100, and only there', async () => {
    expect(await textOf(SEED)).toContain('add up to 99.9 %; before rounding they make 100 %');
    expect(await textOf(NOTHING)).not.toContain('before rounding');
  });

  test('say of a wide vector which products are the greatest, and what is left', async () => {
    const row = (first: number) => [first, ...Array.from({ length: 11 }, () => 0.5)];
    const scores = under('Scores', await textOf({ tokens: [row(4), row(-4)], query: 0 }));
    expect(scores).toContain('4·(-4) (no. 1) + 0.5·0.5 (no. 2) + 0.5·0.5 (no. 3) + 9 others  = -16.00 + 0.25 + 0.25 + 2.25  = -13.25');
    expect(scores).toContain('its first number alone pulls it below 0, others pull up');
  });
});

describe('its words are true', () => {
  const inShort = async (body: object) => under('In short', await textOf(body));

  test('for a tie', async () => {
    expect(await inShort(TIE)).toContain(
      'divides its attention first of all between itself and “twin”, which tie (42.2 % each), then to “other” (15.5 %)',
    );
    expect(await textOf({ ...TIE, query: 2, tokens: [[0], [0], [0]] })).toContain('All 3 tie at 0');
  });

  test('for a tie but for the rounding of sums in another order', async () => {
    const text = await textOf({
      tokens: [
        [0.1, 0.2, 0.3],
        [0.3, 0.2, 0.1],
      ],
      queries: [1.1, 1.1, 1.1],
    });
    expect(text).toContain('All 2 tie');
  });

  test('for what is ignored, and what is masked', async () => {
    const tokens = [[10], [0], [0]];
    expect(await inShort({ tokens, query: 0, mask: [true, true, false] })).toBe(
      'In short\n\n**Token 0** attends almost only to itself (100.0 %); it ignores token 1 (under 0.05 %); token 2 is masked. Its context vector is [10].\n',
    );
  });

  test('for one who may attend to one alone', async () => {
    expect(await inShort({ tokens: TOKENS, query: 0, causal: true })).toContain('can attend to itself alone, and gives it everything (100.0 %)');
  });

  test('for one with nothing to attend to, with and without a sink and b_output', async () => {
    const masked = { tokens: TOKENS, query: 0, mask: [false, false, false] };
    expect(await inShort(masked)).toContain('has nothing to attend to: every token is masked. Its context vector is [0, 0, 0].');
    expect(await inShort({ ...masked, sink: 1 })).toContain('every token is masked, and the sink takes all the weight');
    expect(await inShort({ ...masked, b_output: [1, 2, 3] })).toContain('Of its context vector only b_output is left: [1, 2, 3].');
  });

  test('for a sink', async () => {
    const text = await textOf({ tokens: [[1], [1]], query: 0, sink: 1 });
    expect(text).toContain('attends to all 2 alike (33.3 % each); the sink takes 33.3 %');
    expect(text).toContain('The greatest is 1 (token 0, token 1 and the sink)');
  });

  test('for why a key is masked', async () => {
    const text = await textOf({ ...SEED, query: 1, causal: true, window: { left: 0 } });
    expect(under('Mask', text)).toContain('“cat” may attend to itself; “The” is masked (outside the window); “ran” is masked (later).');
  });
});

describe('hostile labels', () => {
  test('are nothing but text, each on one line', async () => {
    const text = await textOf({ tokens: HOSTILE.map((_, i) => [i, 1]), labels: HOSTILE, query: 3 });
    const prose = text.split('\n').filter((line) => !line.startsWith('    '));
    expect(prose.join('\n')).not.toMatch(/(?<!\\)[<`*[]script|(?<!\\)<|(?<![\\*])\*bold|(?<!\\):\/\/|www\.|(?<!\\)`/);
    for (const control of ['\u202e', '\u202c', '\u0000', '\u0007', '\u001b', '\ufffe'])
      expect(text.includes(control), JSON.stringify(control)).toBe(false);
    expect(text.isWellFormed()).toBe(true);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(1500);
  });

  test('leave the tables whole: as many cells in each line, and all lines as wide', async () => {
    const text = await textOf({ tokens: HOSTILE.map((_, i) => [i, 1]), labels: HOSTILE, query: 3 });
    const tables = text.split('\n\n').filter((block) => block.startsWith('|'));
    expect(tables).toHaveLength(2);
    for (const table of tables) {
      const lines = table.split('\n');
      expect(new Set(lines.map((line) => line.replaceAll('\\|', '').split('|').length)).size).toBe(1);
      expect(new Set(lines.map(displayWidth)).size).toBe(1);
    }
  });
});
