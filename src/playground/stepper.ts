import { button, el, setText } from './element.ts';
import type { Step } from './steps.ts';

/** Play stays so long at a step, in milliseconds: time to see the numbers arrive, and to read a sentence. */
const STAY_MS = 4000;

/** Play, Back and Next through the steps, and what the present one does. */
export class Stepper {
  readonly #play = button('Play', () => this.#toggle(), { class: 'primary' });
  readonly #back = button('Back', () => this.#press(-1));
  readonly #next = button('Next', () => this.#press(1));
  readonly #leave = button('Show all', () => this.#go(undefined), { hidden: true });
  readonly #words = el('p', { role: 'status' });
  readonly element = el(
    'div',
    { class: 'stepper', role: 'group', 'aria-label': 'Step by step' },
    el('span', {}, 'Step by step'),
    this.#play,
    this.#back,
    this.#next,
    this.#leave,
    this.#words,
  );
  readonly #changed: (isForward: boolean) => void;
  #steps: readonly Step[] = [];
  #at: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param changed another step is to be shown, or none any more */
  constructor(changed: (isForward: boolean) => void) {
    this.#changed = changed;
  }

  /** The step that is shown; undefined where everything is. */
  get step(): Step | undefined {
    return this.#at === undefined ? undefined : this.#steps[this.#at];
  }

  /** What is not shown yet. */
  get later(): readonly Step[] {
    return this.#at === undefined ? [] : this.#steps.slice(this.#at + 1);
  }

  /** Takes the steps of a new answer, at the same place. */
  show(steps: readonly Step[]): void {
    this.#steps = steps;
    if (this.#at !== undefined) this.#at = Math.min(this.#at, steps.length - 1);
    const { step } = this;
    setText(this.#words, step ? `Step ${(this.#at ?? 0) + 1} of ${steps.length}, ${step.name}. ${step.words}` : '');
    setText(this.#play, this.#timer === undefined ? 'Play' : 'Pause');
    this.#leave.hidden = step === undefined;
    // Disabled for real they would lose the keyboard's place.
    this.#back.setAttribute('aria-disabled', `${(this.#at ?? 0) === 0}`);
    this.#next.setAttribute('aria-disabled', `${this.#isAtEnd}`);
  }

  get #isAtEnd(): boolean {
    return this.#at === this.#steps.length - 1;
  }

  #press(by: -1 | 1): void {
    const next = this.#at === undefined ? by - 1 : this.#at + by;
    if (next >= 0 && next < this.#steps.length) this.#go(next);
  }

  #toggle(): void {
    if (this.#timer !== undefined) this.#go(this.#at);
    else this.#playFrom(this.#at === undefined || this.#isAtEnd ? 0 : this.#at + 1);
  }

  /** Shows a step and stays there, or shows everything. */
  #go(at: number | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#move(at);
  }

  #playFrom(at: number): void {
    clearTimeout(this.#timer);
    const isLast = at >= this.#steps.length - 1;
    this.#timer = isLast ? undefined : setTimeout(() => this.#playFrom((this.#at ?? -1) + 1), STAY_MS);
    this.#move(at);
  }

  #move(at: number | undefined): void {
    const was = this.#at ?? -1;
    this.#at = at;
    this.#changed(at !== undefined && at > was);
  }
}
