import type { Call } from '../engine/call.ts';
import type { TokenRecorder } from '../engine/token-attention.ts';
import type { VectorRecorder, Vectors, WayInName } from '../engine/way-in.ts';

/** Keeps what attention over tokens shows on its way: the vectors after each step, and the call that they become. */
export class Recording implements TokenRecorder {
  readonly #after = new Map<string, Vectors>();
  #call: Call | undefined;

  readonly onVectors: VectorRecorder = ({ name }, vectors) => {
    this.#after.set(name, vectors);
  };

  onCall(call: Call): void {
    this.#call = call;
  }

  /** The call that the kernel got. */
  get call(): Call {
    if (!this.#call) throw new Error('nothing was recorded');
    return this.#call;
  }

  /** Queries, keys and values after that step of the way in. */
  after(step: WayInName): Vectors {
    const vectors = this.#after.get(step);
    if (!vectors) throw new Error(`the step ${step} was not recorded`);
    return vectors;
  }
}
