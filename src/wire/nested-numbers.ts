import { type Faults, given } from './faults.ts';
import type { NestedNumbers } from './members.ts';
import { NumberArray } from './numbers/number-array.ts';

const DEEPEST = 3;

/** Numbers in arrays up to three deep, all of one shape; null stands for a number that is not finite, and becomes NaN. */
export function readNestedNumbers(value: unknown, pointer: string, faults: Faults): NestedNumbers | undefined {
  if (value instanceof NumberArray && value.data instanceof Float64Array && value.shape.length <= DEEPEST)
    return { data: value.data, shape: value.shape };
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner) && shape.length <= DEEPEST; inner = inner[0]) shape.push(inner.length);
  if (shape.length > DEEPEST) return faults.add(pointer, `is nested ${DEEPEST + 1} deep; at most ${DEEPEST} axes are known`);
  const before = faults.list.length;
  const data: number[] = [];
  readLevel(value, shape, data, pointer, faults);
  return faults.list.length > before || faults.full ? undefined : { data: Float64Array.from(data), shape };
}

function readLevel(value: unknown, shape: readonly number[], data: number[], pointer: string, faults: Faults): void {
  const [length, ...rest] = shape;
  if (length === undefined) {
    if (value !== null && (typeof value !== 'number' || !Number.isFinite(value)))
      faults.add(pointer, `must be a finite number, or null for NaN and infinities, got ${given(value)}`);
    data.push(value === null ? Number.NaN : Number(value));
  } else if (!Array.isArray(value)) faults.add(pointer, `must be an array of ${length}, as the first beside it, got ${given(value)}`);
  else if (value.length === 0) faults.add(pointer, 'is empty; at least one number is required');
  else if (value.length !== length)
    faults.add(pointer, `has a length of ${value.length}, but the first beside it has ${length}; rows must be equally long`);
  else for (let k = 0; k < length && !faults.full; k++) readLevel(value[k], rest, data, `${pointer}/${k}`, faults);
}
