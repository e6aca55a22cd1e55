import { describe, expect, test } from 'vitest';
import { reference } from '../../../src/engine/kernels/reference.ts';
import { merge } from '../../../src/runtime/answers/merge.ts';
import { costOf, PRINTED_BYTES } from '../../../src/runtime/cost.ts';
import type { Limits } from '../../../src/runtime/question.ts';
import { codec } from '../../codec.ts';
import { json, rows } from '../asked.ts';

const read = (request: object, limits: Limits = { work: 1e9, replyNumbers: 1e6 }) =>
  merge({ kind: 'merge', body: json(request) }, { kernel: reference, codec, limits });
/** 3 parts of 5 rows of 4 numbers in 2 heads. */
const PARTS = { parts: Array(3).fill({ context: rows(5, 4), lse: rows(2, 5) }) };
const PROJECTED = { ...PARTS, w_output: rows(4, 7) };

describe('a merge', () => {
  test('is sized, counted and priced', () => {
    const task = read(PARTS);
    const numbers = 5 * 4 + 2 * 5;
    expect(task.sizes).toEqual({ parts: 3, H: 2, M: 5, E: 2 });
    expect(task.work).toBe(5 * 4 * 3);
    expect(task.cost).toBe(costOf({ work: 0, pairs: 3 * 5 * 2, merged: 3 * 5 * 4, moved: numbers, printed: numbers }, 'float64', codec.name));
    expect(task.holds).toBe(8 * 5 * (4 + 4) + PRINTED_BYTES * numbers);
  });

  test('counts its projection', () => {
    const task = read({ ...PROJECTED, decimals: 0 });
    const numbers = 5 * 7 + 2 * 5;
    expect(task.work).toBe(5 * 4 * 3 + 5 * 4 * 7);
    const load = { work: 0, pairs: 30, merged: 60, moved: numbers, printed: numbers, rounded: numbers };
    expect(task.cost).toBe(costOf({ ...load, projected: 5 * 4 * 7, projectedIn: 5 * 4, projectedOut: 5 * 7 }, 'float64', codec.name));
    expect(task.holds).toBe(8 * 5 * (4 + 7) + PRINTED_BYTES * numbers);
  });

  test('a bias alone makes fresh rows', () => {
    const load = { work: 0, pairs: 30, merged: 60, moved: 30, printed: 30 };
    expect(read({ ...PARTS, b_output: [1, 2, 3, 4] }).cost).toBe(costOf({ ...load, projectedOut: 5 * 4 }, 'float64', codec.name));
  });

  test('over a limit is refused when it is read', () => {
    expect(read(PROJECTED, { work: 200, replyNumbers: 45 }).work).toBe(200);
    expect(() => read(PROJECTED, { work: 199, replyNumbers: 45 })).toThrow(
      'the request asks for 200 multiply-adds (parts·m·width, and the projection); MAX_WORK is 199.',
    );
    expect(() => read(PROJECTED, { work: 200, replyNumbers: 44 })).toThrow('the reply would hold 45 numbers; MAX_REPLY_NUMBERS is 44.');
  });

  test('is computed, then printed, and says when', () => {
    let computed = 0;
    const task = read({ parts: [{ context: [1, 2], lse: 0 }], w_output: [[1], [10]], b_output: [0.5] });
    expect(task.carryOut(() => computed++).body).toBe('{"context":[21.5],"lse":0}');
    expect(computed).toBe(1);
    expect(task.carryOut().body).toBe('{"context":[21.5],"lse":0}');
  });
});
