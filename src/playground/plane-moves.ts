import { type Answer, dot } from './answer.ts';
import type { Axis } from './plane-axes.ts';
import { type Grid, on, type State, withGrids } from './state.ts';

/** Where the numbers of an arrow are typed: `from` is the column of its first. */
export interface Source {
  readonly grid: 'tokens' | 'queries' | 'values';
  readonly row: number;
  readonly from: number;
  readonly width: number;
  /** Does the cosine divide what is typed by its length? Then the arrow has the length 1. */
  readonly isUnit: boolean;
}

/** Where a query, key or value is typed; undefined where it is made of others: projected, or turned by its position. */
export function sourceOf(answer: Answer, head: number, of: 'query' | 'key' | 'value', row: number): Source | undefined {
  const { request, state } = answer;
  const isTurned = of !== 'value' && (request.position as { type?: string } | undefined)?.type === 'rope';
  if (request[`w_${of}`] !== undefined || isTurned) return undefined;
  const width = answer[({ query: 'queries', key: 'keys', value: 'values' } as const)[of]][head]?.[0]?.length ?? 0;
  const keyHeads = Number(request.kv_heads ?? answer.heads);
  const from = width * (of === 'query' ? head : Math.floor((head * keyHeads) / answer.heads));
  const grid = of === 'query' && state.grids.queries.on ? 'queries' : of === 'value' && state.grids.values.on ? 'values' : 'tokens';
  const at = of === 'query' && request.query !== undefined ? state.query : row;
  if (numbersOf(gridOf(state, grid), at, from, width) === undefined) return undefined;
  return { grid, row: at, from, width, isUnit: request.similarity === 'cosine' && of !== 'value' };
}

/**
 * The state after the tip of an arrow was moved by so much along two axes. Numbers are rounded to `decimals`.
 * What was typed and is no number stays, and so does the arrow.
 */
export function moved(state: State, source: Source, axes: readonly [Axis, Axis], by: readonly [number, number], decimals: number): State {
  const cells = gridOf(state, source.grid);
  const typed = numbersOf(cells, source.row, source.from, source.width);
  if (typed === undefined) return state;
  const longer = source.isUnit ? Math.hypot(...typed) : 1;
  const change = typed.map((_, i) => longer * (by[0] * (axes[0][i] ?? 0) + by[1] * (axes[1][i] ?? 0)));
  const row = (cells[source.row] ?? []).map((text, c) => {
    const i = c - source.from;
    const step = change[i] ?? 0;
    return step === 0 ? text : `${Number(((typed[i] ?? 0) + step).toFixed(decimals))}`;
  });
  const grid = cells.map((old, r) => (r === source.row ? row : old));
  return source.grid === 'tokens' ? { ...state, tokens: grid } : withGrids(state, { [source.grid]: on(grid) });
}

/** How far along two axes a tip has come from one state to another. */
export function wayBetween(before: State, after: State, source: Source, axes: readonly [Axis, Axis]): readonly [number, number] {
  const [from, to] = [tipOf(before, source), tipOf(after, source)];
  return [dot(to, axes[0]) - dot(from, axes[0]), dot(to, axes[1]) - dot(from, axes[1])];
}

function tipOf(state: State, source: Source): readonly number[] {
  const typed = numbersOf(gridOf(state, source.grid), source.row, source.from, source.width) ?? [];
  const length = source.isUnit ? Math.hypot(...typed) : 1;
  return typed.map((number) => number / (length || 1));
}

function gridOf(state: State, grid: Source['grid']): Grid {
  return grid === 'tokens' ? state.tokens : state.grids[grid].value;
}

function numbersOf(cells: Grid, row: number, from: number, width: number): number[] | undefined {
  const numbers = cells[row]?.slice(from, from + width).map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  return numbers?.length === width && numbers.every(Number.isFinite) ? numbers : undefined;
}
