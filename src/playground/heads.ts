import { button, el } from './element.ts';
import type { Actions, Scene, View } from './scene.ts';

/** A button a head, where there are several. */
export class Heads implements View {
  readonly element = el('div', { class: 'tabs wide', role: 'group', 'aria-label': 'Head', hidden: true });
  readonly #actions: Actions;

  constructor(actions: Actions) {
    this.#actions = actions;
  }

  show({ answer, head }: Scene): void {
    this.element.hidden = answer.heads === 1;
    if (this.element.childElementCount !== answer.heads) {
      const choose = (of: number) => this.#actions.edit((state) => ({ ...state, head: of }), 'another head');
      this.element.replaceChildren(...answer.weights.map((_, of) => button(`head ${of}`, () => choose(of))));
    }
    for (const [of, tab] of [...this.element.children].entries()) tab.setAttribute('aria-pressed', `${of === head}`);
  }
}
