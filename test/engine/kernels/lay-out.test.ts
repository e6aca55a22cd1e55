import { describe, expect, test } from 'vitest';
import type { Call, Output } from '../../../src/engine/call.ts';
import { emptyRows, type Laid, layOut, readResult } from '../../../src/engine/kernels/lay-out.ts';
import { KernelMemory } from '../../../src/engine/kernels/memory.ts';
import type { Floats } from '../../../src/engine/tensor.ts';
import { randomCall } from '../calls.ts';

const SIZES = { B: 2, H: 4, G: 2, M: 3, N: 6, D: 5, E: 7 };
/** A page, in which nothing stands, and the descriptor. */
const AFTER_DESCRIPTOR = 65_536 + 256;

function laid(call: Call, threads = 1, memory = new KernelMemory()) {
  const found: Laid = layOut(memory, call, '4x16', threads);
  const words = new Int32Array(memory.memory.buffer, found.job.descriptor, 56);
  return { ...found, memory, words: (from: number, count: number) => [...words.subarray(from, from + count)] };
}

const call = (want: readonly Output[], options: Partial<Call> = {}) => randomCall(SIZES, 'float32', { want: new Set(want), ...options });

describe('a call laid out in memory', () => {
  test('begins with its sizes, and how it is cut', () => {
    const { words, plan, job } = laid(call(['context']), 3);
    const { blockRows, blocks, chunks, chunkKeys, keyBlock, items } = plan;
    expect(words(2, 12)).toEqual([items, 3, 6, 5, 7, 4, 2, blockRows, blocks, chunks, chunkKeys, keyBlock]);
    expect(words(14, 1)).toEqual([1]); // the tile 4x16
    expect(words(54, 1)).toEqual([0]); // panels of rows
    expect(job.scratch.map((area) => area - (job.scratch[0] ?? 0))).toEqual([0, 1, 2].map((n) => n * Math.ceil(plan.scratchBytes / 64) * 64));
  });

  test('counts the items of each head that have been taken, of which there are none yet', () => {
    const memory = new KernelMemory();
    memory.bytesAt(memory.allocate(2 ** 17), 2 ** 17).fill(255);
    memory.reset();
    const [taken = 0] = laid(call(['lse']), 1, memory).words(55, 1);
    expect([...memory.integers(taken, SIZES.B * SIZES.G + 1)].slice(0, -1)).toEqual([0, 0, 0, 0]);
  });

  test('has a word for each output that the module writes, and bits for those that it works towards', () => {
    const wanted = (...want: Output[]) => {
      const { words, context, statistics, matrices } = laid(call(want));
      expect([words(28, 1), words(47, 5)]).toEqual([[context], [statistics, ...Object.values(matrices)]]);
      const found = Object.entries({ context, statistics, ...matrices }).filter(([, address]) => address !== 0);
      return [...words(15, 1), ...found.map(([name]) => name)];
    };
    expect(wanted('context')).toEqual([1, 'context']);
    expect(wanted('lse')).toEqual([2, 'statistics']);
    expect(wanted('sink_weight')).toEqual([2, 'statistics']);
    expect(wanted('entropy')).toEqual([6, 'statistics']);
    for (const matrix of ['scores', 'capped', 'logits', 'weights'] as const) expect(wanted(matrix)).toEqual([0, matrix]);
    expect(wanted('weights', 'lse', 'context', 'scores')).toEqual([3, 'context', 'statistics', 'scores', 'weights']);
  });

  test('makes room for each output, one behind the other', () => {
    const { context, statistics, matrices, flags } = laid(call(['context', 'lse', 'scores', 'weights'], { precision: 'float32' }));
    expect(flags.byteOffset).toBe(AFTER_DESCRIPTOR);
    const sizes = [24, 4 * 2 * 4 * 3 * 7, 4 * 4 * 2 * 4 * 3, 4 * 2 * 4 * 3 * 6].map((bytes) => Math.ceil(bytes / 64) * 64);
    const places = sizes.map((_, n) => AFTER_DESCRIPTOR + sizes.slice(0, n + 1).reduce((sum, bytes) => sum + bytes, 0));
    expect([context, statistics, matrices.scores, matrices.weights]).toEqual(places);
  });

  test('stores matrices and keeps parts of cut keys apart: one or the other', () => {
    const long = (want: readonly Output[]) => laid(randomCall({ N: 10_000 }, 'float32', { want: new Set(want) }));
    const cut = long(['context']);
    expect([cut.plan.chunks, cut.words(53, 1)[0] === 0]).toEqual([3, false]);
    const stored = long(['weights']);
    expect([stored.plan.chunks, stored.words(53, 1)]).toEqual([1, [0]]);
  });

  test('has no flag set, whatever stood there before', () => {
    const memory = new KernelMemory();
    memory.bytesAt(65_536, 65_536).fill(255);
    const { flags } = layOut(memory, call(['context']), '4x16', 1);
    expect(flags).toEqual(new Uint8Array(24));
  });

  test('leaves out what the call does not have', () => {
    const { words } = laid(call(['context']));
    expect(words(32, 10)).toEqual(Array(10).fill(0)); // mask and bias
    expect(words(44, 3)).toEqual([0, 0, 0]); // positions, slopes and sinks
  });

  test('copies every tensor, and says how it is laid out', () => {
    const strides = { batchStride: 0, headStride: 18, rowStride: 6, keyStride: 1 };
    const asked = call(['context'], {
      mask: { data: Uint8Array.from({ length: 72 }, (_, n) => n % 2), ...strides },
      bias: { data: Float32Array.from({ length: 72 }, (_, n) => n), ...strides },
      alibi: { slopes: Float32Array.of(1, 2, 3, 4), positions: Int32Array.of(5, 6, 7, 8, 9, 10) },
      sink: Float32Array.of(-1, -2, -3, -4),
    });
    const { words, memory } = laid(asked);
    const [mask = 0, ...maskStrides] = words(32, 5);
    const [bias = 0, ...biasStrides] = words(37, 5);
    expect([maskStrides, biasStrides]).toEqual([
      [0, 18, 6, 1],
      [0, 18, 6, 1],
    ]);
    expect(Array.from(memory.bytesAt(mask, 72))).toEqual(Array.from(asked.mask?.data ?? []));
    expect(Array.from(memory.singles(bias, 72))).toEqual(Array.from(asked.bias?.data ?? []));
    const [first = 0, end = 0, position = 0, slope = 0, sink = 0] = words(42, 5);
    expect([Array.from(memory.integers(first, 6)), Array.from(memory.integers(end, 6))]).toEqual([Array(6).fill(0), Array(6).fill(6)]);
    expect(Array.from(memory.integers(position, 6))).toEqual([5, 6, 7, 8, 9, 10]);
    expect([Array.from(memory.singles(slope, 4)), Array.from(memory.singles(sink, 4))]).toEqual([
      [1, 2, 3, 4],
      [-1, -2, -3, -4],
    ]);
    const [query = 0, ...queryStrides] = words(16, 4);
    expect(queryStrides).toEqual([60, 15, 5]);
    expect(Array.from(memory.singles(query, 120))).toEqual(Array.from(asked.query.data));
  });

  test('copies an array once, however often it is given, and none that stands in the memory already', () => {
    const memory = new KernelMemory();
    const data: Floats = memory.singles(memory.allocate(4 * 8), 8);
    const rows = { offset: 2, batchStride: 0, headStride: 0, rowStride: 2 };
    const other = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const asked = randomCall({ M: 3, N: 3, D: 2, E: 2 }, 'float32', {
      query: { data, ...rows },
      key: { data: other, ...rows },
      value: { data: other, ...rows, offset: 0 },
    });
    const { job } = layOut(memory, asked, '4x16', 1);
    const [query, key, value] = [16, 20, 24].map((word) => memory.integers(job.descriptor, 56)[word] ?? 0);
    expect(query).toBe(data.byteOffset + 8);
    expect(key).toBe((value ?? 0) + 8);
  });

  test('has the context where it was asked for', () => {
    const layout = { offset: 7, batchStride: 84, headStride: 21, rowStride: 7 };
    const asked = laid(randomCall(SIZES, 'float64', { want: new Set(['context']), contextLayout: layout }));
    expect(asked.words(28, 4)).toEqual([asked.context + 8 * 7, 84, 21, 7]);
    expect(laid(call(['lse'], { contextLayout: layout })).words(28, 4)).toEqual([0, 84, 21, 7]);
    expect(laid(call(['context'])).words(29, 3)).toEqual([84, 7, 28]);
  });

  test('is refused where a tensor is of another precision', () => {
    const asked = { ...randomCall(SIZES, 'float64'), precision: 'float32' } as const;
    expect(() => laid(asked)).toThrow(new TypeError('a call in float32 was given numbers of 8 bytes'));
  });
});

describe('what the module left', () => {
  test('is given as it stands, with logarithms of the sums of each row', () => {
    const asked = call(['context', 'logits', 'lse', 'entropy', 'sink_weight']);
    const found = laid(asked);
    const rows = 24;
    found.memory.singles(found.statistics, 4 * rows).set([2, Math.E, 0, 0.25, 3, 4, 2, 0.5, -1, 0, 0, 0, 1, 2, 4, 0]);
    found.memory.singles(found.context, rows * 7).fill(3);
    found.memory.singles(found.matrices.logits, rows * 6).fill(-2);
    const { context, logits, lse, entropy, sink_weight, ...others } = readResult(found.memory, asked, found);
    expect(others).toEqual({});
    expect([context?.length, logits?.length, lse?.length, entropy?.length, sink_weight?.length]).toEqual([168, 144, 24, 24, 24]);
    expect([context?.every((x) => x === 3), logits?.every((x) => x === -2)]).toEqual([true, true]);
    expect(Array.from(lse?.subarray(0, 4) ?? [])).toEqual([3, Math.fround(3 + Math.log(4)), Number.NEGATIVE_INFINITY, Math.fround(1 + Math.LN2)]);
    // log2(sum) − moment / sum, and never below 0, which rounding could make it
    expect(Array.from(entropy?.subarray(0, 4) ?? [])).toEqual([Math.fround(Math.LOG2E), 1.5, 0, 0]);
    expect(Array.from(sink_weight?.subarray(0, 4) ?? [])).toEqual([0.25, 0.5, 0, 0]);
  });

  test('is what was wanted alone', () => {
    expect(Object.keys(readResultOf(['entropy']))).toEqual(['entropy']);
    expect(Object.keys(readResultOf(['lse']))).toEqual(['lse']);
    expect(Object.keys(readResultOf(['weights', 'context']))).toEqual(['context', 'weights']);
    expect(readResultOf(['sink_weight'])).toEqual({ sink_weight: new Float32Array(24) });
  });

  const readResultOf = (want: readonly Output[]) => {
    const asked = call(want);
    const found = laid(asked);
    return readResult(found.memory, asked, found);
  };

  test('says which rows have no key', () => {
    const found = laid(call(['context']));
    found.flags.set([0, 1, 2, 3, 0, 2]);
    expect(emptyRows(found)).toEqual([2, 3, 5]);
  });
});
