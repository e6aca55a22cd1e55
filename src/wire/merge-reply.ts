import type { Merged } from '../engine/merge.ts';
import { nested, printable, printedRows } from './attention-reply.ts';
import type { AskedMerge } from './merge-request.ts';

/** The merged attention as JSON text. */
export function printMergeReply({ context, lse, fullyMasked }: Merged, { m, heads, decimals, oneRow, headAxis }: AskedMerge): string {
  const rows = oneRow ? [] : [m];
  return JSON.stringify({
    context: nested(printable(context.data, decimals), [...rows, context.columns]),
    lse: nested(printable(lse, decimals), headAxis ? [heads, ...rows] : rows),
    ...(fullyMasked.length > 0 && { fully_masked: printedRows(fullyMasked, m, headAxis) }),
  });
}
