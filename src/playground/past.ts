import type { State } from './state.ts';

const LONGEST = 200;

/** What the state was, to go back to: nothing that was typed or pasted over is lost. */
export class Past {
  #before: State[] = [];
  #after: State[] = [];

  get hasBefore(): boolean {
    return this.#before.length > 0;
  }

  get hasAfter(): boolean {
    return this.#after.length > 0;
  }

  /** Notes the state that a change is about to replace. */
  note(state: State): void {
    this.#before = [...this.#before.slice(1 - LONGEST), state];
    this.#after = [];
  }

  /** The state before. */
  back(now: State): State | undefined {
    const state = this.#before.pop();
    if (state) this.#after.push(now);
    return state;
  }

  /** The state that was gone back from. */
  forth(now: State): State | undefined {
    const state = this.#after.pop();
    if (state) this.#before.push(now);
    return state;
  }
}
