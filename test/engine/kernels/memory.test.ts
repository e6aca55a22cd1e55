import { describe, expect, test } from 'vitest';
import { KernelMemory } from '../../../src/engine/kernels/memory.ts';

const PAGE = 65_536;

describe('the memory of a kernel', () => {
  test('is a shared memory of two pages, the first of which is left alone: address 0 stands for absent', () => {
    const memory = new KernelMemory();
    expect(memory.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(memory.bytes).toBe(2 * PAGE);
    expect(memory.allocate(1)).toBe(PAGE);
  });

  test('hands out whole cache lines, one after the other', () => {
    const memory = new KernelMemory();
    expect([1, 64, 65, 0, 4].map((bytes) => memory.allocate(bytes) - PAGE)).toEqual([0, 64, 128, 256, 256]);
  });

  test('grows by as many pages as are missing, and no more', () => {
    const memory = new KernelMemory();
    memory.allocate(PAGE);
    expect(memory.bytes).toBe(2 * PAGE);
    memory.allocate(1);
    expect(memory.bytes).toBe(3 * PAGE);
    const address = memory.allocate(2 * PAGE);
    expect(memory.bytes).toBe(5 * PAGE);
    expect(memory.singles(address, (2 * PAGE) / 4).byteLength).toBe(2 * PAGE);
  });

  test('can’t grow beyond four gibibytes, and stays as it was', () => {
    const memory = new KernelMemory();
    const before = memory.allocate(64);
    expect(() => memory.allocate(2 ** 32)).toThrow(RangeError);
    expect(memory.allocate(64)).toBe(before + 64);
    expect(memory.bytes).toBe(2 * PAGE);
  });

  test('is free again after a reset', () => {
    const memory = new KernelMemory();
    expect([memory.allocate(100), memory.allocate(1000)]).toEqual([PAGE, PAGE + 128]);
    memory.reset();
    expect(memory.allocate(1)).toBe(PAGE);
  });

  test('is seen as numbers of any kind', () => {
    const memory = new KernelMemory();
    const at = memory.allocate(16);
    memory.numbers('float64', at, 2).set([1, -2]);
    expect([...new Float64Array(memory.memory.buffer, at, 2)]).toEqual([1, -2]);
    expect(memory.numbers('float64', at, 2)).toBeInstanceOf(Float64Array);
    expect(memory.numbers('float32', at, 3)).toEqual(new Float32Array(memory.memory.buffer, at, 3));
    expect(memory.integers(at, 2)).toEqual(new Int32Array(memory.memory.buffer, at, 2));
    expect(memory.bytesAt(at, 16)).toEqual(new Uint8Array(memory.memory.buffer, at, 16));
  });

  test('places a copy of an array from outside, of its own part of its buffer alone', () => {
    const memory = new KernelMemory();
    const wide = Float32Array.of(9, 1, 2, 3, 9);
    const at = memory.place(wide.subarray(1, 4));
    expect(at).toBe(PAGE);
    expect([...memory.singles(at, 4)]).toEqual([1, 2, 3, 0]);
    expect(memory.place(Uint8Array.of(1))).toBe(PAGE + 64);
  });

  test('leaves an array of its own where it stands, also once the memory has grown', () => {
    const memory = new KernelMemory();
    memory.allocate(64);
    const own = memory.singles(memory.allocate(16), 4);
    expect(memory.place(own)).toBe(PAGE + 64);
    memory.allocate(4 * PAGE);
    expect(memory.place(own)).toBe(PAGE + 64);
    expect(memory.allocate(1)).toBe(5 * PAGE + 128);
  });
});
