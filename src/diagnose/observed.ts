import type { Floats } from '../engine/tensor.ts';
import type { TokenSizes } from '../engine/token-outputs.ts';
import type { Answer, Observable } from './answer.ts';
import { meanOverHeads } from './changed-steps.ts';

/** What somebody's code gave for one output: [heads, m, perRow], NaN where it was not finite. */
export interface Observed {
  readonly output: Observable;
  readonly data: Floats;
  /** 1 where there is no axis of heads: in the context, and where weights are the heads' mean. */
  readonly heads: number;
  readonly perRow: number;
}

/** |got − wanted| ≤ absolute + relative · |wanted|. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** The numbers of an answer that stand against what was observed. */
export function comparable(answer: Answer, { output, heads }: Observed, { h }: Pick<TokenSizes, 'h'>): Floats {
  const data = answer[output] ?? new Float64Array();
  return output === 'weights' && heads === 1 && h > 1 ? meanOverHeads(data, h) : data;
}

/** A gap is this at least, so that a tolerance of 0 tells an error of rounding from a large one. */
const LEAST_TOLERATED = 2 ** -60;

/** How far numbers are from those that were observed; infinitely where one of the two is not finite and the other is. */
export interface Gap {
  /** The largest error in multiples of what the tolerance allows, of the smaller of the two numbers, so that a huge answer is never near. */
  readonly misfit: number;
  /** The largest error itself. */
  readonly error: number;
}

/** @param rows the query rows that `wanted` has, where it has not all */
export function gapOf(observed: Observed, wanted: Floats, tolerance: Tolerance, rows?: readonly number[]): Gap {
  const { data, heads, perRow } = observed;
  const all = data.length / (heads * perRow);
  const m = rows?.length ?? all;
  let [misfit, error] = [0, 0];
  for (let k = 0; k < wanted.length; k++) {
    const row = Math.floor(k / perRow);
    const from = rows ? (Math.floor(row / m) * all + (rows[row % m] ?? 0)) * perRow + (k % perRow) : k;
    const [got, right] = [data[from] ?? 0, wanted[k] ?? 0];
    const off = errorOf(got, right);
    if (off === 0) continue;
    error = Math.max(error, off);
    misfit = Math.max(misfit, off / allowed(Math.min(Math.abs(got), Math.abs(right)), tolerance));
  }
  return { misfit, error };
}

function allowed(magnitude: number, { absolute, relative }: Tolerance): number {
  const size = Number.isFinite(magnitude) ? magnitude : 0;
  return Math.max(absolute + relative * size, LEAST_TOLERATED * Math.max(1, size));
}

/** |got − wanted|; 0 where neither is finite, infinite where one is not. */
export function errorOf(got: number, wanted: number): number {
  if (Number.isFinite(got) && Number.isFinite(wanted)) return Math.abs(got - wanted);
  return Number.isFinite(got) === Number.isFinite(wanted) ? 0 : Number.POSITIVE_INFINITY;
}

/** How far an output is from the right one. */
export interface OutputErrors {
  /** Infinite where one of the two is not finite. */
  readonly maxAbsolute: number;
  /** Over the elements whose right value is not 0; undefined where there is none. */
  readonly maxRelative: number | undefined;
  /** The place of the largest absolute error. */
  readonly place: number;
  /** Pearson's, over the elements that are finite in both; undefined where one of them does not vary. */
  readonly correlation: number | undefined;
  /** Whether every element is within the tolerance. */
  readonly matches: boolean;
}

export function errorsOf({ data }: Observed, wanted: Floats, { absolute, relative }: Tolerance): OutputErrors {
  let maxAbsolute = 0;
  let maxRelative: number | undefined;
  let place = 0;
  let matches = true;
  for (let k = 0; k < data.length; k++) {
    const right = wanted[k] ?? 0;
    const error = errorOf(data[k] ?? 0, right);
    if (error > maxAbsolute) [maxAbsolute, place] = [error, k];
    if (right !== 0 && Number.isFinite(right)) maxRelative = Math.max(maxRelative ?? 0, error / Math.abs(right));
    matches &&= error === 0 || error <= absolute + relative * Math.abs(right);
  }
  return { maxAbsolute, maxRelative, place, correlation: correlationOf(data, wanted), matches };
}

function correlationOf(a: Floats, b: Floats): number | undefined {
  const both = Array.from(a.keys()).filter((k) => Number.isFinite(a[k]) && Number.isFinite(b[k]));
  const mean = (of: Floats) => both.reduce((sum, k) => sum + (of[k] ?? 0), 0) / both.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (const k of both) {
    const [x, y] = [(a[k] ?? 0) - meanA, (b[k] ?? 0) - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  // What varies by rounding alone does not vary.
  const varies = (squares: number, of: number) => squares > both.length * (1e-12 * of) ** 2;
  if (both.length < 2 || !varies(aa, meanA) || !varies(bb, meanB) || aa === 0 || bb === 0) return undefined;
  return Math.max(-1, Math.min(1, ab / Math.sqrt(aa * bb)));
}
