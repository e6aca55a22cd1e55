import type { Part } from '../engine/merge.ts';
import type { Projection } from '../engine/projection.ts';
import type { Matrix } from '../engine/tensor.ts';
import { MergePart, MergeRequest } from '../schemas/merge.ts';
import { MOST_DECIMALS } from '../schemas/options.ts';
import { count, Faults, given, invalidRequest } from './faults.ts';
import { readArray, readInteger, readMatrix, readObject, readVector } from './readers.ts';

const FIELDS: ReadonlySet<string> = new Set(Object.keys(MergeRequest.properties));
const PART_FIELDS: ReadonlySet<string> = new Set(Object.keys(MergePart.properties));
/** The lse of a part that had no key for its one row. */
const NULLABLE: ReadonlySet<string> = new Set(['lse']);

/** Parts to merge, and how to print what they give. */
export interface AskedMerge {
  readonly parts: readonly Part[];
  readonly m: number;
  readonly heads: number;
  readonly output: Projection;
  readonly decimals?: number | undefined;
  /** The m axis is missing: `context` is one vector. */
  readonly oneRow: boolean;
  readonly headAxis: boolean;
}

/** A part as it was read, with the axes that it came with. */
interface PartRead extends Part {
  readonly oneRow: boolean;
  readonly heads: number | undefined;
}

/** @throws Failure `invalid-request` with all faults found, up to 20 */
export function readMergeRequest(body: unknown): AskedMerge {
  const faults = new Faults();
  const members = readObject(body, FIELDS, '', faults);
  if (!members) throw invalidRequest(faults.list);
  if (members['parts'] === undefined) faults.add('/parts', 'is required: what each part of the keys gave');
  const list = members['parts'] === undefined ? undefined : readArray(members['parts'], 'part', '/parts', faults);
  const parts: PartRead[] = [];
  for (let p = 0; p < (list?.length ?? 0) && !faults.full; p++) {
    const part = readPart(list?.[p], `/parts/${p}`, faults);
    if (part) parts.push(part);
  }
  const weight = members['w_output'] === undefined ? undefined : readMatrix(members['w_output'], 'float64', '/w_output', faults);
  const bias = members['b_output'] === undefined ? undefined : readVector(members['b_output'], 'float64', '/b_output', faults);
  const decimals = members['decimals'] === undefined ? undefined : readInteger(members['decimals'], '/decimals', faults, 0, MOST_DECIMALS);
  const [first] = parts;
  if (first && parts.length === list?.length) {
    parts.forEach((part, p) => {
      if (p > 0 && !faults.full) holdAgainstFirst(part, first, `/parts/${p}`, faults);
    });
    checkOutput(first.context.columns, weight, bias, faults);
  }
  if (!faults.none || !first) throw invalidRequest(faults.list);
  return {
    parts,
    m: first.context.rows,
    heads: first.heads ?? 1,
    output: { weight, bias },
    decimals,
    oneRow: first.oneRow,
    headAxis: first.heads !== undefined,
  };
}

function readPart(value: unknown, pointer: string, faults: Faults): PartRead | undefined {
  const members = readObject(value, PART_FIELDS, pointer, faults, NULLABLE);
  if (!members) return undefined;
  for (const name of PART_FIELDS) if (members[name] === undefined) faults.add(`${pointer}/${name}`, 'is required');
  const context = members['context'] === undefined ? undefined : readContext(members['context'], `${pointer}/context`, faults);
  if (!context || members['lse'] === undefined) return undefined;
  const lse = readLse(members['lse'], context, `${pointer}/lse`, faults);
  if (!lse) return undefined;
  if (lse.heads !== undefined && context.matrix.columns % lse.heads !== 0) {
    return faults.add(`${pointer}/lse`, `is for ${count(lse.heads, 'head')}, which can’t split a context ${context.matrix.columns} wide evenly`);
  }
  return { context: context.matrix, lse: lse.data, oneRow: context.oneRow, heads: lse.heads };
}

function readContext(value: unknown, pointer: string, faults: Faults): { matrix: Matrix; oneRow: boolean } | undefined {
  if (Array.isArray(value) && value.length > 0 && !Array.isArray(value[0])) {
    const data = readVector(value, 'float64', pointer, faults);
    return data && { matrix: { data, rows: 1, columns: data.length }, oneRow: true };
  }
  const matrix = readMatrix(value, 'float64', pointer, faults);
  return matrix && { matrix, oneRow: false };
}

/** lse has one axis less than context, or as many where there are heads. */
function readLse(
  value: unknown,
  { matrix, oneRow }: { matrix: Matrix; oneRow: boolean },
  pointer: string,
  faults: Faults,
): { data: Float64Array; heads: number | undefined } | undefined {
  const m = matrix.rows;
  if (oneRow && !Array.isArray(value)) return { data: Float64Array.of(readLogit(value, pointer, faults)), heads: undefined };
  const list = readArray(value, oneRow ? 'log-sum-exp (one a head)' : 'log-sum-exp (one an asking row) or row of them (one a head)', pointer, faults);
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

function readLogit(value: unknown, pointer: string, faults: Faults): number {
  if (value === null) return Number.NEGATIVE_INFINITY;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  faults.add(pointer, `must be a finite number, or null where the part had no key, got ${given(value)}`);
  return 0;
}

function holdAgainstFirst(part: PartRead, first: PartRead, pointer: string, faults: Faults): void {
  const shape = ({ context, oneRow }: PartRead) => (oneRow ? `one vector ${context.columns} wide` : `${context.rows} × ${context.columns}`);
  if (shape(part) !== shape(first))
    faults.add(`${pointer}/context`, `is ${shape(part)}, but that of /parts/0 is ${shape(first)}; every part answers the same rows`);
  const heads = ({ heads }: PartRead) => (heads === undefined ? 'no axis of heads' : count(heads, 'head'));
  if (part.heads !== first.heads) faults.add(`${pointer}/lse`, `has ${heads(part)}, but that of /parts/0 has ${heads(first)}`);
}

function checkOutput(width: number, weight: Matrix | undefined, bias: { readonly length: number } | undefined, faults: Faults): void {
  if (weight && weight.rows !== width) faults.add('/w_output', `has ${count(weight.rows, 'row')}, but the context is ${width} wide`);
  const columns = weight?.columns ?? width;
  if (bias && bias.length !== columns) faults.add('/b_output', `has ${count(bias.length, 'number')}, but is added to rows that are ${columns} wide`);
}
