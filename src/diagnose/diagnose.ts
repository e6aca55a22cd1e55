import type { Call } from '../engine/call.ts';
import { excludeKeys, fullyMaskedRows } from '../engine/mask.ts';
import { type TokenAttention, tokenSizes } from '../engine/token-attention.ts';
import { overflow, type TokenSizes } from '../engine/token-outputs.ts';
import { type Answer, OBSERVABLE } from './answer.ts';
import { ARITHMETICS, type Arithmetic, areOf, arithmeticOf } from './arithmetic.ts';
import { type Bounds, certify } from './certified.ts';
import { reweighing, stepOf } from './changed-steps.ts';
import type { Setting } from './mistake.ts';
import { comparable, errorsOf, type Observed, type OutputErrors, type Tolerance } from './observed.ts';
import { honestPlan, type Plan } from './plan.ts';
import { Predictor } from './predictor.ts';
import { printingError } from './printing.ts';
import { type FoundMistake, search } from './search.ts';

/** What is known of somebody's numbers once they were held against the right ones and against every known mistake's. */
export interface Diagnosis {
  readonly matches: boolean;
  /** Whether they are the right numbers, printed with few decimals. */
  readonly isPrinted: boolean;
  /** For each output that was observed. */
  readonly errors: readonly OutputErrors[];
  /** Those that fit equally well, in the order of the table; none where the numbers match. */
  readonly mistakes: readonly FoundMistake[];
  /** The arithmetic whose rounding the errors look like. */
  readonly precision: Arithmetic | undefined;
  /** Whether the plain mean of the values is within the tolerance too. */
  readonly toleranceIsBlind: boolean;
  readonly certified: Readonly<Record<Arithmetic, Bounds>>;
  /** The right numbers. */
  readonly right: Answer;
  /** What the first of the mistakes gives. */
  readonly mistaken?: Answer | undefined;
}

/**
 * Which known mistake, if any, gives the numbers that were observed.
 * @param attention the request, its numbers in double precision as they were written
 * @param checkpoint is called now and then, and may throw to stop
 * @throws ZeroVectors where cosine similarity meets a vector of length 0
 * @throws Failure `arithmetic-overflow` where a right result is not finite
 */
export function diagnose(attention: TokenAttention, observed: readonly Observed[], tolerance: Tolerance, checkpoint?: () => void): Diagnosis {
  const sizes = tokenSizes(attention);
  const predictor = new Predictor(checkpoint);
  const plan = honestPlan(attention);
  const { call, right } = rightAnswer(plan, predictor, sizes);
  const errors = observed.map((seen) => errorsOf(seen, comparable(right, seen, sizes), tolerance));
  const matches = errors.every((one) => one.matches);
  const looks = arithmeticOf({ plan, answer: right, observed, predictor, heads: sizes.h });
  const printing = printingError(observed);
  const isPrinted = printing !== undefined && errors.every(({ maxAbsolute }) => maxAbsolute <= printing);
  const found =
    matches || isPrinted || isRounding(looks, observed)
      ? []
      : search({ plan, predictor, observed, sizes, setting: settingOf(attention, call, right, observed), right });
  const best = found[0];
  return {
    matches,
    isPrinted,
    errors,
    mistakes: found.map(({ found: mistake }) => mistake),
    precision: found.length > 0 ? undefined : looks,
    toleranceIsBlind: isBlind(plan, predictor, right, sizes, tolerance),
    certified: certifiedOf(attention, call, right),
    right,
    mistaken: best && predictor.predict(best.plan, new Set(OBSERVABLE)),
  };
}

/** The call and the outputs as the service has them, in double precision. */
function rightAnswer(plan: Plan, predictor: Predictor, sizes: TokenSizes): { readonly call: Call; readonly right: Answer } {
  const call = predictor.callOf(plan);
  const right = predictor.predict(plan, new Set(OBSERVABLE));
  for (const output of OBSERVABLE) {
    if (output === 'lse') continue;
    const place = right[output]?.findIndex((value) => !Number.isFinite(value)) ?? -1;
    if (place >= 0) throw overflow(sizes, output, Math.floor(place / (output === 'context' ? sizes.width : sizes.n)));
  }
  return { call, right };
}

/** Errors of rounding need no mistake: by their size alone where they are float32's, else where the numbers are exactly of that arithmetic. */
function isRounding(looks: Arithmetic | undefined, observed: readonly Observed[]): boolean {
  if (looks === undefined) return false;
  return looks === 'float64' || looks === 'float32' || areOf(looks, observed);
}

/** What decides which mistakes can be made. */
export function settingOf(attention: TokenAttention, call: Call, right: Answer, observed: readonly Observed[]): Setting {
  const { H, M, N } = call.axes;
  const out = new Uint8Array(N);
  let excludes = false;
  for (let h = 0; h < H && !excludes; h++) {
    for (let i = 0; i < M && !excludes; i++) {
      excludeKeys(call, 0, h, i, out, 0);
      excludes = out.includes(1);
    }
  }
  return { attention, sizes: tokenSizes(attention), excludes, hasEmptyRow: fullyMaskedRows(call).length > 0, observed, honest: right };
}

/** Whether weights that are all the same, which are the plain mean of the values, would be taken for right. */
function isBlind(plan: Plan, predictor: Predictor, right: Answer, { m, width }: TokenSizes, tolerance: Tolerance): boolean {
  const evenly = reweighing(({ call, weights, row }) => weights.fill(1 / call.axes.N, row, row + call.axes.N));
  const everyKey = {
    ...plan,
    changeCall: attendingToAll,
    steps: [stepOf('dot'), stepOf('scale'), stepOf('exclude'), stepOf('softmax'), evenly, stepOf('weightedSum')],
  };
  const mean = predictor.predict(everyKey, new Set(['context'])).context ?? new Float64Array(m * width);
  return errorsOf({ output: 'context', data: mean, heads: 1, perRow: width }, right.context ?? mean, tolerance).matches;
}

function attendingToAll(call: Call): Call {
  const { M, N } = call.axes;
  return { ...call, mask: undefined, keyRanges: { first: new Int32Array(M), end: new Int32Array(M).fill(N) } };
}

function certifiedOf(attention: TokenAttention, call: Call, { scores, weights, lse }: Answer): Diagnosis['certified'] {
  const none = new Float64Array();
  const right = { attention, call, scores: scores ?? none, weights: weights ?? none, lse: lse ?? none };
  const bounds = ARITHMETICS.map((arithmetic) => [arithmetic, certify(right, arithmetic)]);
  return Object.fromEntries(bounds) as Diagnosis['certified'];
}
