import { project } from '../engine/projection.ts';
import type { Floats, Matrix } from '../engine/tensor.ts';

/** Projections that are remembered: about as many as single mistakes about them make of one request. */
const MOST = 32;

/** Projects as the engine does, and remembers the last ones: most plans have the same ones, by the same arrays. */
export class ProjectionMemory {
  readonly #ids = new WeakMap<Floats, number>();
  readonly #known = new Map<string, Matrix>();
  #next = 0;

  readonly project: typeof project = (x, by, precision, checkpoint) => {
    const { weight, bias } = by;
    const key = [x.data, weight?.data, bias].map((data) => (data ? this.#idOf(data) : '')).join();
    const known = this.#known.get(key) ?? project(x, by, precision, checkpoint);
    // Put last again, so that the first is the one that was not asked for the longest.
    this.#known.delete(key);
    this.#known.set(key, known);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > MOST) this.#known.delete(oldest);
    return known;
  };

  #idOf(data: Floats): number {
    const id = this.#ids.get(data) ?? this.#next++;
    this.#ids.set(data, id);
    return id;
  }
}
