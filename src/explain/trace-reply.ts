import type { Call } from '../engine/call.ts';
import { floats } from '../engine/tensor.ts';
import { printable } from '../wire/attention-reply.ts';
import type { Printing } from '../wire/members.ts';
import { type RowTrace, traceRows } from './trace.ts';

/**
 * `trace` as the reply holds it, under the same axes as the other outputs: every number of the arithmetic as it is to be
 * printed; what is not finite, which only an excluded key or a row without any can have, prints as null.
 * @throws ArithmeticOverflow
 */
export function traceReply(call: Call, { decimals, oneRow, headAxis }: Printing): unknown {
  const { H, M } = call.axes;
  const printed = traceRows(call, (row) => printedRow(row, call, decimals));
  const heads = Array.from({ length: H }, (_, h) => {
    const rows = printed.slice(h * M, (h + 1) * M);
    return oneRow ? rows[0] : rows;
  });
  return headAxis ? heads : heads[0];
}

function printedRow(row: RowTrace, { axes: { N }, precision }: Call, decimals: number | undefined): unknown {
  const numbers = (data: RowTrace['dot']) => printable(data, decimals);
  const keys = Array.from({ length: N }, (_, j) => j);
  const [max, sum] = numbers(floats(precision, 2).map((_, k) => (k === 0 ? row.max : row.sum)));
  return {
    products: keys.map((j) => numbers(row.products(j))),
    dot: numbers(row.dot),
    scaled: numbers(row.scaled),
    capped: numbers(row.capped),
    biased: numbers(row.biased),
    excluded: Array.from(row.excluded, (one) => one === 1),
    max,
    exponentials: numbers(row.exponentials),
    sum,
    contributions: keys.map((j) => numbers(row.contributions(j))),
  };
}
