import type { Call } from '../engine/call.ts';
import { attendBySteps } from '../engine/operator.ts';
import { project } from '../engine/projection.ts';
import { STEPS, type Step } from '../engine/steps.ts';
import type { Floats } from '../engine/tensor.ts';
import { callOf, type TokenAttention, tokenSizes } from '../engine/token-attention.ts';
import type { TokenSizes } from '../engine/token-outputs.ts';
import { type Vectors, vectorsBySteps, WAY_IN, type WayInStep } from '../engine/way-in.ts';
import { type Answer, OBSERVABLE, type Observable } from './answer.ts';
import { takeRowsOfCall } from './rows.ts';

/**
 * How attention over tokens is computed, as data: the request, the steps of the way in, changes of the call, the steps
 * of the operator, and the way out. The honest plan is the engine's own; a mistake is the smallest change of a plan.
 */
export interface Plan {
  readonly attention: TokenAttention;
  readonly wayIn: readonly WayInStep[];
  readonly changeCall: (call: Call) => Call;
  readonly steps: readonly Step[];
  /** The heads' context vectors side by side, [m, h·d_v], before w_output. */
  readonly join: (context: Floats, call: Call) => Floats;
  /** What the code says that it computed, changed last of all. */
  readonly report: (answer: Answer, sizes: TokenSizes) => Answer;
  /** Rounds what the output projection gives to the arithmetic that stores it. */
  readonly stored: (context: Floats) => Floats;
  /** Whether the numbers of a row depend on other query rows, so that no row can be computed on its own. */
  readonly acrossRows: boolean;
  /** The same for plans whose vectors are the same. */
  readonly vectorsKey: string;
}

/** Attention as the service computes it. */
export function honestPlan(attention: TokenAttention): Plan {
  return {
    attention,
    wayIn: WAY_IN,
    changeCall: (call) => call,
    steps: STEPS,
    join: (context) => context,
    report: (answer) => answer,
    stored: (context) => context,
    acrossRows: false,
    vectorsKey: '',
  };
}

/** A change of a plan; `id` tells it from others. */
export interface Change {
  readonly id: string;
  readonly change: (plan: Plan) => Plan;
}

/** The plan with that change, and a key of its own for its vectors where the change touches them. */
export function changed(plan: Plan, { id, change }: Change): Plan {
  const next = change(plan);
  return sameVectors(plan, next) ? next : { ...next, vectorsKey: `${plan.vectorsKey}|${id}` };
}

function sameVectors(a: Plan, b: Plan): boolean {
  if (a.wayIn !== b.wayIn) return false;
  const [one, other] = [a.attention, b.attention];
  const { query, key, value } = one.projections;
  return (
    (['tokens', 'queries', 'values', 'similarity', 'heads', 'kvHeads', 'position'] as const).every((name) => one[name] === other[name]) &&
    query === other.projections.query &&
    key === other.projections.key &&
    value === other.projections.value
  );
}

/** Computes what plans give, in double precision. Vectors that several plans share are made once. */
export class Predictor {
  readonly #checkpoint: (() => void) | undefined;
  readonly #vectors = new Map<string, Vectors>();

  constructor(checkpoint?: () => void) {
    this.#checkpoint = checkpoint;
  }

  /**
   * What a plan gives of these outputs, for all query rows, or for these alone.
   * @throws ZeroVectors where cosine similarity meets a vector of length 0
   */
  predict(plan: Plan, want: ReadonlySet<Observable>, rows?: readonly number[]): Answer {
    const sizes = tokenSizes(plan.attention);
    const altered = { ...this.callOf(plan), want };
    const call = rows ? takeRowsOfCall(altered, rows) : altered;
    const m = call.axes.M;
    const result = attendBySteps(call, plan.steps, undefined, plan.acrossRows ? Math.max(1, m) : undefined);
    const answer: Answer = {};
    for (const output of OBSERVABLE) {
      const data = result[output];
      if (!data) continue;
      answer[output] = output === 'context' ? contextOf(plan, call, data) : data;
    }
    return plan.report(answer, { ...sizes, m });
  }

  /** The call that a plan comes to. */
  callOf(plan: Plan): Call {
    const { attention } = plan;
    const call = callOf(attention, tokenSizes(attention), this.#vectorsOf(plan));
    return plan.changeCall({ ...call, finiteOnly: false, checkpoint: this.#checkpoint });
  }

  #vectorsOf({ attention, wayIn, vectorsKey }: Plan): Vectors {
    const known = this.#vectors.get(vectorsKey);
    if (known) return known;
    const vectors = vectorsBySteps(attention, wayIn, undefined, this.#checkpoint);
    if (isShared(vectorsKey)) this.#vectors.set(vectorsKey, vectors);
    return vectors;
  }
}

/** Vectors of the right plan and of a single change come again with others; those of two changes, or rounded, do not. */
function isShared(vectorsKey: string): boolean {
  return vectorsKey.split('|').length <= 2 && !vectorsKey.includes('@');
}

function contextOf({ attention, join, stored }: Plan, call: Call, context: Floats): Floats {
  const { H, M, E } = call.axes;
  const joined = stored(join(context, call));
  const { weight, bias } = attention.projections.output;
  if (!weight && !bias) return joined;
  return stored(project({ data: joined, rows: M, columns: H * E }, { weight, bias }, 'float64').data);
}
