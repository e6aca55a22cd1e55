import { type Lesson, type LessonOutput, lessonSizes } from '../engine/lesson.ts';

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

/** Multiply-adds of a lesson, excluded keys included: h·m·n·(d_k + d_v), and rows · inputs · columns of each projection. */
function workOf(lesson: Lesson): number {
  const { m, n, h, d_k, d_v } = lessonSizes(lesson);
  const { query, key, value, output } = lesson.projections;
  let work = h * m * n * (d_k + d_v);
  for (const [rows, { weight }] of [
    [m, query],
    [n, key],
    [n, value],
    [m, output],
  ] as const)
    work += weight ? rows * weight.rows * weight.columns : 0;
  return work;
}

/** Numbers that the reply to a lesson holds. */
function replyNumbersOf(lesson: Lesson): number {
  const { h, m, n, kvHeads, d_k, d_v, width } = lessonSizes(lesson);
  const perPair = h * m * n;
  const perRow = h * m;
  const sizes: Record<LessonOutput, number> = {
    scores: perPair,
    logits: perPair,
    weights: perPair,
    context: m * width,
    lse: perRow,
    entropy: perRow,
    sink_weight: perRow,
    queries: h * m * d_k,
    keys: kvHeads * n * d_k,
    values: kvHeads * n * d_v,
  };
  let numbers = 0;
  for (const output of lesson.include) numbers += sizes[output];
  return numbers;
}

/** @throws WorkTooLarge naming the limit and the figure */
export function refuseTooMuch(lesson: Lesson, limits: Limits): void {
  const { h, m, n, d_k, d_v } = lessonSizes(lesson);
  refuseWork(workOf(lesson), limits, `h·m·n·(d_k + d_v) = ${h}·${m}·${n}·(${d_k} + ${d_v}), and the projections`);
  refuseReply(replyNumbersOf(lesson), limits);
}

/** @throws WorkTooLarge */
export function refuseWork(work: number, limits: Limits, formula: string): void {
  if (work > limits.work)
    throw new WorkTooLarge(
      `the request asks for ${work} multiply-adds (${formula}); MAX_WORK is ${limits.work}. Ask with fewer rows, or send fewer tokens.`,
    );
}

/** @throws WorkTooLarge */
export function refuseReply(numbers: number, limits: Limits): void {
  if (numbers > limits.replyNumbers) {
    throw new WorkTooLarge(
      `the reply would hold ${numbers} numbers; MAX_REPLY_NUMBERS is ${limits.replyNumbers}. Ask for less in \`include\`, or with fewer rows.`,
    );
  }
}
