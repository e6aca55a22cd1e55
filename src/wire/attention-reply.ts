import type { Tensor, TokenResult } from '../engine/token-outputs.ts';
import { INCLUDE } from '../schemas/options.ts';
import type { Printing } from './members.ts';
import type { Segment } from './numbers/segments.ts';

/** How each member of a reply begins, as the first one and as a later one. */
const MEMBERS = beginnings([...INCLUDE, 'fully_masked']);

function beginnings<Name extends string>(names: readonly Name[]): Readonly<Record<Name, { readonly first: string; readonly next: string }>> {
  return Object.fromEntries(names.map((name) => [name, { first: `{"${name}":`, next: `,"${name}":` }])) as Record<
    Name,
    { first: string; next: string }
  >;
}

/**
 * The reply: one member for each output asked for, and `fully_masked` where there is such a row. Numbers have the fewest
 * digits that read back as the same number, or `decimals`; −0 prints as 0, and −Infinity, which only a logit of an
 * excluded key and the lse of a fully masked row can be, as null.
 * @param trace what `trace` holds, where it is asked for
 */
export function attentionReply(
  { tensors, fullyMasked }: TokenResult,
  { include, decimals, oneRow, headAxis }: Printing,
  m: number,
  trace: readonly Segment[] = [],
): Segment[] {
  const reply: Segment[] = [];
  const member = (name: keyof typeof MEMBERS) => reply.push(reply.length === 0 ? MEMBERS[name].first : MEMBERS[name].next);
  for (const output of include) {
    const tensor = output === 'trace' ? undefined : tensors.get(output);
    if (!tensor && output !== 'trace') continue;
    member(output);
    if (tensor) reply.push({ data: tensor.data, shape: printedAxes(tensor, oneRow, headAxis), decimals });
    else for (const segment of trace) reply.push(segment);
  }
  if (fullyMasked.length > 0) {
    member('fully_masked');
    reply.push(JSON.stringify(printedRows(fullyMasked, m, headAxis)));
  }
  reply.push(reply.length === 0 ? '{}' : '}');
  return reply;
}

/** Rows counted through the heads, as indices, or as pairs [head, row] where there is an axis of heads. */
export function printedRows(rows: readonly number[], m: number, headAxis: boolean): unknown[] {
  return rows.map((row) => (headAxis ? [Math.floor(row / m), row % m] : row));
}

function printedAxes({ axes, shape }: Tensor, oneRow: boolean, headAxis: boolean): readonly number[] {
  if (headAxis) return oneRow ? shape.filter((_, a) => axes[a] !== 'm') : shape;
  // Without an axis of heads, those that are not printed come first.
  let first = 0;
  while (first < axes.length && (axes[first] === 'h' || axes[first] === 'g' || (axes[first] === 'm' && oneRow))) first++;
  return shape.slice(first);
}
