import type { Scene, View } from './scene.ts';

/** A picture is drawn before it is scrolled to: within so much of the window above and below. */
const NEAR = '400px 0px';
/** The pictures farther away are drawn when for so long no newer scene has come: not between the moves of a drag. */
const REST_AFTER_MS = 120;

/**
 * Draws a scene: at once the pictures that are in sight or near it, the others soon after, one by one. Paper has all of them, so they are drawn at
 * once before it is printed.
 */
export class Sight {
  readonly #views: readonly View[];
  readonly #near = new Set<View>();
  readonly #stale = new Set<View>();
  #scene: Scene | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(views: readonly View[]) {
    this.#views = views;
    const watch = new IntersectionObserver((changes) => this.#see(changes), { rootMargin: NEAR });
    for (const { element } of views) watch.observe(element);
    addEventListener('beforeprint', () => this.drawRest());
  }

  show(scene: Scene): void {
    // Where nothing is drawn yet, nothing has a place that could be in sight or out of it.
    const isFirst = this.#scene === undefined;
    this.#scene = scene;
    for (const view of this.#views) this.#stale.add(view);
    this.#draw(isFirst ? this.#views : this.#views.filter((view) => this.#near.has(view)));
    this.#postpone(REST_AFTER_MS);
  }

  /** Another cell is looked at in the same answer. */
  mark(scene: Scene, focus: boolean): void {
    this.#scene = scene;
    const marking = this.#views.filter(({ mark }) => mark !== undefined);
    this.#draw(marking.filter((view) => this.#stale.has(view)));
    for (const view of marking) view.mark?.(scene, focus);
    for (const view of marking) view.settle?.();
  }

  /** Draws all that is not up to date. */
  drawRest(): void {
    this.#draw([...this.#stale]);
  }

  #see(changes: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of changes) {
      const view = this.#views.find(({ element }) => element === target);
      if (!view) continue;
      if (isIntersecting) this.#near.add(view);
      else this.#near.delete(view);
    }
    this.#draw([...this.#near].filter((view) => this.#stale.has(view)));
  }

  #draw(views: readonly View[]): void {
    const scene = this.#scene;
    if (!scene) return;
    for (const view of views) {
      this.#stale.delete(view);
      view.show(scene);
    }
    for (const view of views) view.settle?.();
  }

  /** One picture a turn, so that a hand that moves again waits for one at most. */
  #postpone(wait: number): void {
    clearTimeout(this.#timer);
    if (this.#stale.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#draw([...this.#stale].slice(0, 1));
      this.#postpone(0);
    }, wait);
  }
}
