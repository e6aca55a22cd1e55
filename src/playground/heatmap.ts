import { colourOf, type Palette } from './colours.ts';
import { el } from './element.ts';
import type { Handlers, Picture, StageView } from './matrix.ts';
import { signOverflow } from './overflow.ts';
import { type Cell, followPointing } from './pointing.ts';
import { brief } from './printed.ts';
import type { Stage } from './stage.ts';

/** Rows and columns have their names where neither are more than so many. */
const MOST_NAMES = 16;

/** A matrix too large for numbers: one pixel a cell, stretched; the table behind it is built when it is opened. */
export class CanvasPicture implements Picture {
  readonly element: HTMLElement;
  readonly #canvas = el('canvas', { tabindex: 0, role: 'img' });
  readonly #marker = el('span', { class: 'marker', hidden: true });
  readonly #row = el('span', { class: 'rowmarker' });
  readonly #columnNames = el('div', { class: 'column-names', 'aria-hidden': 'true' });
  readonly #rowNames = el('div', { class: 'row-names', 'aria-hidden': 'true' });
  readonly #table = el('table', { class: 'plain' });
  readonly #scroll = el('div', { class: 'scroll', tabindex: 0, role: 'group' }, this.#table);
  readonly #details = el('details', {}, el('summary', {}, 'As a table'), this.#scroll);
  #stage: Stage | undefined;
  #focus: Cell = { row: 0, column: 0 };

  constructor(handlers: Handlers) {
    const heatmap = el('div', { class: 'heatmap' }, this.#canvas, this.#row, this.#marker);
    this.element = el('div', {}, el('div', { class: 'named-cells' }, this.#columnNames, this.#rowNames, heatmap), this.#details);
    signOverflow(this.#scroll);
    this.#details.addEventListener('toggle', () => this.#fillTable());
    followPointing(this.#canvas, {
      ...handlers,
      cellAt: ({ offsetX, offsetY }) => {
        const { rows, columns } = this.#size();
        const row = Math.floor((offsetY / this.#canvas.clientHeight) * rows);
        const column = Math.floor((offsetX / this.#canvas.clientWidth) * columns);
        return row >= 0 && row < rows && column >= 0 && column < columns ? { row, column } : undefined;
      },
      size: () => this.#size(),
      here: () => this.#focus,
    });
  }

  show({ stage, palette, queryRow }: StageView): void {
    this.#stage = stage;
    const { rows, columns } = this.#size();
    this.#canvas.setAttribute(
      'aria-label',
      `${stage.title}: ${rows} rows (${stage.rowsAre}), ${columns} columns (${stage.columnsAre}). Arrows move; the table is behind it.`,
    );
    this.#scroll.setAttribute('aria-label', `${stage.title} as a table`);
    this.#canvas.style.aspectRatio = `${columns} / ${rows}`;
    this.#draw(stage, palette);
    this.#row.hidden = queryRow < 0;
    this.#place(this.#row, queryRow, 0, columns);
    const names = Math.max(rows, columns) <= MOST_NAMES ? stage : { rows: [], columns: [] };
    this.#columnNames.replaceChildren(...names.columns.map((name) => el('span', {}, name)));
    this.#rowNames.replaceChildren(...names.rows.map((name) => el('span', {}, name)));
    this.#fillTable();
  }

  mark(cell: Cell | undefined, focus: boolean): void {
    const { rows, columns } = this.#size();
    this.#marker.hidden = !cell || cell.row >= rows || cell.column >= columns;
    if (!cell || this.#marker.hidden) return;
    this.#place(this.#marker, cell.row, cell.column, 1);
    if (!focus) return;
    this.#focus = cell;
    this.#canvas.focus();
  }

  #draw({ cells, most, signed }: Stage, palette: Palette): void {
    const { rows, columns } = this.#size();
    if (this.#canvas.width !== columns || this.#canvas.height !== rows) Object.assign(this.#canvas, { width: columns, height: rows });
    const image = new ImageData(columns, rows);
    let at = 0;
    for (const row of cells) {
      for (const value of row) {
        const [red, green, blue] = colourOf(palette, value, most, signed);
        image.data[at++] = red;
        image.data[at++] = green;
        image.data[at++] = blue;
        image.data[at++] = 255;
      }
    }
    this.#canvas.getContext('2d')?.putImageData(image, 0, 0);
  }

  #place(marker: HTMLElement, row: number, column: number, width: number): void {
    const { rows, columns } = this.#size();
    const percent = (share: number) => `${share * 100}%`;
    Object.assign(marker.style, {
      left: percent(column / columns),
      top: percent(row / rows),
      width: percent(width / columns),
      height: percent(1 / rows),
    });
  }

  #fillTable(): void {
    if (!this.#details.open || !this.#stage) return;
    const { rows, columns, cells } = this.#stage;
    const heads = columns.map((column) => el('th', { scope: 'col' }, column));
    const lines = cells.map((row, r) =>
      el('tr', {}, el('th', { scope: 'row' }, rows[r] ?? ''), ...row.map((value) => el('td', {}, value === null ? '—' : brief(value)))),
    );
    this.#table.replaceChildren(el('thead', {}, el('tr', {}, el('td', {}), ...heads)), el('tbody', {}, ...lines));
  }

  #size(): { rows: number; columns: number } {
    return { rows: this.#stage?.rows.length ?? 1, columns: this.#stage?.columns.length ?? 1 };
  }
}
