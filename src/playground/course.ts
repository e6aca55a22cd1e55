import type { Authored } from './authored.ts';
import { button, byId, el, setText } from './element.ts';
import { LESSONS, type Lesson } from './lessons.ts';
import { fromLink } from './link.ts';
import { signOverflow } from './overflow.ts';
import type { State } from './state.ts';

/** The lessons, in the order of a course: each wants a prediction first, and then tries it. */
export class Course {
  readonly #root = byId('lesson', HTMLElement);
  readonly #steps: readonly HTMLButtonElement[];
  readonly #begin: (state: State) => void;
  readonly #reveal: (state: State, about: string) => void;
  #shown: string | Authored | undefined;

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

  show(state: State): void {
    const { lesson: id, authored } = state;
    if ((authored ?? id) === this.#shown) return;
    this.#shown = authored ?? id;
    const at = LESSONS.findIndex((lesson) => lesson.id === id);
    for (const [i, step] of this.#steps.entries()) {
      if (i === at) step.setAttribute('aria-current', 'step');
      else step.removeAttribute('aria-current');
    }
    const lesson = authored ? lessonOf(authored, state) : LESSONS[at];
    this.#root.hidden = lesson === undefined;
    veil(authored?.hides === true);
    if (lesson) this.#root.replaceChildren(...this.#page(lesson, authored ? undefined : LESSONS[at + 1]));
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
        veil(false);
        this.#reveal(lesson.reveal.state, 'Reveal');
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

/** Hides the pictures, or shows them again. */
function veil(hides: boolean): void {
  document.body.classList.toggle('veiled', hides);
}

/** A lesson that somebody made; `state` is what it begins with. */
function lessonOf(authored: Authored, state: State): Lesson {
  const { title, words, question, choices, right, told, shown } = authored;
  const revealed = fromLink(shown);
  return {
    id: 'authored',
    title,
    words,
    state,
    question,
    choices,
    right,
    reveal: { state: revealed ? { ...revealed, lesson: undefined, authored } : state, words: told, expected: {} },
  };
}

function printed(numbers: unknown): string {
  return JSON.stringify(numbers).replaceAll(',', ', ').replaceAll('-', '−');
}
