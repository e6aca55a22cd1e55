import { toLink } from './link.ts';
import type { State } from './state.ts';

/** Browsers allow some 100 changes of the address in half a minute: the first edit after a pause is there at once, the others soon. */
const APART_MS = 350;

/** The state lives in the address: a new page of the history for a lesson, the same one for an edit. */
export class Address {
  /** The part after the # that belongs to the newest state; the address may still be on its way there. */
  link = location.hash;
  #timer: ReturnType<typeof setTimeout> | undefined;

  remember(state: State, isNewPage: boolean): void {
    // The page that is left keeps its last edit.
    if (isNewPage) this.#write();
    this.link = `#${toLink(state)}`;
    if (isNewPage) history.pushState(null, '', this.link);
    if (isNewPage || this.#timer !== undefined) return;
    this.#write();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#write();
    }, APART_MS);
  }

  #write(): void {
    if (location.hash !== this.link) history.replaceState(null, '', this.link);
  }
}
