import { colourOf, css, inkOn, type Palette } from './colours.ts';
import { el, setText } from './element.ts';
import { type Cell, followPointing, type Pointing } from './pointing.ts';
import { brief } from './printed.ts';
import type { Stage } from './stage.ts';

/** How a stage is to be shown. */
export interface StageView {
  readonly stage: Stage;
  readonly palette: Palette;
  /** The same stage before the last change, where it had the same shape. */
  readonly before: Stage | undefined;
  readonly queryRow: number;
}

/** A picture of a matrix; small ones are tables of numbers, large ones are drawn. */
export interface Picture {
  readonly element: HTMLElement;
  show(view: StageView): void;
  /** Marks the cell that is looked at, in whichever stage. */
  mark(cell: Cell | undefined, focus: boolean): void;
}

/** What a picture reports. */
export type Handlers = Pick<Pointing, 'look' | 'pick' | 'brush' | 'paint'>;

/** Up to so many cells a row carry their number. */
const MOST_COLUMNS_OF_NUMBERS = 8;
const MOST_CELLS_OF_NUMBERS = 96;

export function hasNumbers({ rows, columns }: Stage): boolean {
  return columns.length <= MOST_COLUMNS_OF_NUMBERS && rows.length * columns.length <= MOST_CELLS_OF_NUMBERS;
}

/** A table whose cells are coloured by their number. */
export class TablePicture implements Picture {
  readonly element = el('table', { class: 'matrix', role: 'grid' });
  #shape = '';
  #cells: HTMLTableCellElement[][] = [];
  #focus: Cell = { row: 0, column: 0 };
  #marked: HTMLTableCellElement | undefined;

  constructor(handlers: Handlers) {
    followPointing(this.element, {
      ...handlers,
      cellAt: (event) => this.#cellAt(document.elementFromPoint(event.clientX, event.clientY)),
      size: () => ({ rows: this.#cells.length, columns: this.#cells[0]?.length ?? 0 }),
      here: () => this.#focus,
    });
    this.element.addEventListener('focusin', (event) => {
      const cell = this.#cellAt(event.target as Element);
      if (cell && event.target instanceof HTMLElement && event.target.matches(':focus-visible')) handlers.look(cell, false);
    });
  }

  /** By row and column. */
  get cells(): readonly (readonly HTMLTableCellElement[])[] {
    return this.#cells;
  }

  show({ stage, palette, before, queryRow }: StageView): void {
    const shape = `${stage.rows.length}×${stage.columns.length}`;
    if (shape !== this.#shape) this.#build(stage);
    this.#shape = shape;
    this.element.setAttribute('aria-label', `${stage.title}: a row for each ${stage.rowsAre}, a column for each ${stage.columnsAre}`);
    const decimals = stage.columns.length > 5 ? 2 : 4;
    const heads = this.element.querySelectorAll('thead th');
    stage.columns.forEach((column, c) => {
      const head = heads[c];
      if (head) setText(head, column);
    });
    for (const [r, row] of this.#cells.entries()) {
      const head = row[0]?.parentElement?.querySelector('th');
      if (head) setText(head, stage.rows[r] ?? '');
      row[0]?.parentElement?.classList.toggle('chosen', r === queryRow);
      for (const [c, cell] of row.entries()) {
        const value = stage.cells[r]?.[c] ?? null;
        const colour = colourOf(palette, value, stage.most, stage.signed);
        cell.style.backgroundColor = css(colour);
        cell.style.color = inkOn(colour);
        cell.classList.toggle('excluded', value === null);
        const was = before?.cells[r]?.[c];
        setText(cell.firstChild ?? cell, value === null ? '—' : brief(value, decimals));
        setText(cell.lastChild ?? cell, changeOf(was, value, decimals));
      }
    }
    this.element.classList.toggle('changing', before !== undefined);
    this.element.classList.toggle('dense', decimals === 2);
  }

  mark(cell: Cell | undefined, focus: boolean): void {
    const found = cell && this.#cells[cell.row]?.[cell.column];
    this.#marked?.classList.remove('here');
    found?.classList.add('here');
    this.#marked = found;
    if (!found || !cell || !focus) return;
    this.#stop(cell);
    found.focus();
  }

  #build({ rows, columns }: Stage): void {
    this.#cells = rows.map(() => columns.map(() => el('td', { tabindex: -1 }, el('span', {}), el('small', {}))));
    const head = el('tr', {}, el('td', {}), ...columns.map(() => el('th', { scope: 'col' })));
    this.element.replaceChildren(
      el('thead', {}, head),
      el('tbody', {}, ...this.#cells.map((cells) => el('tr', {}, el('th', { scope: 'row' }), ...cells))),
    );
    this.#stop({ row: 0, column: 0 });
  }

  #stop(cell: Cell): void {
    this.#cells[this.#focus.row]?.[this.#focus.column]?.setAttribute('tabindex', '-1');
    this.#focus = cell;
    this.#cells[cell.row]?.[cell.column]?.setAttribute('tabindex', '0');
  }

  #cellAt(element: Element | null): Cell | undefined {
    const td = element?.closest('td');
    if (!td || !this.element.contains(td)) return undefined;
    const row = this.#cells.findIndex((cells) => cells.includes(td));
    return row < 0 ? undefined : { row, column: this.#cells[row]?.indexOf(td) ?? 0 };
  }
}

/** `+0.02`, where a number has changed so that it can be seen. */
function changeOf(before: number | null | undefined, now: number | null, decimals: number): string {
  if (before === undefined || before === now) return '';
  if (before === null) return now === null ? '' : 'was —';
  if (now === null) return `was ${brief(before, 2)}`;
  const change = now - before;
  if (Math.abs(change) < 0.5 * 10 ** -decimals) return '';
  return `${change > 0 ? '+' : ''}${brief(change, decimals)}`;
}
