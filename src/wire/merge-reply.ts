import type { Merged } from '../engine/merge.ts';
import { printedRows } from './attention-reply.ts';
import type { AskedMerge } from './merge-request.ts';
import type { Segment } from './numbers/segments.ts';

/** The merged attention. */
export function mergeReply({ context, lse, fullyMasked }: Merged, { m, heads, decimals, oneRow, headAxis }: AskedMerge): Segment[] {
  const rows = oneRow ? [] : [m];
  return [
    '{"context":',
    { data: context.data, shape: [...rows, context.columns], decimals },
    ',"lse":',
    { data: lse, shape: headAxis ? [heads, ...rows] : rows, decimals },
    fullyMasked.length > 0 ? `,"fully_masked":${JSON.stringify(printedRows(fullyMasked, m, headAxis))}}` : '}',
  ];
}
