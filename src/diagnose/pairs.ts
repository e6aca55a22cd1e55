import type { Projection } from '../engine/projection.ts';
import type { TokenAttention } from '../engine/token-attention.ts';
import type { TokenSizes } from '../engine/token-outputs.ts';
import type { Mistake } from './mistake.ts';
import { type Change, changed, type Plan } from './plan.ts';

/** One that may be: a mistake, or a pair. */
export interface Suspect {
  readonly mistake: Mistake;
  readonly also?: Mistake;
  readonly plan: Plan;
}

/** A form of a mistake. */
export interface MistakeForm {
  readonly mistake: Mistake;
  readonly change: Change;
}

/** The forms of a mistake that are paired with those of others. */
const PAIRED_FORMS = 3;
/** What a logit takes on its way through exp and the other steps, as multiply-adds. */
const LOGIT_WORK = 48;
/** What a number of a vector takes that is made anew, as multiply-adds: it is moved, and maybe rotated. */
const VECTOR_WORK = 8;
/** Multiply-adds that looking for pairs may take. */
export const MOST_PAIR_WORK = 150_000_000;

/** Two mistakes at once, those first that take little, as long as they are not too much work together. */
export function* pairsOf(plan: Plan, sizes: TokenSizes, forms: readonly MistakeForm[]): Generator<Suspect> {
  const price = pricesOf(plan.attention, sizes);
  const common = forms.filter(({ mistake }, k) => forms[k - PAIRED_FORMS]?.mistake !== mistake);
  const pairs = common.flatMap((first, k) => {
    const one = changed(plan, first.change);
    const others = common.slice(k + 1).filter(({ mistake }) => mistake !== first.mistake);
    return others.map((second) => ({ first, second, work: price(changed(one, second.change)) }));
  });
  let left = MOST_PAIR_WORK;
  for (const { first, second, work } of pairs.toSorted((a, b) => a.work - b.work)) {
    left -= work;
    if (left < 0) return;
    // Made again, since all of them together would hold too many changed arrays.
    yield { mistake: first.mistake, also: second.mistake, plan: changed(changed(plan, first.change), second.change) };
  }
}

/** Multiply-adds, about, of what a plan gives for one row. Projections are remembered, unless what they project is new. */
function pricesOf(attention: TokenAttention, { h, m, n, kvHeads, d_k, d_v, width }: TokenSizes): (plan: Plan) => number {
  const all = h * m * n * (d_k + d_v + LOGIT_WORK);
  const { query, key, value, output } = attention.projections;
  const projected = output.weight ? h * d_v * width : 0;
  const moved = VECTOR_WORK * (m * h * d_k + n * kvHeads * (d_k + d_v));
  const asking = attention.queries.from === 'tokens' ? attention.tokens : attention.queries.vectors;
  const of = ({ weight }: Projection, rows: number) => (weight ? rows * weight.rows * weight.columns : 0);
  const again = attention.position?.type === 'sinusoidal' ? of(query, asking.rows) + of(key, n) + of(value, n) : 0;
  return (plan) => {
    const rows = plan.acrossRows ? m : plan.rowsBehind([0], { B: 1, H: h, G: kvHeads, M: m, N: n, D: d_k, E: d_v }).length;
    const isNew = plan.vectorsKey.split('|').length > 2;
    return (all / m) * rows + projected + (isNew ? moved + again : 0);
  };
}
