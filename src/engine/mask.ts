import type { Problem } from './operator.ts';

/**
 * The keys that the asking row (b, i) can see by its position: j with first[b·M + i] ≤ j < end[b·M + i].
 * An empty range has end ≤ first. Causal, windows and padded key counts are all such a range, so that a kernel can
 * leave out whole blocks of keys.
 */
export interface Reach {
  readonly first: Int32Array;
  readonly end: Int32Array;
}

/** How far to either side of its own position a row sees, inclusive; absent: without bound. */
export interface Window {
  readonly left?: number | undefined;
  readonly right?: number | undefined;
}

/**
 * The reach of rows that stand at `positions` ([B·M], token indices, negative ones allowed) over `keyCounts[b]` keys.
 * Position i sees j where i − left ≤ j ≤ i + right; causal is a right of 0 at most.
 */
export function reachOf(positions: ArrayLike<number>, keyCounts: readonly number[], window: Window, causal: boolean): Reach {
  const first = new Int32Array(positions.length);
  const end = new Int32Array(positions.length);
  const rowsPerBatch = positions.length / keyCounts.length;
  const left = window.left ?? Number.POSITIVE_INFINITY;
  const right = causal ? Math.min(window.right ?? 0, 0) : (window.right ?? Number.POSITIVE_INFINITY);
  for (let r = 0; r < positions.length; r++) {
    const position = positions[r] ?? 0;
    const keys = keyCounts[Math.floor(r / rowsPerBatch)] ?? 0;
    first[r] = Math.min(keys, Math.max(0, position - left));
    end[r] = Math.max(0, Math.min(keys, position + right + 1));
  }
  return { first, end };
}

/** The reach of rows that see every key. */
export function unboundedReach(rows: number, keys: number): Reach {
  return { first: new Int32Array(rows), end: new Int32Array(rows).fill(keys) };
}

/** Writes 1 for each key that is excluded from row (b, h, i), 0 for the others, and returns how many may be attended. */
export function excludedKeys({ axes: { M, N }, reach, mask, bias }: Problem, b: number, h: number, i: number, excluded: Uint8Array): number {
  const first = reach.first[b * M + i] ?? 0;
  const end = reach.end[b * M + i] ?? 0;
  const maskRow = mask ? b * mask.batchStride + h * mask.headStride + i * mask.rowStride : 0;
  const biasRow = bias ? b * bias.batchStride + h * bias.headStride + i * bias.rowStride : 0;
  let attended = 0;
  for (let j = 0; j < N; j++) {
    const seen =
      j >= first &&
      j < end &&
      (!mask || mask.data[maskRow + j * mask.keyStride] === 1) &&
      (!bias || bias.data[biasRow + j * bias.keyStride] !== Number.NEGATIVE_INFINITY);
    excluded[j] = seen ? 0 : 1;
    if (seen) attended++;
  }
  return attended;
}
