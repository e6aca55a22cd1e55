import { multiplyAdds } from '../engine/call.ts';
import { Failure } from '../engine/failure.ts';
import type { OnnxLayout, OnnxOutput, OnnxShapes } from '../engine/onnx.ts';
import type { Projection } from '../engine/projection.ts';
import { type TokenAttention, tokenSizes } from '../engine/token-attention.ts';
import type { TokenOutput, TokenSizes } from '../engine/token-outputs.ts';
import type { Limits, Sizes } from './question.ts';

/** A request that would cost more than the settings allow: refused before anything is computed. */
export function workTooLarge(detail: string): Failure {
  return new Failure('work-too-large', detail);
}

/** Multiply-adds of attention over tokens, excluded keys included: h·m·n·(d_k + d_v), and rows · inputs · columns of each projection. */
function workOf(attention: TokenAttention): number {
  const { m, n, h, d_k, d_v } = tokenSizes(attention);
  const { query, key, value, output } = attention.projections;
  return h * m * n * (d_k + d_v) + projected(m, query) + projected(n, key) + projected(n, value) + projected(m, output);
}

function projected(rows: number, { weight }: Projection): number {
  return weight ? rows * weight.rows * weight.columns : 0;
}

/** Numbers that a reply of attention over tokens holds. */
function replyNumbersOf(attention: TokenAttention): number {
  const { h, m, n, kvHeads, d_k, d_v, width } = tokenSizes(attention);
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
  for (const output of attention.include) numbers += sizes[output];
  return numbers;
}

/** Queries, keys, values and contexts are held whole: none of them may have more numbers than so many replies. */
const REPLIES_HELD = 4;

/**
 * The work and the reply's numbers of attention over tokens that is within the limits.
 * @throws Failure `work-too-large` naming the limit and the figure
 */
export function refuseTooMuch(attention: TokenAttention, limits: Limits, traceNumbers = 0): { readonly work: number; readonly numbers: number } {
  const { h, m, n, kvHeads, d_k, d_v, width } = tokenSizes(attention);
  const work = workOf(attention);
  refuseWork(work, limits, `h·m·n·(d_k + d_v) = ${h}·${m}·${n}·(${d_k} + ${d_v}), and the projections`);
  const numbers = replyNumbersOf(attention) + traceNumbers;
  refuseReply(numbers, limits);
  refuseHeld('queries', h * m * d_k, limits);
  refuseHeld('keys', kvHeads * n * d_k, limits);
  refuseHeld('values', kvHeads * n * d_v, limits);
  refuseHeld('context', Math.max(h * m * d_v, m * width), limits);
  return { work, numbers };
}

function refuseHeld(what: string, size: number, { replyNumbers }: Limits): void {
  const most = REPLIES_HELD * replyNumbers;
  if (size > most)
    throw workTooLarge(
      `the ${what} would be ${size} numbers; at most ${most} are held (${REPLIES_HELD} times MAX_REPLY_NUMBERS). Ask with fewer rows, or smaller projections.`,
    );
}

/** No array, and no address in a kernel, reaches further. */
const LONGEST_AXIS = 2 ** 31 - 1;

/** Refuses the axes of tensors, empty ones too, before they are multiplied. @throws Failure `work-too-large` naming the tensor */
export function refuseAxes(shapes: OnnxShapes | OnnxLayout['outputs']): void {
  for (const [name, shape] of Object.entries(shapes)) {
    const longest = Math.max(0, ...shape);
    if (longest > LONGEST_AXIS)
      throw workTooLarge(`an axis is at most ${LONGEST_AXIS} long; ${name} has one of ${longest}, in the shape [${shape.join(', ')}]`);
  }
}

/** What a call of the operator asks for: multiply-adds, query rows over all heads, and numbers in the reply. */
export interface CallSize {
  readonly work: number;
  readonly rows: number;
  readonly numbers: number;
}

/**
 * The size of a call of the operator that is within the limits. Every axis counts as at least 1, since an
 * empty tensor may have other axes of any size.
 * @throws Failure `work-too-large` naming the limit and the figure
 */
export function refuseCall({ axes, outputs }: OnnxLayout, asked: readonly OnnxOutput[], limits: Limits): CallSize {
  refuseAxes(outputs);
  const [B, H, G, M, N, D, E] = [axes.B, axes.H, axes.G, axes.M, axes.N, axes.D, axes.E].map((size) => Math.max(1, size)) as Seven;
  const rows = B * H * M;
  if (rows > limits.replyNumbers)
    throw workTooLarge(`the request has ${rows} queries (batch·heads·queries = ${B}·${H}·${M}); MAX_REPLY_NUMBERS is ${limits.replyNumbers}`);
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

/** @throws Failure `work-too-large` where a representation can't show so much; `what` names it */
export function refuseShown({ m, n }: TokenSizes, most: { readonly rows: number; readonly keys: number }, what: string): void {
  if (m > most.rows || n > most.keys)
    throw workTooLarge(`${what} shows at most ${most.rows} query rows × ${most.keys} keys; the request has ${m} × ${n}`);
}

/** @throws Failure `work-too-large` where the panels together can't be drawn */
export function refuseMarks(marks: number, most: number, { h, m, n }: TokenSizes): void {
  if (marks > most)
    throw workTooLarge(`the heatmap draws at most ${most} cells and labels; ${h} heads of ${m} × ${n} have ${marks}. Ask with fewer rows or heads.`);
}

/** The sizes of attention over tokens by the engine's axis letters. */
export function axesOf({ m, n, h, kvHeads, d_k, d_v }: TokenSizes): Sizes {
  return { B: 1, H: h, G: kvHeads, M: m, N: n, D: d_k, E: d_v };
}

/** Numbers in the trace of attention over tokens. */
export function traceNumbersOf({ h, m, n, d_k, d_v }: TokenSizes): number {
  return h * m * (n * (d_k + d_v + 6) + 2);
}

/** @throws Failure `work-too-large` */
export function refuseWork(work: number, limits: Limits, formula: string): void {
  if (work > limits.work)
    throw workTooLarge(
      `the request asks for ${work} multiply-adds (${formula}); MAX_WORK is ${limits.work}. Ask with fewer rows, or send fewer tokens.`,
    );
}

/** @throws Failure `work-too-large` */
export function refuseReply(numbers: number, limits: Limits): void {
  if (numbers > limits.replyNumbers) {
    throw workTooLarge(
      `the reply would hold ${numbers} numbers; MAX_REPLY_NUMBERS is ${limits.replyNumbers}. Ask for less in \`include\`, or with fewer rows.`,
    );
  }
}
