import { type Answer, headOf, readAnswer, rowOf } from './answer.ts';
import { Author } from './author.ts';
import { comparable } from './change.ts';
import { readPalette } from './colours.ts';
import { Course } from './course.ts';
import { byId, setText } from './element.ts';
import { showFaults } from './faults.ts';
import { Gestures } from './gestures.ts';
import { Inputs } from './inputs.ts';
import { keepKey } from './key.ts';
import { Past } from './past.ts';
import { PICTURES } from './pictures.ts';
import { takeRequests } from './requests.ts';
import type { Scene, View } from './scene.ts';
import { type Outcome, Service } from './service.ts';
import { Share } from './share.ts';
import { Sight } from './sight.ts';
import type { Spot, Stage } from './stage.ts';
import { stagesOf } from './stages.ts';
import { isLook, looking, type State } from './state.ts';

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
  /** What is drawn. */
  #scene: Scene | undefined;
  #staleTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #remember: (state: State, isNewPage: boolean) => void;
  readonly #past = new Past();
  readonly #gestures = new Gestures();
  readonly #service = new Service((outcome) => this.#told(outcome));
  readonly #inputs = new Inputs((change, about, gesture) => this.#edit(change, about, gesture));
  readonly #course = new Course(
    (state) => this.begin(state, true),
    (state, about) => this.#edit(() => state, about),
  );
  readonly #share = new Share({ draw: (state, type) => this.#service.draw(state, type), isLocked: () => this.#service.key !== '' });
  readonly #author = new Author({
    state: () => this.#state,
    open: (state) => this.begin(state, true),
    copy: (state, what, said) => this.#share.copyLink(state, what, said),
  });
  readonly #views: readonly View[] = PICTURES.map((make) =>
    make({
      state: () => this.#state,
      edit: (change, about, gesture) => this.#edit(change, about, gesture),
      look: (spot, byKeyboard) => this.#look(spot, byKeyboard),
      diagnose: (state, observed) => this.#service.diagnose(state, observed),
    }),
  );
  readonly #sight = new Sight(this.#views);

  constructor(state: State, remember: (state: State, isNewPage: boolean) => void) {
    this.#state = state;
    this.#remember = remember;
    byId('pictures', HTMLElement).hidden = true;
    byId('pictures', HTMLElement).append(...this.#views.map(({ element }) => element));
    byId('undo', HTMLButtonElement).addEventListener('click', () => this.#travel(this.#past.back(this.#state)));
    byId('redo', HTMLButtonElement).addEventListener('click', () => this.#travel(this.#past.forth(this.#state)));
    byId('share', HTMLDetailsElement).addEventListener('toggle', () => this.#share.show(this.#state, this.#answer));
    // Past the lessons, the numbers and the switches, of which there are dozens. A link to a part of the page would replace the state in the address.
    byId('skip', HTMLButtonElement).addEventListener('click', () => document.querySelector<HTMLElement>('#pictures pre')?.focus());
    byId('again', HTMLButtonElement).addEventListener('click', () => this.#service.ask(this.#state));
    takeRequests((state) => this.begin(state, true));
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
    if (isNewPage) this.#past.note(this.#state);
    this.#course.forget();
    this.#before = undefined;
    this.#about = '';
    this.#gestures.end();
    this.#state = state;
    this.#spot = undefined;
    this.#remember(state, isNewPage);
    this.#changed();
  }

  /** Draws everything again with the colours of now: paper has all of it. */
  recolour(): void {
    this.#draw();
    this.#sight.drawRest();
  }

  #edit(change: (state: State) => State, about: string, gesture?: string): void {
    const state = change(this.#state);
    if (state === this.#state) return;
    const goesOn = this.#gestures.goesOn(gesture);
    if (!goesOn) this.#before = this.#answer;
    if (!goesOn && !isLook(this.#state, state)) this.#past.note(this.#state);
    this.#put(state, about);
  }

  #travel(state: State | undefined): void {
    if (!state) return;
    this.#before = this.#answer;
    this.#gestures.end();
    this.#put(looking(state, this.#state), 'undo or redo');
  }

  #put(state: State, about: string): void {
    this.#about = about;
    this.#state = state;
    this.#changed();
    this.#remember(state, false);
  }

  #changed(): void {
    // First of all: the service answers while the rest is done.
    this.#service.ask(this.#state);
    this.#inputs.show(this.#state);
    this.#course.show(this.#state);
    this.#author.show(this.#state);
    this.#share.show(this.#state, this.#answer);
    byId('undo', HTMLButtonElement).disabled = !this.#past.hasBefore;
    byId('redo', HTMLButtonElement).disabled = !this.#past.hasAfter;
    clearTimeout(this.#staleTimer);
    this.#staleTimer = setTimeout(() => document.body.classList.add('stale'), STALE_AFTER_MS);
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
    if (kind === 'answered' || kind === 'refused') {
      showFaults(byId('faults', HTMLElement), kind === 'refused' ? outcome.faults : [], this.#state);
      byId('nothing', HTMLElement).hidden = kind === 'answered' || this.#answer !== undefined;
    }
    if (kind !== 'answered') {
      document.body.classList.add('stale');
      clearTimeout(this.#staleTimer);
      return;
    }
    byId('pictures', HTMLElement).hidden = false;
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
    const head = headOf(answer, this.#state);
    const row = rowOf(answer, this.#state);
    const before = comparable(this.#before, answer) ? this.#before : undefined;
    const stages = stagesOf(answer, head);
    this.#scene = {
      state: this.#state,
      answer,
      before,
      about: this.#about,
      head,
      row,
      spot: fitting(this.#spot, stages) ?? heaviest(answer, head, row),
      stages,
      stagesBefore: before && stagesOf(before, head),
      palette: readPalette(),
    };
    this.#sight.show(this.#scene);
  }

  #look(spot: Spot, byKeyboard: boolean): void {
    if (!this.#scene) return;
    const was = this.#scene.spot;
    this.#spot = spot;
    if (!byKeyboard && spot.stage === was.stage && spot.row === was.row && spot.column === was.column) return;
    this.#scene = { ...this.#scene, spot };
    this.#sight.mark(this.#scene, byKeyboard);
  }
}

function fitting(spot: Spot | undefined, stages: readonly Stage[]): Spot | undefined {
  const stage = stages.find(({ name }) => name === spot?.stage);
  return spot && stage && spot.row < stage.rows.length && spot.column < stage.columns.length ? spot : undefined;
}

function heaviest({ weights }: Answer, head: number, row: number): Spot {
  const shares = weights[head]?.[row] ?? [];
  return { stage: 'weights', row, column: Math.max(0, shares.indexOf(Math.max(...shares))) };
}
