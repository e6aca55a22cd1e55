/** Measures the stages of an answer, as the Server-Timing header says them (W3C Server Timing). Durations are in milliseconds. */
export class Stages {
  /** Each stage that ended, as the header says it. */
  readonly ended: string[] = [];
  #last = performance.now();

  /** What happened since the last stage ended was `name`. */
  end(name: string): void {
    const now = performance.now();
    this.ended.push(`${name};dur=${(now - this.#last).toFixed(3)}`);
    this.#last = now;
  }
}
