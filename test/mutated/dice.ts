import { random } from '../engine/calls.ts';

/** Throws that are the same in every run with one seed. */
export class Dice {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
    this.#next(); // the first numbers of neighbouring seeds are near each other
  }

  /** An integer from 0 to below `count`. */
  below(count: number): number {
    return Math.floor(((this.#next() + 1) / 2) * count);
  }

  chance(share: number): boolean {
    return (this.#next() + 1) / 2 < share;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** 1 most often, then 2, 3, … */
  few(): number {
    let count = 1;
    while (count < 6 && this.chance(0.4)) count++;
    return count;
  }
}
