import { readArray } from './arrays.ts';
import { count, type Faults, given } from './faults.ts';
import type { LogSumExps, Rows } from './members.ts';
import { NumberArray } from './numbers/number-array.ts';

/**
 * The log-sum-exps of the rows of a context: an axis less than it has, or as many where there are heads. Without the
 * context nothing can be said of them.
 */
export function readLogSumExps(value: unknown, context: Rows | undefined, pointer: string, faults: Faults): LogSumExps | undefined {
  const lse = context && readShaped(value, context, pointer, faults);
  if (!context || lse?.heads === undefined || context.matrix.columns % lse.heads === 0) return lse;
  return faults.add(pointer, `is for ${count(lse.heads, 'head')}, which can’t split a context ${context.matrix.columns} wide evenly`);
}

function readShaped(value: unknown, { matrix, oneRow }: Rows, pointer: string, faults: Faults): LogSumExps | undefined {
  const m = matrix.rows;
  const known = value instanceof NumberArray ? knownLogSumExps(value, m, oneRow) : undefined;
  if (known) return known;
  if (oneRow && !Array.isArray(value)) return { data: Float64Array.of(readLogit(value, pointer, faults)), heads: undefined };
  const list = readArray(value, oneRow ? 'log-sum-exp (one a head)' : 'log-sum-exp (one a query row) or row of them (one a head)', pointer, faults);
  if (!list) return undefined;
  const nested = !oneRow && Array.isArray(list[0]);
  const rows: readonly unknown[] = nested ? list : [list];
  const data: number[] = [];
  for (let r = 0; r < rows.length && !faults.full; r++) {
    const at = nested ? `${pointer}/${r}` : pointer;
    const row = rows[r];
    if (!Array.isArray(row)) faults.add(at, `must be an array of ${count(m, 'number')} or null, got ${given(row)}`);
    else if (!oneRow && row.length !== m) faults.add(at, `has ${count(row.length, 'number')}, but the context has ${count(m, 'row')}`);
    else for (let c = 0; c < row.length && !faults.full; c++) data.push(readLogit(row[c], `${at}/${c}`, faults));
  }
  return { data: Float64Array.from(data), heads: oneRow ? list.length : nested ? rows.length : undefined };
}

/** What was read already, where its shape is right. */
function knownLogSumExps({ data, shape }: NumberArray, m: number, oneRow: boolean): LogSumExps | undefined {
  const [first, second = first] = shape;
  const fits = oneRow ? shape.length === 1 : shape.length <= 2 && second === m;
  if (!fits || !(data instanceof Float64Array)) return undefined;
  return {
    data: data.map((lse) => (Number.isNaN(lse) ? Number.NEGATIVE_INFINITY : lse)),
    heads: oneRow || shape.length === 2 ? first : undefined,
  };
}

function readLogit(value: unknown, pointer: string, faults: Faults): number {
  if (value === null) return Number.NEGATIVE_INFINITY;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  faults.add(pointer, `must be a finite number, or null where the part had no key, got ${given(value)}`);
  return 0;
}
