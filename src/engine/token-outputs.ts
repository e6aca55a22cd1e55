import type { Output, Result } from './call.ts';
import { arithmeticOverflow } from './errors.ts';
import type { Failure } from './failure.ts';
import { project } from './projection.ts';
import { type Floats, firstNotFinite, floats, headMajor } from './tensor.ts';
import type { Vectors, WayIn } from './way-in.ts';

/** What attention over tokens can give back: outputs of the operator, and the vectors that entered it. */
export type TokenOutput = Exclude<Output, 'capped'> | 'queries' | 'keys' | 'values';

/** The sizes of attention over tokens, in the words of its users. */
export interface TokenSizes {
  /** Query rows. */
  readonly m: number;
  /** Tokens. */
  readonly n: number;
  readonly h: number;
  readonly kvHeads: number;
  readonly d_k: number;
  readonly d_v: number;
  /** The width of the context vector, after w_output. */
  readonly width: number;
}

/** An axis of a result: h heads, g key/value heads, m query rows, or one that is always there. */
type AxisName = 'h' | 'g' | 'm' | 'n' | 'd_k' | 'd_v' | 'width';

/** A result: numbers, the names of its axes from the outermost to the innermost, and how long each is. */
export interface Tensor {
  readonly data: Floats;
  readonly axes: readonly AxisName[];
  readonly shape: readonly number[];
}

/** What was asked for, by name, and the rows (head · m + query row) that have every key excluded. */
export interface TokenResult {
  readonly tensors: ReadonlyMap<TokenOutput, Tensor>;
  readonly fullyMasked: readonly number[];
}

const AXES: Readonly<Record<TokenOutput, readonly AxisName[]>> = {
  queries: ['h', 'm', 'd_k'],
  keys: ['g', 'n', 'd_k'],
  values: ['g', 'n', 'd_v'],
  scores: ['h', 'm', 'n'],
  logits: ['h', 'm', 'n'],
  weights: ['h', 'm', 'n'],
  context: ['m', 'width'],
  lse: ['h', 'm'],
  entropy: ['h', 'm'],
  sink_weight: ['h', 'm'],
};

/** The outputs that are asked for; the context, heads side by side, is projected once more. */
export function tensorsOf(
  { precision, projections, include }: WayIn & { readonly include: ReadonlySet<TokenOutput> },
  sizes: TokenSizes,
  vectors: Vectors,
  result: Result,
): TokenResult['tensors'] {
  const { m, h, d_v } = sizes;
  const dataOf = (output: TokenOutput): Floats => {
    if (output === 'queries' || output === 'keys' || output === 'values') return headMajor(vectors[output], vectors[output].heads);
    const data = result[output] ?? floats(precision, 0);
    return output === 'context' ? project({ data, rows: m, columns: h * d_v }, projections.output, precision).data : data;
  };
  const tensors = new Map<TokenOutput, Tensor>();
  for (const output of include) tensors.set(output, { data: dataOf(output), axes: AXES[output], shape: shapeOf(AXES[output], sizes) });
  return tensors;
}

function shapeOf(axes: readonly AxisName[], sizes: TokenSizes): number[] {
  return axes.map((name) => (name === 'g' ? sizes.kvHeads : sizes[name]));
}

/**
 * Finite inputs can overflow on the way; what is returned must be finite. The attended logits were looked at by the
 * operator, so a logit or a log-sum-exp that is −∞ here is one of an excluded key or of a fully masked row.
 * @throws Failure `arithmetic-overflow`
 */
export function refuseOverflow(sizes: TokenSizes, tensors: TokenResult['tensors']): void {
  for (const [output, { data, axes, shape }] of tensors) {
    if (output === 'logits' || output === 'lse') continue;
    const place = firstNotFinite(data);
    if (place < 0) continue;
    const row = axes.at(-1) === 'm' ? place : Math.floor(place / (shape.at(-1) ?? 1));
    throw overflow(sizes, output, row);
  }
}

/** `row` counts the rows of an output through its heads. */
export function overflow({ m, n, h }: TokenSizes, output: TokenOutput, row: number): Failure {
  const ofTokens = output === 'keys' || output === 'values';
  const rows = ofTokens ? n : m;
  return arithmeticOverflow(output, ofTokens ? 'token' : 'query row', row % rows, h > 1 && output !== 'context' ? Math.floor(row / rows) : undefined);
}
