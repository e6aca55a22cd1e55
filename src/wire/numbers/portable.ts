import { shortestFloat32 } from './float32.ts';
import type { Numbers, Segment } from './segments.ts';

/** A reply as text, by JavaScript alone. */
export function printPortably(reply: readonly Segment[]): string {
  return reply.map((segment) => (typeof segment === 'string' ? segment : printNumbers(segment))).join('');
}

/** Numbers as JSON text. */
export function printNumbers(numbers: Numbers): string {
  return JSON.stringify(nested(printable(numbers), numbers.shape));
}

/** What JSON.stringify prints as the numbers are to be printed; it prints infinities as null, and −0 as 0. */
export function printable({ data, decimals, words = false }: Numbers): (number | string)[] {
  const numbers = new Array<number | string>(data.length);
  const single = data instanceof Float32Array;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0;
    if (!Number.isFinite(value)) numbers[i] = words ? String(value) : value;
    else if (decimals !== undefined) numbers[i] = Number(value.toFixed(decimals));
    else numbers[i] = single ? shortestFloat32(value) : value;
  }
  return numbers;
}

/** A flat array cut by its axes; without an axis, the one element. */
export function nested(elements: readonly unknown[], axes: readonly number[]): unknown {
  const [first, ...rest] = axes;
  if (first === undefined) return elements[0];
  if (rest.length === 0) return elements;
  const size = elements.length / first;
  return Array.from({ length: first }, (_, i) => nested(elements.slice(i * size, (i + 1) * size), rest));
}
