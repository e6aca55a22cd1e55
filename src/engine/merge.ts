import { arithmeticOverflow } from './errors.ts';
import { type Projection, project } from './projection.ts';
import { firstNotFinite, type Matrix } from './tensor.ts';

/** What one part of the keys gave: context [m, h·width], and lse [h, m], −Infinity where the part had no key for a row. */
export interface Part {
  readonly context: Matrix;
  readonly lse: Float64Array;
}

/** Attention over all keys, and the rows (head · m + query row) that had no key in any part. */
export interface Merged extends Part {
  readonly fullyMasked: readonly number[];
}

/**
 * The parts merged, then projected.
 * @throws Failure `arithmetic-overflow` where the projection leaves the finite numbers
 */
export function mergeAndProject(parts: readonly Part[], m: number, heads: number, output: Projection): Merged {
  const merged = merge(parts, m, heads);
  const context = project(merged.context, output, 'float64');
  const place = firstNotFinite(context.data);
  if (place >= 0) throw arithmeticOverflow('context', 'query row', Math.floor(place / context.columns));
  return { ...merged, context };
}

/**
 * Attention over all keys from attention over parts of them, exactly, in double precision:
 *
 *     lse = ln Σ_p exp(lse_p)        context = Σ_p exp(lse_p − lse) · context_p
 *
 * for each head (a block of columns) and query row (Milakov and Gimelshein 2018, Online normalizer calculation for
 * softmax; Dao et al. 2022, FlashAttention). A part whose lse is −Infinity counts for nothing; where all are, the row
 * has the context 0 and is listed, as head · m + query row.
 */
function merge(parts: readonly Part[], m: number, heads: number): Merged {
  const columns = parts[0]?.context.columns ?? 0;
  const width = columns / heads;
  const context = new Float64Array(m * columns);
  const lse = new Float64Array(heads * m).fill(Number.NEGATIVE_INFINITY);
  const fullyMasked: number[] = [];
  for (let row = 0; row < heads * m; row++) {
    let max = Number.NEGATIVE_INFINITY;
    for (const part of parts) max = Math.max(max, part.lse[row] ?? max);
    if (max === Number.NEGATIVE_INFINITY) {
      fullyMasked.push(row);
      continue;
    }
    let sum = 0;
    for (const part of parts) sum += Math.exp((part.lse[row] ?? Number.NEGATIVE_INFINITY) - max);
    lse[row] = max + Math.log(sum);
    const start = (row % m) * columns + Math.floor(row / m) * width;
    for (const part of parts) {
      const share = Math.exp((part.lse[row] ?? Number.NEGATIVE_INFINITY) - max) / sum;
      if (share === 0) continue;
      for (let c = start; c < start + width; c++) context[c] = (context[c] ?? 0) + share * (part.context.data[c] ?? 0);
    }
  }
  return { context: { data: context, rows: m, columns }, lse, fullyMasked };
}
