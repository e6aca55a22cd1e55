import { describe, expect, test } from 'vitest';
import { BodyMemory, KEPT_BYTES, type Lease, SLAB_BYTES } from '../../src/runtime/body-memory.ts';

/** A lease into which these pieces have been copied, each of which knows how much is still to come. */
function filled(memory: BodyMemory, ...pieces: readonly Buffer[]): Lease {
  const lease = memory.lease();
  let left = pieces.reduce((sum, { length }) => sum + length, 0);
  for (const piece of pieces) {
    lease.push(piece, left);
    left -= piece.length;
  }
  return lease;
}

const buffers = (lease: Lease) => lease.bytes().map(({ buffer }) => buffer);
/** Takes all memory that is lent. */
const exhausted = (memory: BodyMemory) => filled(memory, Buffer.alloc(KEPT_BYTES));

describe('the memory of a body', () => {
  test('has its bytes in order, in shared memory, however they came', () => {
    const pieces = [10, SLAB_BYTES - 11, 3, 2 * SLAB_BYTES, 5].map((length, i) => Buffer.alloc(length, i + 1));
    const lease = filled(new BodyMemory(), ...pieces);
    expect(Buffer.concat(lease.bytes()).equals(Buffer.concat(pieces))).toBe(true);
    expect(lease.bytes().map(({ length }) => length)).toEqual([SLAB_BYTES, SLAB_BYTES, SLAB_BYTES, 7]);
    for (const buffer of buffers(lease)) expect(buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  test('is used again once it is released, and not before', () => {
    const memory = new BodyMemory();
    const first = filled(memory, Buffer.alloc(10, 1));
    const second = filled(memory, Buffer.alloc(10, 2));
    expect(buffers(second)[0]).not.toBe(buffers(first)[0]);
    expect(first.bytes()).toEqual([Buffer.alloc(10, 1)]);
    const [buffer] = buffers(first);
    first.release();
    expect(buffers(filled(memory, Buffer.from('next')))[0]).toBe(buffer);
  });

  test('is somebody else’s after that: it is not given back again, and none is taken for what still comes', () => {
    const memory = new BodyMemory();
    const first = filled(memory, Buffer.from('first'));
    first.release();
    const second = filled(memory, Buffer.from('second'));
    first.release();
    first.push(Buffer.from('late'), 4);
    expect(first.bytes()).toEqual([]);
    expect(second.bytes()).toEqual([Buffer.from('second')]);
    const others = buffers(filled(memory, Buffer.alloc(KEPT_BYTES - SLAB_BYTES)));
    expect(others).not.toContain(buffers(second)[0]);
    expect(others.at(-1)).toBeInstanceOf(SharedArrayBuffer);
  });

  test('comes to no more than is kept: then a body has its own, as long as it is', () => {
    const memory = new BodyMemory();
    const all = exhausted(memory);
    const own = filled(memory, Buffer.alloc(10, 1), Buffer.alloc(SLAB_BYTES, 2), Buffer.alloc(20, 3));
    expect(buffers(own).map((buffer) => [buffer instanceof ArrayBuffer, buffer.byteLength])).toEqual([
      [true, SLAB_BYTES],
      [true, 30],
    ]);
    expect(Buffer.concat(own.bytes())).toEqual(Buffer.concat([Buffer.alloc(10, 1), Buffer.alloc(SLAB_BYTES, 2), Buffer.alloc(20, 3)]));
    all.release();
    own.release();
    expect(new Set(buffers(exhausted(memory))).size).toBe(KEPT_BYTES / SLAB_BYTES);
    expect(buffers(filled(memory, Buffer.alloc(1)))[0]).toBeInstanceOf(ArrayBuffer);
  });

  test('is enough for a piece, whatever was said of what is still to come', () => {
    const memory = new BodyMemory();
    exhausted(memory);
    const lease = memory.lease();
    lease.push(Buffer.from('more than was said'), 1);
    expect(Buffer.concat(lease.bytes()).toString()).toBe('more than was said');
  });
});
