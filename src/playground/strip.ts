import { button, el, setText } from './element.ts';
import { fly } from './flight.ts';
import { CanvasPicture } from './heatmap.ts';
import { journeysTo } from './journeys.ts';
import { type Handlers, hasNumbers, type Picture, TablePicture } from './matrix.ts';
import { signOverflow } from './overflow.ts';
import { brief } from './printed.ts';
import type { Actions, Scene } from './scene.ts';
import { PAIR_STAGES, type Spot, type Stage, type StageName, VECTOR_STAGES } from './stage.ts';
import { fittedMask, paint, queryRowAt } from './state.ts';
import { Stepper } from './stepper.ts';
import { stepsOf } from './steps.ts';

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

/** Raw score → scaled → capped → masked → weights → context: matrices side by side, or step by step. Those that change nothing are folded away. */
export class Strip {
  readonly element = el('div', {});
  /** Play, Back and Next. */
  readonly controls: HTMLElement;
  readonly #grid = el('div', { id: 'strip' });
  readonly #idle = el('p', { class: 'hint' });
  readonly #toggle = button('', () => this.#unfold(), { 'aria-expanded': 'false' });
  readonly #stepper = new Stepper((isForward) => this.#step(isForward));
  readonly #figures: ReadonlyMap<StageName, Figure>;
  readonly #narrow = matchMedia('screen and (max-width: 900px)');
  readonly #look: Actions['look'];
  #order: readonly StageName[] = [];
  #scene: Scene | undefined;
  #showsIdle = false;

  constructor(actions: Actions) {
    this.#look = actions.look;
    this.#figures = new Map(ORDER.map((name) => [name, new Figure(name, SIGNS[name], actions)]));
    this.controls = this.#stepper.element;
    this.element.append(el('div', { class: 'folded' }, this.#idle, this.#toggle), this.#grid);
    this.#narrow.addEventListener('change', () => this.#arrange());
    this.#arrange();
  }

  show(scene: Scene): void {
    this.#scene = scene;
    this.#stepper.show(stepsOf(scene.stages, scene.row));
    const isStepping = this.#stepper.step !== undefined;
    const isPainted = ({ name }: Stage) => name === 'masked' && scene.state.mask.on;
    const idle = scene.stages.filter((stage) => stage.idle && !isPainted(stage));
    // Each step has its place, though it may change nothing; but a cap that is off is none.
    const isShown = (stage: Stage) => this.#showsIdle || (isStepping && stage.name !== 'capped') || !idle.includes(stage);
    const shown = new Set(scene.stages.filter(isShown).map(({ name }) => name));
    const later = new Set(this.#stepper.later.flatMap(({ stages }) => stages));
    for (const [name, figure] of this.#figures) {
      figure.element.hidden = !shown.has(name);
      figure.element.classList.toggle('waiting', later.has(name));
      figure.element.classList.toggle('arriving', this.#stepper.step?.stages.includes(name) === true);
    }
    for (const stage of scene.stages) {
      const was = scene.stagesBefore?.find(({ name }) => name === stage.name);
      const same = was && was.cells.length === stage.cells.length && was.columns.length === stage.columns.length;
      if (shown.has(stage.name)) this.#figures.get(stage.name)?.show(scene, stage, same ? was : undefined);
    }
    this.#tellIdle(idle, isStepping);
    this.#arrange();
  }

  settle(): void {
    // All figures are as wide as the widest table needs, so that they stand in columns and no number is cut off.
    const widest = Math.max(0, ...[...this.#figures.values()].map(({ width }) => width));
    // Where all are drawn, the stylesheet says how wide.
    this.#grid.style.setProperty('--figure', widest > 0 ? `${widest}px` : null);
  }

  #tellIdle(idle: readonly Stage[], isStepping: boolean): void {
    setText(this.#idle, `These steps change nothing here: ${idle.map(({ name, title, step }) => `${SIGNS[name]} ${title} (${step})`).join(', ')}.`);
    setText(this.#toggle, this.#showsIdle ? 'Fold them away' : 'Show them');
    this.#toggle.setAttribute('aria-expanded', `${this.#showsIdle}`);
    this.#toggle.parentElement?.toggleAttribute('hidden', idle.length === 0 || isStepping);
  }

  /** On a phone what comes out stands first, but steps stand in their order. */
  #arrange(): void {
    const order = this.#narrow.matches && this.#stepper.step === undefined ? NARROW_ORDER : ORDER;
    if (order === this.#order) return;
    this.#order = order;
    this.#grid.append(...order.flatMap((name) => this.#figures.get(name)?.element ?? []));
  }

  /** Another step: its numbers arrive, and the one of the heaviest weight is written out. */
  #step(isForward: boolean): void {
    const scene = this.#scene;
    if (!scene) return;
    this.show(scene);
    this.settle();
    const { step } = this.#stepper;
    if (!step) return;
    const { row, answer, head } = scene;
    const weights = answer.weights[head]?.[row] ?? [];
    const isPair = (PAIR_STAGES as readonly StageName[]).includes(step.stage);
    this.#look({ stage: step.stage, row, column: isPair ? weights.indexOf(Math.max(...weights)) : 0 }, false);
    this.#figures.get(step.stage)?.element.scrollIntoView({ block: 'nearest' });
    if (!isForward) return;
    const cellsOf = (name: StageName) => this.#figures.get(name)?.cells;
    fly(step.stages.flatMap((name) => journeysTo(name, cellsOf, scene.answer.state)));
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
    this.settle();
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

  /** The cells of its table by row and column; undefined where there is none to be seen. */
  get cells(): TablePicture['cells'] | undefined {
    return !this.element.hidden && this.#current instanceof TablePicture ? this.#current.cells : undefined;
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
