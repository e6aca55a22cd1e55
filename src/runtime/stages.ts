/** Measures the stages of an answer, as the Server-Timing header says them (W3C Server Timing). Durations are in milliseconds. */
export class Stages {
  readonly #ended: string[] = [];
  readonly #start = performance.now();
  #last = this.#start;

  /** What happened since the last stage ended was `name`. */
  end(name: string): void {
    const now = performance.now();
    this.#ended.push(`${name};dur=${(now - this.#last).toFixed(3)}`);
    this.#last = now;
  }

  /** Milliseconds from the start to the end of the last stage. */
  get total(): number {
    return this.#last - this.#start;
  }

  toString(): string {
    return this.#ended.join(', ');
  }
}
