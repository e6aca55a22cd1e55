import { describe, expect, test } from 'vitest';
import { GivenBack, KnownMemories, OwnMemories } from '../../src/runtime/job-memory.ts';

const memory = () => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });

test('a memory keeps the name that it was given, and another has another', () => {
  const own = new OwnMemories(7);
  const [first, second] = [memory(), memory()];
  expect(own.nameOf(first)).toEqual({ name: { threadId: 7, nth: 0 }, isNew: true });
  expect(own.nameOf(first)).toEqual({ name: { threadId: 7, nth: 0 }, isNew: false });
  expect(own.nameOf(second)).toEqual({ name: { threadId: 7, nth: 1 }, isNew: true });
});

describe('of the memories of other threads', () => {
  const known = () => {
    const memories = new KnownMemories();
    const [first, other] = [memory(), memory()];
    memories.learn({ threadId: 1, nth: 0 }, first);
    memories.learn({ threadId: 2, nth: 3 }, other);
    return { memories, first, other };
  };

  test('each is found by its name', () => {
    const { memories, first, other } = known();
    expect([memories.find({ threadId: 1, nth: 0 }), memories.find({ threadId: 2, nth: 3 })]).toEqual([first, other]);
    expect(memories.find({ threadId: 1, nth: 0 })).toBe(first);
    expect([memories.find({ threadId: 1, nth: 1 }), memories.find({ threadId: 3, nth: 0 })]).toEqual([undefined, undefined]);
  });

  test('the last one of a thread takes the place of the one before', () => {
    const { memories } = known();
    const next = memory();
    memories.learn({ threadId: 1, nth: 1 }, next);
    expect(memories.find({ threadId: 1, nth: 0 })).toBeUndefined();
    expect(memories.find({ threadId: 1, nth: 1 })).toBe(next);
  });

  test('one is forgotten, or all but those of some threads', () => {
    const { memories, other } = known();
    memories.forget(1);
    expect(memories.find({ threadId: 1, nth: 0 })).toBeUndefined();
    memories.forgetOthers([1, 2]);
    expect(memories.find({ threadId: 2, nth: 3 })).toBe(other);
    memories.forgetOthers([1]);
    expect(memories.find({ threadId: 2, nth: 3 })).toBeUndefined();
  });
});

test('each thread sees once that a memory has been given back, whoever gave it back, and how many soever', () => {
  const main = new GivenBack();
  main.note();
  const [a, b] = [new GivenBack(main.shared), new GivenBack(main.shared)];
  expect([a.look(), b.look()]).toEqual([false, false]);
  a.note();
  b.note();
  expect([a.look(), a.look(), b.look(), b.look()]).toEqual([true, false, true, false]);
});
