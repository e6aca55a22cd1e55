import type { Call } from '../engine/call.ts';
import { type Floats, floats } from '../engine/tensor.ts';
import type { Printing } from '../wire/members.ts';
import type { Segment } from '../wire/numbers/segments.ts';
import { type RowTrace, traceRows } from './trace.ts';

/**
 * `trace` as the reply holds it, under the same axes as the other outputs: every number of the arithmetic; what is not
 * finite, which only an excluded key or a row without any can have, prints as null.
 * @throws ArithmeticOverflow
 */
export function traceReply(call: Call, { decimals, oneRow, headAxis }: Printing): Segment[] {
  const { H, M } = call.axes;
  const rows = traceRows(call, (row) => rowReply(row, call, decimals));
  const heads = Array.from({ length: H }, (_, h) => (oneRow ? (rows[h] ?? []) : listOf(rows.slice(h * M, (h + 1) * M))));
  return headAxis ? listOf(heads) : (heads[0] ?? []);
}

function listOf(elements: readonly (readonly Segment[])[]): Segment[] {
  return ['[', ...elements.flatMap((segments, place) => (place === 0 ? segments : [',', ...segments])), ']'];
}

function rowReply(row: RowTrace, { axes: { N, D, E }, precision }: Call, decimals: number | undefined): Segment[] {
  const numbers = (name: string, data: Floats, ...shape: number[]): Segment[] => [`,"${name}":`, { data, shape, decimals }];
  const one = (value: number) => floats(precision, 1).fill(value);
  const perKey = (terms: (j: number) => Floats, width: number) => {
    const matrix = floats(precision, N * width);
    for (let j = 0; j < N; j++) matrix.set(terms(j), j * width);
    return matrix;
  };
  return [
    '{"products":',
    { data: perKey(row.products, D), shape: [N, D], decimals },
    ...numbers('dot', row.dot, N),
    ...numbers('scaled', row.scaled, N),
    ...numbers('capped', row.capped, N),
    ...numbers('biased', row.biased, N),
    `,"excluded":${JSON.stringify(Array.from(row.excluded, (taken) => taken === 1))}`,
    ...numbers('max', one(row.max)),
    ...numbers('exponentials', row.exponentials, N),
    ...numbers('sum', one(row.sum)),
    ...numbers('contributions', perKey(row.contributions, E), N, E),
    '}',
  ];
}
