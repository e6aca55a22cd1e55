import { expect, test } from 'vitest';
import { bodyBytes, freeOwn, ownMemory } from '../../src/runtime/memory.ts';

test('a body is as long as its pieces together', () => {
  expect(bodyBytes({ body: [] })).toBe(0);
  expect(bodyBytes({ body: [Buffer.alloc(3), Buffer.alloc(0), Buffer.alloc(4)] })).toBe(7);
});

test('bytes that have a memory to themselves are handed on as they are', () => {
  const bytes = Buffer.from(new Uint8Array([1, 2, 3]).buffer);
  expect(ownMemory(bytes)).toBe(bytes);
});

test.each([
  ['at its beginning', 0, 3],
  ['at its end', 5, 8],
  ['in its middle', 2, 5],
])('bytes that share a memory, %s, get one of their own, with the same in it', (_where, from, to) => {
  const shared = Buffer.from(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer);
  const own = ownMemory(shared.subarray(from, to));
  expect([...own]).toEqual([...shared.subarray(from, to)]);
  expect([own.byteOffset, own.buffer.byteLength]).toEqual([0, to - from]);
  shared.fill(0);
  expect(own[0]).toBe(from + 1);
});

test('bytes in shared memory stay there: another thread sees them', () => {
  const shared = Buffer.from(new SharedArrayBuffer(8), 2, 3);
  expect(ownMemory(shared)).toBe(shared);
});

test('bytes that have a memory to themselves are freed, and no others', () => {
  const own = Buffer.from(new Uint8Array([1, 2, 3]).buffer);
  const part = Buffer.from(new Uint8Array([1, 2, 3]).buffer, 0, 2);
  const shared = Buffer.from(new SharedArrayBuffer(3));
  for (const bytes of [own, part, shared]) freeOwn(bytes);
  expect([own, part, shared].map(({ length }) => length)).toEqual([0, 2, 3]);
});
