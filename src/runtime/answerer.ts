import { TooMuchToRedo } from '../engine/kernels/kernel.ts';
import { type Answer, type Question, readQuestion } from './answer.ts';
import { INLINE_BYTES, INLINE_COST, INLINE_HELD, INLINE_REDONE } from './cost.ts';
import { type ChosenEngine, kernelOf } from './kernel.ts';
import type { Limits } from './limits.ts';
import { Offload } from './offload.ts';
import { type Stage, Stages, serverTiming } from './stages.ts';

/** An answer, and what its stages took, in numbers and as Server-Timing says it. */
export interface TimedAnswer {
  readonly answer: Answer;
  readonly stages: readonly Stage[];
  readonly timing: string;
}

/** Answers questions: small ones at once, on the event loop; large ones on worker threads. */
export class Answerer {
  readonly #means;
  readonly #offload: Offload;
  readonly #timeoutMs: number;

  constructor({ engine, limits, threads, timeoutMs }: { engine: ChosenEngine; limits: Limits; threads: number; timeoutMs: number }) {
    this.#means = { kernel: kernelOf(engine, undefined, INLINE_REDONE), limits };
    this.#offload = new Offload({ engine, limits, threads });
    this.#timeoutMs = timeoutMs;
  }

  /**
   * The answer, at once where the question is small; a promise of it otherwise.
   * @param gone is asked for only where the answer takes its time: aborted when nobody waits any more
   */
  answer(question: Question, gone: () => AbortSignal): TimedAnswer | Promise<TimedAnswer> {
    const bytes = question.body.reduce((sum, chunk) => sum + chunk.length, 0);
    if (bytes > INLINE_BYTES) return this.#elsewhere(question, gone());
    try {
      const stages = new Stages();
      const task = readQuestion(question, this.#means, stages);
      if (task.cost > INLINE_COST || task.holds > INLINE_HELD) return this.#elsewhere(question, gone());
      const answer = task.carryOut();
      return timed(answer, stages.ended);
    } catch (error) {
      if (error instanceof TooMuchToRedo) return this.#elsewhere(question, gone());
      throw error;
    } finally {
      this.#means.kernel.giveBack();
    }
  }

  async #elsewhere(question: Question, gone: AbortSignal): Promise<TimedAnswer> {
    const { answer, stages } = await this.#offload.ask(question, this.#timeoutMs, gone);
    return timed(answer, stages);
  }

  close(): Promise<void> {
    return this.#offload.close();
  }
}

function timed(answer: Answer, stages: readonly Stage[]): TimedAnswer {
  return { answer, stages, timing: serverTiming(stages) };
}
