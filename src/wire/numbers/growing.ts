import type { Floats } from '../../engine/tensor.ts';

/** What is allocated beyond what a body seems to hold, so that little of it is copied once more. */
const SLACK = 1.05;

/** Elements that come part by part, until there are as many as nobody knows before. */
export class Growing {
  #data: Floats | Uint8Array;
  #length = 0;
  readonly #allocate: (length: number) => Floats | Uint8Array;

  constructor(allocate: (length: number) => Floats | Uint8Array) {
    this.#allocate = allocate;
    this.#data = allocate(0);
  }

  /** @param share the share of all elements that has come with this part, about */
  append(part: Floats | Uint8Array, share: number): void {
    const length = this.#length + part.length;
    if (length > this.#data.length) {
      const grown = this.#allocate(share < 1 ? Math.ceil((length / share) * SLACK) : length);
      grown.set(this.#data.subarray(0, this.#length));
      this.#data = grown;
    }
    this.#data.set(part, this.#length);
    this.#length = length;
  }

  slice(from: number, to: number): Floats | Uint8Array {
    return this.#data.subarray(from, to);
  }
}
