import { multiplyAdds } from '../engine/call.ts';
import { ZeroVectors } from '../engine/errors.ts';
import type { Projection } from '../engine/projection.ts';
import { greatestMagnitude } from '../engine/similarity.ts';
import type { TokenAttention } from '../engine/token-attention.ts';
import type { TokenSizes } from '../engine/token-outputs.ts';
import type { MistakeCode } from '../schemas/mistake-codes.ts';
import type { Answer, Observable } from './answer.ts';
import { arithmeticOf } from './arithmetic.ts';
import { formsIn, type Mistake, type Setting } from './mistake.ts';
import { MISTAKES } from './mistakes.ts';
import { comparable, errorOf, misfit, type Observed } from './observed.ts';
import { type Change, changed, type Plan, type Predictor } from './plan.ts';

/** A mistake that gives what was observed; `also` is the second of a pair. */
export interface FoundMistake {
  readonly mistake: Mistake;
  readonly also?: Mistake | undefined;
  readonly maxAbsoluteError: number;
}

/** What is searched in. */
export interface Search {
  readonly plan: Plan;
  readonly predictor: Predictor;
  readonly observed: readonly Observed[];
  readonly sizes: TokenSizes;
  readonly setting: Setting;
  readonly right: Answer;
}

/** A plan that gives what was observed. */
export interface Candidate {
  readonly plan: Plan;
  readonly found: FoundMistake;
  readonly fit: number;
}

/** One that may be: a mistake with one change, or a pair with two. */
interface Suspect {
  readonly mistake: Mistake;
  readonly also?: Mistake;
  readonly changes: readonly Change[];
}

/** Misfits are counted in errors of this size, whatever the caller tolerates: what float32 and plain care can do. */
const UNIT = { absolute: 1e-5, relative: 1e-4 } as const;
/** A mistake clearly beats the honest answer where it is so many times as close. */
const BEATS = 8;
/** Where the honest answer is infinitely far, a mistake must still be as close as rounding to bfloat16 leaves it. */
const FARTHEST = 1e5;
/** Those that are at most so many times as far as the best fit equally well. */
const TIED = 4;
/** Below this, a difference is one of double precision. */
const LEAST_MISFIT = 1e-7;
/** Numbers that the honest answer does not explain: so many are needed before a pair, or a coarse arithmetic, explains them. */
const FEWEST = 4;
/** Query rows that are looked at before all are. */
const ROWS_FIRST = 3;
/** Rounding is at most this part of the greatest number. */
const ROUNDED = 0.05;
/** The forms of a mistake that are paired with those of others. */
const PAIRED_FORMS = 3;
/** Suspects that are looked at whole. */
const MOST_WHOLE = 16;
/** Multiply-adds that looking for pairs may take. */
const MOST_PAIR_WORK = 150_000_000;
/** Two mistakes of which the second is the first where nothing leaks. */
const YIELDS: Readonly<Partial<Record<MistakeCode, MistakeCode>>> = { 'fill-too-weak': 'finite-fill' };

/** The mistakes that explain what was observed, or else the pairs of them: those that fit equally well, in the order of the table. */
export function search(within: Search): readonly Candidate[] {
  const honest = misfitOf(within, within.right);
  const limit = Math.min(honest / BEATS, FARTHEST);
  const singles = MISTAKES.flatMap((mistake) => formsIn(mistake, within.setting).map((change): Suspect => ({ mistake, changes: [change] })));
  const found = explaining(within, singles, limit, ROWS_FIRST);
  if (found.length > 0) return found;
  return unexplained(within) < FEWEST ? [] : explaining(within, pairsOf(within, singles), limit, 1);
}

function explaining(within: Search, suspects: Iterable<Suspect>, limit: number, rowsFirst: number): readonly Candidate[] {
  const rows = worstRows(within, rowsFirst);
  const close: { readonly suspect: Suspect; readonly plan: Plan; readonly fit: number }[] = [];
  for (const suspect of suspects) {
    const plan = suspect.changes.reduce(changed, within.plan);
    const fit = fitOf(within, plan, plan.acrossRows ? undefined : rows);
    if (fit <= limit) close.push({ suspect, plan, fit });
  }
  close.sort((a, b) => a.fit - b.fit);
  const found = close.slice(0, MOST_WHOLE).flatMap(({ suspect, plan }) => explanation(within, suspect, plan, limit) ?? []);
  return tied(found);
}

/** The suspect, where all rows are as close as some were, and what is left is rounding. */
function explanation(within: Search, { mistake, also }: Suspect, plan: Plan, limit: number): Candidate | undefined {
  const answer = within.predictor.predict(plan, wanted(within.observed));
  const fit = misfitOf(within, answer);
  if (fit > limit) return undefined;
  if (fit > 1 && !isRounded(within, plan, answer)) return undefined;
  return { plan, fit, found: { mistake, also, maxAbsoluteError: greatestError(within, answer) } };
}

/** Whether what the plan leaves unexplained is the rounding of a coarse arithmetic: of enough numbers, and small beside them. */
function isRounded(within: Search, plan: Plan, answer: Answer): boolean {
  const { predictor, observed, sizes } = within;
  const isSmall = observed.every((seen) => {
    const answered = comparable(answer, seen, sizes);
    const most = ROUNDED * greatestMagnitude(seen.data.filter(Number.isFinite));
    return seen.data.every((got, k) => errorOf(got, answered[k] ?? 0) <= most);
  });
  return isSmall && unexplained(within) >= FEWEST && arithmeticOf({ plan, answer, observed, predictor, heads: sizes.h }) !== undefined;
}

/** The best form of each mistake, of those that fit as well as the best. */
function tied(found: readonly Candidate[]): readonly Candidate[] {
  const best = found.reduce((least, { fit }) => Math.min(least, fit), Number.POSITIVE_INFINITY);
  const within = found.filter(({ fit }) => fit <= Math.max(TIED * best, LEAST_MISFIT)).toSorted((a, b) => a.fit - b.fit);
  const byCodes = new Map<string, Candidate>();
  for (const one of within) {
    const codes = `${one.found.mistake.code} ${one.found.also?.code}`;
    if (!byCodes.has(codes)) byCodes.set(codes, one);
  }
  const codes = new Set([...byCodes.values()].map(({ found: { mistake } }) => mistake.code));
  const order = ({ found: { mistake, also } }: Candidate) => MISTAKES.indexOf(mistake) * MISTAKES.length + (also ? MISTAKES.indexOf(also) : 0);
  return [...byCodes.values()]
    .filter(({ found: { mistake } }) => !codes.has(YIELDS[mistake.code] ?? mistake.code) || YIELDS[mistake.code] === undefined)
    .toSorted((a, b) => order(a) - order(b));
}

/** Suspects that need every row, and answers that are made besides: the right one, its rounded ones, the bounds. */
const WHOLE_BESIDES = 34;
/** Forms of all mistakes, and pairs of them, at most. */
export const searchedForms = 160;
const MOST_PAIRS = 4000;

/** Multiply-adds of a search at most, where answering takes `once`. */
export function diagnosisWork({ m }: Pick<TokenSizes, 'm'>, once: number): number {
  const oneRow = once / m;
  return (MOST_WHOLE + WHOLE_BESIDES) * once + searchedForms * Math.min(once, ROWS_FIRST * oneRow) + Math.min(MOST_PAIR_WORK, MOST_PAIRS * once);
}

/** Two mistakes at once; those for which all rows have to be computed only where that is little work. */
function* pairsOf({ plan, sizes: { h, m, n, d_k, d_v } }: Search, singles: readonly Suspect[]): Generator<Suspect> {
  const common = singles.filter(({ mistake }, k) => singles[k - PAIRED_FORMS]?.mistake !== mistake);
  const work = multiplyAdds({ B: 1, H: h, G: h, M: m, N: n, D: d_k, E: d_v });
  const projected = projectionWork(plan.attention);
  let left = MOST_PAIR_WORK;
  for (const [k, first] of common.entries()) {
    for (const second of common.slice(k + 1)) {
      if (second.mistake === first.mistake) continue;
      const changes = [...first.changes, ...second.changes];
      const both = changes.reduce(changed, plan);
      const cost = (both.acrossRows ? work : work / m) + (both.vectorsKey.split('|').length > 2 ? projected : 0);
      if (cost > left) continue;
      left -= cost;
      yield { mistake: first.mistake, also: second.mistake, changes };
    }
  }
}

/** Multiply-adds of the way in. */
function projectionWork({ tokens, queries, projections: { query, key, value } }: TokenAttention): number {
  const rows = queries.from === 'tokens' ? queries.positions.length : queries.vectors.rows;
  const of = (count: number, { weight }: Projection) => (weight ? count * weight.rows * weight.columns : count);
  return of(rows, query) + of(tokens.rows, key) + of(tokens.rows, value);
}

function wanted(observed: readonly Observed[]): ReadonlySet<Observable> {
  return new Set(observed.map(({ output }) => output));
}

/** How far a plan is from what was observed, over these rows; infinitely where it can't be computed. */
function fitOf(within: Search, plan: Plan, rows: readonly number[] | undefined): number {
  try {
    return misfitOf(within, within.predictor.predict(plan, wanted(within.observed), rows), rows);
  } catch (error) {
    if (error instanceof ZeroVectors) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

function misfitOf({ observed, sizes }: Search, answer: Answer, rows?: readonly number[]): number {
  return observed.reduce((worst, seen) => Math.max(worst, misfit(seen, comparable(answer, seen, sizes), UNIT, rows)), 0);
}

function greatestError(within: Search, answer: Answer): number {
  return errorsBeside(within, answer).reduce((greatest, error) => Math.max(greatest, error), 0);
}

/** How many of the numbers are not the right ones. */
function unexplained(within: Search): number {
  return errorsBeside(within, within.right).filter((error) => error > UNIT.absolute * 1e-3).length;
}

function errorsBeside({ observed, sizes }: Search, answer: Answer): number[] {
  return observed.flatMap((seen) => Array.from(comparable(answer, seen, sizes), (value, k) => errorOf(seen.data[k] ?? 0, value)));
}

/** The query rows that are farthest from the honest answer. */
function worstRows({ observed, right, sizes }: Search, most: number): readonly number[] {
  const { m } = sizes;
  const far = new Float64Array(m);
  for (const seen of observed) {
    const answer = comparable(right, seen, sizes);
    for (let k = 0; k < answer.length; k++) {
      const row = Math.floor(k / seen.perRow) % m;
      far[row] = Math.max(far[row] ?? 0, errorOf(seen.data[k] ?? 0, answer[k] ?? 0));
    }
  }
  return Array.from(far.keys())
    .toSorted((a, b) => (far[b] ?? 0) - (far[a] ?? 0))
    .slice(0, most);
}
