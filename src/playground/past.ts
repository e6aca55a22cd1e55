import type { State } from './state.ts';

const LONGEST = 200;

/** What the state was, to go back to: nothing that was typed or pasted over is lost. */
export class Past {
  #before: State[] = [];
  #after: State[] = [];
  #travelling = false;

  get hasBefore(): boolean {
    return this.#before.length > 0;
  }

  get hasAfter(): boolean {
    return this.#after.length > 0;
  }

  /** Notes the state that a change is about to replace. */
  note(state: State, about: string): void {
    if (this.#travelling || about === 'another row' || about === 'another head') return;
    this.#before = [...this.#before.slice(1 - LONGEST), state];
    this.#after = [];
  }

  /** The state before; `go` shows it. */
  back(now: State, go: (state: State) => void): void {
    const state = this.#before.pop();
    if (!state) return;
    this.#after.push(now);
    this.#travel(state, go);
  }

  forth(now: State, go: (state: State) => void): void {
    const state = this.#after.pop();
    if (!state) return;
    this.#before.push(now);
    this.#travel(state, go);
  }

  #travel(state: State, go: (state: State) => void): void {
    this.#travelling = true;
    go(state);
    this.#travelling = false;
  }
}
