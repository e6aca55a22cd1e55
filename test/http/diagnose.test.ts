import { describe, expect, test } from 'vitest';
import { diagnoseExamples } from '../../src/schemas/examples.ts';
import { useService } from './service.ts';

const service = useService({ THREADS: '1', MAX_WORK: '1e9' });
const ask = (body: unknown, headers = {}) => service.ask(body, { path: '/attention/diagnose', headers });

const TOKENS = [
  [0.2, 0.1, 0.5],
  [0.9, 0.1, 0.3],
  [0.4, 0.8, 0.2],
];

describe('the documented examples', () => {
  test.each([
    ['scale-missing', { matches: false, mistakes: [{ code: 'scale-missing' }], precision: null }],
    ['mask-inverted', { matches: false, mistakes: [{ code: 'mask-inverted', max_absolute_error: 0 }], precision: null }],
    ['float16', { matches: false, mistakes: [], precision: 'float16' }],
  ])('%s', async (name, expected) => {
    const { status, json } = await ask(diagnoseExamples[name]?.value);
    expect(status).toBe(200);
    expect(json).toMatchObject(expected);
  });
});

test('the service’s own answer matches, in either precision and with every option of the lesson', async () => {
  for (const dtype of ['float32', 'float64']) {
    const request = { tokens: TOKENS, heads: 3, causal: true, scale: '1/sqrt(d_k)', sink: 0.5, softcap: 2, dtype };
    const { scores, weights, context, lse } = (await service.ask({ ...request, include: ['scores', 'weights', 'context', 'lse'] })).json;
    const { json } = await ask({ ...request, observed: { scores, weights, context, lse } });
    expect(json).toMatchObject({ matches: true, mistakes: [], precision: dtype, tolerance_is_blind: false });
    for (const output of ['scores', 'weights', 'context', 'lse']) {
      expect(json.errors[output].max_absolute).toBeLessThanOrEqual(json.certified[dtype][output]);
      expect(json.errors[output].correlation).toBeCloseTo(1, 6);
    }
  }
});

test('a row without a key is null in lse, and NaN where it should be 0', async () => {
  const request = {
    tokens: TOKENS,
    mask: [
      [true, true, true],
      [false, false, false],
      [true, false, true],
    ],
    dtype: 'float64',
  };
  const { weights, lse } = (await service.ask({ ...request, include: ['weights', 'lse'] })).json;
  expect((await ask({ ...request, observed: { weights, lse } })).json).toMatchObject({ matches: true, mistakes: [] });
  const { json } = await ask({ ...request, observed: { weights: [weights[0], [null, null, null], weights[2]] } });
  expect(json).toMatchObject({
    matches: false,
    errors: { weights: { max_absolute: null, max_relative: 0, pointer: '/observed/weights/1/0' } },
    mistakes: [{ code: 'nan-for-empty-row', max_absolute_error: 0 }],
  });
});

test('weights without the axis of heads are held against the heads’ mean', async () => {
  const request = { tokens: TOKENS, heads: 3, dtype: 'float64' };
  const { weights } = (await service.ask({ ...request, include: ['weights'] })).json;
  const mean = weights[0].map((row: number[], i: number) => row.map((_, j) => (weights[0][i][j] + weights[1][i][j] + weights[2][i][j]) / 3));
  expect((await ask({ ...request, observed: { weights: mean } })).json).toMatchObject({ matches: true });
  expect((await ask({ ...request, observed: { weights: [mean, mean, mean] } })).json).toMatchObject({ mistakes: [{ code: 'heads-averaged' }] });
});

test('a tolerance under which the plain mean would pass is blind', async () => {
  const wide = await ask({ tokens: TOKENS, observed: { context: TOKENS }, tolerance: { absolute: 1, relative: 0 } });
  expect(wide.json).toMatchObject({ matches: true, tolerance_is_blind: true });
});

test('the verdict is in words where Markdown is wanted, JSON for */*', async () => {
  const body = { tokens: TOKENS, causal: true, observed: { context: TOKENS } };
  const words = await ask(body, { accept: 'text/markdown' });
  expect([words.status, words.headers['content-type']]).toEqual([200, 'text/markdown; charset=utf-8']);
  expect(words.text).toMatch(/^# Diagnosis\n\n## Verdict\n\n\*\*Your numbers are wrong/);
  expect((await ask(body, { accept: '*/*' })).headers['content-type']).toBe('application/json; charset=utf-8');
});

describe('refusals', () => {
  test('are 422 with pointers', async () => {
    const { status, json } = await ask({ tokens: TOKENS, observed: { weights: [[1, 2, 3]] }, tolerance: { absolute: 0 } });
    expect(status).toBe(422);
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/tolerance/relative']);
    const shape = await ask({ tokens: TOKENS, observed: { weights: [[1, 2, 3]] } });
    expect(shape.json.errors).toEqual([{ pointer: '/observed/weights', detail: 'has the shape [1, 3], but this request’s weights have [3, 3]' }]);
  });

  test('a vector of length 0 is refused at its row, a right answer that overflows is said', async () => {
    const zero = await ask({
      tokens: [
        [0, 0],
        [1, 1],
      ],
      similarity: 'cosine',
      observed: {
        context: [
          [0, 0],
          [1, 1],
        ],
      },
    });
    expect([zero.status, zero.json.errors[0].pointer]).toEqual([422, '/tokens/0']);
    const large = await ask({
      tokens: [
        [1e200, 1],
        [1, 1],
      ],
      dtype: 'float64',
      observed: {
        context: [
          [0, 0],
          [1, 1],
        ],
      },
    });
    expect(large.json.type).toBe('/problems/arithmetic-overflow');
  });

  test('what every mistake together would take too long for is a 413, before it is computed', async () => {
    const tokens = Array.from({ length: 256 }, (_, i) => Array.from({ length: 32 }, (_column, c) => Math.sin(i + c)));
    const { status, json } = await ask({ tokens, observed: { context: tokens } });
    expect([status, json.type]).toEqual([413, '/problems/work-too-large']);
    expect(json.detail).toContain('a 60th of MAX_WORK');
  });

  test('another type and another Accept', async () => {
    expect((await ask('{}', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await ask({}, { accept: 'image/svg+xml' })).status).toBe(406);
  });
});
