import { describe, expect, test } from 'vitest';
import { readMergeRequest } from '../../src/wire/merge-request.ts';
import { faultsOf, refusal } from './refused.ts';

const part = { context: [[1, 2]], lse: [0.5] };
const refused = (body: unknown) => faultsOf(() => readMergeRequest(body));

describe('parts to merge', () => {
  test('are read in double precision', () => {
    expect(readMergeRequest({ parts: [part, { context: [[3, 0.1]], lse: [null] }], w_output: [[1], [2]], b_output: [3], decimals: 4 })).toEqual({
      parts: [
        { context: { data: Float64Array.of(1, 2), rows: 1, columns: 2 }, lse: Float64Array.of(0.5) },
        { context: { data: Float64Array.of(3, 0.1), rows: 1, columns: 2 }, lse: Float64Array.of(Number.NEGATIVE_INFINITY) },
      ],
      m: 1,
      heads: 1,
      output: { weight: { data: Float64Array.of(1, 2), rows: 2, columns: 1 }, bias: Float64Array.of(3) },
      decimals: 4,
      oneRow: false,
      headAxis: false,
    });
  });

  test('have the axes that the first has', () => {
    expect(readMergeRequest({ parts: [{ context: [1, 2], lse: null }] })).toMatchObject({ m: 1, heads: 1, oneRow: true, headAxis: false });
    expect(readMergeRequest({ parts: [{ context: [1, 2], lse: [1, 2] }] })).toMatchObject({ m: 1, heads: 2, oneRow: true, headAxis: true });
    expect(readMergeRequest({ parts: [{ context: [[1], [2]], lse: [[1, 2]] }] })).toMatchObject({ m: 2, heads: 1, oneRow: false, headAxis: true });
  });

  test('have all the same shape', () => {
    expect(refused({ parts: [part, { context: [[1], [2]], lse: [1, 2] }, { context: [1, 2], lse: [1, 2] }] })).toEqual([
      ['/parts/1/context', 'is 2 × 1, but that of /parts/0 is 1 × 2; every part answers the same rows'],
      ['/parts/2/context', 'is one vector 2 wide, but that of /parts/0 is 1 × 2; every part answers the same rows'],
      ['/parts/2/lse', 'has 2 heads, but that of /parts/0 has no axis of heads'],
    ]);
    expect(
      refused({
        parts: [
          { context: [1, 2], lse: [1] },
          { context: [1, 2], lse: 1 },
        ],
      }),
    ).toEqual([['/parts/1/lse', 'has no axis of heads, but that of /parts/0 has 1 head']]);
  });

  test('are held against the first only where all could be read', () => {
    expect(refused({ parts: [part, { context: [[1]], lse: [1] }, { context: 'x', lse: [1] }] }).map(([pointer]) => pointer)).toEqual([
      '/parts/2/context',
    ]);
    expect(refused({ parts: [{ lse: [1] }, part] })).toEqual([['/parts/0/context', 'is required']]);
  });

  test('are there', () => {
    expect(refusal(() => readMergeRequest({}))).toBe('/parts is required: what each part of the keys gave');
    expect(refusal(() => readMergeRequest([]))).toBe('the body must be a JSON object, got an empty array');
    expect(refused({ parts: [] })).toEqual([['/parts', 'is empty; at least one part is required']]);
    expect(refused({ parts: [part], part })).toEqual([
      ['/part', 'is not a field of this request; the fields are parts, w_output, b_output, decimals'],
    ]);
    expect(refused({ parts: Array.from({ length: 30 }, (_, p) => ({ context: Array(p + 1).fill(0), lse: 0 })) })).toHaveLength(20);
  });
});

describe('the output projection', () => {
  test('takes the context, and its bias what it makes', () => {
    expect(refused({ parts: [part], w_output: [[1, 2, 3]], b_output: [1] })).toEqual([
      ['/w_output', 'has 1 row, but the context is 2 wide'],
      ['/b_output', 'has 1 number, but is added to rows that are 3 wide'],
    ]);
    expect(refused({ parts: [part], b_output: [1, 2, 3] })).toEqual([['/b_output', 'has 3 numbers, but is added to rows that are 2 wide']]);
    expect(readMergeRequest({ parts: [part], b_output: [1, 2] }).output).toEqual({ weight: undefined, bias: Float64Array.of(1, 2) });
  });
});
