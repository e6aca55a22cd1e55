import { clamped, type Grid, type GridName, type State, withGrids } from './state.ts';

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
      return perToken({ ...state, tokens, labels: [...padded(state.labels, state.tokens.length), freshName(state.labels)] }, state, edit);
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
  const rows = <Value>(value: readonly (readonly Value[])[]) => (state.grids.queries.on ? value : without(value, at)).map((row) => without(row, at));
  const { bias } = state.grids;
  const fewer = withGrids(state, { bias: { ...bias, value: rows(bias.value) } });
  return clamped({
    ...perToken(fewer, { ...state, tokens: [...state.tokens, []] }, { kind: 'remove row', at }),
    labels: without(state.labels, at),
    query: !state.grids.queries.on && at < state.query ? state.query - 1 : state.query,
    mask: { ...state.mask, value: rows(state.mask.value) },
  });
}

/** Values of their own keep a row a token. */
function perToken(state: State, before: State, edit: GridEdit): State {
  const { values } = state.grids;
  return values.value.length === before.tokens.length ? withGrids(state, { values: { ...values, value: editGrid(values.value, edit) } }) : state;
}

/** A new dimension: matrices that take the tokens get a row for it, and vectors from outside a number. */
function widened(state: State): State {
  const before = state.dimensions.length - 1;
  const taller = (cells: Grid) => (cells.length === before ? editGrid(cells, { kind: 'add row' }) : cells);
  const wider = (cells: Grid) => (cells[0]?.length === before ? editGrid(cells, { kind: 'add column' }) : cells);
  return reshaped(state, taller, wider);
}

function narrowed(state: State, at: number): State {
  const before = state.dimensions.length + 1;
  const lower = (cells: Grid) => (cells.length === before ? editGrid(cells, { kind: 'remove row', at }) : cells);
  const narrower = (cells: Grid) => (cells[0]?.length === before ? editGrid(cells, { kind: 'remove column', at }) : cells);
  return reshaped(state, lower, narrower);
}

/** What is as wide as the tokens follows them: vectors from outside, the rows of a matrix that takes the tokens, a bias where there is no matrix. */
function reshaped(state: State, rows: (cells: Grid) => Grid, columns: (cells: Grid) => Grid): State {
  const { grids } = state;
  const through = (name: GridName, change: (cells: Grid) => Grid) => ({ [name]: { ...grids[name], value: change(grids[name].value) } });
  return withGrids(state, {
    ...through('queries', columns),
    ...(!grids.queries.on && through('w_query', rows)),
    ...through('w_key', rows),
    ...(!grids.values.on && through('w_value', rows)),
    ...(!grids.w_query.on && through('b_query', columns)),
    ...(!grids.w_key.on && through('b_key', columns)),
    ...(!grids.w_value.on && !grids.values.on && through('b_value', columns)),
  });
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
