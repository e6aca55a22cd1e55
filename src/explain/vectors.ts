import type { Matrix } from '../engine/tensor.ts';
import type { Name } from './labels.ts';
import { vector } from './numbers.ts';
import { table } from './page.ts';
import { rowOf } from './story.ts';

/** Rows by name, and each kind of vector in a column; nothing where there is none. */
export function vectorTable(title: string, names: readonly Name[], vectors: Readonly<Record<string, Matrix>>): string {
  if (Object.keys(vectors).length === 0) return '';
  return table([
    { title, cells: names.map(({ cell }) => cell) },
    ...Object.entries(vectors).map(([what, matrix]) => ({ title: what, cells: vectorsOf(matrix) })),
  ]);
}

/** Each row as text. */
export function vectorsOf(matrix: Matrix): string[] {
  return Array.from({ length: matrix.rows }, (_, r) => vector(rowOf(matrix, r)));
}
