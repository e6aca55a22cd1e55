import { describe, expect, test } from 'vitest';
import { ZeroVectors } from '../../src/engine/errors.ts';
import { refuseZeroRows, unitLength } from '../../src/engine/similarity.ts';

const matrix = (columns: number, ...data: number[]) => ({ data: Float64Array.from(data), rows: data.length / columns, columns });

describe('unit length', () => {
  test('is that of each head of a row', () => {
    const { unit, zeros } = unitLength(matrix(4, 3, 4, 0, -2, 5, 12, 8, 6), 2, 'float64');
    expect({ rows: unit.rows, columns: unit.columns, zeros }).toEqual({ rows: 2, columns: 4, zeros: [] });
    [0.6, 0.8, 0, -1, 5 / 13, 12 / 13, 0.8, 0.6].forEach((wanted, n) => {
      expect(unit.data[n]).toBeCloseTo(wanted, 15);
    });
  });

  test('is found for vectors whose squares would overflow, or vanish', () => {
    const { unit } = unitLength(matrix(2, 3e300, -4e300, 3e-300, 4e-300), 1, 'float64');
    [0.6, -0.8, 0.6, 0.8].forEach((wanted, n) => {
      expect(unit.data[n]).toBeCloseTo(wanted, 15);
    });
  });

  test('is rounded to float32 at every operation', () => {
    const f = Math.fround;
    const row = [f(0.1), f(0.7), f(-0.3)];
    const parts = row.map((x) => f(x / f(0.7)));
    const length = f(Math.sqrt(parts.reduce((sum, part) => f(sum + f(part * part)), 0)));
    const { unit } = unitLength({ data: Float32Array.from(row), rows: 1, columns: 3 }, 1, 'float32');
    expect(unit.data).toEqual(Float32Array.from(parts, (part) => f(part / length)));
  });

  test('is none for vectors of length 0: they stay, and the first 20 are listed', () => {
    const { unit, zeros } = unitLength(matrix(4, 0, 0, 3, 4, 1, 0, 0, -0), 2, 'float64');
    expect(Array.from(unit.data)).toEqual([0, 0, 0.6, 0.8, 1, 0, 0, 0]);
    expect(zeros).toEqual([
      { row: 0, head: 0 },
      { row: 1, head: 1 },
    ]);
    const many = unitLength(matrix(1, ...Array(25).fill(0)), 1, 'float64').zeros;
    expect(many).toEqual(Array.from({ length: 20 }, (_, row) => ({ row, head: 0 })));
  });
});

describe('rows without a direction are refused', () => {
  const refused = (...args: Parameters<typeof refuseZeroRows>) => {
    try {
      refuseZeroRows(...args);
    } catch (error) {
      expect(error).toBeInstanceOf(ZeroVectors);
      expect(error).toMatchObject({ name: 'ZeroVectors', message: 'a vector of length 0 has no direction' });
      return (error as ZeroVectors).rows;
    }
    return undefined;
  };

  test('unless there are none', () => {
    expect(refused([], [], undefined)).toBeUndefined();
  });

  test('as tokens, where they are keys', () => {
    expect(refused([{ row: 3, head: 1 }], [], undefined)).toEqual([{ vectors: 'tokens', row: 3, head: 1 }]);
  });

  test('as queries, where the query rows come from outside, beside a token of the same number', () => {
    expect(refused([{ row: 3, head: 1 }], [{ row: 3, head: 1 }], undefined)).toEqual([
      { vectors: 'tokens', row: 3, head: 1 },
      { vectors: 'queries', row: 3, head: 1 },
    ]);
  });

  test('as the token that a query row is, each token once', () => {
    const positions = Int32Array.of(5, 3, 4);
    expect(
      refused(
        [{ row: 3, head: 0 }],
        [
          { row: 0, head: 2 },
          { row: 0, head: 3 },
          { row: 1, head: 1 },
        ],
        positions,
      ),
    ).toEqual([
      { vectors: 'tokens', row: 3, head: 0 },
      { vectors: 'tokens', row: 5, head: 2 },
    ]);
  });

  test('up to 20 of them', () => {
    const rows = (count: number) => Array.from({ length: count }, (_, row) => ({ row, head: 0 }));
    expect(refused(rows(12), rows(12), undefined)).toHaveLength(20);
  });
});
