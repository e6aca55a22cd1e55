import type { Call, KeyRanges, Window } from './call.ts';

/**
 * The key ranges of rows that stand at `positions` ([B·M], token indices, negative ones allowed) over `keyCounts[b]` keys.
 * Position i sees j where i − left ≤ j ≤ i + right; causal is a right of 0 at most.
 */
export function keyRangesOf(positions: ArrayLike<number>, keyCounts: ArrayLike<number>, window: Window, causal: boolean): KeyRanges {
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

/** The key ranges of rows that see every key. */
export function unboundedKeyRanges(rows: number, keys: number): KeyRanges {
  return { first: new Int32Array(rows), end: new Int32Array(rows).fill(keys) };
}

/** Whether row (b, h, i) may attend to key j. */
export function attends({ axes: { M }, keyRanges, mask, bias }: Call, b: number, h: number, i: number, j: number): boolean {
  if (j < (keyRanges.first[b * M + i] ?? 0) || j >= (keyRanges.end[b * M + i] ?? 0)) return false;
  if (mask && mask.data[b * mask.batchStride + h * mask.headStride + i * mask.rowStride + j * mask.keyStride] !== 1) return false;
  return !bias || bias.data[b * bias.batchStride + h * bias.headStride + i * bias.rowStride + j * bias.keyStride] !== Number.NEGATIVE_INFINITY;
}

/** Writes 1 for each key that is excluded from row (b, h, i) and 0 for the others, from `start` on. */
export function excludeKeys(call: Call, b: number, h: number, i: number, excluded: Uint8Array, start: number): void {
  const { axes, keyRanges, mask, bias } = call;
  const first = keyRanges.first[b * axes.M + i] ?? 0;
  const end = keyRanges.end[b * axes.M + i] ?? 0;
  const ranged = !mask && !bias;
  for (let j = 0; j < axes.N; j++) excluded[start + j] = j >= first && j < end && (ranged || attends(call, b, h, i, j)) ? 0 : 1;
}

/** The rows (b · H + h) · M + i that have every key excluded, ascending. */
export function fullyMaskedRows(call: Call): number[] {
  const { B, H, M } = call.axes;
  const rows: number[] = [];
  for (let b = 0, r = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      for (let i = 0; i < M; i++, r++) if (!hasKey(call, b, h, i)) rows.push(r);
    }
  }
  return rows;
}

/** Whether row (b, h, i) may attend to any key. */
export function hasKey(call: Call, b: number, h: number, i: number): boolean {
  const { keyRanges, mask, bias, axes } = call;
  const first = keyRanges.first[b * axes.M + i] ?? 0;
  const end = keyRanges.end[b * axes.M + i] ?? 0;
  if (!mask && !bias) return first < end;
  for (let j = first; j < end; j++) if (attends(call, b, h, i, j)) return true;
  return false;
}
