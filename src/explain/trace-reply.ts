import type { Problem } from '../engine/operator.ts';
import { floats } from '../engine/tensor.ts';
import { printable } from '../wire/attention-reply.ts';
import type { Printing } from '../wire/members.ts';
import { type RowTrace, traceRow } from './trace.ts';

/**
 * `trace` as the reply holds it, under the same axes as the other outputs: every number of the arithmetic as it is to be
 * printed; what is not finite, which only an excluded key or a row without any can have, prints as null.
 * @throws ArithmeticOverflow
 */
export function traceReply(problem: Problem, { decimals, oneRow, headAxis }: Printing): unknown {
  const { H, M } = problem.axes;
  const heads = Array.from({ length: H }, (_, h) => {
    const rows = Array.from({ length: M }, (_, i) => {
      problem.checkpoint?.();
      return printedRow(traceRow(problem, h, i), problem, decimals);
    });
    return oneRow ? rows[0] : rows;
  });
  return headAxis ? heads : heads[0];
}

function printedRow(row: RowTrace, { axes: { N }, precision }: Problem, decimals: number | undefined): unknown {
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
