import { describe, expect, test } from 'vitest';
import { BodyMemory, KEPT_BYTES, SLAB_BYTES } from '../../src/runtime/body-memory.ts';
import { LineMemory } from '../../src/runtime/line-memory.ts';

const SLABS = KEPT_BYTES / SLAB_BYTES;
const LONG = 10_000;
const chunk = (length: number, value = 1) => Buffer.alloc(length, value);

/** How many slabs others can have. */
function freeOf(bodies: BodyMemory): number {
  const slabs = Array.from({ length: SLABS }, () => bodies.take()).filter((slab) => slab !== undefined);
  bodies.give(slabs);
  return slabs.length;
}

function start() {
  const bodies = new BodyMemory();
  const memory = new LineMemory(bodies);
  return { bodies, memory, lent: () => SLABS - freeOf(bodies) };
}

describe('the lines of a stream', () => {
  test('lie in shared memory one after the other, whatever chunks they came in', () => {
    const { memory, lent } = start();
    const chunks = [LONG, SLAB_BYTES - LONG - 5, LONG, SLAB_BYTES].map(chunk);
    const pieces = chunks.map((one) => memory.keep(one));
    expect(pieces.map((kept) => kept.map(({ length }) => length))).toEqual([
      [LONG],
      [SLAB_BYTES - LONG - 5],
      [5, LONG - 5],
      [SLAB_BYTES - LONG + 5, LONG - 5],
    ]);
    expect(Buffer.concat(pieces.flat()).equals(Buffer.concat(chunks))).toBe(true);
    for (const { buffer } of pieces.flat()) expect(buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(lent()).toBe(3);
  });

  test('stay where they are in a short chunk, if no others are here', () => {
    const { memory, lent } = start();
    const short = chunk(8192);
    expect(memory.keep(short)).toEqual([short]);
    expect(memory.keep(short)[0]?.buffer).toBe(short.buffer);
    expect(memory.keep(chunk(8193))[0]?.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(memory.keep(short)[0]?.buffer).toBeInstanceOf(SharedArrayBuffer);
    memory.answered(3 * 8192 + 8193);
    expect(memory.keep(short)[0]?.buffer).toBe(short.buffer);
    expect(lent()).toBe(0);
  });

  test('stay where they are as far as there is no memory for them', () => {
    const { bodies, memory } = start();
    const others = Array.from({ length: SLABS - 1 }, () => bodies.take());
    const long = chunk(SLAB_BYTES + LONG);
    const [kept, left] = memory.keep(long);
    expect([kept?.length, left?.length, left?.buffer === long.buffer]).toEqual([SLAB_BYTES, LONG, true]);
    expect(others.at(-1)).toBeInstanceOf(SharedArrayBuffer);
  });

  test('give their memory back as they are answered, in their order', () => {
    const { memory, lent } = start();
    memory.keep(chunk(1000));
    memory.keep(chunk(2 * SLAB_BYTES + LONG));
    expect(lent()).toBe(3);
    memory.answered(1000 + SLAB_BYTES - 1);
    expect(lent()).toBe(3);
    memory.answered(1000 + SLAB_BYTES);
    expect(lent()).toBe(2);
    memory.answered(1000 + 2 * SLAB_BYTES + LONG);
    expect(lent()).toBe(0);
    const [again] = memory.keep(chunk(LONG, 3));
    expect([again?.[0], lent()]).toEqual([3, 1]);
  });

  test('are nobody else’s memory while a thread may read them', () => {
    const { memory, lent } = start();
    const first = memory.keep(chunk(SLAB_BYTES));
    const second = memory.keep(chunk(LONG));
    const [ends, alsoEnds] = [memory.read(first), memory.read([...first, ...second])];
    memory.answered(SLAB_BYTES + LONG);
    expect(lent()).toBe(2);
    alsoEnds();
    expect(lent()).toBe(1);
    ends();
    expect(lent()).toBe(0);
  });

  test('give all of it back where the stream ends, and take none any more', () => {
    const { memory, lent } = start();
    const pieces = memory.keep(chunk(SLAB_BYTES + LONG));
    const ends = memory.read(pieces.slice(0, 1));
    memory.release();
    expect(lent()).toBe(1);
    // An answer that comes late.
    memory.answered(10);
    const late = chunk(LONG);
    expect(memory.keep(late)[0]?.buffer).toBe(late.buffer);
    ends();
    expect(lent()).toBe(0);
  });
});
