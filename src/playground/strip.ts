import { button, el, setText } from './element.ts';
import { CanvasPicture } from './heatmap.ts';
import { type Handlers, hasNumbers, type Picture, TablePicture } from './matrix.ts';
import { signOverflow } from './overflow.ts';
import { brief } from './printed.ts';
import type { Actions, Scene } from './scene.ts';
import { PAIR_STAGES, type Spot, type Stage, type StageName, VECTOR_STAGES } from './stage.ts';
import { fittedMask, paint, queryRowAt } from './state.ts';

/** The borders of a figure, in CSS pixels. */
const FRAME = 2;

/** The number before a stage's title. */
const SIGNS: Readonly<Record<StageName, string>> = {
  w_query: 'W',
  queries: 'Q',
  w_key: 'W',
  keys: 'K',
  w_value: 'W',
  values: 'V',
  raw: '1',
  scaled: '2',
  capped: '3',
  masked: '4',
  weights: '5',
  context: '6',
};
const ORDER: readonly StageName[] = [...VECTOR_STAGES, ...PAIR_STAGES, 'context'];
/** On a phone what comes out stands before how. */
const NARROW_ORDER: readonly StageName[] = ['weights', 'context', ...ORDER.filter((name) => name !== 'weights' && name !== 'context')];

/** Raw score → scaled → capped → masked → weights → context: matrices side by side. Those that change nothing are folded away. */
export class Strip {
  readonly element = el('div', {});
  readonly #grid = el('div', { id: 'strip' });
  readonly #idle = el('p', { class: 'hint' });
  readonly #toggle = button('', () => this.#unfold(), { 'aria-expanded': 'false' });
  readonly #figures: ReadonlyMap<StageName, Figure>;
  #scene: Scene | undefined;
  #showsIdle = false;

  constructor(actions: Actions) {
    this.#figures = new Map(ORDER.map((name) => [name, new Figure(name, SIGNS[name], actions)]));
    this.element.append(el('div', { class: 'folded' }, this.#idle, this.#toggle), this.#grid);
    const narrow = matchMedia('screen and (max-width: 900px)');
    const arrange = () => this.#grid.append(...(narrow.matches ? NARROW_ORDER : ORDER).flatMap((name) => this.#figures.get(name)?.element ?? []));
    narrow.addEventListener('change', arrange);
    arrange();
  }

  show(scene: Scene): void {
    this.#scene = scene;
    const isPainted = ({ name }: Stage) => name === 'masked' && scene.state.mask.on;
    const idle = scene.stages.filter((stage) => stage.idle && !isPainted(stage));
    const shown = new Set(scene.stages.filter((stage) => this.#showsIdle || !idle.includes(stage)).map(({ name }) => name));
    for (const [name, figure] of this.#figures) figure.element.hidden = !shown.has(name);
    for (const stage of scene.stages) {
      const was = scene.stagesBefore?.find(({ name }) => name === stage.name);
      const same = was && was.cells.length === stage.cells.length && was.columns.length === stage.columns.length;
      if (shown.has(stage.name)) this.#figures.get(stage.name)?.show(scene, stage, same ? was : undefined);
    }
    setText(this.#idle, `These steps change nothing here: ${idle.map(({ name, title, step }) => `${SIGNS[name]} ${title} (${step})`).join(', ')}.`);
    setText(this.#toggle, this.#showsIdle ? 'Fold them away' : 'Show them');
    this.#toggle.setAttribute('aria-expanded', `${this.#showsIdle}`);
    this.#toggle.parentElement?.toggleAttribute('hidden', idle.length === 0);
    // All figures are as wide as the widest table needs, so that they stand in columns and no number is cut off.
    const widest = Math.max(0, ...[...this.#figures.values()].map(({ width }) => width));
    this.#grid.style.setProperty('--figure', `${widest}px`);
  }

  /** Marks the pair that is looked at in every stage of pairs, and a number of another stage in that alone. */
  mark(spot: Spot, focus: boolean): void {
    const isPair = (name: StageName) => (PAIR_STAGES as readonly StageName[]).includes(name);
    for (const [name, figure] of this.#figures) {
      const shown = name === spot.stage || (isPair(name) && isPair(spot.stage)) ? spot : undefined;
      figure.mark(shown, focus && name === spot.stage);
    }
  }

  #unfold(): void {
    this.#showsIdle = !this.#showsIdle;
    if (!this.#scene) return;
    this.show(this.#scene);
    this.mark(this.#scene.spot, false);
  }
}

/** One stage: its heading, its matrix between the words of its axes, and its legend. */
class Figure {
  readonly element: HTMLElement;
  readonly #name: StageName;
  readonly #handlers: Handlers;
  readonly #title = el('strong', {});
  readonly #step = el('span', { class: 'step' });
  readonly #rowsAre = el('span', { class: 'axis queries' });
  readonly #columnsAre = el('span', { class: 'axis' });
  readonly #picture = el('div', { class: 'picture' });
  readonly #low = el('span', {});
  readonly #high = el('span', {});
  readonly #ramp = el('span', { class: 'ramp' });
  readonly #excluded = el('span', { class: 'key' }, 'excluded');
  readonly #hint = el('p', { class: 'hint', hidden: true }, 'Click, drag or press Space to mask.');
  #current: Picture | undefined;

  constructor(name: StageName, sign: string, actions: Actions) {
    this.#name = name;
    this.#handlers = handlersOf(name, actions);
    signOverflow(this.#picture);
    const heading = el('h3', {}, el('span', { class: 'number' }, sign), this.#title, this.#step);
    const legend = el('p', { class: 'legend' }, this.#low, this.#ramp, this.#high, this.#excluded);
    this.element = el('section', { class: 'stage', 'data-stage': name }, heading);
    this.element.append(el('div', { class: 'axes' }, this.#columnsAre, this.#rowsAre, this.#picture), legend, this.#hint);
  }

  /** What the whole figure needs, in CSS pixels, so that its table is not cut off; 0 where it is drawn. */
  get width(): number {
    const table = !this.element.hidden && this.#current instanceof TablePicture ? this.#current.element : undefined;
    return table ? Math.ceil(table.offsetWidth + this.element.clientWidth - this.#picture.clientWidth) + FRAME : 0;
  }

  show({ palette, row, state }: Scene, stage: Stage, before: Stage | undefined): void {
    const painting = state.mask.on;
    setText(this.#title, stage.title);
    setText(this.#step, stage.step);
    setText(this.#rowsAre, stage.rowsAre);
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
    this.#current.show({ stage, palette, before, queryRow: stage.rowsAre === 'query' ? row : -1 });
    setText(this.#low, stage.signed ? brief(-stage.most, 2) : '0');
    setText(this.#high, brief(stage.most, 2));
    this.#ramp.classList.toggle('signed', stage.signed);
    this.#excluded.hidden = !stage.cells.some((row) => row.includes(null));
  }

  mark(spot: Spot | undefined, focus: boolean): void {
    this.#current?.mark(spot, focus);
  }
}

const HAS_NO_QUERIES: ReadonlySet<StageName> = new Set(['w_query', 'w_key', 'keys', 'w_value', 'values']);

/** What pointing at a stage does: the mask is painted on the fourth, elsewhere a click chooses the query. */
function handlersOf(name: StageName, { state, edit, look }: Actions): Handlers {
  const mask = () => (name === 'masked' && state().mask.on ? fittedMask(state()) : undefined);
  return {
    look: (cell, byKeyboard) => look({ stage: name, ...cell }, byKeyboard),
    pick: ({ row }) => {
      if (!HAS_NO_QUERIES.has(name)) edit((now) => (queryRowAt(now, row) === now.query ? now : { ...now, query: row }), 'another row');
    },
    brush: ({ row, column }) => {
      const attends = mask()?.[queryRowAt(state(), row)]?.[column];
      return attends === undefined ? undefined : !attends;
    },
    paint: ({ row, column }, attend, byKeyboard) =>
      edit((now) => paint(now, queryRowAt(now, row), column, attend), 'mask painted', byKeyboard ? undefined : 'brush'),
  };
}
