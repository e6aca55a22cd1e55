import { channel } from 'node:diagnostics_channel';
import { TooMuchToRedo } from '../engine/kernels/kernel.ts';
import { beginAnswer } from './answers.ts';
import { INLINE_BYTES, INLINE_COST, INLINE_HELD, INLINE_REDONE } from './cost.ts';
import { type ChosenEngine, kernelOf } from './kernel.ts';
import { Offload } from './offload.ts';
import type { Answered, Limits, Means, Question } from './question.ts';

/** Gets the Facts of every answer. Nothing is done for it where nobody subscribes. */
const ANSWERS = channel('attention:answer');

/** Answers questions: small ones at once, on the event loop; large ones on worker threads. */
export class Answerer {
  readonly #means: Means;
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
   * @throws Failure
   */
  answer(question: Question, gone: () => AbortSignal): Answered | Promise<Answered> {
    const here = this.#answerHere(question);
    return here ? published(here) : this.#offload.ask(question, this.#timeoutMs, gone()).then(published);
  }

  /** Undefined where the question is not for the event loop. */
  #answerHere(question: Question): Answered | undefined {
    const bytes = question.body.reduce((sum, chunk) => sum + chunk.length, 0);
    if (bytes > INLINE_BYTES) return undefined;
    try {
      const { task, finish } = beginAnswer(question, this.#means);
      return task.cost > INLINE_COST || task.holds > INLINE_HELD ? undefined : finish('inline');
    } catch (error) {
      if (error instanceof TooMuchToRedo) return undefined;
      throw error;
    } finally {
      this.#means.kernel.giveBack();
    }
  }

  close(): Promise<void> {
    return this.#offload.close();
  }
}

function published(answered: Answered): Answered {
  if (ANSWERS.hasSubscribers) ANSWERS.publish(answered.facts);
  return answered;
}
