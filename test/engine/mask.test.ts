import { describe, expect, test } from 'vitest';
import type { Call, KeyRanges } from '../../src/engine/call.ts';
import { attends, excludeKeys, fullyMaskedRows, hasKey, keyRangesOf, unboundedKeyRanges } from '../../src/engine/mask.ts';
import { randomCall } from './calls.ts';

const listed = ({ first, end }: KeyRanges) => Array.from(first, (from, r) => [from, end[r]]);

describe('the keys that a row sees by its position', () => {
  const ranges = (positions: number[], window: { left?: number; right?: number } = {}, causal = false) =>
    listed(keyRangesOf(positions, [5], window, causal));

  test('are all, without a window', () => {
    expect(ranges([0, 4, 9, -3])).toEqual([
      [0, 5],
      [0, 5],
      [0, 5],
      [0, 5],
    ]);
  });

  test('are those up to its own, where causal', () => {
    expect(ranges([0, 2, 4, 9], {}, true)).toEqual([
      [0, 1],
      [0, 3],
      [0, 5],
      [0, 5],
    ]);
    expect(ranges([-1, -2, -9], {}, true)).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });

  test('are those of the window, both sides inclusive', () => {
    expect(ranges([0, 2, 4, 7, 12], { left: 1, right: 2 })).toEqual([
      [0, 3],
      [1, 5],
      [3, 5],
      [5, 5],
      [5, 5],
    ]);
    expect(ranges([2], { left: 0, right: 0 })).toEqual([[2, 3]]);
    expect(ranges([2], { left: 1 })).toEqual([[1, 5]]);
    expect(ranges([2], { right: 1 })).toEqual([[0, 4]]);
  });

  test('are never past its own where causal, however far the window goes', () => {
    expect(ranges([2], { right: 3 }, true)).toEqual([[0, 3]]);
    expect(ranges([2], { left: 1, right: 0 }, true)).toEqual([[1, 3]]);
  });

  test('are counted for each batch entry', () => {
    expect(listed(keyRangesOf([0, 9, 0, 9], [5, 2], { left: 6 }, false))).toEqual([
      [0, 5],
      [3, 5],
      [0, 2],
      [2, 2],
    ]);
  });

  test('are every key for rows that stand nowhere', () => {
    expect(listed(unboundedKeyRanges(2, 7))).toEqual([
      [0, 7],
      [0, 7],
    ]);
  });
});

/** Two batch entries, two heads, two rows, four keys. */
const AXES = { B: 2, H: 2, G: 2, M: 2, N: 4 };
const WHOLE = { batchStride: 16, headStride: 8, rowStride: 4, keyStride: 1 };
const call = (options: Partial<Call> = {}) => randomCall(AXES, 'float32', options);

/** The keys that each row attends to, as a string of 0 and 1 a row. */
function attended(asked: Call): string[] {
  const rows: string[] = [];
  for (let r = 0; r < 8; r++) {
    const [b, h, i] = [r >> 2, (r >> 1) & 1, r & 1];
    const keys = [0, 1, 2, 3].map((j) => Number(attends(asked, b, h, i, j)));
    const excluded = new Uint8Array(6).fill(7);
    excludeKeys(asked, b, h, i, excluded, 1);
    expect(Array.from(excluded)).toEqual([7, ...keys.map((key) => 1 - key), 7]);
    expect(hasKey(asked, b, h, i)).toBe(keys.includes(1));
    rows.push(keys.join(''));
  }
  expect(fullyMaskedRows(asked)).toEqual(rows.flatMap((keys, r) => (keys === '0000' ? [r] : [])));
  return rows;
}

describe('a row attends to a key', () => {
  test('that its range holds, whichever head it is of', () => {
    const keyRanges = { first: Int32Array.of(0, 1, 2, 3), end: Int32Array.of(4, 3, 2, 4) };
    expect(attended(call({ keyRanges }))).toEqual(['1111', '0110', '1111', '0110', '0000', '0001', '0000', '0001']);
  });

  test('that the mask lets it', () => {
    const data = Uint8Array.from({ length: 32 }, (_, n) => (n % 3 === 0 || (n >= 12 && n < 16) ? 0 : 1));
    expect(attended(call({ mask: { data, ...WHOLE } }))).toEqual(['0110', '1101', '1011', '0000', '1101', '1011', '0110', '1101']);
  });

  test('that no bias of −∞ takes from it; the lowest finite one does not', () => {
    const bias = Float32Array.from({ length: 32 }, (_, n) =>
      n % 3 === 0 ? Number.NEGATIVE_INFINITY : n % 3 === 1 ? -3.4028234663852886e38 : Number.NaN,
    );
    expect(attended(call({ bias: { data: bias, ...WHOLE } }))).toEqual(['0110', '1101', '1011', '0110', '1101', '1011', '0110', '1101']);
  });

  test('that all three let it', () => {
    const keyRanges = { first: Int32Array.of(0, 1, 0, 0), end: Int32Array.of(4, 4, 4, 0) };
    const mask = { data: Uint8Array.of(1, 1, 0, 1), batchStride: 0, headStride: 0, rowStride: 0, keyStride: 1 };
    const bias = { data: Float32Array.of(0, Number.NEGATIVE_INFINITY), batchStride: 0, headStride: 1, rowStride: 0, keyStride: 0 };
    expect(attended(call({ keyRanges, mask, bias }))).toEqual(['1101', '0101', '0000', '0000', '1101', '0000', '0000', '0000']);
  });
});

const NONE = Number.NEGATIVE_INFINITY;
const perRow = <Data>(data: Data) => ({ data, batchStride: 0, headStride: 0, rowStride: 2, keyStride: 1 });

describe('a row that has every key excluded is listed', () => {
  const sizes = { M: 3, N: 2 };

  test('by a bias of −∞ alone', () => {
    const bias = perRow(Float32Array.of(NONE, NONE, NONE, 0, 0, NONE));
    expect(fullyMaskedRows(randomCall(sizes, 'float32', { bias }))).toEqual([0]);
  });

  test('by a mask alone', () => {
    const mask = perRow(Uint8Array.of(1, 0, 0, 0, 0, 1));
    expect(fullyMaskedRows(randomCall(sizes, 'float32', { mask }))).toEqual([1]);
  });

  test('by a mask and a bias, each of which leaves it one', () => {
    const mask = perRow(Uint8Array.of(1, 0, 1, 0, 1, 1));
    const bias = perRow(Float32Array.of(0, NONE, NONE, 0, 0, 0));
    expect(fullyMaskedRows(randomCall(sizes, 'float32', { mask, bias }))).toEqual([1]);
  });

  test('by its key range, and by a bias that excludes what the range leaves', () => {
    const keyRanges = keyRangesOf([-1, 0, 1], [2], {}, true);
    expect(fullyMaskedRows(randomCall(sizes, 'float32', { keyRanges }))).toEqual([0]);
    const bias = perRow(Float32Array.of(0, 0, NONE, 0, NONE, 0));
    expect(fullyMaskedRows(randomCall(sizes, 'float32', { keyRanges, bias }))).toEqual([0, 1]);
  });

  test('but not for the lowest finite number', () => {
    const bias = perRow(new Float32Array(6).fill(-3.4028234663852886e38));
    const call = randomCall(sizes, 'float32', { bias });
    expect([fullyMaskedRows(call), hasKey(call, 0, 0, 0)]).toEqual([[], true]);
  });
});
