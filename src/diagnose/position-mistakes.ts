import type { Call } from '../engine/call.ts';
import { addSinusoids, alibiSlopes, type Position, rotate } from '../engine/position.ts';
import { positionsOf } from '../engine/tensor.ts';
import { type Heads, queryPositions, type Vectors, type WayInStep } from '../engine/way-in.ts';
import { replacing, step } from './changed-steps.ts';
import { asking, calling, type Described, type Form, where } from './mistake.ts';
import type { Plan } from './plan.ts';
import { takeRowsOfCall } from './rows.ts';

/*
 * Mistakes about where queries and keys stand.
 */

export const positionMissing: Described = {
  title: 'The positions are left out',
  explanation:
    'The rotary, ALiBi or sinusoidal positions were not applied (or only to the queries, or only to the keys). Rotate queries and keys both after projection; add sinusoids before it; subtract slope · |i − j| from the logits.',
  library: 'nn.MultiheadAttention and scaled_dot_product_attention know no positions: rotary ones are applied before the call.',
  forms: ({ attention: { position } }) =>
    where(
      position !== undefined,
      asking(() => ({ position: undefined })),
      ...where(
        position?.type !== 'alibi',
        undone((before, after) => ({ ...after, keys: before.keys })),
        undone((before, after) => ({ ...after, queries: before.queries })),
      ),
      ...where(
        position?.type === 'sinusoidal',
        undone((before, after) => ({ ...after, values: before.values })),
      ),
    ),
};

/** The step that places vectors, with part of its work taken back. */
function undone(part: (before: Vectors, after: Vectors) => Vectors): Form {
  return (plan) => placing(plan, (step) => (way, before, checkpoint) => part(before, step.run(way, before, checkpoint)));
}

/** The plan with the step of the way in changed that places its vectors: sinusoids or rope. */
function placing(plan: Plan, change: (step: WayInStep) => WayInStep['run']): Plan {
  const name = plan.attention.position?.type === 'sinusoidal' ? 'position' : 'rotate';
  return { ...plan, wayIn: plan.wayIn.map((step) => (step.name === name ? { name, run: change(step) } : step)) };
}

export const ropePairing: Described = {
  title: 'Rotary pairs are formed the other way',
  explanation:
    'Half-split pairs (i, i + d_k/2) were taken for interleaved ones (2i, 2i + 1), or the reverse. Both are called rotary embeddings. Use the pairing that the weights were trained with, or permute the columns of w_query and w_key.',
  library: 'GPT-J, Meta’s Llama code and ONNX with interleaved=1 interleave; GPT-NeoX and Hugging Face’s Llama split in halves.',
  forms: ({ attention: { position }, sizes: { d_k } }) =>
    where(
      position?.type === 'rope' && d_k > 2,
      asking(() => (position?.type === 'rope' ? { position: { ...position, interleaved: !position.interleaved } } : {})),
    ),
};

export const queryOffByOne: Described = {
  title: 'Another position’s row is given',
  explanation:
    'The numbers are right for another query: the row before or after it, the first or the last. Positions are 0-based. Look at the index of the query row.',
  library: 'Positions of MATLAB, R and Julia begin at 1.',
  forms: ({ attention: { queries, tokens }, sizes: { m } }) => {
    const n = tokens.rows;
    const others = queries.from === 'tokens' && n > 1 ? otherPositions(queries.positions, n) : [];
    return [
      ...others.map((positions) => asking(() => ({ queries: { from: 'tokens', positions } }))),
      ...where(
        m > 1,
        ...[1, m - 1].flatMap((by): Form[] => [
          calling((call) => takeRowsOfCall(call, rolled(call, by))),
          calling((call) => ({ ...call, query: takeRowsOfCall(call, rolled(call, by)).query })),
        ]),
      ),
    ];
  },
};

/** The positions one on, one back, and of one query every other one of the first and the last eight. */
function otherPositions(positions: Int32Array, n: number): Int32Array[] {
  const near = [1, n - 1].map((by) => positions.map((position) => (position + by) % n));
  if (positions.length > 1) return near;
  const own = positions[0] ?? 0;
  const far = Array.from({ length: n }, (_, p) => p).filter((p) => p !== own && (p + 1) % n !== own && p !== (own + 1) % n && (p < 8 || p >= n - 8));
  return [...near, ...far.map((p) => Int32Array.of(p))];
}

/** The rows in order, from the row `by` on. */
function rolled({ axes: { M } }: Call, by: number): number[] {
  return Array.from({ length: M }, (_, row) => (row + by) % M);
}

/** Where queries and keys stand for an encoding, by the query rows' own positions. */
interface Places {
  readonly queries: (positions: Int32Array) => Int32Array;
  readonly keys: (positions: Int32Array) => Int32Array;
}

const same = (positions: Int32Array): Int32Array => positions;
const shifted = (by: number) => (positions: Int32Array) => positions.map((position) => position + by);
const counted = (positions: Int32Array): Int32Array => positions.map((_, r) => r);

export const positionOffset: Described = {
  title: 'Positions are offset',
  explanation:
    'The positions of the queries are not those of the request: they begin at 1, they are one off, or queries that come after cached keys were placed at 0. In decoding the query stands at the number of cached keys. Pass that offset to the positional encoding.',
  library: 'RoPE code that makes its positions by arange(query length) forgets the cache; fairseq’s positions begin behind the padding index.',
  forms: ({ attention: { position, queries } }) => {
    if (!position) return [];
    const moved: Places[] = [
      { queries: shifted(1), keys: same },
      { queries: shifted(-1), keys: same },
      { queries: counted, keys: same },
      ...(position.type === 'sinusoidal' ? [{ queries: shifted(1), keys: shifted(1) }] : []),
    ];
    const start = queries.from === 'queries' ? queries.start : undefined;
    const starts = queries.from === 'queries' && start !== undefined ? [start + 1, start - 1, 0].filter((other) => other !== start) : [];
    return [
      ...moved.map((places) => (position.type === 'alibi' ? alibiAt(places) : encodedAt(position, places))),
      ...starts.map((other) => asking((asked) => (asked.queries.from === 'queries' ? { queries: { ...asked.queries, start: other } } : {}))),
    ];
  },
};

function alibiAt({ queries }: Places): Form {
  return calling((call) => ({ ...call, alibi: call.alibi && { ...call.alibi, positions: queries(call.alibi.positions) } }));
}

/** Rope or sinusoids at other places. */
function encodedAt(position: Exclude<Position, { type: 'alibi' }>, places: Places): Form {
  const encoded = (heads: Heads, at: Int32Array): Heads => ({
    ...heads,
    ...(position.type === 'rope' ? rotate(heads, heads.heads, at, position, 'float64') : addSinusoids(heads, at, 'float64')),
  });
  return (plan) =>
    placing(plan, (step) => (way, vectors, checkpoint) => {
      const own = queryPositions(way.queries);
      if (!own) return step.run(way, vectors, checkpoint);
      const keys = encoded(vectors.keys, places.keys(positionsOf(vectors.keys)));
      const values = position.type === 'sinusoidal' && vectors.values === vectors.keys ? keys : vectors.values;
      return { queries: encoded(vectors.queries, places.queries(own)), keys, values };
    });
}

export const alibiSlopesOther: Described = {
  title: 'ALiBi’s slopes are others',
  explanation:
    'The slopes follow another formula, or their sign is turned, so that far keys count for more. Head g of h heads has 2^(−8(g + 1)/h), with Press’s interpolation where h is no power of 2, and slope · |i − j| is subtracted.',
  library: 'Code that begins at g = 0 has a first slope of 1; code that skips the interpolation is right for powers of 2 alone.',
  forms: ({ attention: { position }, sizes: { h } }) => {
    if (position?.type !== 'alibi') return [];
    const own = Array.from(position.slopes ?? alibiSlopes(h, 'float64'));
    const formulas = [
      own.map((slope) => -slope),
      own.map((_, g) => 2 ** ((-8 * g) / h)),
      own.map((_, g) => 2 ** ((-8 * (g + 1)) / h)),
      own.map((_, g) => 2 ** -(g + 1)),
      own.map((_, g) => 2 ** -g),
      Array.from(alibiSlopes(h, 'float64')),
      [...own].reverse(),
    ];
    const others = formulas.filter((slopes) => slopes.some((slope, g) => slope !== own[g]));
    return [
      ...others.map((slopes) => asking(() => ({ position: { type: 'alibi', slopes: Float64Array.from(slopes) } }))),
      (plan) => replacing(plan, 'distance', signedDistance),
    ];
  },
};

/** The distance with its sign: keys behind the query count for more, instead of less. */
const signedDistance = step(({ axes: { N }, alibi }, { h, first, rows, logits }) => {
  if (!alibi) return;
  for (let i = 0, k = 0; i < rows; i++) {
    for (let j = 0; j < N; j++, k++) logits[k] = (logits[k] ?? 0) - (alibi.slopes[h] ?? 0) * ((alibi.positions[first + i] ?? 0) - j);
  }
});
