/** Knows which edits are one: the letters of one visit to a field, the moves of one drag. */
export class Gestures {
  #now: string | undefined;
  #pressed = false;

  constructor() {
    addEventListener('pointerdown', () => this.#press(true), true);
    for (const release of ['pointerup', 'pointercancel']) addEventListener(release, () => this.#press(false), true);
    // What is pressed gets the focus while the drag is under way already.
    for (const next of ['focusin', 'change']) addEventListener(next, () => this.#pressed || this.end(), true);
  }

  /** Is an edit with this gesture part of the one before? */
  goesOn(gesture: string | undefined): boolean {
    const same = gesture !== undefined && gesture === this.#now;
    this.#now = gesture;
    return same;
  }

  end(): void {
    this.#now = undefined;
  }

  #press(pressed: boolean): void {
    this.#pressed = pressed;
    this.end();
  }
}
