import { type Lesson, lessonSizes } from '../engine/lesson.ts';
import type { Output } from '../engine/operator.ts';

/** What a request may cost, at most. */
export interface Limits {
  /** Multiply-adds. */
  readonly work: number;
  /** Numbers in one reply. */
  readonly replyNumbers: number;
}

/** A request that would cost more than the settings allow: refused before anything is computed. */
export class WorkTooLarge extends Error {
  override readonly name = 'WorkTooLarge';
}

/** Multiply-adds that a lesson costs, excluded keys included: h · m · n · (d_k + d_v). */
function workOf(lesson: Lesson): number {
  const { h, m, n, d_k, d_v } = lessonSizes(lesson);
  return h * m * n * (d_k + d_v);
}

/** Numbers that the reply to a lesson holds. */
function replyNumbersOf(lesson: Lesson): number {
  const { h, m, n, d_v } = lessonSizes(lesson);
  const sizes: Record<Output, number> = {
    scores: h * m * n,
    capped: h * m * n,
    logits: h * m * n,
    weights: h * m * n,
    context: m * h * d_v,
    lse: h * m,
    entropy: h * m,
    sink_weight: h * m,
  };
  let numbers = 0;
  for (const output of lesson.include) numbers += sizes[output];
  return numbers;
}

/** @throws WorkTooLarge naming the limit and the figure */
export function refuseTooMuch(lesson: Lesson, limits: Limits): void {
  const work = workOf(lesson);
  if (work > limits.work) {
    const { h, m, n, d_k, d_v } = lessonSizes(lesson);
    throw new WorkTooLarge(
      `the request asks for ${work} multiply-adds (h·m·n·(d_k + d_v) = ${h}·${m}·${n}·(${d_k} + ${d_v})); MAX_WORK is ${limits.work}. Ask with fewer rows, or send fewer tokens.`,
    );
  }
  const numbers = replyNumbersOf(lesson);
  if (numbers > limits.replyNumbers) {
    throw new WorkTooLarge(
      `the reply would hold ${numbers} numbers; MAX_REPLY_NUMBERS is ${limits.replyNumbers}. Ask for less in \`include\`, or with fewer rows.`,
    );
  }
}
