/** Numbers as they were typed: a slip of the pen stays where it is, and the service says what is wrong with it. */
export type Grid = readonly (readonly string[])[];

/** A switch, and what was typed beside it, which stays while it is off. */
export interface Switch<Value> {
  readonly on: boolean;
  readonly value: Value;
}

export type ProjectionName = 'w_query' | 'w_key' | 'w_value' | 'w_output';
export const PROJECTIONS: readonly ProjectionName[] = ['w_query', 'w_key', 'w_value', 'w_output'];

/** Everything that a link carries: the tokens, the query, and how the switches stand. Never changed, only replaced. */
export interface State {
  readonly lesson: string | undefined;
  readonly labels: readonly string[];
  readonly dimensions: readonly string[];
  readonly tokens: Grid;
  /** Is every token a query, or only the one at `query`? */
  readonly everyone: boolean;
  /** The query row that is looked at. */
  readonly query: number;
  readonly queries: Switch<Grid>;
  readonly queriesStart: Switch<string>;
  readonly cosine: boolean;
  readonly scale: Switch<string>;
  readonly causal: boolean;
  readonly window: Switch<{ readonly left: string; readonly right: string }>;
  /** true = may attend; one row for each query row. */
  readonly mask: Switch<readonly (readonly boolean[])[]>;
  readonly softcap: Switch<string>;
  readonly sink: Switch<string>;
  readonly heads: Switch<{ readonly query: string; readonly key: string }>;
  /** The head that is looked at. */
  readonly head: number;
  readonly projections: Readonly<Record<ProjectionName, Switch<Grid>>>;
  readonly position: '' | 'rope' | 'alibi' | 'sinusoidal';
  readonly dtype: 'float32' | 'float64';
}

const off = <Value>(value: Value): Switch<Value> => ({ on: false, value });
export const on = <Value>(value: Value): Switch<Value> => ({ on: true, value });

/** “The cat ran”, and “ran” is the query: what the page opens with. */
export const START: State = {
  lesson: 'plain',
  labels: ['The', 'cat', 'ran'],
  dimensions: ['x', 'y', 'z'],
  tokens: [
    ['0.2', '0.1', '0.5'],
    ['0.9', '0.1', '0.3'],
    ['0.4', '0.8', '0.2'],
  ],
  everyone: false,
  query: 2,
  queries: off([]),
  queriesStart: off('0'),
  cosine: false,
  scale: off('1/sqrt(d_k)'),
  causal: false,
  window: off({ left: '1', right: '0' }),
  mask: off([]),
  softcap: off('2'),
  sink: off('0'),
  heads: off({ query: '1', key: '' }),
  head: 0,
  projections: { w_query: off([]), w_key: off([]), w_value: off([]), w_output: off([]) },
  position: '',
  dtype: 'float32',
};

/** How many query rows there are, and so how many rows a mask has. */
export function queryRows({ queries, tokens }: State): number {
  return queries.on ? queries.value.length : tokens.length;
}

/** The name of a token; its position where it has none. */
export function labelOf({ labels }: State, token: number): string {
  return labels[token]?.trim() || `token ${token}`;
}

/** The name of a query row. */
export function queryLabel(state: State, row: number): string {
  return state.queries.on ? `query ${row}` : labelOf(state, row);
}

/** The mask, as large as it must be now; what was never painted may attend. */
export function fittedMask(state: State): boolean[][] {
  const { value } = state.mask;
  return Array.from({ length: queryRows(state) }, (_, i) => state.tokens.map((_token, j) => value[i]?.[j] ?? true));
}

/** The state after the pair (query row, token) was painted. */
export function paint(state: State, row: number, token: number, attend: boolean): State {
  const mask = fittedMask(state);
  const painted = mask[row];
  if (painted) painted[token] = attend;
  return { ...state, mask: on(mask) };
}

/** A switch turned; a grid that is still empty begins with numbers that change nothing. */
export function turnProjection(state: State, name: ProjectionName, turned: boolean): State {
  const before = state.projections[name].value;
  const value = before.length > 0 ? before : identity(state.dimensions.length);
  return { ...state, projections: { ...state.projections, [name]: { on: turned, value } } };
}

/** Vectors from outside begin with a copy of the first token's. */
export function turnQueries(state: State, turned: boolean): State {
  const value = state.queries.value.length > 0 ? state.queries.value : state.tokens.slice(0, 1);
  return clamped({ ...state, queries: { on: turned, value } });
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
  return state.everyone || state.queries.on ? row : state.query;
}

/** Is `next` the same question, of which something else is looked at? */
export function isLook(state: State, next: State): boolean {
  const looks: readonly string[] = next.everyone || next.queries.on ? ['head', 'query'] : ['head'];
  return (Object.keys(next) as (keyof State)[]).every((name) => next[name] === state[name] || looks.includes(name));
}

/** This state, looked at as `now` is: undo takes back edits, and leaves the eye where it is. */
export function looking(state: State, now: State): State {
  const rows = ({ everyone, queries }: State) => everyone || queries.on;
  return clamped({ ...state, head: now.head, query: rows(state) && rows(now) ? now.query : state.query });
}
