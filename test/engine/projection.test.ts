import { describe, expect, test } from 'vitest';
import { project } from '../../src/engine/projection.ts';

const x = { data: Float64Array.of(1, 2, 3, 4, 5, 6), rows: 3, columns: 2 };
const weight = { data: Float64Array.of(1, 10, 100, 2, 20, 200), rows: 2, columns: 3 };

describe('a projection', () => {
  test('multiplies each row by the weights, and adds the bias', () => {
    expect(project(x, { weight, bias: Float64Array.of(0.5, 0, -1) }, 'float64')).toEqual({
      data: Float64Array.of(5.5, 50, 499, 11.5, 110, 1099, 17.5, 170, 1699),
      rows: 3,
      columns: 3,
    });
  });

  test('may be without either, and leaves x as it is without both', () => {
    expect(project(x, { weight }, 'float64').data).toEqual(Float64Array.of(5, 50, 500, 11, 110, 1100, 17, 170, 1700));
    expect(project(x, { bias: Float64Array.of(1, -1) }, 'float64')).toEqual({ data: Float64Array.of(2, 1, 4, 3, 6, 5), rows: 3, columns: 2 });
    expect(project(x, {}, 'float64')).toBe(x);
  });

  test('rounds every operation, in order, in float32', () => {
    const f = Math.fround;
    const row = Float32Array.of(0.1, 0.2, 0.3);
    const column = Float32Array.of(0.7, -0.9, 1.1);
    const one = project(
      { data: row, rows: 1, columns: 3 },
      { weight: { data: column, rows: 3, columns: 1 }, bias: Float32Array.of(0.01) },
      'float32',
    );
    let sum = 0;
    row.forEach((value, c) => {
      sum = f(sum + f(value * (column[c] ?? 0)));
    });
    expect(one.data).toEqual(Float32Array.of(f(sum + f(0.01))));
  });

  test('calls the checkpoint before every row', () => {
    let rows = 0;
    const checkpoint = () => rows++;
    project(x, { weight }, 'float64', checkpoint);
    expect(rows).toBe(3);
    project(x, { bias: Float64Array.of(1, 1) }, 'float64', checkpoint);
    expect(rows).toBe(3);
  });
});
