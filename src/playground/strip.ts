import type { Spot } from './arithmetic.ts';
import type { Palette } from './colours.ts';
import { el, setText } from './element.ts';
import { CanvasPicture } from './heatmap.ts';
import { type Handlers, hasNumbers, type Picture, TablePicture } from './matrix.ts';
import { brief, STAGES, type Stage, type StageName } from './stages.ts';

/** What the strip reports. */
export interface StripHandlers {
  readonly look: (spot: Spot, byKeyboard: boolean) => void;
  readonly pick: (row: number) => void;
  /** What painting this pair would make of it; undefined while the mask's switch is off. */
  readonly brush: (row: number, column: number) => boolean | undefined;
  readonly paint: (row: number, column: number, attend: boolean) => void;
}

/** Raw score → scaled → capped → masked → weights → context: six matrices side by side. */
export class Strip {
  readonly #root: HTMLElement;
  readonly #figures: ReadonlyMap<StageName, Figure>;

  constructor(root: HTMLElement, handlers: StripHandlers) {
    this.#root = root;
    this.#figures = new Map(STAGES.map((name, i) => [name, new Figure(name, i + 1, handlers)]));
    root.append(...[...this.#figures.values()].map(({ element }) => element));
  }

  show(stages: readonly Stage[], before: readonly Stage[] | undefined, palette: Palette, queryRow: number, painting: boolean): void {
    // All figures are as wide as the widest table needs, so that they stand in columns.
    const columns = Math.max(3, ...stages.filter(hasNumbers).map((stage) => stage.columns.length));
    this.#root.style.setProperty('--figure', `${columns * 3.25 + 5.4}rem`);
    for (const [i, stage] of stages.entries()) {
      const was = before?.[i];
      const same = was && was.cells.length === stage.cells.length && was.columns.length === stage.columns.length;
      this.#figures.get(stage.name)?.show(stage, same ? was : undefined, palette, queryRow, painting);
    }
  }

  /** Marks the pair that is looked at in every stage before the context, and a dimension in the context alone. */
  mark(spot: Spot | undefined, focus: boolean): void {
    for (const [name, figure] of this.#figures) {
      const shown = spot && (spot.stage === 'context') === (name === 'context') ? spot : undefined;
      figure.mark(shown, focus && name === spot?.stage);
    }
  }
}

/** One stage: its heading, its matrix between the words of its axes, and its legend. */
class Figure {
  readonly element: HTMLElement;
  readonly #name: StageName;
  readonly #handlers: Handlers;
  readonly #title = el('strong', {});
  readonly #step = el('span', { class: 'step' });
  readonly #columnsAre = el('span', { class: 'axis' });
  readonly #picture = el('div', { class: 'picture' });
  readonly #low = el('span', {});
  readonly #high = el('span', {});
  readonly #ramp = el('span', { class: 'ramp' });
  readonly #excluded = el('span', { class: 'key' }, 'excluded');
  readonly #hint = el('p', { class: 'hint', hidden: true }, 'Click, drag or press Space to mask.');
  #current: Picture | undefined;

  constructor(name: StageName, number: number, handlers: StripHandlers) {
    this.#name = name;
    this.#handlers = {
      look: (cell, byKeyboard) => handlers.look({ stage: name, ...cell }, byKeyboard),
      pick: ({ row }) => handlers.pick(row),
      brush: ({ row, column }) => (name === 'masked' ? handlers.brush(row, column) : undefined),
      paint: ({ row, column }, attend) => handlers.paint(row, column, attend),
    };
    const heading = el('h3', {}, el('span', { class: 'number' }, `${number}`), this.#title, this.#step);
    const legend = el('p', { class: 'legend' }, this.#low, this.#ramp, this.#high, this.#excluded);
    this.element = el('section', { class: 'stage', 'data-stage': name }, heading);
    this.element.append(
      el('div', { class: 'axes' }, this.#columnsAre, el('span', { class: 'axis queries' }, 'query'), this.#picture),
      legend,
      this.#hint,
    );
  }

  show(stage: Stage, before: Stage | undefined, palette: Palette, queryRow: number, painting: boolean): void {
    setText(this.#title, stage.title);
    setText(this.#step, stage.step);
    setText(this.#columnsAre, `${stage.columnsAre} →`);
    this.element.classList.toggle('idle', stage.idle);
    this.element.classList.toggle('painting', painting && this.#name === 'masked');
    this.#hint.hidden = !painting || this.#name !== 'masked';
    const Kind = hasNumbers(stage) ? TablePicture : CanvasPicture;
    if (!(this.#current instanceof Kind)) {
      this.#current = new Kind(this.#handlers);
      this.#picture.replaceChildren(this.#current.element);
    }
    this.element.classList.toggle('large', Kind === CanvasPicture);
    this.#current.show({ stage, palette, before, queryRow });
    setText(this.#low, stage.signed ? brief(-stage.most, 2) : '0');
    setText(this.#high, brief(stage.most, 2));
    this.#ramp.classList.toggle('signed', stage.signed);
    this.#excluded.hidden = !stage.cells.some((row) => row.includes(null));
  }

  mark(spot: Spot | undefined, focus: boolean): void {
    this.#current?.mark(spot, focus);
  }
}
