import type { Call } from '../engine/call.ts';
import { STEPS, type Step } from '../engine/steps.ts';
import type { Floats } from '../engine/tensor.ts';
import type { TokenAttention } from '../engine/token-attention.ts';
import type { TokenSizes } from '../engine/token-outputs.ts';
import { WAY_IN, type WayInStep } from '../engine/way-in.ts';
import type { Answer } from './answer.ts';

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
  /** Whether a step has to see every query row at once, so that none can be computed on its own. */
  readonly acrossRows: boolean;
  /** The query rows of the operator that these rows of the context come from. */
  readonly rowsBehind: (rows: readonly number[], axes: Call['axes']) => readonly number[];
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
    rowsBehind: (rows) => rows,
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
