import type { Axes, Call, Output, Result, Window } from './call.ts';
import type { Kernel } from './kernels/kernel.ts';
import { fullyMaskedRows, keyRangesOf, unboundedKeyRanges } from './mask.ts';
import { alibiSlopes } from './position.ts';
import { type Broadcast, columnBlocks, type Floats, rounded } from './tensor.ts';
import { overflow, refuseOverflow, type TokenOutput, type TokenResult, type TokenSizes, tensorsOf } from './token-outputs.ts';
import { queryPositions, type VectorRecorder, type Vectors, vectorsBySteps, WAY_IN, type WayIn } from './way-in.ts';

/** Values for each (query row, key) or (head, query row, key), or the same for every row: [n], [m, n] or [h, m, n]. */
export interface PerPair<Data> {
  readonly data: Data;
  readonly rank: 1 | 2 | 3;
}

/** Attention over tokens: the tokens, the query rows, and the options. Shapes fit, and every number is finite in `precision`. */
export interface TokenAttention extends WayIn {
  readonly scale: number | '1/sqrt(d_k)';
  readonly causal: boolean;
  readonly window: Window;
  readonly mask?: PerPair<Uint8Array> | undefined;
  readonly bias?: PerPair<Floats> | undefined;
  readonly softcap?: number | undefined;
  /** One logit a head. */
  readonly sink?: Floats | undefined;
  readonly include: ReadonlySet<TokenOutput>;
}

export function tokenSizes({ tokens, queries, values, projections, heads: h, kvHeads }: TokenAttention): TokenSizes {
  const rows =
    queries.from === 'tokens'
      ? { m: queries.positions.length, columns: tokens.columns }
      : { m: queries.vectors.rows, columns: queries.vectors.columns };
  const d_k = (projections.query.weight?.columns ?? rows.columns) / h;
  const d_v = (projections.value.weight?.columns ?? (values ?? tokens).columns) / kvHeads;
  return { m: rows.m, n: tokens.rows, h, kvHeads, d_k, d_v, width: projections.output.weight?.columns ?? h * d_v };
}

/** Is shown the vectors after each step of the way in, and the call that they become. */
export interface TokenRecorder {
  readonly onVectors: VectorRecorder;
  onCall(call: Call): void;
}

/**
 * Attention as it is asked for over tokens. `checkpoint` is called now and then, and may throw to stop.
 * @throws ZeroVectors where cosine similarity meets a vector of length 0
 * @throws Failure `arithmetic-overflow` where a result that is returned or attended is not finite in this precision
 */
export function attendTokens(attention: TokenAttention, kernel: Kernel, checkpoint?: () => void, recorder?: TokenRecorder): TokenResult {
  const sizes = tokenSizes(attention);
  const vectors = vectorsBySteps(attention, WAY_IN, recorder?.onVectors, checkpoint);
  const call = callOf(attention, sizes, vectors, checkpoint);
  recorder?.onCall(call);
  // Queries, keys and values alone need no attention.
  const result: Result = call.want.size > 0 ? kernel.attend(call) : { fullyMasked: fullyMaskedRows(call) };
  const { nonFinite } = result;
  if (nonFinite) throw overflow(sizes, nonFinite.output, nonFinite.row);
  const tensors = tensorsOf(attention, sizes, vectors, result);
  refuseOverflow(sizes, tensors);
  return { tensors, fullyMasked: result.fullyMasked };
}

/** The call of the operator that vectors become with these options; `vectors` are the attention's own unless a step of the way in was changed. */
export function callOf(
  attention: TokenAttention,
  { m, n, h, kvHeads, d_k, d_v }: TokenSizes,
  { queries, keys, values }: Vectors,
  checkpoint?: () => void,
): Call {
  const { precision, causal, window, mask, bias, softcap, sink, position, scale, include } = attention;
  const positions = queryPositions(attention.queries);
  const axes: Axes = { B: 1, H: h, G: kvHeads, M: m, N: n, D: d_k, E: d_v };
  return {
    axes,
    precision,
    query: columnBlocks(queries, queries.heads),
    key: columnBlocks(keys, keys.heads),
    value: columnBlocks(values, values.heads),
    scale: scale === '1/sqrt(d_k)' ? rounded(precision, 1 / Math.sqrt(d_k)) : scale,
    softcap,
    keyRanges: positions ? keyRangesOf(positions, [n], window, causal) : unboundedKeyRanges(m, n),
    mask: mask && broadcast(mask, axes),
    bias: bias && broadcast(bias, axes),
    alibi: position?.type === 'alibi' && positions ? { slopes: position.slopes ?? alibiSlopes(h, precision), positions } : undefined,
    sink,
    want: wantOf(include),
    checkpoint,
    finiteOnly: true,
  };
}

function wantOf(include: TokenAttention['include']): ReadonlySet<Output> {
  if (areOfTheOperator(include)) return include;
  const want = new Set<Output>();
  for (const output of include) if (output !== 'queries' && output !== 'keys' && output !== 'values') want.add(output);
  return want;
}

/** Whether no vectors that enter the operator are asked for. */
function areOfTheOperator(include: ReadonlySet<TokenOutput>): include is ReadonlySet<Exclude<Output, 'capped'>> {
  return !include.has('queries') && !include.has('keys') && !include.has('values');
}

function broadcast<Data>({ data, rank }: PerPair<Data>, { M, N }: Axes): Broadcast<Data> {
  return { data, batchStride: 0, headStride: rank === 3 ? M * N : 0, rowStride: rank === 1 ? 0 : N, keyStride: 1 };
}
