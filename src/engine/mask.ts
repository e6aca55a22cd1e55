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
export function reachOf(positions: ArrayLike<number>, keyCounts: ArrayLike<number>, window: Window, causal: boolean): Reach {
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

/** Whether row (b, h, i) may attend to key j. */
export function attends({ axes: { M }, reach, mask, bias }: Problem, b: number, h: number, i: number, j: number): boolean {
  if (j < (reach.first[b * M + i] ?? 0) || j >= (reach.end[b * M + i] ?? 0)) return false;
  if (mask && mask.data[b * mask.batchStride + h * mask.headStride + i * mask.rowStride + j * mask.keyStride] !== 1) return false;
  return !bias || bias.data[b * bias.batchStride + h * bias.headStride + i * bias.rowStride + j * bias.keyStride] !== Number.NEGATIVE_INFINITY;
}

/** Writes 1 for each key that is excluded from row (b, h, i), 0 for the others, and returns how many may be attended. */
export function excludedKeys(problem: Problem, b: number, h: number, i: number, excluded: Uint8Array): number {
  let attended = 0;
  for (let j = 0; j < problem.axes.N; j++) {
    const seen = attends(problem, b, h, i, j);
    excluded[j] = seen ? 0 : 1;
    if (seen) attended++;
  }
  return attended;
}

/** The rows (b · H + h) · M + i that have every key excluded, ascending. */
export function fullyMaskedRows(problem: Problem): number[] {
  const { B, H, M } = problem.axes;
  const rows: number[] = [];
  for (let b = 0, r = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      for (let i = 0; i < M; i++, r++) if (!hasKey(problem, b, h, i)) rows.push(r);
    }
  }
  return rows;
}

/** Whether the row may attend to any key. */
function hasKey(problem: Problem, b: number, h: number, i: number): boolean {
  const { reach, mask, bias, axes } = problem;
  const first = reach.first[b * axes.M + i] ?? 0;
  const end = reach.end[b * axes.M + i] ?? 0;
  if (!mask && !bias) return first < end;
  for (let j = first; j < end; j++) if (attends(problem, b, h, i, j)) return true;
  return false;
}
