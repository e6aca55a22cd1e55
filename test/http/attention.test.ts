import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { attentionExamples } from '../../src/schemas/examples.ts';
import { type Json, useService } from './service.ts';

const service = useService();
const TOKENS = [
  [0.2, 0.1, 0.5],
  [0.9, 0.1, 0.3],
  [0.4, 0.8, 0.2],
];

describe('the lesson', () => {
  test('“The cat ran” gives the numbers of the lesson', async () => {
    const { status, text, headers } = await service.ask({ tokens: TOKENS, query: 2, decimals: 4 });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(text).toBe('{"scores":[0.26,0.5,0.84],"weights":[0.2465,0.3133,0.4402],"context":[0.5074,0.4081,0.3053]}');
  });

  test('the shares are 25 %, 31 % and 44 %', async () => {
    const { json } = await service.ask({ tokens: TOKENS, query: 2, include: ['weights'] });
    expect(json.weights.map((weight: number) => Math.round(weight * 100))).toEqual([25, 31, 44]);
  });

  test('says what decoding, computing and encoding took', async () => {
    const { headers } = await service.ask({ tokens: TOKENS });
    expect(headers['server-timing']).toMatch(/^decode;dur=\d+\.\d+, compute;dur=\d+\.\d+, encode;dur=\d+\.\d+$/);
  });
});

describe('the worked examples', () => {
  const lessons: Json[] = JSON.parse(readFileSync(new URL('../goldens/lessons.json', import.meta.url), 'utf8'));
  test.each(lessons)('$name', async ({ request, expected, tolerance }) => {
    const { json } = await service.ask(request);
    for (const [output, numbers] of Object.entries(expected)) expectClose(json[output], numbers, tolerance);
  });

  test('a fully masked row is listed', async () => {
    const masked = lessons.find(({ name }) => name === 'contract-fully-masked-row-zero');
    expect((await service.ask(masked.request)).json.fully_masked).toEqual([1]);
  });
});

test.each(Object.entries(attentionExamples))('the documented example %s runs', async (_name, { value }) => {
  expect((await service.ask(value)).status).toBe(200);
});

describe('axes', () => {
  test('an integer query and a single vector have no axis of query rows', async () => {
    const one = await service.ask({ tokens: TOKENS, query: 0, include: ['scores', 'context', 'lse', 'entropy'] });
    expect(shapes(one.json)).toEqual({ scores: [3], context: [3], lse: [], entropy: [] });
    const vector = await service.ask({ tokens: TOKENS, queries: [1, 0, 0], values: [[1], [2], [3]], include: ['weights', 'context', 'lse'] });
    expect(shapes(vector.json)).toEqual({ weights: [3], context: [1], lse: [] });
  });

  test('lists of one keep it', async () => {
    const positions = await service.ask({ tokens: TOKENS, query: [0] });
    expect(shapes(positions.json)).toEqual({ scores: [1, 3], weights: [1, 3], context: [1, 3] });
    const vectors = await service.ask({ tokens: TOKENS, queries: [[1, 0, 0]], include: ['lse'] });
    expect(shapes(vectors.json)).toEqual({ lse: [1] });
  });

  test('a repeated position is answered again', async () => {
    const { json } = await service.ask({ tokens: TOKENS, query: [2, 0, 2], include: ['weights'] });
    expect(json.weights).toHaveLength(3);
    expect(json.weights[2]).toEqual(json.weights[0]);
  });
});

describe('axes of heads', () => {
  test('are there exactly when `heads` is in the request, 1 included', async () => {
    const include = ['scores', 'context', 'lse', 'queries', 'keys', 'values'];
    const tokens = [
      [1, 0],
      [0, 1],
      [1, 1],
    ];
    expect(shapes((await service.ask({ tokens, include })).json)).toEqual({
      scores: [3, 3],
      context: [3, 2],
      lse: [3],
      queries: [3, 2],
      keys: [3, 2],
      values: [3, 2],
    });
    expect(shapes((await service.ask({ tokens, include, heads: 1, query: 0 })).json)).toEqual({
      scores: [1, 3],
      context: [2],
      lse: [1],
      queries: [1, 2],
      keys: [1, 3, 2],
      values: [1, 3, 2],
    });
    const grouped = {
      tokens: [
        [1, 0],
        [0, 1],
      ],
      queries: [[1, 0, 0, 1]],
      heads: 2,
      kv_heads: 1,
      include,
      mask: [false, false],
    };
    const { json } = await service.ask(grouped);
    expect(shapes(json)).toMatchObject({ scores: [2, 1, 2], context: [1, 4], lse: [2, 1], queries: [2, 1, 2], keys: [1, 2, 2], values: [1, 2, 2] });
    expect(json.fully_masked).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });
});

describe('include', () => {
  test('of keys and values alone asks nothing of the scores', async () => {
    expect((await service.ask({ tokens: [[1e30]], include: ['keys', 'values'] })).text).toBe('{"keys":[[1e+30]],"values":[[1e+30]]}');
  });

  test('comes back in the order of the contract, and nothing else does', async () => {
    const { text } = await service.ask({ tokens: [[1]], query: 0, include: ['entropy', 'lse', 'context', 'weights', 'logits', 'scores'] });
    expect(text).toBe('{"scores":[1],"logits":[1],"weights":[1],"context":[1],"lse":1,"entropy":0}');
    expect((await service.ask({ tokens: [[1]], include: ['lse'] })).text).toBe('{"lse":[1]}');
  });
});

describe('printing', () => {
  test('prints the fewest digits that read back as the same float32', async () => {
    const { text } = await service.ask({ tokens: [[0.26], [1e-7], [3e38]], queries: [1], include: ['scores'] });
    expect(text).toBe('{"scores":[0.26,1e-7,3e+38]}');
  });

  test('prints float64 as JavaScript does', async () => {
    expect((await service.ask({ tokens: [[0.1], [0.2]], query: 0, dtype: 'float64', include: ['scores'] })).json.scores).toEqual([
      0.1 * 0.1,
      0.1 * 0.2,
    ]);
  });

  test('rounds the exact value of a float32', async () => {
    const { text } = await service.ask({ tokens: [[0.26]], queries: [1], decimals: 10, include: ['scores'] });
    expect(text).toBe('{"scores":[0.2599999905]}');
  });

  test('prints −0 as 0, with decimals and without', async () => {
    for (const decimals of [{}, { decimals: 2 }]) {
      const { text } = await service.ask({ tokens: [[-0.001, 0]], values: [[-0]], scale: -0, include: ['scores', 'context'], ...decimals });
      expect(text).toBe('{"scores":[[0]],"context":[[0]]}');
    }
  });
});

describe('excluded keys', () => {
  test('causal excludes what comes after, and shows it as null and 0', async () => {
    const { json } = await service.ask({ tokens: TOKENS, causal: true, include: ['scores', 'logits', 'weights'], decimals: 4 });
    expect(json.logits).toEqual([
      [0.3, null, null],
      [0.34, 0.91, null],
      [0.26, 0.5, 0.84],
    ]);
    expect(json.scores[0]).toEqual([0.3, 0.34, 0.26]);
    expect(json.weights[0]).toEqual([1, 0, 0]);
    expect(json).not.toHaveProperty('fully_masked');
  });

  test('causal goes by the position of the asking token, not by its row', async () => {
    const { json } = await service.ask({ tokens: TOKENS, query: [2, 0], causal: true, include: ['logits'] });
    expect(json.logits.map((row: (number | null)[]) => row.map((logit) => logit === null))).toEqual([
      [false, false, false],
      [false, true, true],
    ]);
  });

  test('an excluded key may overflow without a word, unless its score is asked for', async () => {
    const request = { tokens: [[1e30], [1]], queries: [[1e30], [1]], mask: [false, true], include: ['weights', 'context'] };
    expect((await service.ask(request)).json).toEqual({
      weights: [
        [0, 1],
        [0, 1],
      ],
      context: [[1], [1]],
    });
    const { status, json } = await service.ask({ ...request, include: ['scores'] });
    expect(status).toBe(422);
    expect(json.detail).toContain('scores of query row 0');
  });
});

function shapes(reply: Json): Record<string, number[]> {
  const shape = (value: unknown): number[] => (Array.isArray(value) ? [value.length, ...shape(value[0])] : []);
  return Object.fromEntries(Object.entries(reply).map(([name, value]) => [name, shape(value)]));
}

function expectClose(got: Json, wanted: Json, tolerance: number): void {
  if (Array.isArray(wanted)) {
    expect(got).toHaveLength(wanted.length);
    wanted.forEach((element, i) => {
      expectClose(got[i], element, tolerance);
    });
  } else if (wanted === null) expect(got).toBeNull();
  else expect(Math.abs(got - wanted)).toBeLessThanOrEqual(tolerance);
}
