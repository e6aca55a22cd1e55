import type { GridEdit } from './edits.ts';
import { button, el, setText } from './element.ts';
import { readRequest } from './open.ts';
import { signOverflow } from './overflow.ts';
import { pointFor, readMatrix } from './paste.ts';
import type { Grid } from './state.ts';

/** A grid as it is to be shown. */
export interface GridView {
  readonly cells: Grid;
  readonly rowNames?: readonly string[];
  readonly columnNames?: readonly string[];
  /** Names that are typed elsewhere. */
  readonly rowTitles?: readonly string[];
  readonly columnTitles?: readonly string[];
  /** The row that is the query, or is looked at. */
  readonly chosen?: number | undefined;
}

interface GridOptions {
  /** The JSON pointer of the grid: a fault at pointer/1/2 is marked in row 1, column 2. */
  readonly pointer: string;
  readonly caption: string;
  readonly rowWord: string;
  readonly columnWord: string;
  readonly edit: (edit: GridEdit, about: string, gesture?: string) => void;
  /** Rows, or rows and columns, that are as many as something else says. */
  readonly fixed?: 'rows' | 'both';
  /** Where a row can be made the query, or be looked at. */
  readonly choose?: (row: number) => void;
  /** The word on its button; `query` where it is left out. */
  readonly chooseWord?: string;
}

/** Numbers of so many characters are shown whole, and columns are never narrower than for so few. */
const LONGEST_SHOWN = 16;
const SHORTEST_COLUMN = 5;
/** Names of so many characters are shown whole. */
const LONGEST_NAME = 12;
/** What the button that removes a column takes beside its name. */
const REMOVER = 4;

/** From so many cells on, rows out of sight are not drawn, nor blocks of so many columns. */
const LARGE = 256;
const BLOCK = 8;

/** A spreadsheet of numbers as typed: arrows move, a paste fills it. One stop for the Tab key. */
export class EditGrid {
  readonly element: HTMLElement;
  readonly #options: GridOptions;
  readonly #table = el('table', { class: 'edit' });
  #view: GridView = { cells: [] };
  #shape = '';
  #isLarge = false;
  /** What can be focused, by row and column. */
  #controls: HTMLElement[][] = [];
  /** The inputs of numbers, by row and column. */
  #inputs: HTMLInputElement[][] = [];
  /** What each column consists of: its head, and its cell of each row. */
  #columns: HTMLElement[][] = [];
  #filled: GridView | undefined;
  /** Of the columns, in characters. */
  #widths: number[] = [];
  #place: readonly [row: number, column: number] = [0, 0];

  constructor(options: GridOptions) {
    this.#options = options;
    const { pointer, caption, rowWord, columnWord, edit, fixed } = options;
    this.#table.setAttribute('role', 'grid');
    this.#table.setAttribute('aria-label', caption);
    this.#table.addEventListener('keydown', (event) => this.#move(event));
    this.#table.addEventListener('focusin', (event) => this.#enter(event.target));
    this.#table.addEventListener('paste', (event) => this.#paste(event));
    const sheet = el('div', { class: 'sheet' }, this.#table);
    signOverflow(sheet);
    this.element = el(
      'div',
      { class: 'grid', 'data-pointer': pointer },
      sheet,
      el(
        'div',
        { class: 'tools' },
        fixed ? undefined : button(`+ ${rowWord}`, () => edit({ kind: 'add row' }, `a ${rowWord} more`)),
        fixed === 'both' ? undefined : button(`+ ${columnWord}`, () => edit({ kind: 'add column' }, `a ${columnWord} more`)),
        this.#pasteBox(),
      ),
    );
  }

  show(view: GridView): void {
    const shape = `${view.cells.map((row) => row.length)}|${view.rowNames !== undefined}|${view.columnNames !== undefined}`;
    this.#view = view;
    if (shape !== this.#shape) this.#build();
    this.#shape = shape;
    this.#fill();
  }

  #pasteBox(): HTMLElement {
    const { caption } = this.#options;
    const text = el('textarea', {
      rows: 4,
      spellcheck: 'false',
      'aria-label': `Numbers for ${caption}: CSV, JSON or NumPy’s print; or a whole request`,
    });
    const said = el('output', {});
    const use = () => setText(said, this.#use(text.value));
    return el('details', { class: 'paste' }, el('summary', {}, 'Paste'), text, button('Use these numbers', use), said);
  }

  /** Takes what the paste box holds, and says what came of it. */
  #use(text: string): string {
    const request = readRequest(text);
    if (request) {
      this.element.dispatchEvent(new CustomEvent('request', { bubbles: true, detail: request }));
      return '';
    }
    const pasted = readMatrix(text);
    if (!pasted) return 'No numbers found in this.';
    this.#options.edit({ kind: 'replace', ...pasted }, 'pasted numbers');
    return pasted.cells.flat().some((cell) => pointFor(cell) !== undefined) ? 'Some numbers have a decimal comma: write them with a point.' : '';
  }

  /** One number goes into the cell; several fill the grid. */
  #paste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    const pasted = readMatrix(text);
    // "0,5" alone is one number with a decimal comma, rather than two.
    if (!pasted || pointFor(text) !== undefined || (pasted.cells.length === 1 && pasted.cells[0]?.length === 1)) return;
    event.preventDefault();
    this.#options.edit({ kind: 'replace', ...pasted }, 'pasted numbers');
  }

  #build(): void {
    const { cells, rowNames, columnNames } = this.#view;
    const hadFocus = this.#table.contains(document.activeElement);
    this.#controls = [];
    this.#inputs = [];
    this.#widths = [];
    this.#filled = undefined;
    const width = Math.max(0, ...cells.map((row) => row.length));
    this.#isLarge = cells.length * width > LARGE;
    this.#table.className = `edit${this.#options.choose ? ' choosable' : ''}${rowNames ? ' named' : ''}${this.#isLarge ? ' large' : ''}`;
    const columns = Array.from({ length: width }, (_, c) => c);
    this.#columns = columns.map(() => []);
    this.#table.replaceChildren(
      el('thead', { role: 'rowgroup' }, this.#headRow(columns, columnNames !== undefined)),
      el('tbody', { role: 'rowgroup' }, ...cells.map((row, r) => this.#bodyRow(row, r, rowNames !== undefined))),
    );
    const last = this.#controls.length - 1;
    this.#stop(Math.min(this.#place[0], last), this.#place[1]);
    if (hadFocus) this.#control()?.focus();
  }

  #headRow(columns: readonly number[], hasNames: boolean): HTMLElement {
    const { edit, columnWord, pointer } = this.#options;
    const { fixed } = this.#options;
    const removers = (fixed === 'both' ? [] : columns).map((c) =>
      this.#remover(`Remove ${columnWord} ${c}`, () => edit({ kind: 'remove column', at: c }, `a ${columnWord} less`)),
    );
    const names = columns.map((c) =>
      this.#input(`Name of ${columnWord} ${c}`, 'name', (text) => edit({ kind: 'column name', at: c, text }, 'a name', `${pointer} column ${c}`)),
    );
    this.#controls.push(hasNames ? columns.flatMap((c) => [names[c], removers[c]].filter((control) => control !== undefined)) : removers);
    const heads = columns.map((c) =>
      el(
        'th',
        { scope: 'col', role: 'columnheader' },
        el('span', { class: 'head' }, hasNames ? names[c] : el('span', { class: 'title' }), removers[c]),
      ),
    );
    return el('tr', { role: 'row' }, el('td', { role: 'gridcell' }), ...this.#inBlocks(heads), el('td', { class: 'end', role: 'gridcell' }));
  }

  #bodyRow(row: readonly string[], r: number, hasNames: boolean): HTMLElement {
    const { edit, choose, pointer, rowWord, fixed } = this.#options;
    const chooser = choose && this.#chooser(r, choose);
    const name = hasNames
      ? this.#input(`Name of ${rowWord} ${r}`, 'name', (text) => edit({ kind: 'row name', at: r, text }, 'a name', `${pointer} row ${r}`))
      : undefined;
    const inputs = row.map((_, c) =>
      this.#input(
        '',
        'number',
        (text) =>
          edit({ kind: 'cell', row: r, column: c, text }, `a number of ${this.#view.rowNames?.[r] ?? `${rowWord} ${r}`}`, `${pointer}/${r}/${c}`),
        `${pointer}/${r}/${c}`,
      ),
    );
    const remover = fixed ? undefined : this.#remover(`Remove ${rowWord} ${r}`, () => edit({ kind: 'remove row', at: r }, `a ${rowWord} less`));
    this.#controls.push([chooser, name, ...inputs, remover].filter((control) => control !== undefined));
    this.#inputs.push(inputs);
    const head = el(
      'th',
      { scope: 'row', role: 'rowheader', 'data-pointer': `${pointer}/${r}` },
      el('span', { class: 'head' }, chooser, hasNames ? name : chooser ? undefined : el('span', { class: 'title' })),
    );
    return el(
      'tr',
      { role: 'row' },
      head,
      ...this.#inBlocks(inputs.map((input) => el('td', { role: 'gridcell' }, input))),
      el('td', { class: 'end', role: 'gridcell' }, remover),
    );
  }

  /** The cells of a row, or of the head: in a large grid in blocks, since the browser looks at each frame whether what it may leave out is in sight. */
  #inBlocks(cells: readonly HTMLElement[]): readonly HTMLElement[] {
    for (const [c, cell] of cells.entries()) this.#columns[c]?.push(cell);
    if (!this.#isLarge) return cells;
    const blocks = Array.from({ length: Math.ceil(cells.length / BLOCK) }, (_, at) => cells.slice(at * BLOCK, (at + 1) * BLOCK));
    return blocks.map((block) => {
      const made = el('div', { class: 'block', role: 'presentation' }, ...block);
      made.style.flexGrow = `${block.length}`;
      return made;
    });
  }

  #chooser(row: number, choose: (row: number) => void): HTMLButtonElement {
    return button(this.#options.chooseWord ?? 'query', () => choose(row), { class: 'choose', tabindex: -1 });
  }

  #remover(label: string, act: () => void): HTMLButtonElement {
    return button('×', act, { class: 'remove', 'aria-label': label, title: label, tabindex: -1 });
  }

  #input(label: string, kind: 'name' | 'number', take: (text: string) => void, pointer?: string): HTMLInputElement {
    const input = el('input', {
      class: kind,
      'aria-label': label,
      'data-pointer': pointer,
      size: 1,
      autocomplete: 'off',
      spellcheck: 'false',
      inputmode: kind === 'number' ? 'text' : undefined,
      tabindex: -1,
    });
    input.addEventListener('input', () => take(input.value));
    return input;
  }

  /** Texts, names and marks into the controls that are there; only what differs is touched, and a row that is the same object is not looked at. */
  #fill(): void {
    const { cells, rowNames, columnNames, rowTitles, columnTitles, chosen } = this.#view;
    const before = this.#filled;
    this.#filled = this.#view;
    this.#widen(cells, columnNames);
    this.#table.style.setProperty('--name', `${longestName(rowNames)}`);
    const heads = this.#table.tHead;
    heads?.querySelectorAll<HTMLInputElement>('input').forEach((input, c) => {
      setValue(input, columnNames?.[c] ?? '');
    });
    heads?.querySelectorAll('.title').forEach((title, c) => {
      setText(title, columnTitles?.[c] ?? `${c}`);
    });
    const columns = columnNames ?? columnTitles;
    const sameColumns = before !== undefined && columns === (before.columnNames ?? before.columnTitles);
    const nameOf = ({ rowNames, rowTitles }: GridView, r: number) => (rowNames ?? rowTitles)?.[r]?.trim() || `${this.#options.rowWord} ${r}`;
    for (const [r, row] of [...(this.#table.tBodies[0]?.rows ?? [])].entries()) {
      const rowName = nameOf(this.#view, r);
      const title = row.querySelector('.title');
      if (title) setText(title, rowTitles?.[r] ?? `${r}`);
      row.classList.toggle('chosen', r === chosen);
      const chooser = row.querySelector<HTMLButtonElement>('button.choose');
      if (chooser) {
        chooser.setAttribute('aria-pressed', `${r === chosen}`);
        chooser.setAttribute('aria-label', `${rowName}: ${this.#options.chooseWord ?? 'query'}`);
      }
      const name = row.querySelector<HTMLInputElement>('input.name');
      if (name) setValue(name, rowNames?.[r] ?? '');
      if (sameColumns && cells[r] === before.cells[r] && rowName === nameOf(before, r)) continue;
      for (const [c, input] of (this.#inputs[r] ?? []).entries()) {
        setValue(input, cells[r]?.[c] ?? '');
        const label = `${rowName}, ${columns?.[c]?.trim() || c}`;
        if (input.ariaLabel !== label) input.ariaLabel = label;
      }
    }
  }

  /** A column is as wide as its longest number, or its name; a block as wide as its columns. */
  #widen(cells: Grid, names: readonly string[] = []): void {
    const widths = this.#widths;
    let most = SHORTEST_COLUMN;
    for (const [c, column] of this.#columns.entries()) {
      const longest = cells.reduce((most, row) => Math.max(most, row[c]?.length ?? 0), SHORTEST_COLUMN);
      const number = Math.min(longest, LONGEST_SHOWN);
      const name = Math.min(names[c]?.length ?? 0, LONGEST_NAME);
      most = Math.max(most, number, name);
      const width = Math.max(number, name + REMOVER);
      if (widths[c] === width) continue;
      widths[c] = width;
      for (const cell of column) cell.style.setProperty('--characters', `${width}`);
    }
    this.#table.style.setProperty('--most', `${most}`);
    if (!this.#isLarge) return;
    const at = (block: number) => widths.slice(block * BLOCK, (block + 1) * BLOCK);
    for (const row of this.#table.rows) {
      for (const [b, block] of [...row.querySelectorAll<HTMLElement>('.block')].entries()) {
        const characters = `${at(b).reduce((sum, width) => sum + width, 0)}`;
        if (block.style.getPropertyValue('--characters') === characters) continue;
        block.style.setProperty('--characters', characters);
        block.style.setProperty('--columns', `${at(b).length}`);
      }
    }
  }

  #enter(target: EventTarget | null): void {
    for (const [r, row] of this.#controls.entries()) {
      const c = row.indexOf(target as HTMLElement);
      if (c >= 0) this.#stop(r, c);
    }
    if (target instanceof HTMLInputElement) target.select();
  }

  #stop(row: number, column: number): void {
    this.#control()?.setAttribute('tabindex', '-1');
    const at = Math.max(0, row);
    this.#place = [at, Math.max(0, Math.min(column, (this.#controls[at]?.length ?? 1) - 1))];
    for (const control of this.#table.querySelectorAll('[tabindex="0"]')) control.setAttribute('tabindex', '-1');
    this.#control()?.setAttribute('tabindex', '0');
  }

  #control(): HTMLElement | undefined {
    return this.#controls[this.#place[0]]?.[this.#place[1]];
  }

  /** Arrows move between controls; within a text only from its ends. */
  #move(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const { target } = event;
    if (target instanceof HTMLInputElement && step[1] !== 0 && !atEdge(target, step[1])) return;
    if (event.key === 'Enter' && target instanceof HTMLButtonElement) return;
    event.preventDefault();
    const [row, column] = this.#place;
    const next = this.#controls[row + step[0]]?.[column + step[1]] ?? this.#controls[row + step[0]]?.at(step[1] === 0 ? -1 : column);
    if (next && column + step[1] >= 0) next.focus();
  }
}

const STEPS: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  Enter: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function longestName(names: readonly string[] = []): number {
  return Math.min(LONGEST_NAME, Math.max(SHORTEST_COLUMN, ...names.map(({ length }) => length)));
}

function atEdge(input: HTMLInputElement, direction: number): boolean {
  const { selectionStart, selectionEnd, value } = input;
  if (selectionStart === 0 && selectionEnd === value.length) return true;
  return selectionStart === selectionEnd && selectionStart === (direction < 0 ? 0 : value.length);
}

function setValue(input: HTMLInputElement, text: string): void {
  if (input.value !== text) input.value = text;
}
