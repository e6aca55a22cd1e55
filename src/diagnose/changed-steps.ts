import { type Block, KEY } from '../engine/block.ts';
import type { Call, Output } from '../engine/call.ts';
import { excludeKeys } from '../engine/mask.ts';
import { attendBySteps } from '../engine/operator.ts';
import { STEPS, type Step, type StepName } from '../engine/steps.ts';
import type { Floats } from '../engine/tensor.ts';
import type { Plan } from './plan.ts';

/*
 * Steps of the operator as mistaken code has them. Each works on a block as the engine's own steps do: logits and
 * weights [rows, N], and one of KEY for each of them.
 */

/** The engine's step of that name. */
export function stepOf(name: StepName): Step {
  return STEPS[STEPS.findIndex((step) => step.name === name)] as Step;
}

/** The plan with a step replaced by others, or dropped. */
export function replacing(plan: Plan, name: StepName, ...by: readonly Step[]): Plan {
  return { ...plan, steps: plan.steps.flatMap((step) => (step.name === name ? by : [step])) };
}

/** The plan with steps added behind one. */
export function following(plan: Plan, name: StepName, ...by: readonly Step[]): Plan {
  return { ...plan, steps: plan.steps.flatMap((step) => (step.name === name ? [step, ...by] : [step])) };
}

/** The plan with a step moved before another. */
export function movingBefore(plan: Plan, moved: StepName, before: StepName): Plan {
  const step = stepOf(moved);
  return { ...plan, steps: plan.steps.flatMap((other) => (other.name === moved ? [] : other.name === before ? [step, other] : [other])) };
}

type Work = (call: Call, block: Block) => void;

export function step(run: Work, gives: readonly Output[] = []): Step {
  return { name: 'changed', gives, run };
}

/** Changes each logit; `excluded` says whether the honest rules leave the key out. */
export function eachLogit(change: (logit: number, excluded: boolean, i: number, j: number) => number): Step {
  return step((call, { h, first, rows, logits }) => {
    const { N } = call.axes;
    const out = new Uint8Array(N);
    for (let i = 0; i < rows; i++) {
      excludeKeys(call, 0, h, first + i, out, 0);
      for (let j = 0; j < N; j++) logits[i * N + j] = change(logits[i * N + j] ?? 0, out[j] !== 0, first + i, j);
    }
  });
}

/** What keeps a key out: everything that does, or the mask alone. */
export type Scope = 'all' | 'mask';

/** Leaves out what is out for another reason than the scope's. */
export function excludeBeside(scope: Scope): Step {
  return step((call, block) => stepOf('exclude').run(withoutExclusions(call, scope), block));
}

/** The call with nothing of the scope excluded. */
function withoutExclusions(call: Call, scope: Scope): Call {
  const { M, N } = call.axes;
  const keyRanges = scope === 'all' ? { first: new Int32Array(M), end: new Int32Array(M).fill(N) } : call.keyRanges;
  return { ...call, mask: undefined, keyRanges };
}

/** Instead of leaving a key out, gives it a finite logit, from which it may leak. */
export function filling(scope: Scope, fill: (logit: number, call: Call) => number): Step {
  const beside = excludeBeside(scope);
  return step((call, block) => {
    const { h, first, rows, logits, excluded } = block;
    const { N } = call.axes;
    const filled = logits.slice(0, rows * N);
    const out = new Uint8Array(N);
    for (let i = 0; i < rows; i++) {
      excludeKeys(call, 0, h, first + i, out, 0);
      for (let j = 0; j < N; j++) if (out[j] !== 0) filled[i * N + j] = fill(filled[i * N + j] ?? 0, call);
    }
    beside.run(call, block);
    for (let k = 0; k < rows * N; k++) if (excluded[k] === KEY.attended) logits[k] = filled[k] ?? 0;
  });
}

/** After softmax: the weights of keys that the scope leaves out are set to 0, and the others stay as they are. */
export function zeroingWeights(): Step {
  return step(
    (call, { h, first, rows, excluded, weights }) => {
      const { N } = call.axes;
      for (let i = 0; i < rows; i++) excludeKeys(call, 0, h, first + i, excluded, i * N);
      for (let k = 0; k < rows * N; k++) if (excluded[k] !== KEY.attended) weights[k] = 0;
    },
    ['weights'],
  );
}

/** Rewrites the weights row by row, once softmax has run; `attended` are the places in the row that are not excluded. */
export function reweighing(change: (row: Row) => void): Step {
  return step(
    (call, { h, rows, logits, weights, excluded }) => {
      const { N } = call.axes;
      for (let i = 0; i < rows; i++) {
        const end = (i + 1) * N;
        const attended: number[] = [];
        for (let k = i * N; k < end; k++) if (excluded[k] === KEY.attended) attended.push(k);
        change({ call, logits, weights, excluded, row: i * N, attended, sink: call.sink?.[h] });
      }
    },
    ['weights'],
  );
}

interface Row {
  readonly call: Call;
  readonly logits: Floats;
  readonly weights: Floats;
  readonly excluded: Uint8Array;
  /** Where the row begins. */
  readonly row: number;
  readonly attended: readonly number[];
  readonly sink: number | undefined;
}

/**
 * The logits normalised down each column, over the query rows instead of the keys; every row of a head is in the block.
 * @param empty what a column without an attended row comes to
 */
export function softmaxOverQueries(empty: number): Step {
  return step(
    ({ axes: { N } }, { rows, logits, excluded, weights }) => {
      for (let j = 0; j < N; j++) {
        let max = Number.NEGATIVE_INFINITY;
        for (let k = j; k < rows * N; k += N) if (excluded[k] === KEY.attended) max = Math.max(max, logits[k] ?? 0);
        let sum = 0;
        for (let k = j; k < rows * N; k += N) if (excluded[k] === KEY.attended) sum += Math.exp((logits[k] ?? 0) - max);
        for (let k = j; k < rows * N; k += N) {
          weights[k] = sum === 0 ? empty : excluded[k] === KEY.attended ? Math.exp((logits[k] ?? 0) - max) / sum : 0;
          if (Number.isNaN(weights[k])) excluded[k] = KEY.attended;
        }
      }
    },
    ['weights'],
  );
}

/** What rows with every key excluded come to: NaN, or the same weight for every key with a logit of `fill`. */
export function emptyRows(as: 'nan' | { readonly fill: number }): Step {
  return step(
    (call, { rows, excluded, weights, sums }) => {
      const { N } = call.axes;
      if (call.sink) return;
      for (let i = 0; i < rows; i++) {
        const own = excluded.subarray(i * N, (i + 1) * N);
        if (own.includes(KEY.attended)) continue;
        own.fill(KEY.attended);
        weights.fill(as === 'nan' ? Number.NaN : 1 / N, i * N, (i + 1) * N);
        const before = sums[i];
        if (before) sums[i] = { ...before, lse: as === 'nan' ? Number.NaN : as.fill + Math.log(N) };
      }
    },
    ['weights', 'lse'],
  );
}

/** Every head with the heads' mean weights. */
export function averagingHeads(plan: Plan): Step {
  const upToSoftmax = plan.steps.slice(0, plan.steps.findIndex(({ name }) => name === 'softmax') + 1);
  let of: Call | undefined;
  let mean: Floats = new Float64Array();
  return step(
    (call, { first, rows, excluded, weights }) => {
      const { M, N } = call.axes;
      if (of !== call) {
        mean = meanOverHeads(attendBySteps({ ...call, want: new Set(['weights']) }, upToSoftmax).weights ?? mean, call.axes.H);
        of = call;
      }
      weights.set(mean.subarray(first * N, Math.min(M, first + rows) * N));
      for (let k = 0; k < rows * N; k++) if (weights[k] !== 0) excluded[k] = KEY.attended;
    },
    ['weights'],
  );
}

/** [h, …] averaged over its first axis. */
export function meanOverHeads(data: Floats, heads: number): Floats {
  const mean = new Float64Array(data.length / heads);
  for (let k = 0; k < data.length; k++) mean[k % mean.length] = (mean[k % mean.length] ?? 0) + (data[k] ?? 0) / heads;
  return mean;
}
