import { roundedIn } from './arithmetic.ts';
import { type Block, borrowBlock, KEY, type MovableBlock, newBlock, rowsOfBlock } from './block.ts';
import { type Call, contextLayout, type NonFinite, type Output, type Result } from './call.ts';
import { fullyMaskedRows } from './mask.ts';
import { STEPS, type Step } from './steps.ts';
import { type Floats, floats, type Precision } from './tensor.ts';

/** Is shown the block after every step. What it wants to keep it copies: the block is used again. */
export type StepRecorder = (step: Step, block: Block) => void;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Outputs = Mutable<Omit<Result, 'fullyMasked' | 'nonFinite'>>;

/**
 * Attention over Q, K, V, the one meaning that every route and every kernel shares, by these steps in this order.
 * The sums go over the keys that are not excluded; an excluded key is skipped, never multiplied by zero. A row with
 * every key excluded gives context 0 and weights 0.
 * @param rows query rows that are computed at once; a step may look at all of them
 */
export function attendBySteps(call: Call, steps: readonly Step[] = STEPS, recorder?: StepRecorder, rows = rowsOfBlock(call.axes)): Result {
  const { B, H, M } = call.axes;
  const outputs = emptyOutputs(call);
  // A step of another's making may attend once more on its way, or leave a matrix out that others look at.
  const block = steps === STEPS && !recorder ? borrowBlock(call, rows) : newBlock(call, rows);
  const attend = blockByBlock(call, steps, outputs, block, recorder);
  let nonFinite: NonFinite | undefined;
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      for (let first = 0; first < M; first += rows) {
        call.checkpoint?.();
        const met = attend(b, h, first, Math.min(rows, M - first));
        nonFinite ??= met;
        if (nonFinite && call.finiteOnly) return { ...outputs, fullyMasked: [], nonFinite };
      }
    }
  }
  return { ...outputs, fullyMasked: fullyMaskedRows(call), nonFinite };
}

/**
 * A function that computes the rows [first, first + rows) of head (b, h) into `outputs`, and returns the first of them
 * in which an attended number is not finite.
 * @param block has room for the most rows that it will be asked for at once
 */
export function blockByBlock(
  call: Call,
  steps: readonly Step[],
  outputs: Outputs,
  block: MovableBlock,
  recorder?: StepRecorder,
): (b: number, h: number, first: number, rows: number) => NonFinite | undefined {
  const { H, G, M } = call.axes;
  return (b, h, first, rows) => {
    block.b = b;
    block.h = h;
    block.g = Math.floor(h / (H / G));
    block.first = first;
    block.rows = rows;
    for (const step of steps) {
      step.run(call, block);
      for (const output of step.gives) {
        const to = outputs[output];
        if (to) store(call, block, output, to, (b * H + h) * M + first);
      }
      recorder?.(step, block);
    }
    return firstNonFinite(call, block);
  };
}

/** Zeroed arrays for what is wanted. */
function emptyOutputs({ axes: { B, H, M, N, E }, precision, want }: Call): Outputs {
  const all: Outputs = {};
  for (const output of want) {
    const length = output === 'context' ? M * E : output === 'lse' || output === 'entropy' || output === 'sink_weight' ? M : M * N;
    all[output] = floats(precision, B * H * length);
  }
  return all;
}

/** Copies what a step gave; the block's first row is row `r` of the output. */
function store(call: Call, block: Block, output: Output, to: Floats, r: number): void {
  const { N } = call.axes;
  const { rows } = block;
  if (output === 'context') storeContext(call, block, to);
  else if (output === 'lse') for (let i = 0; i < rows; i++) to[r + i] = block.sums[i]?.lse ?? 0;
  else if (output === 'sink_weight') for (let i = 0; i < rows; i++) to[r + i] = block.sums[i]?.sinkWeight ?? 0;
  else if (output === 'entropy') for (let i = 0; i < rows; i++) to[r + i] = entropyOf(block, i, N, call.precision);
  else copyFirst(output === 'weights' ? block.weights : block.logits, rows * N, to, r * N);
}

/** Up to so many numbers are copied faster one by one than by way of a view. */
const FEW = 32;

function copyFirst(from: Floats, length: number, to: Floats, at: number): void {
  if (length > FEW) to.set(from.length === length ? from : from.subarray(0, length), at);
  else for (let k = 0; k < length; k++) to[at + k] = from[k] ?? 0;
}

function storeContext(call: Call, { b, h, first, rows, context }: Block, to: Floats): void {
  const { E } = call.axes;
  const { offset, batchStride, headStride, rowStride } = contextLayout(call);
  for (let i = 0; i < rows; i++) {
    const start = offset + b * batchStride + h * headStride + (first + i) * rowStride;
    for (let e = 0; e < E; e++) to[start + e] = context[i * E + e] ?? 0;
  }
}

/** −Σ p · log2(p) over the weights of a row and the sink's share, in bits. */
function entropyOf({ weights, sums }: Block, i: number, N: number, precision: Precision): number {
  const round = (value: number) => roundedIn(precision, value);
  const share = sums[i]?.sinkWeight ?? 0;
  let bits = share > 0 ? round(0 - round(share * round(Math.log2(share)))) : 0;
  for (let k = i * N; k < (i + 1) * N; k++) {
    const weight = weights[k] ?? 0;
    if (weight > 0) bits = round(bits - round(weight * round(Math.log2(weight))));
  }
  return bits;
}

function firstNonFinite(call: Call, block: Block): NonFinite | undefined {
  const { H, M } = call.axes;
  for (let i = 0; i < block.rows; i++) {
    const output = nonFiniteOutput(call, block, i);
    if (output) return { output, row: (block.b * H + block.h) * M + block.first + i };
  }
  return undefined;
}

/** Which output of row `i` is not finite in an attended key or, where there is one, in the row's sums. */
function nonFiniteOutput(
  { axes: { N, E }, want }: Call,
  { scores, logits, excluded, sums, context }: Block,
  i: number,
): NonFinite['output'] | undefined {
  let attended = false;
  // A finite log-sum-exp does not show an attended score of −Infinity, so the scores are looked at too.
  for (let k = i * N; k < (i + 1) * N; k++) {
    if (excluded[k] === KEY.excluded) continue;
    attended = true;
    if (!Number.isFinite(scores[k])) return 'scores';
    if (!Number.isFinite(logits[k])) return 'logits';
  }
  if (!attended) return undefined;
  if (!Number.isFinite(sums[i]?.lse)) return 'lse';
  if (want.has('context')) for (let e = i * E; e < (i + 1) * E; e++) if (!Number.isFinite(context[e])) return 'context';
  return undefined;
}
