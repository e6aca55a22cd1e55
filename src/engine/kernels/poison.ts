import type { Call } from '../call.ts';
import { attends } from '../mask.ts';
import { type Floats, floats, type Rows } from '../tensor.ts';

/** A call whose keys and values are finite, and the keys that were not, for each (b, g) at b · G + g. */
export interface Cleaned {
  readonly call: Call;
  readonly poisoned: readonly (readonly number[])[];
}

/**
 * The call with every NaN and infinity of its keys and values replaced by 0, or undefined where there is none. A tiled
 * kernel multiplies an excluded key's value by a weight of 0, which a NaN survives; on the cleaned call each row that
 * attends to none of the poisoned keys comes out as if they had never been there.
 */
export function cleaned(call: Call): Cleaned | undefined {
  const { B, G, D, E } = call.axes;
  const poisoned = Array.from({ length: B * G }, () => new Set<number>());
  const key = cleanRows(call.key, call, D, poisoned);
  const value = cleanRows(call.value, call, E, poisoned);
  if (poisoned.every(({ size }) => size === 0)) return undefined;
  return { call: { ...call, key, value }, poisoned: poisoned.map((keys) => [...keys].sort((a, b) => a - b)) };
}

/** A copy as [B, G, N, width], and the places of the rows in it that were not finite. */
function cleanRows(
  { data, offset, batchStride, headStride, rowStride }: Rows,
  { axes: { B, G, N }, precision }: Call,
  width: number,
  poisoned: readonly Set<number>[],
): Rows {
  const clean: Floats = floats(precision, B * G * N * width);
  for (let pair = 0; pair < B * G; pair++) {
    for (let j = 0; j < N; j++) {
      const from = offset + Math.floor(pair / G) * batchStride + (pair % G) * headStride + j * rowStride;
      const to = (pair * N + j) * width;
      for (let c = 0; c < width; c++) {
        const element = data[from + c]!;
        if (Number.isFinite(element)) clean[to + c] = element;
        else poisoned[pair]!.add(j);
      }
    }
  }
  return { data: clean, offset: 0, batchStride: G * N * width, headStride: N * width, rowStride: width };
}

/** Whether row (b, h, i) attends to any of these keys, which ascend. */
export function attendsToAny(call: Call, b: number, h: number, i: number, keys: readonly number[]): boolean {
  const row = b * call.axes.M + i;
  const end = call.keyRanges.end[row]!;
  for (let n = firstFrom(keys, call.keyRanges.first[row]!); n < keys.length && keys[n]! < end; n++) if (attends(call, b, h, i, keys[n]!)) return true;
  return false;
}

/** The place of the first of these numbers, which ascend, that is not below `least`. */
function firstFrom(numbers: readonly number[], least: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
