import { startOf } from './block.ts';
import type { Call } from './call.ts';
import type { Floats, Matrix } from './tensor.ts';

/*
 * The terms that three steps add up, one by one, for those who show them. They are stored in arrays of the call's
 * precision, which rounds them as the steps do.
 */

/** Q[i]·K[j] before the sum of step `dot`: out[c] = Q[i][c] · K[j][c], [D]. */
export function dotTerms({ axes: { H, G, D }, query, key }: Call, b: number, h: number, i: number, j: number, out: Floats): Floats {
  const row = startOf(query, b, h, i);
  const other = startOf(key, b, Math.floor(h / (H / G)), j);
  for (let c = 0; c < D; c++) out[c] = (query.data[row + c] ?? 0) * (key.data[other + c] ?? 0);
  return out;
}

/** What key j adds in step `weightedSum`: out[e] = weight · V[j][e], [E]. */
export function weightedTerms({ axes: { H, G, E }, value }: Call, b: number, h: number, j: number, weight: number, out: Floats): Floats {
  const row = startOf(value, b, Math.floor(h / (H / G)), j);
  for (let e = 0; e < E; e++) out[e] = weight * (value.data[row + e] ?? 0);
  return out;
}

/** What is added up for the first column in step `project`: out[c] = x[c] · W[c][0], [inputs]. */
export function firstColumnTerms(x: Floats, { data, columns }: Matrix, out: Floats): Floats {
  for (let c = 0; c < out.length; c++) out[c] = (x[c] ?? 0) * (data[c * columns] ?? 0);
  return out;
}
