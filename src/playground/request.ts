import type { AttentionRequest } from '../schemas/attention.ts';
import { isNumber } from './paste.ts';
import { fittedMask, type Grid, PROJECTIONS, type State } from './state.ts';

/** The members of a request, with whatever was typed in the place of a number: the service says what is wrong with it. */
export type Request = { readonly [Member in keyof AttentionRequest]: unknown };

/** What the pictures are drawn from. */
export const INCLUDE = ['scores', 'logits', 'weights', 'context', 'lse', 'entropy', 'sink_weight', 'queries', 'keys', 'values'] as const;

/** The question that a state asks, without `include`: what "copy as" copies. */
export function questionOf(state: State): Request {
  const { queries, queriesStart, position, window, heads } = state;
  const rows = queries.on
    ? { queries: numbers(queries.value), ...(queriesStart.on && { queries_start: number(queriesStart.value) }) }
    : state.everyone
      ? {}
      : { query: state.query };
  const sides = {
    ...(window.value.left.trim() && { left: number(window.value.left) }),
    ...(window.value.right.trim() && { right: number(window.value.right) }),
  };
  return {
    tokens: numbers(state.tokens),
    ...rows,
    ...(state.labels.length === state.tokens.length && { labels: state.labels }),
    ...(state.cosine && { similarity: 'cosine' }),
    ...(state.scale.on && { scale: state.scale.value === '1/sqrt(d_k)' ? state.scale.value : number(state.scale.value) }),
    ...Object.fromEntries(PROJECTIONS.filter((name) => state.projections[name].on).map((name) => [name, numbers(state.projections[name].value)])),
    ...(heads.on && { heads: number(heads.value.query), ...(heads.value.key.trim() && { kv_heads: number(heads.value.key) }) }),
    ...(state.causal && { causal: true }),
    ...(window.on && { window: sides }),
    ...(state.mask.on && { mask: maskOf(state) }),
    ...(state.softcap.on && { softcap: number(state.softcap.value) }),
    ...(state.sink.on && { sink: number(state.sink.value) }),
    ...(position && { position: { type: position } }),
    ...(state.dtype !== 'float32' && { dtype: state.dtype }),
  };
}

function maskOf(state: State): boolean[] | boolean[][] {
  const mask = fittedMask(state);
  return state.queries.on || state.everyone ? mask : (mask[state.query] ?? []);
}

function numbers(cells: Grid): unknown[][] {
  return cells.map((row) => row.map(number));
}

function number(text: string): unknown {
  const value = Number(text);
  return isNumber(text) && Number.isFinite(value) ? value : text;
}
