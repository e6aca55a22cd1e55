import { multiplyAdds } from '../engine/call.ts';
import type { OnnxLayout, OnnxOutput, OnnxShapes } from '../engine/onnx.ts';
import { type TokenAttention, tokenSizes } from '../engine/token-attention.ts';
import type { TokenOutput, TokenSizes } from '../engine/token-outputs.ts';

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
function workOf(lesson: TokenAttention): number {
  const { m, n, h, d_k, d_v } = tokenSizes(lesson);
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
function replyNumbersOf(lesson: TokenAttention): number {
  const { h, m, n, kvHeads, d_k, d_v, width } = tokenSizes(lesson);
  const perPair = h * m * n;
  const perRow = h * m;
  const sizes: Record<TokenOutput, number> = {
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

/** Queries, keys, values and contexts are held whole: none of them may have more numbers than so many replies. */
const REPLIES_HELD = 4;

/**
 * The work and the reply's numbers of a lesson that is within the limits.
 * @throws WorkTooLarge naming the limit and the figure
 */
export function refuseTooMuch(lesson: TokenAttention, limits: Limits, traceNumbers = 0): { readonly work: number; readonly numbers: number } {
  const { h, m, n, kvHeads, d_k, d_v, width } = tokenSizes(lesson);
  const work = workOf(lesson);
  refuseWork(work, limits, `h·m·n·(d_k + d_v) = ${h}·${m}·${n}·(${d_k} + ${d_v}), and the projections`);
  const numbers = replyNumbersOf(lesson) + traceNumbers;
  refuseReply(numbers, limits);
  const held = { queries: h * m * d_k, keys: kvHeads * n * d_k, values: kvHeads * n * d_v, context: Math.max(h * m * d_v, m * width) };
  for (const [what, size] of Object.entries(held)) {
    const most = REPLIES_HELD * limits.replyNumbers;
    if (size > most)
      throw new WorkTooLarge(
        `the ${what} would be ${size} numbers; at most ${most} are held (${REPLIES_HELD} times MAX_REPLY_NUMBERS). Ask with fewer rows, or smaller projections.`,
      );
  }
  return { work, numbers };
}

/** No array, and no address in a kernel, reaches further. */
const LONGEST_AXIS = 2 ** 31 - 1;

/** Refuses the axes of tensors, empty ones too, before they are multiplied. @throws WorkTooLarge naming the tensor */
export function refuseAxes(shapes: OnnxShapes | OnnxLayout['outputs']): void {
  for (const [name, shape] of Object.entries(shapes)) {
    const longest = Math.max(0, ...shape);
    if (longest > LONGEST_AXIS)
      throw new WorkTooLarge(`an axis is at most ${LONGEST_AXIS} long; ${name} has one of ${longest}, in the shape [${shape.join(', ')}]`);
  }
}

/**
 * The work and the numbers of a call of the operator that is within the limits. Every axis counts as at least 1, since an
 * empty tensor may have other axes of any size.
 * @throws WorkTooLarge naming the limit and the figure
 */
export function refuseCall(
  { axes, outputs }: OnnxLayout,
  asked: readonly OnnxOutput[],
  limits: Limits,
): { readonly work: number; readonly rows: number; readonly numbers: number } {
  refuseAxes(outputs);
  const [B, H, G, M, N, D, E] = [axes.B, axes.H, axes.G, axes.M, axes.N, axes.D, axes.E].map((size) => Math.max(1, size)) as Seven;
  const rows = B * H * M;
  if (rows > limits.replyNumbers)
    throw new WorkTooLarge(`the request has ${rows} queries (batch·heads·queries = ${B}·${H}·${M}); MAX_REPLY_NUMBERS is ${limits.replyNumbers}`);
  const work = multiplyAdds({ B, H, G, M, N, D, E });
  refuseWork(work, limits, `batch·heads·queries·keys·(d_k + d_v) = ${B}·${H}·${M}·${N}·(${D} + ${E})`);
  const numbers = asked.reduce((sum, name) => sum + numbersIn(outputs[name]), 0);
  refuseReply(numbers, limits);
  return { work, rows, numbers };
}

type Seven = [number, number, number, number, number, number, number];

export function numbersIn(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** @throws WorkTooLarge where a representation can't show so much; `what` names it */
export function refuseShown({ m, n }: TokenSizes, most: { readonly rows: number; readonly keys: number }, what: string): void {
  if (m > most.rows || n > most.keys)
    throw new WorkTooLarge(`${what} shows at most ${most.rows} asking rows × ${most.keys} keys; the request has ${m} × ${n}`);
}

/** @throws WorkTooLarge where the panels together can't be drawn */
export function refuseMarks(marks: number, most: number, { h, m, n }: TokenSizes): void {
  if (marks > most)
    throw new WorkTooLarge(
      `the heatmap draws at most ${most} cells and labels; ${h} heads of ${m} × ${n} have ${marks}. Ask with fewer rows or heads.`,
    );
}

/** Numbers in the trace of a lesson. */
export function traceNumbersOf({ h, m, n, d_k, d_v }: TokenSizes): number {
  return h * m * (n * (d_k + d_v + 6) + 2);
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
