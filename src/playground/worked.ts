import { writtenOut } from './arithmetic.ts';
import { el, setText } from './element.ts';
import { signOverflow } from './overflow.ts';
import type { Actions, Scene, View } from './scene.ts';
import { Strip } from './strip.ts';

/** The stages, and above them the arithmetic of the cell that is looked at, with the steps: both stay in sight, and what is focused scrolls clear of them. */
export class Worked implements View {
  readonly element = el('div', { class: 'wide worked' });
  readonly #title = el('h2', { id: 'written-title' }, 'Written out');
  readonly #lines = el('pre', { id: 'written-lines', tabindex: 0, role: 'group', 'aria-labelledby': 'written-title', 'aria-live': 'polite' });
  readonly #strip: Strip;

  constructor(actions: Actions) {
    this.#strip = new Strip(actions);
    const card = el('section', { class: 'card written', 'aria-labelledby': 'written-title' }, this.#title, this.#lines, this.#strip.controls);
    this.element.append(card, this.#strip.element);
    signOverflow(this.#lines);
    new ResizeObserver(() => document.documentElement.style.setProperty('--written', `${card.offsetHeight}px`)).observe(card);
  }

  show(scene: Scene): void {
    this.#strip.show(scene);
    this.mark(scene, false);
  }

  /** Until a cell is looked at, it is the heaviest weight. */
  mark(scene: Scene, focus: boolean): void {
    const { answer, head, spot, stages } = scene;
    const { heading, lines } = writtenOut(answer, head, spot);
    const stage = stages.find(({ name }) => name === spot.stage);
    setText(this.#title, `${stage?.title ?? ''}: ${heading}`);
    setText(this.#lines, lines.join('\n'));
    this.#strip.mark(spot, focus);
  }

  settle(): void {
    this.#strip.settle();
    this.#keepHeight();
  }

  /** The card grows and never shrinks: cells that moved beneath the pointer would be looked at in their turn. */
  #keepHeight(): void {
    const needed = this.#lines.scrollHeight;
    if (needed > this.#lines.offsetHeight) this.#lines.style.minHeight = `${needed}px`;
  }
}
