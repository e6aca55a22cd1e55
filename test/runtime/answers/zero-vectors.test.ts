import { expect, test } from 'vitest';
import { ZeroVectors } from '../../../src/engine/errors.ts';
import { pointingAtZeroVectors } from '../../../src/runtime/answers/zero-vectors.ts';
import { readAttentionRequest } from '../../../src/wire/attention-request.ts';
import { rows } from '../asked.ts';

const order = (options: object = {}) => readAttentionRequest({ tokens: rows(3, 2), similarity: 'cosine', ...options });
const zero = (...rowsOfZeros: ZeroVectors['rows']) => {
  throw new ZeroVectors(rowsOfZeros);
};

test('what is computed is given, and what else goes wrong stays what it is', () => {
  expect(pointingAtZeroVectors(order(), () => 7)).toBe(7);
  const error = new Error('another');
  expect(() =>
    pointingAtZeroVectors(order(), () => {
      throw error;
    }),
  ).toThrow(error);
});

test('vectors of length 0 are faults of the request, each where it stands', () => {
  const compute = () => zero({ vectors: 'tokens', row: 2, head: 0 }, { vectors: 'queries', row: 1, head: 0 });
  const detail = 'is a vector of length 0 in float32, which has no direction; cosine similarity needs one';
  expect(() => pointingAtZeroVectors(order({ queries: rows(2, 2) }), compute)).toThrow(
    expect.objectContaining({
      code: 'invalid-request',
      faults: [
        { pointer: '/tokens/2', detail },
        { pointer: '/queries/1', detail },
      ],
    }),
  );
});

test('the one query vector has no row, and a head is said where there is an axis of heads', () => {
  const compute = () => zero({ vectors: 'queries', row: 0, head: 1 }, { vectors: 'tokens', row: 0, head: 0 });
  const detail = (head: number) => `is a vector of length 0 in float64, in head ${head}, which has no direction; cosine similarity needs one`;
  expect(() => pointingAtZeroVectors(order({ queries: [1, 2], heads: 2, dtype: 'float64' }), compute)).toThrow(
    expect.objectContaining({
      faults: [
        { pointer: '/queries', detail: detail(1) },
        { pointer: '/tokens/0', detail: detail(0) },
      ],
    }),
  );
});
