import type { Floats } from '../engine/tensor.ts';
import type { Tensor, TokenResult } from '../engine/token-outputs.ts';
import { shortestFloat32 } from './float32.ts';
import type { Printing } from './members.ts';

/**
 * The reply as JSON text: one member for each output asked for, and `fully_masked` where there is such a row.
 * Numbers have the fewest digits that read back as the same number, or `decimals`; −0 prints as 0, and −Infinity, which
 * only a logit of an excluded key and the lse of a fully masked row can be, as null.
 * @param trace what `trace` holds, where it is asked for: numbers ready to be printed
 */
export function printAttentionReply(
  { tensors, fullyMasked }: TokenResult,
  { include, decimals, oneRow, headAxis }: Printing,
  m: number,
  trace?: unknown,
): string {
  const reply: Record<string, unknown> = {};
  for (const output of include) {
    if (output === 'trace') {
      reply[output] = trace;
      continue;
    }
    const tensor = tensors.get(output);
    if (tensor) reply[output] = nested(printable(tensor.data, decimals), printedAxes(tensor, oneRow, headAxis));
  }
  if (fullyMasked.length > 0) reply['fully_masked'] = printedRows(fullyMasked, m, headAxis);
  return JSON.stringify(reply);
}

/** Rows counted through the heads, as indices, or as pairs [head, row] where there is an axis of heads. */
export function printedRows(rows: readonly number[], m: number, headAxis: boolean): unknown[] {
  return rows.map((row) => (headAxis ? [Math.floor(row / m), row % m] : row));
}

function printedAxes({ axes }: Tensor, oneRow: boolean, headAxis: boolean): number[] {
  return axes.filter(([name]) => (name === 'm' ? !oneRow : name === 'h' || name === 'g' ? headAxis : true)).map(([, size]) => size);
}

/** The doubles that JSON.stringify prints as the numbers are to be printed; it prints infinities as null, and −0 as 0. */
export function printable(data: Floats, decimals: number | undefined): number[] {
  const numbers = new Array<number>(data.length);
  const single = data instanceof Float32Array;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0;
    if (!Number.isFinite(value)) numbers[i] = value;
    else if (decimals !== undefined) numbers[i] = Number(value.toFixed(decimals));
    else numbers[i] = single ? shortestFloat32(value) : value;
  }
  return numbers;
}

/** A flat array cut by its axes; without an axis, the one number. */
export function nested(numbers: readonly number[], axes: readonly number[]): unknown {
  const [first, ...rest] = axes;
  if (first === undefined) return numbers[0];
  if (rest.length === 0) return numbers;
  const size = numbers.length / first;
  return Array.from({ length: first }, (_, i) => nested(numbers.slice(i * size, (i + 1) * size), rest));
}
