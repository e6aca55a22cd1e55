import { button, byId, el, setText } from './element.ts';
import { LESSONS, type Lesson } from './lessons.ts';
import { signOverflow } from './overflow.ts';
import type { State } from './state.ts';

/** The lessons, in the order of a course: each wants a prediction first, and then tries it. */
export class Course {
  readonly #root = byId('lesson', HTMLElement);
  readonly #steps: readonly HTMLButtonElement[];
  readonly #begin: (state: State) => void;
  readonly #reveal: (state: State, about: string) => void;
  #shown: string | undefined;

  constructor(begin: (state: State) => void, reveal: (state: State, about: string) => void) {
    this.#begin = begin;
    this.#reveal = reveal;
    this.#steps = LESSONS.map(({ title, state }, i) => {
      const step = button('', () => this.#begin(state), { class: 'step' });
      step.append(el('span', { class: 'number' }, `${i + 1}`), title);
      return step;
    });
    const list = byId('course', HTMLElement);
    list.append(...this.#steps.map((step) => el('li', {}, step)));
    signOverflow(list);
  }

  show({ lesson: id }: State): void {
    if (id === this.#shown) return;
    this.#shown = id;
    const at = LESSONS.findIndex((lesson) => lesson.id === id);
    for (const [i, step] of this.#steps.entries()) {
      if (i === at) step.setAttribute('aria-current', 'step');
      else step.removeAttribute('aria-current');
    }
    const lesson = LESSONS[at];
    this.#root.hidden = lesson === undefined;
    if (lesson) this.#root.replaceChildren(...this.#page(lesson, LESSONS[at + 1]));
  }

  #page(lesson: Lesson, next: Lesson | undefined): HTMLElement[] {
    const verdict = el('div', { class: 'verdict', role: 'status' });
    const choices = lesson.choices.map((choice, i) =>
      el('label', {}, el('input', { type: 'radio', name: 'prediction', value: i }), el('span', {}, choice)),
    );
    const reveal = button(
      'Reveal',
      () => {
        const chosen = choices.findIndex((choice) => choice.querySelector('input')?.checked);
        for (const [i, choice] of choices.entries()) choice.classList.toggle('right', i === lesson.right);
        verdict.replaceChildren(...this.#verdict(lesson, chosen, next));
        this.#reveal({ ...lesson.reveal.state, lesson: lesson.id }, 'Reveal');
      },
      { class: 'primary' },
    );
    const question = el('fieldset', {}, el('legend', {}, lesson.question), el('div', { class: 'choices' }, ...choices, reveal));
    return [el('div', { class: 'told' }, el('h2', {}, lesson.title), el('p', {}, lesson.words)), el('div', { class: 'question' }, question, verdict)];
  }

  #verdict({ choices, right, reveal, state }: Lesson, chosen: number, next: Lesson | undefined): HTMLElement[] {
    const opening = chosen < 0 ? `The answer: ${choices[right]}.` : chosen === right ? 'Right.' : `Not quite: ${choices[right]}.`;
    const expected = Object.entries(reveal.expected).map(([name, numbers]) => el('code', {}, `${name} ${printed(numbers)}`));
    const words = el('p', {}, el('strong', {}, opening), ` ${reveal.words}`);
    const again = button('Back to the start', () => this.#begin(state));
    const onward = next && button(`Next: ${next.title}`, () => this.#begin(next.state), { class: 'primary' });
    return [words, el('p', { class: 'expected' }, ...expected), el('p', { class: 'tools' }, again, onward)];
  }

  /** Begins anew, so that a lesson begun again has its question open. */
  forget(): void {
    this.#shown = undefined;
    setText(this.#root, '');
  }
}

function printed(numbers: unknown): string {
  return JSON.stringify(numbers).replaceAll(',', ', ').replaceAll('-', '−');
}
