import { describe, expect, test } from 'vitest';
import { giveBack, KEPT_BYTES, ReplyMemory } from '../../src/runtime/reply-memory.ts';

const MIB = 2 ** 20;

function lending(): ReplyMemory {
  const memory = new ReplyMemory();
  memory.lends = true;
  return memory;
}

/** Memory that is handed over with a reply. */
function handedOver(memory: ReplyMemory, bytes: number): Buffer {
  const reply = memory.allocate(bytes);
  memory.handOver(reply);
  memory.letGo();
  return reply;
}

describe('memory for replies', () => {
  test('is shared, and as long as it was asked for', () => {
    const reply = lending().allocate(3 * MIB);
    expect(reply.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(reply.length).toBe(3 * MIB);
  });

  test('is its own where nothing is to be lent, and where it is longer than what is kept', () => {
    expect(new ReplyMemory().allocate(3 * MIB).buffer).toBeInstanceOf(ArrayBuffer);
    expect(lending().allocate(KEPT_BYTES).buffer).toBeInstanceOf(ArrayBuffer);
    expect(lending().allocate(KEPT_BYTES - MIB).buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  test('is used again once it has been given back, for what fits', () => {
    const memory = lending();
    const first = handedOver(memory, 3 * MIB);
    giveBack(first);
    const second = handedOver(memory, 2 * MIB);
    expect(second.buffer).toBe(first.buffer);
    giveBack(second);
    expect(handedOver(memory, 4 * MIB).buffer).not.toBe(first.buffer);
  });

  test('is nobody else’s until then, though its bytes are looked at from another place', () => {
    const memory = lending();
    const first = handedOver(memory, 3 * MIB);
    const second = handedOver(memory, 3 * MIB);
    first.fill(1);
    second.fill(2);
    expect(first.every((byte) => byte === 1)).toBe(true);
    // What another thread has is another object over the same bytes.
    giveBack(structuredClone(first.subarray(10)));
    expect(handedOver(memory, 3 * MIB).buffer).toBe(first.buffer);
  });

  test('is free again where it was not handed over', () => {
    const memory = lending();
    const grown = [memory.allocate(2 * MIB), memory.allocate(3 * MIB)];
    expect(grown[0]?.buffer).not.toBe(grown[1]?.buffer);
    memory.letGo();
    expect(memory.allocate(2 * MIB).buffer).toBe(grown[0]?.buffer);
  });

  test('comes to no more than is kept: then a reply has its own', () => {
    const memory = lending();
    const taken = Array.from({ length: KEPT_BYTES / MIB / 4 }, () => handedOver(memory, 3.5 * MIB));
    expect(new Set(taken.map(({ buffer }) => buffer)).size).toBe(taken.length);
    expect(memory.allocate(1).buffer).toBeInstanceOf(ArrayBuffer);
    giveBack(taken[0] ?? Buffer.alloc(0));
    expect(memory.allocate(1).buffer).toBe(taken[0]?.buffer);
  });

  test('that is free makes room for longer', () => {
    const memory = lending();
    for (const reply of Array.from({ length: 6 }, () => handedOver(memory, 3.5 * MIB))) giveBack(reply);
    const long = handedOver(memory, 17.5 * MIB);
    expect(long.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(memory.allocate(7.5 * MIB).buffer).toBeInstanceOf(ArrayBuffer);
    expect(memory.allocate(3.5 * MIB).buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});

test('memory of another kind is left alone', () => {
  expect(() => giveBack(Buffer.from('a text'))).not.toThrow();
  expect(() => new ReplyMemory().handOver(Buffer.from('a text'))).not.toThrow();
});

describe('what a thread keeps', () => {
  /** Just so many MiB of memory, with its head. */
  const mib = (count: number) => count * MIB - 64;
  const free = (memory: ReplyMemory, count: number) => {
    const reply = handedOver(memory, mib(count));
    giveBack(reply);
    return reply;
  };

  test('comes to 24 MiB at most, of which what is free gives way to what is wanted', () => {
    const memory = lending();
    const small = free(memory, 10);
    const large = handedOver(memory, mib(20));
    expect(large.buffer).toBeInstanceOf(SharedArrayBuffer);
    const own = handedOver(memory, mib(10));
    expect(own.buffer).not.toBe(small.buffer);
    expect(own.buffer).toBeInstanceOf(ArrayBuffer);
  });

  test('has what is free and fits beside what is wanted, the first of it first', () => {
    const memory = lending();
    const [two, three] = [handedOver(memory, mib(2)), handedOver(memory, mib(3))];
    giveBack(two);
    giveBack(three);
    handedOver(memory, mib(20));
    const again = handedOver(memory, mib(2));
    expect(again.buffer).toBe(two.buffer);
    giveBack(again);
    const other = handedOver(memory, mib(3));
    expect(other.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(other.buffer).not.toBe(three.buffer);
  });

  test('has what fills the rest exactly', () => {
    const memory = lending();
    const four = free(memory, 4);
    handedOver(memory, mib(20));
    expect(handedOver(memory, mib(4)).buffer).toBe(four.buffer);
  });
});
