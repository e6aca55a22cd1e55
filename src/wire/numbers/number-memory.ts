import { type Floats, floats, type Precision } from '../../engine/tensor.ts';

/** More than this is not kept for the next text: its numbers have memory of their own. */
export const KEPT_BYTES = 2 ** 23;
/** Sizes are multiples of this, so that what was taken for one text fits another. */
const STEP_BYTES = 2 ** 16;

/**
 * Memory for the numbers of one text, which those of the next one get again. What is fresh has its pages cleared by the kernel, and counts as a
 * reason to collect garbage: of bodies of 16 MB one in some ten had a thread's garbage collected for its numbers alone.
 */
export class NumberMemory {
  #kept = new ArrayBuffer(0);
  #isTaken = false;

  /** The numbers of the text before are not looked at any more. */
  reuse(): void {
    this.#isTaken = false;
  }

  /** So many numbers, whatever they are. */
  floats(precision: Precision, length: number): Floats {
    const bytes = length * (precision === 'float32' ? Float32Array : Float64Array).BYTES_PER_ELEMENT;
    if (bytes === 0 || bytes > KEPT_BYTES) return floats(precision, length);
    if (this.#isTaken || this.#kept.byteLength < bytes) this.#kept = new ArrayBuffer(STEP_BYTES * Math.ceil(bytes / STEP_BYTES));
    this.#isTaken = true;
    return precision === 'float32' ? new Float32Array(this.#kept, 0, length) : new Float64Array(this.#kept, 0, length);
  }
}
