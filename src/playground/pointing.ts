/** A cell of a picture. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** What pointing at a picture does. */
export interface Pointing {
  readonly cellAt: (event: MouseEvent) => Cell | undefined;
  readonly size: () => { readonly rows: number; readonly columns: number };
  /** The cell that the keyboard stands on. */
  readonly here: () => Cell;
  readonly look: (cell: Cell, byKeyboard: boolean) => void;
  readonly pick: (cell: Cell) => void;
  /** The colour of the brush that this cell gives: what the mask will be; undefined where nothing can be painted. */
  readonly brush: (cell: Cell) => boolean | undefined;
  /** With the keyboard each cell is an edit; a stroke of the brush is one. */
  readonly paint: (cell: Cell, attend: boolean, byKeyboard: boolean) => void;
}

const STEPS: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Looking by hover, touch or arrows, picking by click or Enter, painting by drag or Space: the same for every picture. */
export function followPointing(element: HTMLElement, pointing: Pointing): void {
  const { cellAt, look, pick, brush, paint } = pointing;
  let painting: boolean | undefined;
  element.addEventListener('pointerdown', (event) => {
    const cell = cellAt(event);
    if (!cell) return;
    look(cell, false);
    painting = brush(cell);
    // A finger stays with the element that it touched first, which would keep it from painting the next one.
    if (event.target instanceof Element && event.target.hasPointerCapture(event.pointerId)) event.target.releasePointerCapture(event.pointerId);
    if (painting !== undefined) paint(cell, painting, false);
  });
  // A click and not a press: a finger that presses may be about to scroll.
  element.addEventListener('click', (event) => {
    const cell = cellAt(event);
    if (cell && brush(cell) === undefined) pick(cell);
  });
  element.addEventListener('pointermove', (event) => {
    if (event.buttons !== 1) painting = undefined;
    const cell = cellAt(event);
    if (!cell) return;
    look(cell, false);
    if (painting !== undefined && brush(cell) === painting) paint(cell, painting, false);
  });
  for (const end of ['pointerup', 'pointercancel'] as const) {
    element.addEventListener(end, () => {
      painting = undefined;
    });
  }
  element.addEventListener('keydown', (event) => followKey(event, pointing));
}

function followKey(event: KeyboardEvent, { size, here, look, pick, brush, paint }: Pointing): void {
  const cell = here();
  const step = STEPS[event.key];
  if (step) {
    const { rows, columns } = size();
    const within = (at: number, length: number) => Math.max(0, Math.min(at, length - 1));
    look({ row: within(cell.row + step[0], rows), column: within(cell.column + step[1], columns) }, true);
  } else if (event.key === 'Enter' || event.key === ' ') {
    const attend = brush(cell);
    if (attend === undefined) pick(cell);
    else paint(cell, attend, true);
  } else return;
  event.preventDefault();
}
