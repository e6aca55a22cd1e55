/** Knows which edits are one: the letters of one visit to a field, the moves of one drag. */
export class Gestures {
  #now: string | undefined;
  #pressed = false;

  constructor() {
    addEventListener('pointerdown', () => this.#press(true), true);
    for (const release of ['pointerup', 'pointercancel']) addEventListener(release, () => this.#press(false), true);
    // What is pressed gets the focus while the drag is under way already.
    addEventListener('focusin', () => this.#pressed || this.end(), true);
    addEventListener('change', ({ target }) => this.#pressed || isSlider(target) || this.end(), true);
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

/** Each key that moves a slider is a change to the browser; to a person the slide is one. */
function isSlider(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && target.type === 'range';
}
