import { type Answer, headOf, readAnswer, rowOf } from './answer.ts';
import { type Spot, writtenOut } from './arithmetic.ts';
import { comparable, describeChange } from './change.ts';
import { readPalette } from './colours.ts';
import { Contributions } from './contributions.ts';
import { Course } from './course.ts';
import { button, byId, setText } from './element.ts';
import { showFaults } from './faults.ts';
import { Inputs } from './inputs.ts';
import { keepKey } from './key.ts';
import { Past } from './past.ts';
import { type Outcome, Service } from './service.ts';
import { Share } from './share.ts';
import { showSoftmax } from './softmax.ts';
import { brief, type Stage, stagesOf } from './stages.ts';
import { fittedMask, paint, type State } from './state.ts';
import { Strip } from './strip.ts';

/** A pause this long is seen; a shorter one is not worth a sign. */
const STALE_AFTER_MS = 400;

/** The page: one state, one answer to it, and the views of both. */
export class Page {
  #state: State;
  #answer: Answer | undefined;
  /** The answer before the last change, and what the change was. */
  #before: Answer | undefined;
  #about = '';
  #spot: Spot | undefined;
  #staleTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #remember: (state: State, isNewPage: boolean) => void;
  readonly #past = new Past();
  readonly #service = new Service((outcome) => this.#told(outcome));
  readonly #inputs = new Inputs((change, about) => this.#edit(change, about));
  readonly #course = new Course(
    (state) => this.begin(state, true),
    (state, about) => this.#edit(() => state, about),
  );
  readonly #share = new Share(() => this.#service.key !== '');
  readonly #contributions = new Contributions(byId('contributions', HTMLElement));
  readonly #strip = new Strip(byId('strip', HTMLElement), {
    look: (spot, byKeyboard) => this.#look(spot, byKeyboard),
    pick: (row) => this.#pick(row),
    brush: (row, column) => (this.#state.mask.on ? !fittedMask(this.#state)[this.#queryRow(row)]?.[column] : undefined),
    paint: (row, column, attend) => this.#edit((state) => paint(state, this.#queryRow(row), column, attend), 'mask painted'),
  });

  constructor(state: State, remember: (state: State, isNewPage: boolean) => void) {
    this.#state = state;
    this.#remember = remember;
    byId('undo', HTMLButtonElement).addEventListener('click', () => this.#past.back(this.#state, (state) => this.#travel(state)));
    byId('redo', HTMLButtonElement).addEventListener('click', () => this.#past.forth(this.#state, (state) => this.#travel(state)));
    byId('share', HTMLDetailsElement).addEventListener('toggle', () => this.#share.show(this.#state, this.#answer));
    byId('again', HTMLButtonElement).addEventListener('click', () => this.#service.ask(this.#state));
    const key = byId('key', HTMLInputElement);
    byId('locked', HTMLElement).addEventListener('submit', (event) => {
      event.preventDefault();
      this.#service.key = key.value.trim();
      keepKey(this.#service.key);
      this.#service.ask(this.#state);
    });
    this.#changed();
  }

  /** Shows another state as it is, with nothing to compare it with: a lesson, or a link. */
  begin(state: State, isNewPage: boolean): void {
    if (isNewPage) this.#past.note(this.#state, 'lesson');
    this.#course.forget();
    this.#before = undefined;
    this.#about = '';
    this.#state = state;
    this.#spot = undefined;
    this.#remember(state, isNewPage);
    this.#changed();
  }

  /** Draws again with the colours of now. */
  recolour(): void {
    this.#draw();
  }

  #edit(change: (state: State) => State, about: string): void {
    const state = change(this.#state);
    if (state === this.#state) return;
    // Digits typed one after the other are one change.
    if (about !== this.#about) {
      this.#before = this.#answer;
      this.#past.note(this.#state, about);
    }
    this.#about = about;
    this.#state = state;
    this.#remember(state, false);
    this.#changed();
  }

  #travel(state: State): void {
    this.#about = '';
    this.#edit(() => state, 'undo or redo');
  }

  #changed(): void {
    this.#inputs.show(this.#state);
    this.#course.show(this.#state);
    this.#share.show(this.#state, this.#answer);
    byId('undo', HTMLButtonElement).disabled = !this.#past.hasBefore;
    byId('redo', HTMLButtonElement).disabled = !this.#past.hasAfter;
    clearTimeout(this.#staleTimer);
    this.#staleTimer = setTimeout(() => document.body.classList.add('stale'), STALE_AFTER_MS);
    this.#service.ask(this.#state);
  }

  #told(outcome: Outcome): void {
    const { kind } = outcome;
    byId('away', HTMLElement).hidden = kind !== 'away';
    byId('locked', HTMLElement).hidden = kind !== 'key wanted';
    if (kind === 'away')
      setText(
        byId('away-words', HTMLElement),
        `The service can’t be reached (${outcome.detail}). Your numbers are kept, the pictures are of the last answer. Trying again in ${Math.ceil(outcome.againInMs / 1000)} s.`,
      );
    if (kind === 'key wanted') setText(byId('locked-words', HTMLElement), outcome.detail);
    if (kind === 'answered' || kind === 'refused') showFaults(byId('faults', HTMLElement), kind === 'refused' ? outcome.faults : [], this.#state);
    if (kind !== 'answered') {
      document.body.classList.add('stale');
      clearTimeout(this.#staleTimer);
      return;
    }
    this.#answer = readAnswer(outcome.state, outcome.request, outcome.reply);
    if (outcome.state === this.#state) {
      clearTimeout(this.#staleTimer);
      document.body.classList.remove('stale');
    }
    this.#draw();
    this.#share.show(this.#state, this.#answer);
  }

  #draw(): void {
    const answer = this.#answer;
    if (!answer) return;
    const state = this.#state;
    const head = headOf(answer, state);
    const row = rowOf(answer, state);
    const before = comparable(this.#before, answer) ? this.#before : undefined;
    const stages = stagesOf(answer, head);
    this.#strip.show(stages, before && stagesOf(before, head), readPalette(), row, state.mask.on);
    this.#showHeads(answer, head);
    const query = answer.queryNames[row] ?? '';
    setText(byId('softmax-title', HTMLElement), `Softmax of “${query}”, unrolled`);
    setText(byId('contributions-title', HTMLElement), `Context vector of “${query}”: weight · value, stacked`);
    showSoftmax(byId('softmax', HTMLTableElement), answer, head, row, before);
    setText(byId('softmax-facts', HTMLElement), factsOf(answer, head, row));
    this.#contributions.show(answer, head, row);
    setText(
      byId('change', HTMLElement),
      before && this.#about
        ? describeChange(before, answer, this.#about)
        : 'Point at a number, or move to it by keyboard, and see below how it came about.',
    );
    this.#write(answer, head, stages);
  }

  /** The arithmetic of the cell that is looked at; until one is, of the heaviest weight. */
  #write(answer: Answer, head: number, stages: readonly Stage[]): void {
    const spot = fitting(this.#spot, stages) ?? heaviest(answer, head, rowOf(answer, this.#state));
    const { heading, lines } = writtenOut(answer, head, spot);
    const stage = stages.find(({ name }) => name === spot.stage);
    setText(byId('written-title', HTMLElement), `${stage?.title ?? ''}: ${heading}`);
    setText(byId('written-lines', HTMLElement), lines.join('\n'));
    this.#strip.mark(spot, false);
  }

  #look(spot: Spot, byKeyboard: boolean): void {
    if (!this.#answer) return;
    if (!byKeyboard && this.#spot && spot.stage === this.#spot.stage && spot.row === this.#spot.row && spot.column === this.#spot.column) return;
    this.#spot = spot;
    if (byKeyboard) this.#strip.mark(spot, true);
    const head = headOf(this.#answer, this.#state);
    this.#write(this.#answer, head, stagesOf(this.#answer, head));
  }

  #pick(row: number): void {
    const query = this.#queryRow(row);
    if (query !== this.#state.query) this.#edit((state) => ({ ...state, query }), 'another row');
  }

  /** The query row that a row of the strip shows: where one token is the query, there is one row. */
  #queryRow(row: number): number {
    return this.#state.everyone || this.#state.queries.on ? row : this.#state.query;
  }

  #showHeads(answer: Answer, head: number): void {
    const root = byId('heads', HTMLElement);
    root.hidden = answer.heads === 1;
    if (root.childElementCount !== answer.heads) {
      const choose = (of: number) => this.#edit((state) => ({ ...state, head: of }), 'another head');
      root.replaceChildren(...answer.weights.map((_, of) => button(`head ${of}`, () => choose(of))));
    }
    for (const [of, tab] of [...root.children].entries()) tab.setAttribute('aria-pressed', `${of === head}`);
  }
}

function factsOf({ entropy, lse, logits, sinkWeight, request }: Answer, head: number, row: number): string {
  const log = lse[head]?.[row];
  const shares = (logits[head]?.[row] ?? []).filter((logit) => logit !== null).length + (request.sink === undefined ? 0 : 1);
  const facts = [`entropy ${brief(entropy[head]?.[row] ?? 0)} bits, of at most ${brief(Math.log2(Math.max(1, shares)))}`];
  facts.push(log === null || log === undefined ? 'nothing to attend to: weights and context are 0' : `log-sum-exp ${brief(log)}`);
  if (request.sink !== undefined) facts.push(`the sink takes ${brief(sinkWeight[head]?.[row] ?? 0)}`);
  return facts.join(' · ');
}

function fitting(spot: Spot | undefined, stages: readonly Stage[]): Spot | undefined {
  const stage = stages.find(({ name }) => name === spot?.stage);
  return spot && stage && spot.row < stage.rows.length && spot.column < stage.columns.length ? spot : undefined;
}

function heaviest({ weights }: Answer, head: number, row: number): Spot {
  const shares = weights[head]?.[row] ?? [];
  return { stage: 'weights', row, column: Math.max(0, shares.indexOf(Math.max(...shares))) };
}
