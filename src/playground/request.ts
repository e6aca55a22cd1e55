import type { AttentionRequest } from '../schemas/attention.ts';
import { isNumber } from './paste.ts';
import { fittedBias, fittedMask, GRIDS, type Grid, hasRows, SCALE_BY_WIDTH, type State, TEXTS } from './state.ts';

/** The members of a request, with whatever was typed in the place of a number: the service says what is wrong with it. */
export type Request = { readonly [Member in keyof AttentionRequest]: unknown };

/** What the pictures are drawn from. */
export const INCLUDE = ['scores', 'logits', 'weights', 'context', 'lse', 'entropy', 'sink_weight', 'queries', 'keys', 'values'] as const;

/** The question that a state asks, without `include`: what "copy as" copies. */
export function questionOf(state: State): Request {
  const { grids, texts, window, heads } = state;
  const textsOn = TEXTS.filter((name) => texts[name].on && (name !== 'queries_start' || grids.queries.on));
  const sides = {
    ...(window.value.left.trim() && { left: number(window.value.left) }),
    ...(window.value.right.trim() && { right: number(window.value.right) }),
  };
  return {
    tokens: numbers(state.tokens),
    ...(!hasRows(state) && { query: state.query }),
    ...(state.labels.length === state.tokens.length && { labels: state.labels }),
    ...(state.cosine && { similarity: 'cosine' }),
    ...Object.fromEntries(GRIDS.filter((name) => grids[name].on).map((name) => [name, gridOf(state, name)])),
    ...Object.fromEntries(textsOn.map((name) => [name, textOf(name, texts[name].value)])),
    ...(heads.on && { heads: number(heads.value.query), ...(heads.value.key.trim() && { kv_heads: number(heads.value.key) }) }),
    ...(state.causal && { causal: true }),
    ...(window.on && { window: sides }),
    ...(state.mask.on && { mask: perPair(state, fittedMask(state)) }),
    ...(state.position.type && { position: positionOf(state.position) }),
    ...(state.dtype !== 'float32' && { dtype: state.dtype }),
  };
}

function gridOf(state: State, name: (typeof GRIDS)[number]): unknown {
  if (name === 'bias') return perPair(state, numbers(fittedBias(state)));
  const rows = numbers(state.grids[name].value);
  return name.startsWith('b_') ? rows[0] : rows;
}

/** All rows, or that of the one query. */
function perPair<Row>(state: State, rows: readonly Row[]): unknown {
  return hasRows(state) ? rows : (rows[state.query] ?? []);
}

function textOf(name: (typeof TEXTS)[number], text: string): unknown {
  if (name === 'scale' && text === SCALE_BY_WIDTH) return text;
  return name === 'sink' && /[\s,;]/.test(text.trim()) ? list(text) : number(text);
}

function positionOf({ type, base, interleaved, slopes }: State['position']): unknown {
  if (type === 'rope') return { type, ...(base.trim() && { base: number(base) }), ...(interleaved && { interleaved }) };
  return { type, ...(type === 'alibi' && slopes.trim() && { slopes: list(slopes) }) };
}

/** One number a head, by commas, semicolons or blanks. */
function list(text: string): unknown[] {
  return text
    .trim()
    .split(/[\s,;]+/)
    .map(number);
}

function numbers(cells: Grid): unknown[][] {
  return cells.map((row) => row.map(number));
}

function number(text: string): unknown {
  // What this page prints has a true minus.
  const plain = text.trim().replace('−', '-');
  const value = Number(plain);
  return isNumber(plain) && Number.isFinite(value) ? value : text;
}
