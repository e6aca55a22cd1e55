/** Measures the stages of an answer, for the Server-Timing header (W3C Server Timing). Durations are in milliseconds. */
export class Timing {
  readonly #stages: string[] = [];
  readonly #start = performance.now();
  #last = this.#start;

  /** What happened since the last stage ended was `name`. */
  stage(name: string): void {
    const now = performance.now();
    this.#stages.push(`${name};dur=${(now - this.#last).toFixed(3)}`);
    this.#last = now;
  }

  /** Milliseconds from the start to the end of the last stage. */
  get total(): number {
    return this.#last - this.#start;
  }

  toString(): string {
    return this.#stages.join(', ');
  }
}
