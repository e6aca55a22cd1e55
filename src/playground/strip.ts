import type { Spot } from './arithmetic.ts';
import { el, setText } from './element.ts';
import { CanvasPicture } from './heatmap.ts';
import { type Handlers, hasNumbers, type Picture, TablePicture } from './matrix.ts';
import { signOverflow } from './overflow.ts';
import type { Actions, Scene } from './scene.ts';
import { brief, STAGES, type Stage, type StageName } from './stages.ts';
import { fittedMask, paint, queryRowAt } from './state.ts';

/** The borders of a figure, in CSS pixels. */
const FRAME = 2;

/** Raw score → scaled → capped → masked → weights → context: six matrices side by side. */
export class Strip {
  readonly element = el('div', { id: 'strip' });
  readonly #figures: ReadonlyMap<StageName, Figure>;

  constructor(actions: Actions) {
    this.#figures = new Map(STAGES.map((name, i) => [name, new Figure(name, i + 1, actions)]));
    this.element.append(...[...this.#figures.values()].map(({ element }) => element));
  }

  show(scene: Scene): void {
    for (const [i, stage] of scene.stages.entries()) {
      const was = scene.stagesBefore?.[i];
      const same = was && was.cells.length === stage.cells.length && was.columns.length === stage.columns.length;
      this.#figures.get(stage.name)?.show(scene, stage, same ? was : undefined);
    }
    // All figures are as wide as the widest table needs, so that they stand in columns and no number is cut off.
    const widest = Math.max(0, ...[...this.#figures.values()].map(({ width }) => width));
    this.element.style.setProperty('--figure', `${widest}px`);
  }

  /** Marks the pair that is looked at in every stage before the context, and a dimension in the context alone. */
  mark(spot: Spot, focus: boolean): void {
    for (const [name, figure] of this.#figures) {
      const shown = (spot.stage === 'context') === (name === 'context') ? spot : undefined;
      figure.mark(shown, focus && name === spot.stage);
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

  constructor(name: StageName, number: number, actions: Actions) {
    this.#name = name;
    this.#handlers = handlersOf(name, actions);
    signOverflow(this.#picture);
    const heading = el('h3', {}, el('span', { class: 'number' }, `${number}`), this.#title, this.#step);
    const legend = el('p', { class: 'legend' }, this.#low, this.#ramp, this.#high, this.#excluded);
    this.element = el('section', { class: 'stage', 'data-stage': name }, heading);
    this.element.append(
      el('div', { class: 'axes' }, this.#columnsAre, el('span', { class: 'axis queries' }, 'query'), this.#picture),
      legend,
      this.#hint,
    );
  }

  /** What the whole figure needs, in CSS pixels, so that its table is not cut off; 0 where it is drawn. */
  get width(): number {
    const table = this.#current instanceof TablePicture ? this.#current.element : undefined;
    return table ? Math.ceil(table.offsetWidth + this.element.clientWidth - this.#picture.clientWidth) + FRAME : 0;
  }

  show({ palette, row, state }: Scene, stage: Stage, before: Stage | undefined): void {
    const painting = state.mask.on;
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
    this.#current.show({ stage, palette, before, queryRow: row });
    setText(this.#low, stage.signed ? brief(-stage.most, 2) : '0');
    setText(this.#high, brief(stage.most, 2));
    this.#ramp.classList.toggle('signed', stage.signed);
    this.#excluded.hidden = !stage.cells.some((row) => row.includes(null));
  }

  mark(spot: Spot | undefined, focus: boolean): void {
    this.#current?.mark(spot, focus);
  }
}

/** What pointing at a stage does: the mask is painted on the fourth, elsewhere a click chooses the query. */
function handlersOf(name: StageName, { state, edit, look }: Actions): Handlers {
  const mask = () => (name === 'masked' && state().mask.on ? fittedMask(state()) : undefined);
  return {
    look: (cell, byKeyboard) => look({ stage: name, ...cell }, byKeyboard),
    pick: ({ row }) => edit((now) => (queryRowAt(now, row) === now.query ? now : { ...now, query: row }), 'another row'),
    brush: ({ row, column }) => {
      const attends = mask()?.[queryRowAt(state(), row)]?.[column];
      return attends === undefined ? undefined : !attends;
    },
    paint: ({ row, column }, attend, byKeyboard) =>
      edit((now) => paint(now, queryRowAt(now, row), column, attend), 'mask painted', byKeyboard ? undefined : 'brush'),
  };
}
