import { describe, expect, test } from 'vitest';
import { readDiagnoseRequest } from '../../src/wire/diagnose-request.ts';
import { faultsOf } from './refused.ts';

const TOKENS = [
  [1, 0.1],
  [0, 1],
  [1, 1],
];
const read = (members: object) => readDiagnoseRequest({ tokens: TOKENS, observed: { weights: [1, 0, 0] }, query: 1, ...members });

describe('what was observed', () => {
  test.each([
    ['weights of one query', { query: 1, observed: { weights: [0.5, null, 0.5] } }, { heads: 1, perRow: 3, shape: [3] }],
    ['lse of one query', { query: 1, observed: { lse: null } }, { heads: 1, perRow: 1, shape: [] }],
    ['context of several', { query: [1, 2], observed: { context: TOKENS.slice(1) } }, { heads: 1, perRow: 2, shape: [2, 2] }],
    [
      'weights of heads',
      {
        query: 1,
        heads: 2,
        observed: {
          weights: [
            [1, 0, 0],
            [0, 1, 0],
          ],
        },
      },
      { heads: 2, perRow: 3, shape: [2, 3] },
    ],
    ['the heads’ mean weights', { query: 1, heads: 2, observed: { weights: [1, 0, 0] } }, { heads: 1, perRow: 3, shape: [3] }],
    [
      'lse of heads',
      {
        query: [0, 1],
        heads: 2,
        observed: {
          lse: [
            [1, 2],
            [3, 4],
          ],
        },
      },
      { heads: 2, perRow: 1, shape: [2, 2] },
    ],
  ])('%s is read with its axes', (_, members, expected) => {
    expect(read(members).observed).toMatchObject([expected]);
  });

  test('numbers stay as they were written, though the dtype is float32', () => {
    expect(read({}).attention.tokens.data[1]).toBe(0.1);
    expect(read({}).order.attention.tokens.data[1]).toBe(Math.fround(0.1));
  });

  test('the tolerance is by the dtype, or as it is given', () => {
    expect(read({}).tolerance).toEqual({ absolute: 1e-5, relative: 1e-4 });
    expect(read({ dtype: 'float64' }).tolerance).toEqual({ absolute: 1e-9, relative: 1e-7 });
    expect(read({ tolerance: { absolute: 0, relative: 0.5 } }).tolerance).toEqual({ absolute: 0, relative: 0.5 });
  });
});

describe('a fault points at its place', () => {
  test.each([
    [{ observed: undefined }, '/observed', 'is required: what your code gave'],
    [{ observed: {} }, '/observed', 'needs at least one of `scores`, `weights`, `context` and `lse`'],
    [
      { observed: { lse: 0, weights: [1, 0, 0], logits: [1] } },
      '/observed/logits',
      'is not a field here; the fields are scores, weights, context, lse',
    ],
    [{ observed: { weights: [1, 0] } }, '/observed/weights', 'has the shape [2], but this request’s weights have [3]'],
    [{ observed: { scores: null } }, '/observed/scores', 'has the shape one number, but this request’s scores have [3]'],
    [{ heads: 2, observed: { weights: [1, 0] } }, '/observed/weights', 'has the shape [2], but this request’s weights have [2, 3] or [3]'],
    [{ heads: 2, observed: { scores: [1, 0, 0] } }, '/observed/scores', 'has the shape [3], but this request’s scores have [2, 3]'],
    [{ query: [1, 2], observed: { lse: 1 } }, '/observed/lse', 'has the shape one number, but this request’s lse have [2]'],
    [{ observed: { weights: [1, '0', 0] } }, '/observed/weights/1', 'must be a finite number, or null for NaN and infinities, got the string "0"'],
    [{ observed: { weights: [[1, 0, 0]] } }, '/observed/weights', 'has the shape [1, 3], but this request’s weights have [3]'],
    [{ query: [1, 2], observed: { weights: [1, 0] } }, '/observed/weights', 'has the shape [2], but this request’s weights have [2, 3]'],
    [{ query: [1, 2], observed: { lse: [[1, 0]] } }, '/observed/lse', 'has the shape [1, 2], but this request’s lse have [2]'],
    [{ query: [1, 2], observed: { lse: [[1], [0]] } }, '/observed/lse', 'has the shape [2, 1], but this request’s lse have [2]'],
    [
      { heads: 2, query: [1, 2], observed: { context: [TOKENS.slice(1), TOKENS.slice(1)] } },
      '/observed/context',
      'has the shape [2, 2, 2], but this request’s context have [2, 2]',
    ],
    [{ tolerance: { absolute: 1 } }, '/tolerance/relative', 'is required'],
    [{ tolerance: { absolute: -1, relative: 0 } }, '/tolerance/absolute', 'must be a'],
    [{ dtype: 'float16' }, '/dtype', 'must be one of "float32", "float64", got the string "float16"'],
    [{ tokens: [[1e39, 1]], query: 0 }, '/tokens/0/0', 'float32'],
    [{ wheights: 1 }, '/wheights', 'is not a field of this request; /docs lists the fields'],
  ])('%j', (members, pointer, detail) => {
    expect(faultsOf(() => read(members))).toEqual([[pointer, expect.stringContaining(detail)]]);
  });

  test('a body that is no object is one fault', () => {
    expect(faultsOf(() => readDiagnoseRequest(null))).toEqual([['', expect.stringContaining('must be')]]);
  });

  test('faults of the request and of what was observed are listed together', () => {
    const faults = faultsOf(() => readDiagnoseRequest({ tokens: TOKENS, causal: 1, observed: { weights: [1, 'x'] } }));
    expect(faults.map(([pointer]) => pointer)).toEqual(['/causal', '/observed/weights/1']);
  });
});
