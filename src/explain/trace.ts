import type { Block, Sums } from '../engine/block.ts';
import type { Call } from '../engine/call.ts';
import { arithmeticOverflow } from '../engine/errors.ts';
import { attendBySteps } from '../engine/operator.ts';
import { STEPS, type StepName } from '../engine/steps.ts';
import { type Floats, floats, type Rows } from '../engine/tensor.ts';
import { dotTerms, weightedTerms } from '../engine/terms.ts';

/** Every number of the arithmetic for one head and one query row: n keys, widths d_k and d_v. */
export interface RowTrace extends Sums {
  readonly head: number;
  /** Which of the query rows. */
  readonly row: number;
  /** [d_k] */
  readonly query: Floats;
  /** Key j, [d_k]. */
  readonly key: (j: number) => Floats;
  /** Value j, [d_v]. */
  readonly value: (j: number) => Floats;
  /** query[c] · key[j][c] of key j, [d_k]; the next call overwrites it. */
  readonly products: (j: number) => Floats;
  /** The products of each key added up, [n]. */
  readonly dot: Floats;
  /** scale · dot: the scores, [n]. */
  readonly scaled: Floats;
  /** softcap(scaled), or scaled itself, [n]. */
  readonly capped: Floats;
  /** With the bias added, [n]. */
  readonly withBias: Floats;
  /** With bias and position bias added, excluded or not, [n]. */
  readonly biased: Floats;
  /** 1 where the key takes no part, [n]. */
  readonly excluded: Uint8Array;
  /** biased − max; −Infinity where excluded, [n]. */
  readonly shifted: Floats;
  /** exp(shifted); 0 where excluded, [n]. */
  readonly exponentials: Floats;
  /** exponentials / sum, [n]. */
  readonly weights: Floats;
  /** weight · value of key j, [d_v], 0 where it is excluded; the next call overwrites it. */
  readonly contributions: (j: number) => Floats;
  /** The contributions added up, [d_v]. */
  readonly context: Floats;
}

/** What is kept of a block, under the names of the trace; each a matrix of all query rows of one head. */
type Kept = Record<'dot' | 'scaled' | 'capped' | 'withBias' | 'biased' | 'shifted' | 'exponentials' | 'weights' | 'context', Floats> & {
  excluded: Uint8Array;
  sums: readonly Sums[];
};

const KEEP: Readonly<Record<StepName, (block: Block) => Partial<Kept>>> = {
  dot: ({ logits }) => ({ dot: logits.slice() }),
  scale: ({ logits }) => ({ scaled: logits.slice() }),
  softcap: ({ logits }) => ({ capped: logits.slice() }),
  bias: ({ logits }) => ({ withBias: logits.slice() }),
  distance: ({ logits }) => ({ biased: logits.slice() }),
  exclude: ({ excluded }) => ({ excluded: excluded.slice() }),
  softmax: ({ shifted, exponentials, weights, sums }) => ({
    shifted: shifted.slice(),
    exponentials: exponentials.slice(),
    weights: weights.slice(),
    sums: [...sums],
  }),
  weightedSum: ({ context }) => ({ context: context.slice() }),
};

/**
 * The arithmetic of every query row, head after head: what the steps of attention show on their way, so that no number
 * depends on the kernel that answers. `each` gets a row as soon as its head has been computed.
 * @throws Failure `arithmetic-overflow` where a number of an attended key is not finite
 */
export function traceRows<Traced>(call: Call, each: (row: RowTrace) => Traced): Traced[] {
  const { H, M } = call.axes;
  const traced: Traced[] = [];
  let kept: Partial<Kept> = {};
  attendBySteps(
    { ...call, want: CONTEXT },
    STEPS,
    ({ name }, block) => {
      kept = { ...kept, ...KEEP[name as StepName](block) };
      if (name !== 'weightedSum') return;
      for (let row = 0; row < M; row++) {
        call.checkpoint?.();
        const trace = rowTrace(call, block.h, row, kept as Kept);
        refuseOverflow(trace, H);
        traced.push(each(trace));
      }
    },
    Math.max(1, M),
  );
  return traced;
}

const CONTEXT = new Set(['context'] as const);

function rowTrace(call: Call, head: number, row: number, kept: Kept): RowTrace {
  const { axes, precision, query, key, value } = call;
  const { H, G, N, D, E } = axes;
  const group = Math.floor(head / (H / G));
  const ofRow = (matrix: Floats, width = N) => matrix.subarray(row * width, (row + 1) * width);
  const excluded = kept.excluded.subarray(row * N, (row + 1) * N);
  const weights = ofRow(kept.weights);
  const terms = floats(precision, D);
  const given = floats(precision, E);
  return {
    head,
    row,
    query: rowOf(query, head, row, D),
    key: (j) => rowOf(key, group, j, D),
    value: (j) => rowOf(value, group, j, E),
    products: (j) => dotTerms(call, 0, head, row, j, terms),
    dot: ofRow(kept.dot),
    scaled: ofRow(kept.scaled),
    capped: ofRow(kept.capped),
    withBias: ofRow(kept.withBias),
    biased: ofRow(kept.biased),
    excluded,
    shifted: ofRow(kept.shifted),
    exponentials: ofRow(kept.exponentials),
    weights,
    contributions: (j) => (excluded[j] === 1 ? given.fill(0) : weightedTerms(call, 0, head, j, weights[j] ?? 0, given)),
    context: ofRow(kept.context, E),
    ...(kept.sums[row] ?? NOTHING),
  };
}

const NOTHING: Sums = {
  max: Number.NEGATIVE_INFINITY,
  sum: 0,
  lse: Number.NEGATIVE_INFINITY,
  sinkShifted: Number.NEGATIVE_INFINITY,
  sinkExponential: 0,
  sinkWeight: 0,
};

function rowOf({ data, offset, headStride, rowStride }: Rows, head: number, row: number, width: number): Floats {
  const start = offset + head * headStride + row * rowStride;
  return data.subarray(start, start + width);
}

/**
 * What is said of an excluded key may be anything; what is attended must be finite. A product that is not makes its dot
 * product so, and a weight is at most 1.
 */
function refuseOverflow({ head, row, excluded, value, dot, scaled, biased, sum }: RowTrace, heads: number): void {
  let finite = Number.isFinite(sum);
  for (let j = 0; j < excluded.length && finite; j++) {
    if (excluded[j] === 1) continue;
    finite = Number.isFinite(dot[j]) && Number.isFinite(scaled[j]) && Number.isFinite(biased[j]);
    for (const element of value(j)) finite &&= Number.isFinite(element);
  }
  if (!finite) throw arithmeticOverflow('the trace', 'query row', row, heads > 1 ? head : undefined);
}
