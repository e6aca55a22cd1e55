import type { Flight } from './flight.ts';
import { PAIR_STAGES, type StageName } from './stage.ts';
import { queryRowAt, type State } from './state.ts';

/** The cells of a stage that is in sight as a table; undefined where it is not. */
export type CellsOf = (name: StageName) => readonly (readonly HTMLElement[])[] | undefined;

/** From where the numbers of a stage come: from the stage before, from keys or tokens, from their row of weights. */
export function journeysTo(name: StageName, cellsOf: CellsOf, state: State): Flight[] {
  const from = originOf(name, cellsOf, state);
  return (cellsOf(name) ?? []).flatMap((row, r) =>
    row.flatMap((to, c) => {
      const origin = from(r, c);
      return origin ? [{ to, from: origin.getBoundingClientRect() }] : [];
    }),
  );
}

function originOf(name: StageName, cellsOf: CellsOf, state: State): (row: number, column: number) => Element | null | undefined {
  const token = (row: number) => typedRow('tokens', row);
  switch (name) {
    case 'w_query':
    case 'w_key':
    case 'w_value':
      // They are typed, and made of nothing.
      return () => undefined;
    case 'queries':
      return (row) => (state.grids.queries.on ? typedRow('queries', row) : token(queryRowAt(state, row)));
    case 'keys':
      return token;
    case 'values':
      return (row) => (state.grids.values.on ? typedRow('values', row) : token(row));
    case 'raw':
      return (_, column) => cellsOf('keys')?.[column]?.[0] ?? token(column);
    case 'context':
      return (row, column) => cellsOf('weights')?.[row]?.[column % state.tokens.length];
    default: {
      const before = PAIR_STAGES.slice(0, PAIR_STAGES.indexOf(name)).findLast((one) => cellsOf(one) !== undefined);
      return (row, column) => before && cellsOf(before)?.[row]?.[column];
    }
  }
}

/** A row of numbers as it is typed. */
function typedRow(grid: string, row: number): Element | null | undefined {
  return document.querySelector(`[data-pointer="/${grid}/${row}"]`)?.parentElement;
}
