import { expect, test } from 'vitest';
import { KEPT_BYTES, NumberMemory } from '../../../src/wire/numbers/number-memory.ts';

test('the numbers of the next text get the memory again, in either precision, where it is enough', () => {
  const memory = new NumberMemory();
  const first = memory.floats('float32', 10_000);
  expect([first.constructor, first.length]).toEqual([Float32Array, 10_000]);
  memory.reuse();
  const second = memory.floats('float64', 8192);
  expect([second.constructor, second.length, second.buffer]).toEqual([Float64Array, 8192, first.buffer]);
  memory.reuse();
  expect(memory.floats('float64', 8193).buffer).not.toBe(first.buffer);
});

test('more numbers of the same text have other memory, which is kept from then on', () => {
  const memory = new NumberMemory();
  const few = memory.floats('float64', 10).fill(1);
  const more = memory.floats('float64', 20).fill(2);
  expect(few.every((number) => number === 1)).toBe(true);
  memory.reuse();
  expect(memory.floats('float64', 20).buffer).toBe(more.buffer);
});

test('none, and more than is kept, have memory of their own', () => {
  const memory = new NumberMemory();
  const most = memory.floats('float32', KEPT_BYTES / 4);
  memory.reuse();
  expect(memory.floats('float32', 0).buffer).not.toBe(most.buffer);
  const own = memory.floats('float32', KEPT_BYTES / 4 + 1);
  expect([own.length, own.buffer === most.buffer]).toEqual([KEPT_BYTES / 4 + 1, false]);
  expect(memory.floats('float32', 1).buffer).toBe(most.buffer);
});
