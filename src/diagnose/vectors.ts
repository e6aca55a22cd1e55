import { ZeroVectors } from '../engine/errors.ts';
import type { TokenAttention } from '../engine/token-attention.ts';
import type { MistakeCode } from '../schemas/mistake-codes.ts';
import { type Answer, OBSERVABLE } from './answer.ts';
import { settingOf } from './diagnose.ts';
import { sampleDropout } from './dropout.ts';
import { type Form, formsIn, type Mistake } from './mistake.ts';
import { MISTAKES } from './mistakes.ts';
import { errorOf } from './observed.ts';
import { changed, honestPlan } from './plan.ts';
import { Predictor } from './predictor.ts';

/** An input that can be a case. */
interface Vector<Given> {
  readonly given: Given;
  readonly right: Answer;
  readonly kills: readonly MistakeCode[];
}

export interface Vectors<Given> {
  readonly cases: readonly Vector<Given>[];
  readonly notToldApart: readonly (readonly [MistakeCode, MistakeCode])[];
  readonly notKilled: readonly MistakeCode[];
}

/** A mistake differs from the right answer, and from another, where some number of some output differs by this much. */
const APART = 0.01;
/** A form that differs by less makes no mistake on this input: nothing leaks, or nothing is there to go wrong. */
const NO_EFFECT = 1e-6;
const MOST_CASES = 8;

/** What each form of each mistake gives, by a key of its own. */
type Answers = ReadonlyMap<string, { readonly code: MistakeCode; readonly answer: Answer; readonly effect: number }>;

/**
 * The fewest of these inputs, taken in order, that tell every mistake from the right answer and from each other, as far as
 * any of them can. An input is taken where it tells what those before it do not.
 * @param attentionOf the attention that an input asks for, in double precision
 */
export function tellingVectors<Given>(
  inputs: Iterable<Given>,
  attentionOf: (given: Given) => TokenAttention,
  checkpoint?: () => void,
): Vectors<Given> {
  const cases: Vector<Given>[] = [];
  const killed = new Set<MistakeCode>();
  const possible = new Set<MistakeCode>();
  const met = new Map<string, MistakeCode>();
  const apart = new Set<string>();
  for (const given of inputs) {
    if (cases.length === MOST_CASES) break;
    const predictor = new Predictor(checkpoint);
    const tried = tryAll(attentionOf(given), predictor);
    if (!tried) continue;
    const { right, answers } = tried;
    for (const { code } of answers.values()) possible.add(code);
    const kills = killsOf(answers);
    const news = pairsApart(answers, apart);
    if (news.length === 0 && kills.every((code) => killed.has(code))) continue;
    cases.push({ given, right, kills });
    for (const code of kills) killed.add(code);
    for (const pair of news) apart.add(pair);
    for (const [key, { code, effect }] of answers) if (effect > NO_EFFECT) met.set(key, code);
  }
  const inOrder = MISTAKES.map(({ code }) => code);
  return {
    cases,
    notToldApart: stillTogether(met, apart),
    notKilled: inOrder.filter((code) => possible.has(code) && !killed.has(code)),
  };
}

/** The right answer and every form's; undefined where the input has no right answer that is finite. */
function tryAll(attention: TokenAttention, predictor: Predictor): { readonly right: Answer; readonly answers: Answers } | undefined {
  const plan = honestPlan(attention);
  const want = new Set(OBSERVABLE);
  const call = predictor.callOf(plan);
  const right = predictor.predict(plan, want);
  if (OBSERVABLE.some((output) => output !== 'lse' && right[output]?.some((value) => !Number.isFinite(value)))) return undefined;
  const setting = settingOf(attention, call, right, []);
  const answers = new Map<string, { code: MistakeCode; answer: Answer; effect: number }>();
  for (const mistake of MISTAKES) {
    for (const { id, change } of formsIn(mistake, setting, extraForms(mistake))) {
      try {
        const answer = predictor.predict(changed(plan, { id, change }), want);
        answers.set(id, { code: mistake.code, answer, effect: distance(answer, right) });
      } catch (error) {
        if (!(error instanceof ZeroVectors)) throw error;
      }
    }
  }
  return { right, answers };
}

/** Dropout is known by what it dropped; here it drops every third weight. */
function extraForms({ code }: Mistake): readonly Form[] {
  return code === 'dropout-on' ? [sampleDropout] : [];
}

/** Mistakes that have an effect, and each of whose forms differs by enough where it has one. */
function killsOf(answers: Answers): MistakeCode[] {
  const least = new Map<MistakeCode, number>();
  for (const { code, effect } of answers.values()) if (effect > NO_EFFECT) least.set(code, Math.min(effect, least.get(code) ?? effect));
  return [...least].filter(([, effect]) => effect >= APART).map(([code]) => code);
}

/** The pairs of forms of different mistakes that this input tells apart, and those before it did not. */
function pairsApart(answers: Answers, before: ReadonlySet<string>): string[] {
  const entries = [...answers];
  const pairs: string[] = [];
  entries.forEach(([key, one], k) => {
    for (const [other, two] of entries.slice(k + 1)) {
      const pair = `${key} ${other}`;
      if (one.code !== two.code && !before.has(pair) && areApart(one.answer, two.answer)) pairs.push(pair);
    }
  });
  return pairs;
}

/** The pairs of mistakes of which some form is like some form of the other in every case. */
function stillTogether(met: ReadonlyMap<string, MistakeCode>, apart: ReadonlySet<string>): [MistakeCode, MistakeCode][] {
  const together = new Map<string, [MistakeCode, MistakeCode]>();
  const order = new Map(MISTAKES.map(({ code }, place) => [code, place]));
  const keys = [...met].toSorted(([, a], [, b]) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
  keys.forEach(([key, code], k) => {
    for (const [other, also] of keys.slice(k + 1)) if (code !== also && !apart.has(`${key} ${other}`)) together.set(`${code} ${also}`, [code, also]);
  });
  return [...together.values()];
}

/** Whether two answers differ by enough: the first number that does settles it, and most pairs differ in the first. */
function areApart(a: Answer, b: Answer): boolean {
  return OBSERVABLE.some((output) => a[output]?.some((value, k) => errorOf(value, b[output]?.[k] ?? 0) >= APART));
}

/** The largest difference of two answers; infinite where one has a number that is not finite and the other has one that is. */
function distance(a: Answer, b: Answer): number {
  let most = 0;
  for (const output of OBSERVABLE) {
    const other = b[output];
    a[output]?.forEach((value, k) => {
      most = Math.max(most, errorOf(value, other?.[k] ?? 0));
    });
  }
  return most;
}
