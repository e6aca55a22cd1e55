import { toLink } from './link.ts';
import type { State } from './state.ts';

/** Browsers allow some 100 changes of the address in half a minute: it follows at a pause. */
const FOLLOWS_AFTER_MS = 250;

/** The state lives in the address: a new page of the history for a lesson, the same one for an edit. */
export class Address {
  /** The part after the # that belongs to the newest state; the address may still be on its way there. */
  link = location.hash;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    addEventListener('pagehide', () => this.#arrive());
  }

  remember(state: State, isNewPage: boolean): void {
    // The page that is left keeps its last edit.
    if (isNewPage) this.#arrive();
    clearTimeout(this.#timer);
    this.link = `#${toLink(state)}`;
    if (isNewPage) history.pushState(null, '', this.link);
    else this.#timer = setTimeout(() => this.#arrive(), FOLLOWS_AFTER_MS);
  }

  #arrive(): void {
    clearTimeout(this.#timer);
    if (this.#timer !== undefined) history.replaceState(null, '', this.link);
    this.#timer = undefined;
  }
}
