/** A stage of an answer, and the milliseconds that it took. */
export interface Stage {
  readonly name: string;
  readonly ms: number;
}

/** Measures the stages of an answer. */
export class Stages {
  /** Each stage that ended, in order. */
  readonly ended: Stage[] = [];
  #last = performance.now();

  /** What happened since the last stage ended was `name`. */
  end(name: string): void {
    const now = performance.now();
    this.ended.push({ name, ms: now - this.#last });
    this.#last = now;
  }
}

/** The stages as the Server-Timing header says them (W3C Server Timing), in milliseconds. */
export function serverTiming(stages: readonly Stage[]): string {
  return stages.map(({ name, ms }) => `${name};dur=${ms.toFixed(3)}`).join(', ');
}
