import { clamped, type Grid, type State } from './state.ts';

/** What can be done to a grid of numbers. */
export type GridEdit =
  | { readonly kind: 'cell'; readonly row: number; readonly column: number; readonly text: string }
  | { readonly kind: 'row name' | 'column name'; readonly at: number; readonly text: string }
  | { readonly kind: 'add row' | 'add column' }
  | { readonly kind: 'remove row' | 'remove column'; readonly at: number }
  | { readonly kind: 'replace'; readonly cells: Grid; readonly rowNames?: readonly string[]; readonly columnNames?: readonly string[] };

/** A grid of plain numbers after an edit. */
export function editGrid(cells: Grid, edit: GridEdit): Grid {
  switch (edit.kind) {
    case 'cell':
      return cells.map((row, r) => (r === edit.row ? row.map((text, c) => (c === edit.column ? edit.text : text)) : row));
    case 'add row':
      return [...cells, (cells[0] ?? ['']).map(() => '0')];
    case 'add column':
      return cells.map((row) => [...row, '0']);
    case 'remove row':
      return cells.length > 1 ? without(cells, edit.at) : cells;
    case 'remove column':
      return (cells[0]?.length ?? 0) > 1 ? cells.map((row) => without(row, edit.at)) : cells;
    case 'replace':
      return edit.cells;
    default:
      return cells;
  }
}

/** The tokens after an edit: names, mask and matrices that must keep their shape follow. */
export function editTokens(state: State, edit: GridEdit): State {
  const tokens = editGrid(state.tokens, edit);
  switch (edit.kind) {
    case 'row name':
      return { ...state, labels: replaced(padded(state.labels, tokens.length), edit.at, edit.text) };
    case 'column name':
      return { ...state, dimensions: replaced(padded(state.dimensions, tokens[0]?.length ?? 0), edit.at, edit.text) };
    case 'add row':
      return { ...state, tokens, labels: [...padded(state.labels, state.tokens.length), freshName(state.labels)] };
    case 'remove row':
      return tokens === state.tokens ? state : withoutToken({ ...state, tokens }, edit.at);
    case 'add column':
      return widened({ ...state, tokens, dimensions: [...state.dimensions, `d${state.dimensions.length}`] });
    case 'remove column':
      return tokens === state.tokens ? state : narrowed({ ...state, tokens, dimensions: without(state.dimensions, edit.at) }, edit.at);
    case 'replace':
      return clamped({
        ...state,
        tokens,
        labels: edit.rowNames ?? fitted(state.labels, tokens.length, (i) => `t${i}`),
        dimensions: edit.columnNames ?? fitted(state.dimensions, tokens[0]?.length ?? 0, (i) => `d${i}`),
      });
    default:
      return { ...state, tokens };
  }
}

function withoutToken(state: State, at: number): State {
  const rows = state.queries.on ? state.mask.value : without(state.mask.value, at);
  return clamped({
    ...state,
    labels: without(state.labels, at),
    query: !state.queries.on && at < state.query ? state.query - 1 : state.query,
    mask: { ...state.mask, value: rows.map((row) => without(row, at)) },
  });
}

/** A new dimension: matrices that take the tokens get a row for it, and vectors from outside a number. */
function widened(state: State): State {
  const taller = (cells: Grid) => (cells.length === state.dimensions.length - 1 ? editGrid(cells, { kind: 'add row' }) : cells);
  const wider = (cells: Grid) => (cells[0]?.length === state.dimensions.length - 1 ? editGrid(cells, { kind: 'add column' }) : cells);
  return reshaped(state, taller, wider);
}

function narrowed(state: State, at: number): State {
  const lower = (cells: Grid) => (cells.length === state.dimensions.length + 1 ? editGrid(cells, { kind: 'remove row', at }) : cells);
  const narrower = (cells: Grid) => (cells[0]?.length === state.dimensions.length + 1 ? editGrid(cells, { kind: 'remove column', at }) : cells);
  return reshaped(state, lower, narrower);
}

function reshaped(state: State, rows: (cells: Grid) => Grid, columns: (cells: Grid) => Grid): State {
  const { w_query, w_key, w_value, w_output } = state.projections;
  const queryRows = state.queries.on ? w_query : { ...w_query, value: rows(w_query.value) };
  return {
    ...state,
    queries: { ...state.queries, value: columns(state.queries.value) },
    projections: { w_query: queryRows, w_key: { ...w_key, value: rows(w_key.value) }, w_value: { ...w_value, value: rows(w_value.value) }, w_output },
  };
}

function freshName(labels: readonly string[]): string {
  for (let i = labels.length; ; i++) if (!labels.includes(`t${i}`)) return `t${i}`;
}

function fitted(names: readonly string[], length: number, fresh: (i: number) => string): string[] {
  return Array.from({ length }, (_, i) => names[i] ?? fresh(i));
}

function padded(names: readonly string[], length: number): string[] {
  return fitted(names, length, () => '');
}

function replaced(names: readonly string[], at: number, text: string): string[] {
  return names.map((name, i) => (i === at ? text : name));
}

function without<Item>(items: readonly Item[], at: number): Item[] {
  return items.filter((_, i) => i !== at);
}
