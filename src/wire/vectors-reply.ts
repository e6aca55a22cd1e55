import { type TokenAttention, tokenSizes } from '../engine/token-attention.ts';
import type { Printing } from './members.ts';
import type { Instance } from './vectors-request.ts';

/** An input with its right outputs, flat, and the mistakes that it tells from them. */
interface Case {
  readonly given: Instance;
  readonly right: { readonly [Output in 'scores' | 'weights' | 'context' | 'lse']?: ArrayLike<number> };
  readonly kills: readonly string[];
}

interface Telling {
  readonly cases: readonly Case[];
  readonly notToldApart: readonly (readonly [string, string])[];
  readonly notKilled: readonly string[];
}

/** Digits that are written of a right number: more than float32 has, and the same on every machine. */
const DIGITS = 10;

/** Test vectors as they are sent. JSON.stringify prints an lse of −∞ as null. */
export function vectorsReply({ cases, notToldApart, notKilled }: Telling) {
  return {
    cases: cases.map(({ given, right, kills }) => ({ request: given.request, expected: expectedOf(given.order, right), kills })),
    not_told_apart: notToldApart,
    ...(notKilled.length > 0 && { not_killed: notKilled }),
  };
}

export type VectorsReply = ReturnType<typeof vectorsReply>;

function expectedOf({ attention, printing }: { readonly attention: TokenAttention; readonly printing: Printing }, right: Case['right']) {
  const { h, m, n, width } = tokenSizes(attention);
  const heads = printing.headAxis ? [h] : [];
  const rows = printing.oneRow ? [] : [m];
  const axes = { scores: [...heads, ...rows, n], weights: [...heads, ...rows, n], context: [...rows, width], lse: [...heads, ...rows] };
  return Object.fromEntries(
    Object.entries(axes).map(([output, of]) => [output, nested(Array.from(right[output as keyof typeof axes] ?? [], written), of)]),
  );
}

function written(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : value;
}

/** A flat array cut by its axes; without an axis, the one number. */
function nested(numbers: readonly number[], axes: readonly number[]): unknown {
  const [first, ...rest] = axes;
  if (first === undefined) return numbers[0];
  if (rest.length === 0) return numbers;
  const size = numbers.length / first;
  return Array.from({ length: first }, (_, i) => nested(numbers.slice(i * size, (i + 1) * size), rest));
}
