import type { Authored } from './authored.ts';

/** Numbers as they were typed: a slip of the pen stays where it is, and the service says what is wrong with it. */
export type Grid = readonly (readonly string[])[];

/** A switch, and what was typed beside it, which stays while it is off. */
export interface Switch<Value> {
  readonly on: boolean;
  readonly value: Value;
}

/** Options that are one typed text, and those that are a grid of numbers, by their name in the request. */
export const TEXTS = ['queries_start', 'scale', 'softcap', 'sink'] as const;
export const GRIDS = ['queries', 'values', 'w_query', 'b_query', 'w_key', 'b_key', 'w_value', 'b_value', 'w_output', 'b_output', 'bias'] as const;
export type TextName = (typeof TEXTS)[number];
export type GridName = (typeof GRIDS)[number];

export const POSITIONS = ['rope', 'alibi', 'sinusoidal'] as const;

/** What is typed for the scale by the width of a query. */
export const SCALE_BY_WIDTH = '1/sqrt(d_k)';

/** Everything that a link carries: the tokens, the query, and how the switches stand. Never changed, only replaced. */
export interface State {
  /** Which lesson of the course it belongs to, or the one that somebody made. */
  readonly lesson: string | undefined;
  readonly authored: Authored | undefined;
  readonly labels: readonly string[];
  readonly dimensions: readonly string[];
  readonly tokens: Grid;
  /** Is every token a query, or only the one at `query`? */
  readonly everyone: boolean;
  /** The query row that is looked at. */
  readonly query: number;
  readonly cosine: boolean;
  readonly causal: boolean;
  readonly window: Switch<{ readonly left: string; readonly right: string }>;
  /** true = may attend; one row for each query row. */
  readonly mask: Switch<readonly (readonly boolean[])[]>;
  readonly heads: Switch<{ readonly query: string; readonly key: string }>;
  /** The head that is looked at. */
  readonly head: number;
  /** An empty `base` or `slopes` is the service's default. */
  readonly position: {
    readonly type: '' | (typeof POSITIONS)[number];
    readonly base: string;
    readonly interleaved: boolean;
    readonly slopes: string;
  };
  readonly dtype: 'float32' | 'float64';
  readonly texts: Readonly<Record<TextName, Switch<string>>>;
  readonly grids: Readonly<Record<GridName, Switch<Grid>>>;
}

export const off = <Value>(value: Value): Switch<Value> => ({ on: false, value });
export const on = <Value>(value: Value): Switch<Value> => ({ on: true, value });

const NO_GRIDS = Object.fromEntries(GRIDS.map((name) => [name, off([])])) as unknown as State['grids'];

/** “The cat ran”, and “ran” is the query: what the page opens with. */
export const START: State = {
  lesson: 'plain',
  authored: undefined,
  labels: ['The', 'cat', 'ran'],
  dimensions: ['x', 'y', 'z'],
  tokens: [
    ['0.2', '0.1', '0.5'],
    ['0.9', '0.1', '0.3'],
    ['0.4', '0.8', '0.2'],
  ],
  everyone: false,
  query: 2,
  cosine: false,
  causal: false,
  window: off({ left: '1', right: '0' }),
  mask: off([]),
  heads: off({ query: '1', key: '' }),
  head: 0,
  position: { type: '', base: '', interleaved: false, slopes: '' },
  dtype: 'float32',
  texts: { queries_start: off('0'), scale: off(SCALE_BY_WIDTH), softcap: off('2'), sink: off('0') },
  grids: NO_GRIDS,
};

/** A state with some of its texts and grids replaced. */
export function withTexts(state: State, texts: Partial<State['texts']>): State {
  return { ...state, texts: { ...state.texts, ...texts } };
}
export function withGrids(state: State, grids: Partial<State['grids']>): State {
  return { ...state, grids: { ...state.grids, ...grids } };
}

/** Is there a row for each of several queries, or one row alone? */
export function hasRows({ everyone, grids }: State): boolean {
  return everyone || grids.queries.on;
}

/** How many query rows there are, and so how many rows a mask has. */
export function queryRows({ grids, tokens }: State): number {
  return grids.queries.on ? grids.queries.value.length : tokens.length;
}

/** d_k: how many numbers a query of one head has. */
export function queryWidth({ grids, dimensions, heads }: State): number {
  const grid = [grids.w_query, grids.queries].find((one) => one.on);
  return (grid?.value[0]?.length ?? dimensions.length) / (heads.on ? Number(heads.value.query) || 1 : 1);
}

/** The name of a token; its position where it has none. */
export function labelOf({ labels }: State, token: number): string {
  return seen(labels[token] ?? '') || `token ${token}`;
}

/** A label as it can be seen: one of white space alone, or of signs without a shape, stands in quotation marks, as in the service's pictures. */
function seen(label: string): string {
  if (label === '' || /[^\s\p{Cc}\p{Cf}]/u.test(label)) return label.trim();
  return `"${label.replaceAll(/[^ ]/gu, spelledOut)}"`;
}

/** `\n`, `\t`, `\u{a0}`. */
function spelledOut(sign: string): string {
  const short = JSON.stringify(sign).slice(1, -1);
  return short.length === 2 ? short : `\\u{${sign.codePointAt(0)?.toString(16)}}`;
}

/** The name of a query row. */
export function queryLabel(state: State, row: number): string {
  return state.grids.queries.on ? `query ${row}` : labelOf(state, row);
}

/** The mask, as large as it must be now; what was never painted may attend. */
export function fittedMask(state: State): boolean[][] {
  return fitted(state, state.mask.value, true);
}

/** The bias of each pair, as large as it must be now; what was never typed is 0. */
export function fittedBias(state: State): string[][] {
  return fitted(state, state.grids.bias.value, '0');
}

function fitted<Value>(state: State, value: readonly (readonly Value[])[], otherwise: Value): Value[][] {
  return Array.from({ length: queryRows(state) }, (_, i) => state.tokens.map((_token, j) => value[i]?.[j] ?? otherwise));
}

/** The state after the pair (query row, token) was painted. */
export function paint(state: State, row: number, token: number, attend: boolean): State {
  const mask = fittedMask(state);
  const painted = mask[row];
  if (painted) painted[token] = attend;
  return { ...state, mask: on(mask) };
}

/** A grid turned on or off; one that is still empty begins with numbers that change nothing. */
export function turnGrid(state: State, name: GridName, turned: boolean): State {
  const { value } = state.grids[name];
  return clamped(withGrids(state, { [name]: { on: turned, value: value.length > 0 ? value : beginning(state, name) } }));
}

function beginning(state: State, name: GridName): Grid {
  const { tokens, grids, dimensions } = state;
  const width = (grid: Switch<Grid>, otherwise: number) => (grid.on ? (grid.value[0]?.length ?? otherwise) : otherwise);
  const valueWidth = width(grids.w_value, width(grids.values, dimensions.length));
  const zeros = (length: number): Grid => [Array.from({ length }, () => '0')];
  switch (name) {
    case 'queries':
      return tokens.slice(0, 1);
    case 'values':
      return tokens;
    case 'bias':
      return fittedBias(state);
    case 'w_query':
    case 'w_key':
      return identity(dimensions.length);
    case 'w_value':
      return identity(width(grids.values, dimensions.length));
    case 'w_output':
      return identity(valueWidth);
    case 'b_query':
    case 'b_key':
      return zeros(width(name === 'b_query' ? grids.w_query : grids.w_key, dimensions.length));
    case 'b_value':
      return zeros(valueWidth);
    case 'b_output':
      return zeros(width(grids.w_output, valueWidth));
  }
}

function identity(width: number): Grid {
  return Array.from({ length: width }, (_, r) => Array.from({ length: width }, (_cell, c) => (r === c ? '1' : '0')));
}

/** Keeps `query` on a row that is there. */
export function clamped(state: State): State {
  return { ...state, query: Math.max(0, Math.min(state.query, queryRows(state) - 1)) };
}

/** The query row that row `row` of an answer shows: where one token is the query, there is one row. */
export function queryRowAt(state: State, row: number): number {
  return hasRows(state) ? row : state.query;
}

/** Is `next` the same question, of which something else is looked at? */
export function isLook(state: State, next: State): boolean {
  const looks: readonly string[] = hasRows(next) ? ['head', 'query'] : ['head'];
  return (Object.keys(next) as (keyof State)[]).every((name) => next[name] === state[name] || looks.includes(name));
}

/** This state, looked at as `now` is: undo takes back edits, and leaves the eye where it is. */
export function looking(state: State, now: State): State {
  return clamped({ ...state, head: now.head, query: hasRows(state) && hasRows(now) ? now.query : state.query });
}
