import type { Axes, Result } from '../engine/operator.ts';
import type { Floats } from '../engine/tensor.ts';
import type { Printing } from './attention-request.ts';
import { shortestFloat32 } from './float32.ts';

/**
 * The reply as JSON text: one member for each output asked for, and `fully_masked` where there is such a row.
 * Numbers have the fewest digits that read back as the same number, or `decimals`; −0 prints as 0, and −Infinity, which
 * only a logit of an excluded key and the lse of a fully masked row can be, as null.
 */
export function printAttentionReply({ M, N, H, E }: Axes, result: Result, { include, decimals, oneRow }: Printing): string {
  const reply: Record<string, unknown> = {};
  for (const output of include) {
    const data = result[output];
    if (data === undefined) continue;
    const perRow = output === 'lse' || output === 'entropy';
    const axes = oneRow ? [] : [M];
    if (!perRow) axes.push(output === 'context' ? H * E : N);
    reply[output] = nested(printable(data, decimals), axes);
  }
  if (result.fullyMasked.length > 0) reply['fully_masked'] = result.fullyMasked;
  return JSON.stringify(reply);
}

/** The doubles that JSON.stringify prints as the numbers are to be printed; it prints infinities as null, and −0 as 0. */
function printable(data: Floats, decimals: number | undefined): number[] {
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
function nested(numbers: readonly number[], axes: readonly number[]): unknown {
  const [first, ...rest] = axes;
  if (first === undefined) return numbers[0];
  if (rest.length === 0) return numbers;
  const size = numbers.length / first;
  return Array.from({ length: first }, (_, i) => nested(numbers.slice(i * size, (i + 1) * size), rest));
}
