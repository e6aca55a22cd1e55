import { describe, expect, test } from 'vitest';
import { DESCRIPTOR_BYTES, type Descriptor, stopWord, writeDescriptor } from '../../../src/engine/kernels/descriptor.ts';

const AT = 128;
const rows = (first: number) => ({ address: first, batchStride: first + 1, headStride: first + 2, rowStride: first + 3 });
const pairs = (first: number) => ({ ...rows(first), keyStride: first + 4 });

/** Every field holds the number of the word that it belongs in. */
const FIELDS: Descriptor = {
  items: 2,
  rows: 3,
  keys: 4,
  depth: 5,
  width: 6,
  heads: 7,
  keyHeads: 8,
  blockRows: 9,
  blocks: 10,
  chunks: 11,
  chunkKeys: 12,
  keyBlock: 13,
  tile: 14,
  want: 15,
  query: rows(16),
  key: rows(20),
  value: rows(24),
  context: rows(28),
  mask: pairs(32),
  bias: pairs(37),
  first: 42,
  end: 43,
  position: 44,
  slope: 45,
  sink: 46,
  statistics: 47,
  scores: 48,
  capped: 49,
  logits: 50,
  weights: 51,
  flags: 52,
  partials: 53,
  path: 54,
  taken: 55,
  scale: 0.1,
  softcap: 2.5,
};

describe('the descriptor of a call', () => {
  const written = (fields: Descriptor, precision: 'float32' | 'float64') => {
    const { buffer } = new Uint8Array(AT + DESCRIPTOR_BYTES + 64).fill(255);
    writeDescriptor(buffer, AT, precision, fields);
    return buffer;
  };

  test('has every field in its word, none taken and not stopped', () => {
    const words = new Int32Array(written(FIELDS, 'float32'), AT, 56);
    expect([...words]).toEqual([0, 0, ...Array.from({ length: 54 }, (_, n) => n + 2)]);
  });

  test('leaves nothing of what stood there before, and touches nothing around', () => {
    const buffer = written({ ...FIELDS, mask: undefined, bias: undefined, softcap: 0 }, 'float32');
    expect([...new Int32Array(buffer, AT + 4 * 32, 10)]).toEqual(Array(10).fill(0));
    expect(new Uint8Array(buffer, 0, AT).every((byte) => byte === 255)).toBe(true);
    expect(new Uint8Array(buffer, AT + DESCRIPTOR_BYTES).every((byte) => byte === 255)).toBe(true);
  });

  test('has scale and softcap in the call’s precision', () => {
    const single = written(FIELDS, 'float32');
    expect([new Float32Array(single, AT + 224, 1)[0], new Float32Array(single, AT + 232, 1)[0]]).toEqual([Math.fround(0.1), 2.5]);
    expect([...new Float64Array(written(FIELDS, 'float64'), AT + 224, 2)]).toEqual([0.1, 2.5]);
  });

  test('is stopped by the word behind the items taken', () => {
    const { buffer } = new Uint8Array(AT + DESCRIPTOR_BYTES);
    const word = stopWord(buffer, AT);
    expect([word.byteOffset, word.length]).toEqual([AT + 4, 1]);
  });
});
