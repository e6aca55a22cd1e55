import { editGrid, editTokens, type GridEdit } from './edits.ts';
import { byId } from './element.ts';
import { EditGrid } from './grid.ts';
import type { Edit } from './scene.ts';
import { clamped, on, PROJECTIONS, type ProjectionName, type State } from './state.ts';
import { Switches } from './switches.ts';

/** What can be typed: tokens, vectors from outside, projections, switches. */
export class Inputs {
  readonly #tokens: EditGrid;
  readonly #queries: EditGrid;
  readonly #projections: readonly (readonly [ProjectionName, EditGrid, HTMLElement])[];
  readonly #switches: Switches;

  constructor(edit: Edit) {
    this.#tokens = new EditGrid({
      pointer: '/tokens',
      caption: 'Tokens',
      rowWord: 'token',
      columnWord: 'dimension',
      edit: (change, about, gesture) => edit((state) => editTokens(state, change), about, gesture),
      choose: (row) => edit((state) => (state.queries.on || state.query === row ? state : { ...state, query: row }), 'another row'),
    });
    this.#queries = new EditGrid({
      pointer: '/queries',
      caption: 'Queries from outside',
      rowWord: 'query',
      columnWord: 'dimension',
      edit: (change, about, gesture) => edit((state) => clamped({ ...state, queries: on(editGrid(state.queries.value, change)) }), about, gesture),
      choose: (row) => edit((state) => (state.query === row ? state : { ...state, query: row }), 'another row'),
      chooseWord: 'look',
    });
    this.#projections = PROJECTIONS.map((name) => {
      const change = (one: GridEdit) => (state: State) => ({
        ...state,
        projections: { ...state.projections, [name]: on(editGrid(state.projections[name].value, one)) },
      });
      const grid = new EditGrid({
        pointer: `/${name}`,
        caption: name,
        rowWord: 'row',
        columnWord: 'column',
        edit: (one, about, gesture) => edit(change(one), `${name}: ${about}`, gesture),
      });
      return [name, grid, byId(name, HTMLElement)];
    });
    this.#switches = new Switches(byId('switches', HTMLElement), edit);
    byId('tokens', HTMLElement).append(this.#tokens.element);
    byId('queries', HTMLElement).append(this.#queries.element);
    for (const [, grid, root] of this.#projections) root.append(grid.element);
  }

  show(state: State): void {
    const { tokens, labels, dimensions, queries, query } = state;
    this.#tokens.show({ cells: tokens, rowNames: labels, columnNames: dimensions, chosen: queries.on ? undefined : query });
    byId('queries', HTMLElement).hidden = !queries.on;
    if (queries.on) this.#queries.show({ cells: queries.value, chosen: query });
    for (const [name, grid, root] of this.#projections) {
      root.hidden = !state.projections[name].on;
      if (state.projections[name].on) grid.show({ cells: state.projections[name].value });
    }
    byId('projections', HTMLElement).hidden = !PROJECTIONS.some((name) => state.projections[name].on);
    this.#switches.show(state);
  }
}
