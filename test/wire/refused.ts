import { expect } from 'vitest';
import { Failure } from '../../src/engine/failure.ts';
import { Faults } from '../../src/wire/faults.ts';

/** What a reader gives, and each fault that it notes: the pointer, and what is said there. */
export function reading<Value>(read: (faults: Faults) => Value): { readonly value: Value; readonly faults: readonly (readonly [string, string])[] } {
  const faults = new Faults();
  const value = read(faults);
  return { value, faults: faults.list.map(({ pointer, detail }) => [pointer, detail] as const) };
}

/** What is said where a request is refused as a whole. */
export function refusal(read: () => unknown, code = 'invalid-request'): string {
  const failure = failureOf(read);
  expect(failure.code).toBe(code);
  return failure.message;
}

/** Each fault of a refused request: the pointer, and what is said there. */
export function faultsOf(read: () => unknown): readonly (readonly [string, string])[] {
  return (failureOf(read).faults ?? []).map(({ pointer, detail }) => [pointer, detail] as const);
}

/** The refusal itself. */
export function failureOf(read: () => unknown): Failure {
  try {
    read();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing is refused');
}

/** Twenty elements at fault, and one more that may not be looked at: by then the faults are full. */
export function twenty(bad: unknown): unknown[] {
  const list = Array.from({ length: 21 }, () => bad);
  Object.defineProperty(list, 20, {
    get: () => {
      throw new Error('what stands after the twentieth fault is looked at');
    },
  });
  return list;
}

/** A list that counts how often its last element is looked at. */
export function watched(...list: unknown[]): { readonly list: readonly unknown[]; readonly looks: () => number } {
  const last = list.length - 1;
  const value = list[last];
  let looks = 0;
  Object.defineProperty(list, last, {
    get: () => {
      looks++;
      return value;
    },
  });
  return { list, looks: () => looks };
}
