import { describe, expect, test } from 'vitest';
import { arithmeticOverflow } from '../../src/engine/errors.ts';
import { mergeAndProject } from '../../src/engine/merge.ts';

const part = (columns: number, context: readonly number[], lse: readonly number[]) => ({
  context: { data: Float64Array.from(context), rows: context.length / columns, columns },
  lse: Float64Array.from(lse),
});
const NONE = Number.NEGATIVE_INFINITY;

describe('merged parts of the keys', () => {
  test('weigh each head and row by its own share', () => {
    // Two rows, two heads of two columns. lse is head by head: a part with ln 3 has three times the weight of one with 0.
    const three = Math.log(3);
    const left = part(4, [1, 2, 3, 4, 5, 6, 7, 8], [three, 0, 0, three]);
    const right = part(4, [9, 10, 11, 12, 13, 14, 15, 16], [0, three, 0, three]);
    const { context, lse, fullyMasked } = mergeAndProject([left, right], 2, 2, {});
    expect(fullyMasked).toEqual([]);
    [3, 4, 7, 8, 11, 12, 11, 12].forEach((wanted, n) => {
      expect(context.data[n]).toBeCloseTo(wanted, 14);
    });
    [Math.log(4), Math.log(4), Math.LN2, Math.log(6)].forEach((wanted, n) => {
      expect(lse[n]).toBeCloseTo(wanted, 14);
    });
    expect([context.rows, context.columns]).toEqual([2, 4]);
  });

  test('take nothing from a part that had no key for a row, whatever it holds there', () => {
    const { context, lse, fullyMasked } = mergeAndProject([part(1, [7, Number.NaN], [0.5, NONE]), part(1, [Number.NaN, 9], [NONE, -0.5])], 2, 1, {});
    expect([Array.from(context.data), Array.from(lse), fullyMasked]).toEqual([[7, 9], [0.5, -0.5], []]);
  });

  test('are 0 and listed where no part had a key, as head · m + row', () => {
    const one = part(2, [1, 2, 3, 4], [0, NONE, NONE, 0]);
    const { context, lse, fullyMasked } = mergeAndProject([one, one], 2, 2, {});
    expect(fullyMasked).toEqual([1, 2]);
    expect(Array.from(context.data)).toEqual([1, 0, 0, 4]);
    expect(Array.from(lse)).toEqual([Math.LN2, NONE, NONE, Math.LN2]);
  });

  test('are projected once they are merged', () => {
    const output = { weight: { data: Float64Array.of(1, 2, 3, 4, 5, 6), rows: 2, columns: 3 }, bias: Float64Array.of(1, 1, 1) };
    const { context, lse } = mergeAndProject([part(2, [1, 10], [2, 3])], 1, 2, output);
    expect(context).toEqual({ data: Float64Array.of(42, 53, 64), rows: 1, columns: 3 });
    expect(Array.from(lse)).toEqual([2, 3]);
  });

  test('that the projection makes overflow are refused, by the query row', () => {
    const output = { weight: { data: Float64Array.of(1, 1e200), rows: 1, columns: 2 } };
    expect(() => mergeAndProject([part(1, [1, 2, 1e200], [0, 0, 0])], 3, 1, output)).toThrow(arithmeticOverflow('context', 'query row', 2));
    const first = { weight: { data: Float64Array.of(1e200, 1), rows: 1, columns: 2 } };
    expect(() => mergeAndProject([part(1, [1e200, 2, 1], [0, 0, 0])], 3, 1, first)).toThrow('context of query row 0 is not finite');
  });
});
