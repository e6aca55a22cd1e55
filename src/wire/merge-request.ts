import type { Part } from '../engine/merge.ts';
import type { Projection } from '../engine/projection.ts';
import type { Matrix } from '../engine/tensor.ts';
import { MergeRequest } from '../schemas/merge.ts';
import { count, Faults, invalidRequest } from './faults.ts';
import { fieldsOf } from './fields.ts';
import type { LogSumExps, Rows } from './members.ts';
import { readMembers, readObject } from './readers.ts';

const FIELDS = fieldsOf(MergeRequest);

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
interface PartRead {
  readonly context: Rows;
  readonly lse: LogSumExps;
}

/** @throws Failure `invalid-request` with all faults found, up to 20 */
export function readMergeRequest(body: unknown): AskedMerge {
  const faults = new Faults();
  const parsed = readObject(body, FIELDS.names, '', faults);
  if (!parsed) throw invalidRequest(faults.list);
  const { parts = [], w_output: weight, b_output: bias, decimals } = readMembers(parsed, FIELDS, 'float64', '', faults);
  const [first] = parts;
  if (first && parts.every((part) => part !== undefined)) {
    parts.forEach((part, p) => {
      if (!faults.full) holdAgainstFirst(part, first, `/parts/${p}`, faults);
    });
    checkOutput(first.context.matrix.columns, weight, bias, faults);
    if (faults.none)
      return {
        parts: parts.map(({ context, lse }) => ({ context: context.matrix, lse: lse.data })),
        m: first.context.matrix.rows,
        heads: first.lse.heads ?? 1,
        output: { weight, bias },
        decimals,
        oneRow: first.context.oneRow,
        headAxis: first.lse.heads !== undefined,
      };
  }
  throw invalidRequest(faults.list);
}

function holdAgainstFirst(part: PartRead, first: PartRead, pointer: string, faults: Faults): void {
  const shape = ({ context: { matrix, oneRow } }: PartRead) => (oneRow ? `one vector ${matrix.columns} wide` : `${matrix.rows} × ${matrix.columns}`);
  if (shape(part) !== shape(first))
    faults.add(`${pointer}/context`, `is ${shape(part)}, but that of /parts/0 is ${shape(first)}; every part answers the same rows`);
  const heads = ({ lse: { heads } }: PartRead) => (heads === undefined ? 'no axis of heads' : count(heads, 'head'));
  if (part.lse.heads !== first.lse.heads) faults.add(`${pointer}/lse`, `has ${heads(part)}, but that of /parts/0 has ${heads(first)}`);
}

function checkOutput(width: number, weight: Matrix | undefined, bias: { readonly length: number } | undefined, faults: Faults): void {
  if (weight && weight.rows !== width) faults.add('/w_output', `has ${count(weight.rows, 'row')}, but the context is ${width} wide`);
  const columns = weight?.columns ?? width;
  if (bias && bias.length !== columns) faults.add('/b_output', `has ${count(bias.length, 'number')}, but is added to rows that are ${columns} wide`);
}
