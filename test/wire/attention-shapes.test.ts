import { describe, expect, test } from 'vitest';
import { readAttentionRequest } from '../../src/wire/attention-request.ts';
import { faultsOf } from './refused.ts';

/** Zeros, as many rows and columns. */
const matrix = (rows: number, columns: number): number[][] => Array.from({ length: rows }, () => Array<number>(columns).fill(0));
const row = (length: number): number[] => Array<number>(length).fill(0);
const refused = (body: object) => faultsOf(() => readAttentionRequest(body));
const taken = (body: object) => expect(() => readAttentionRequest(body)).not.toThrow();

describe('what has one for each token', () => {
  test('is as many rows of values and labels', () => {
    expect(refused({ tokens: matrix(2, 2), values: matrix(3, 1), labels: ['a'] })).toEqual([
      ['/values', 'has 3 rows, but there are 2 tokens; one row a token is required'],
      ['/labels', 'has 1 label, but there are 2 tokens; one label a token is required'],
    ]);
    taken({ tokens: matrix(2, 2), values: matrix(2, 5), labels: ['a', 'b'] });
  });

  test('is said even where widths can’t be held against each other', () => {
    expect(refused({ tokens: matrix(1, 2), values: matrix(2, 2), heads: 0 }).map(([pointer]) => pointer)).toEqual(['/heads', '/values']);
  });
});

describe('masks and biases', () => {
  const tokens = matrix(2, 2);

  test('cover the tokens', () => {
    expect(refused({ tokens, mask: [true], bias: matrix(2, 3) })).toEqual([
      ['/mask', 'covers 1 key, but there are 2 tokens; its last axis must be 2 long'],
      ['/bias', 'covers 3 keys, but there are 2 tokens; its last axis must be 2 long'],
    ]);
  });

  test('have a row for each query row, wherever those come from', () => {
    const rule = 'row r belongs to the r-th query row';
    expect(refused({ tokens, bias: matrix(3, 2) })).toEqual([['/bias', `has 3 rows, but there are 2 query rows; ${rule}`]]);
    expect(refused({ tokens, query: 0, bias: matrix(2, 2) })).toEqual([['/bias', `has 2 rows, but there is 1 query row; ${rule}`]]);
    expect(refused({ tokens, queries: matrix(3, 2), bias: matrix(1, 2) })).toEqual([['/bias', `has 1 row, but there are 3 query rows; ${rule}`]]);
    taken({ tokens, query: [0, 1, 0], bias: matrix(3, 2) });
    taken({ tokens, queries: row(2), bias: matrix(1, 2) });
    taken({ tokens, bias: row(2) });
  });

  test('are not held against query rows that could not be read', () => {
    expect(refused({ tokens, queries: 'x', bias: matrix(9, 2) }).map(([pointer]) => pointer)).toEqual(['/queries']);
    expect(refused({ tokens, query: [], bias: matrix(9, 2) }).map(([pointer]) => pointer)).toEqual(['/query']);
  });

  test('have an axis of heads only where there are heads, and as long', () => {
    const perHead = (heads: number) => Array.from({ length: heads }, () => matrix(2, 2));
    expect(refused({ tokens, bias: perHead(1) })).toEqual([['/bias', 'has an axis of heads, [h, m, n], which needs `heads`']]);
    expect(refused({ tokens, heads: 2, bias: perHead(1) })).toEqual([['/bias', 'is for 1 head, but `heads` is 2']]);
    expect(refused({ tokens, heads: 1, bias: perHead(2) })).toEqual([['/bias', 'is for 2 heads, but `heads` is 1']]);
    taken({ tokens, heads: 2, bias: perHead(2) });
    // Heads that could not be read say nothing.
    expect(refused({ tokens, heads: 'x', bias: perHead(2) }).map(([pointer]) => pointer)).toEqual(['/heads']);
  });
});

describe('what has one for each head', () => {
  const tokens = matrix(1, 2);

  test('is as many numbers, in an object within too', () => {
    expect(refused({ tokens, sink: [0, 0], position: { type: 'alibi', slopes: [1, 1] } })).toEqual([
      ['/sink', 'has 2 numbers, but there is 1 head; one a head is required'],
      ['/position/slopes', 'has 2 numbers, but there is 1 head; one a head is required'],
    ]);
    expect(refused({ tokens, heads: 2, sink: [0] })).toEqual([['/sink', 'has 1 number, but there are 2 heads; one a head is required']]);
    taken({ tokens, heads: 2, sink: [0, 0], position: { type: 'alibi', slopes: [1, 1] } });
    taken({ tokens, heads: 2, sink: 0, position: { type: 'alibi' } });
  });

  test('is looked at beside a width that does not fit', () => {
    expect(refused({ tokens, heads: 3, kv_heads: 2, sink: [0] }).map(([pointer]) => pointer)).toEqual(['/kv_heads', '/sink']);
    expect(refused({ tokens, heads: 3, sink: [0] }).map(([pointer]) => pointer)).toEqual(['/heads', '/sink']);
  });

  test('is not looked at where a width could not be read', () => {
    expect(refused({ tokens, heads: 0, sink: [0, 0, 0] }).map(([pointer]) => pointer)).toEqual(['/heads']);
    expect(refused({ tokens, heads: 2, kv_heads: 0, sink: [0] }).map(([pointer]) => pointer)).toEqual(['/kv_heads']);
    expect(refused({ tokens, kv_heads: 1, sink: [0, 0] })).toEqual([['/kv_heads', 'needs `heads`']]);
    expect(refused({ tokens, b_value: 'x', sink: [0, 0] }).map(([pointer]) => pointer)).toEqual(['/b_value']);
  });
});

describe('heads', () => {
  test('are a multiple of the key heads', () => {
    const rule = 'each key head serves equally many query heads';
    expect(refused({ tokens: matrix(1, 6), heads: 3, kv_heads: 2 })).toEqual([['/kv_heads', `is 2, which does not divide 3 heads; ${rule}`]]);
    expect(refused({ tokens: matrix(1, 6), heads: 1, kv_heads: 2 })).toEqual([['/kv_heads', `is 2, which does not divide 1 head; ${rule}`]]);
    taken({ tokens: matrix(1, 2), queries: matrix(1, 4), heads: 4, kv_heads: 2 });
  });

  test('split all widths evenly; what does not fit is said once for each width and place', () => {
    expect(refused({ tokens: matrix(1, 3), heads: 2 })).toEqual([['/heads', 'makes queries, keys, values 3 wide, which 2 heads can’t split evenly']]);
    expect(refused({ tokens: matrix(1, 4), heads: 2, values: matrix(1, 3) })).toEqual([
      ['/values', 'makes values 3 wide, which 2 heads can’t split evenly'],
    ]);
    expect(refused({ tokens: matrix(1, 4), queries: matrix(1, 5), heads: 2 })).toEqual([
      ['/heads', 'makes queries 5 wide, which 2 heads can’t split evenly'],
    ]);
    expect(refused({ tokens: matrix(1, 3), queries: matrix(1, 8), heads: 4, kv_heads: 2 })).toEqual([
      ['/kv_heads', 'makes keys, values 3 wide, which 2 key heads can’t split evenly'],
    ]);
    expect(refused({ tokens: matrix(1, 3), queries: matrix(1, 8), heads: 4, kv_heads: 2, w_key: matrix(3, 5), w_value: matrix(3, 7) })).toEqual([
      ['/w_key', 'makes keys 5 wide, which 2 key heads can’t split evenly'],
      ['/w_value', 'makes values 7 wide, which 2 key heads can’t split evenly'],
    ]);
    expect(refused({ tokens: matrix(1, 4), heads: 4, kv_heads: 1, w_query: matrix(4, 3) })).toEqual([
      ['/w_query', 'makes queries 3 wide, which 4 heads can’t split evenly'],
    ]);
  });
});

describe('queries and keys', () => {
  const rule = 'a query and a key must be equally wide in each head';

  test('are equally wide in each head', () => {
    expect(refused({ tokens: matrix(1, 2), queries: row(3) })).toEqual([['/queries', `gives queries 3 wide and keys 2 wide; ${rule}`]]);
    expect(refused({ tokens: matrix(1, 4), queries: row(6), heads: 2 })).toEqual([
      ['/queries', `gives queries 3 wide (6 in 2 heads) and keys 2 wide (4 in 2 heads); ${rule}`],
    ]);
    expect(refused({ tokens: matrix(1, 4), heads: 4, kv_heads: 2 })).toEqual([
      ['/kv_heads', `gives queries 1 wide (4 in 4 heads) and keys 2 wide (4 in 2 heads); ${rule}`],
    ]);
    taken({ tokens: matrix(1, 2), queries: row(8), heads: 4, kv_heads: 1 });
  });

  test('are of even width for rope', () => {
    const rule = 'wide in each head; d_k must be even';
    expect(refused({ tokens: matrix(1, 6), heads: 2, position: { type: 'rope' } })).toEqual([
      ['/position', `is rope, which turns pairs of numbers, but a query is 3 ${rule}`],
    ]);
    taken({ tokens: matrix(1, 4), heads: 2, position: { type: 'rope' } });
    taken({ tokens: matrix(1, 3), position: { type: 'sinusoidal' } });
    // Of a width that can't be split nothing more is said.
    expect(refused({ tokens: matrix(1, 5), heads: 2, position: { type: 'rope' } }).map(([pointer]) => pointer)).toEqual(['/heads']);
  });
});

describe('projections', () => {
  test('have as many rows as what they project is wide', () => {
    const rule = 'x · W needs as many rows as x is wide';
    expect(refused({ tokens: matrix(1, 2), w_query: matrix(1, 2), w_key: matrix(3, 2), w_value: matrix(3, 2), w_output: matrix(1, 5) })).toEqual([
      ['/w_query', `has 1 row, but tokens are 2 wide; ${rule}`],
      ['/w_key', `has 3 rows, but tokens are 2 wide; ${rule}`],
      ['/w_value', `has 3 rows, but tokens are 2 wide; ${rule}`],
      ['/w_output', `has 1 row, but the context, heads side by side, is 2 wide; ${rule}`],
    ]);
    expect(refused({ tokens: matrix(1, 2), queries: row(3), values: matrix(1, 4), w_query: matrix(2, 2), w_value: matrix(2, 2) })).toEqual([
      ['/w_query', `has 2 rows, but queries are 3 wide; ${rule}`],
      ['/w_value', `has 2 rows, but values are 4 wide; ${rule}`],
    ]);
  });

  test('have a bias as wide as they make it, or as it is without them', () => {
    const rule = 'but is added to rows that are';
    expect(refused({ tokens: matrix(1, 2), b_query: row(1), b_key: row(3), b_value: row(4), b_output: row(5) })).toEqual([
      ['/b_query', `has 1 number, ${rule} 2 wide`],
      ['/b_key', `has 3 numbers, ${rule} 2 wide`],
      ['/b_value', `has 4 numbers, ${rule} 2 wide`],
      ['/b_output', `has 5 numbers, ${rule} 2 wide`],
    ]);
    expect(refused({ tokens: matrix(1, 2), w_output: matrix(2, 3), b_output: row(2) })).toEqual([['/b_output', `has 2 numbers, ${rule} 3 wide`]]);
    taken({ tokens: matrix(1, 2), w_value: matrix(2, 3), b_value: row(3), w_output: matrix(3, 4), b_output: row(4) });
  });

  test('of the output take the context of all heads, each as wide as the values of a key head', () => {
    taken({ tokens: matrix(1, 2), queries: row(4), heads: 4, kv_heads: 2, values: matrix(1, 6), w_output: matrix(12, 1) });
    expect(
      refused({ tokens: matrix(1, 2), queries: row(4), heads: 4, kv_heads: 2, values: matrix(1, 6), w_output: matrix(6, 1) }).map(
        ([, detail]) => detail,
      ),
    ).toEqual(['has 6 rows, but the context, heads side by side, is 12 wide; x · W needs as many rows as x is wide']);
    // Values that can't be split have no context.
    expect(refused({ tokens: matrix(1, 2), heads: 2, values: matrix(1, 3), w_output: matrix(9, 1) }).map(([pointer]) => pointer)).toEqual([
      '/values',
    ]);
  });
});
