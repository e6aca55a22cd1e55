import type { Call } from '../engine/call.ts';
import type { TokenAttention } from '../engine/token-attention.ts';
import type { TokenSizes } from '../engine/token-outputs.ts';
import type { MistakeCode } from '../schemas/mistake-codes.ts';
import type { Answer } from './answer.ts';
import { emptyRows, following } from './changed-steps.ts';
import type { Observed } from './observed.ts';
import type { Change, Plan } from './plan.ts';

/** What decides whether a mistake can be made at all. */
export interface Setting {
  readonly attention: TokenAttention;
  readonly sizes: TokenSizes;
  /** Whether any key is excluded from any row. */
  readonly excludes: boolean;
  /** Whether some row has every key excluded. */
  readonly hasEmptyRow: boolean;
  readonly observed: readonly Observed[];
  readonly honest: Answer;
}

/** A mistake that attention is known to be made with. */
export interface Mistake {
  readonly code: MistakeCode;
  readonly title: string;
  /** What went wrong, how it shows, and the fix. */
  readonly explanation: string;
  /** Whose habit it is. */
  readonly library?: string;
  /** Its forms, the commonest first; none where the request lacks what it needs. */
  readonly forms: (setting: Setting) => readonly Form[];
}

/** One way to make a mistake. */
export type Form = (plan: Plan) => Plan;

/** A mistake without its code. */
export type Described = Omit<Mistake, 'code'>;

/** Each form of a mistake as a change with an id of its own. */
export function formsIn({ code, forms }: Mistake, setting: Setting, more: readonly Form[] = []): readonly Change[] {
  return [...forms(setting), ...more].map((change, k) => ({ id: `${code}/${k}`, change }));
}

/** A change of the request. */
export function asking(change: (attention: TokenAttention) => Partial<TokenAttention>): Form {
  return (plan) => ({ ...plan, attention: { ...plan.attention, ...change(plan.attention) } });
}

/** A change of the call that the request becomes. */
export function calling(change: (call: Call, attention: TokenAttention) => Call): Form {
  return (plan) => ({ ...plan, changeCall: (call) => change(plan.changeCall(call), plan.attention) });
}

/** Other forms than these, where rows that they leave without a key come out as NaN, or uniform. */
export function withEmptyRows(...forms: readonly Form[]): Form[] {
  const ends = [emptyRows('nan'), emptyRows({ fill: -1e9 })];
  return [
    ...forms,
    ...ends.flatMap((end) =>
      forms.map(
        (form): Form =>
          (plan) =>
            following(form(plan), 'softmax', end),
      ),
    ),
  ];
}

/** Those of the forms that the condition lets be. */
export function where(condition: boolean, ...forms: readonly Form[]): readonly Form[] {
  return condition ? forms : [];
}
