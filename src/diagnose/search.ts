import { ZeroVectors } from '../engine/errors.ts';
import { greatestMagnitude } from '../engine/similarity.ts';
import type { TokenSizes } from '../engine/token-outputs.ts';
import type { MistakeCode } from '../schemas/mistake-codes.ts';
import type { Answer, Observable } from './answer.ts';
import { areOf, arithmeticOf } from './arithmetic.ts';
import { formsIn, type Mistake, type Setting } from './mistake.ts';
import { MISTAKES } from './mistakes.ts';
import { comparable, errorOf, type Gap, gapOf, type Observed, type Tolerance } from './observed.ts';
import { MOST_PAIR_WORK, pairsOf, type Suspect } from './pairs.ts';
import { changed, type Plan } from './plan.ts';
import type { Predictor } from './predictor.ts';
import { evidence, printingError } from './printing.ts';

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
/** What numbers that were printed with few decimals must say before one mistake is claimed, or two: there are some 100 forms, and some 5,000 pairs of them. */
const ENOUGH_BITS = { single: 14, pair: 28 } as const;
/** Numbers that the honest answer does not explain: so many are needed before a pair, or a coarse arithmetic, explains them. */
const FEWEST = 4;
/** A look at so many query rows, after which so many suspects are left at most. */
interface Round {
  readonly rows: number;
  readonly most: number;
}

/** Suspects that are looked at whole. */
const MOST_WHOLE = 16;
const SINGLES_FIRST: readonly [Round] = [{ rows: 3, most: MOST_WHOLE }];
/** In one row many pairs can give the same. */
const PAIRS_FIRST: readonly [Round, Round] = [
  { rows: 1, most: 200 },
  { rows: 8, most: MOST_WHOLE },
];
/** Rounding is at most this part of the greatest number. */
const ROUNDED = 0.05;
/** Two mistakes of which the second is the first where nothing leaks. */
const YIELDS: Readonly<Partial<Record<MistakeCode, MistakeCode>>> = { 'fill-too-weak': 'finite-fill' };

/** By what a search judges. */
interface Look extends Search {
  /** The greatest magnitude in each of what was observed. */
  readonly greatest: readonly number[];
  /** Misfits are counted in errors of this size. */
  readonly unit: Tolerance;
  /** What is claimed is not farther. */
  readonly limit: number;
  /** Whether the numbers were printed with few decimals, so that no other rounding shows in them. */
  readonly isPrinted: boolean;
}

/** The mistakes that explain what was observed, or else the pairs of them: those that fit equally well, in the order of the table. */
export function search(within: Search): readonly Candidate[] {
  const forms = MISTAKES.flatMap((mistake) => formsIn(mistake, within.setting).map((change) => ({ mistake, change })));
  const singles = forms.map(({ mistake, change }) => ({ mistake, plan: changed(within.plan, change) }));
  const exact = looking(within, UNIT);
  const found = explaining(exact, singles, SINGLES_FIRST);
  const isCoarse = areOf('float16', within.observed) || areOf('bfloat16', within.observed);
  if (found.some(({ fit }) => fit <= 1 || isCoarse)) return found;
  const printed = lookingAtPrinted(within);
  const printedFound = printed && printed.bits >= ENOUGH_BITS.single ? explaining(printed.look, singles, SINGLES_FIRST) : [];
  if (printedFound.length > 0) return printedFound;
  if (unexplained(within) < FEWEST || (printed && printed.bits < ENOUGH_BITS.pair)) return found;
  const pairs = explaining(printed?.look ?? exact, pairsOf(within.plan, within.sizes, forms), PAIRS_FIRST);
  // One mistake and the rounding of a coarse arithmetic explain less than two mistakes that leave nothing.
  return found.length === 0 || pairs.some(({ fit }) => fit <= 1) ? pairs : found;
}

function looking(within: Search, unit: Tolerance): Look {
  const greatest = within.observed.map(({ data }) => greatestMagnitude(data.filter(Number.isFinite)));
  const all = { ...within, greatest, unit, limit: Number.POSITIVE_INFINITY, isPrinted: unit !== UNIT };
  const { misfit: honest } = gapIn(all, within.right);
  return { ...all, limit: Math.min(honest / BEATS, unit === UNIT ? FARTHEST : 1) };
}

/** The same for numbers that were printed with so few decimals that UNIT is too fine for them, and what they say in bits. */
function lookingAtPrinted(within: Search): { readonly look: Look; readonly bits: number } | undefined {
  const { observed, right, sizes } = within;
  const printing = printingError(observed);
  if (printing === undefined || printing <= UNIT.absolute) return undefined;
  const others = observed.map((seen) => comparable(right, seen, sizes));
  return { look: looking(within, { ...UNIT, absolute: printing }), bits: evidence(observed, others, printing) };
}

/** The suspects that explain all rows, looked for in more and more of them. */
function explaining(within: Look, suspects: Iterable<Suspect>, rounds: readonly Round[]): readonly Candidate[] {
  const close = rounds.reduce<Iterable<Suspect>>((left, round) => closest(within, left, round), suspects);
  return tied(
    [...close].flatMap((suspect) => explanation(within, suspect) ?? []),
    within.isPrinted ? 1 : LEAST_MISFIT,
  );
}

/** Those that are within the limit over the worst rows, the closest first. */
function closest(within: Look, suspects: Iterable<Suspect>, { rows, most }: Round): readonly Suspect[] {
  const worst = worstRows(within, rows);
  const close: { readonly suspect: Suspect; readonly fit: number }[] = [];
  for (const suspect of suspects) {
    const { misfit, isRounding } = fitOf(within, suspect.plan, worst);
    if (misfit <= within.limit && isRounding) close.push({ suspect, fit: misfit });
  }
  return close
    .sort((a, b) => a.fit - b.fit)
    .slice(0, most)
    .map(({ suspect }) => suspect);
}

/** The suspect, where all rows are as close as some were, and what is left is rounding. */
function explanation(within: Look, { mistake, also, plan }: Suspect): Candidate | undefined {
  const answer = within.predictor.predict(plan, wanted(within.observed));
  const { misfit: fit, isRounding } = gapIn(within, answer);
  if (fit > within.limit || !isRounding) return undefined;
  if (fit > 1 && !isRounded(within, plan, answer)) return undefined;
  return { plan, fit, found: { mistake, also, maxAbsoluteError: greatestError(within, answer) } };
}

/** Whether what the plan leaves unexplained is the rounding of a coarse arithmetic, of enough numbers. */
function isRounded(within: Search, plan: Plan, answer: Answer): boolean {
  const { predictor, observed, sizes } = within;
  return unexplained(within) >= FEWEST && arithmeticOf({ plan, answer, observed, predictor, heads: sizes.h }) !== undefined;
}

/** The best form of each mistake, of those that fit as well as the best. */
function tied(found: readonly Candidate[], least: number): readonly Candidate[] {
  const best = found.reduce((least, { fit }) => Math.min(least, fit), Number.POSITIVE_INFINITY);
  const within = found.filter(({ fit }) => fit <= Math.max(TIED * best, least)).toSorted((a, b) => a.fit - b.fit);
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
const MOST_PAIRS = 8000;

/** Multiply-adds of a search at most, where answering takes `once`. */
export function diagnosisWork({ m }: Pick<TokenSizes, 'm'>, once: number): number {
  const ofRows = (suspects: number, { rows }: Round) => suspects * Math.min(1, rows / m) * once;
  const [first, second] = PAIRS_FIRST;
  const pairs = Math.min(MOST_PAIR_WORK, MOST_PAIRS * once) + ofRows(first.most, second);
  return (2 * MOST_WHOLE + WHOLE_BESIDES) * once + ofRows(searchedForms, SINGLES_FIRST[0]) + pairs;
}

function wanted(observed: readonly Observed[]): ReadonlySet<Observable> {
  return new Set(observed.map(({ output }) => output));
}

/** How far a plan is from what was observed, and whether rounding may be so large. */
interface Fit {
  readonly misfit: number;
  readonly isRounding: boolean;
}

/** How far a plan is over these rows; infinitely where it can't be computed. */
function fitOf(within: Look, plan: Plan, rows: readonly number[]): Fit {
  try {
    return gapIn(within, within.predictor.predict(plan, wanted(within.observed), rows), rows);
  } catch (error) {
    if (error instanceof ZeroVectors) return { misfit: Number.POSITIVE_INFINITY, isRounding: false };
    throw error;
  }
}

function gapIn({ observed, greatest, unit, sizes }: Look, answer: Answer, rows?: readonly number[]): Fit {
  const gaps = observed.map((seen) => gapOf(seen, comparable(answer, seen, sizes), unit, rows));
  const isSmall = ({ misfit, error }: Gap, k: number) => misfit <= 1 || error <= ROUNDED * (greatest[k] ?? 0);
  return { misfit: Math.max(...gaps.map(({ misfit }) => misfit)), isRounding: gaps.every(isSmall) };
}

function greatestError(within: Search, answer: Answer): number {
  return errorsBeside(within, answer).reduce((greatest, error) => Math.max(greatest, error), 0);
}

/** How many of the numbers are not the right ones; one that is not finite says little, since nearly everything gives it. */
function unexplained(within: Search): number {
  return errorsBeside(within, within.right).filter((error) => error > UNIT.absolute * 1e-3 && Number.isFinite(error)).length;
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
