import type { Observed } from '../../src/diagnose/observed.ts';
import type { AttentionRequest } from '../../src/schemas/attention.ts';
import { readAttentionRequest } from '../../src/wire/attention-request.ts';
import type { Numbers } from './naive.ts';

/** Numbers in the order of a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export type Next = () => number;

export const oneOf = <Item>(next: Next, items: readonly Item[]): Item => items[Math.floor(next() * items.length)] as Item;
export const row = (next: Next, width: number, size = 1) => Array.from({ length: width }, () => (2 * next() - 1) * size);
export const rows = (next: Next, count: number, width: number, size = 1) => Array.from({ length: count }, () => row(next, width, size));
export const flags = (next: Next, count: number, width: number, share = 0.6) =>
  Array.from({ length: count }, () => Array.from({ length: width }, () => next() < share));

/** The request as the engine has it, in double precision. */
export function understood(request: AttentionRequest) {
  return readAttentionRequest({ ...request, dtype: 'float64' }).attention;
}

/** Numbers as they are observed: with the axis of heads where the request has heads. */
export function observedOf(numbers: Partial<Numbers>, round: (value: number) => number = (value) => value): Observed[] {
  const all: Observed[] = [];
  const flat = (data: readonly number[]) => Float64Array.from(data, (value) => (Number.isFinite(value) ? round(value) : Number.NaN));
  const { scores, weights, context, lse } = numbers;
  if (scores) all.push({ output: 'scores', data: flat(scores.flat(2)), heads: scores.length, perRow: scores[0]?.[0]?.length ?? 0 });
  if (weights) all.push({ output: 'weights', data: flat(weights.flat(2)), heads: weights.length, perRow: weights[0]?.[0]?.length ?? 0 });
  if (context) all.push({ output: 'context', data: flat(context.flat()), heads: 1, perRow: context[0]?.length ?? 0 });
  if (lse) all.push({ output: 'lse', data: flat(lse.flat()), heads: lse.length, perRow: 1 });
  return all;
}

/** A request of random options, all of which can come together. */
export function anyRequest(next: Next): AttentionRequest {
  const chance = (share: number) => next() < share;
  const n = 1 + Math.floor(next() * 7);
  const h = oneOf(next, [1, 1, 2, 3, 4]);
  const g = chance(0.5)
    ? h
    : oneOf(
        next,
        [1, 2, h].filter((one) => h % one === 0),
      );
  const d_k = 2 * (1 + Math.floor(next() * 3));
  const d_v = chance(0.5) ? d_k : 1 + Math.floor(next() * 5);
  const d = chance(0.5) ? h * d_k : 2 + Math.floor(next() * 6);
  const kind = oneOf(next, ['all', 'some', 'outside', 'placed'] as const);
  const m = kind === 'all' ? n : 1 + Math.floor(next() * 5);
  const positions = Array.from({ length: m }, () => Math.floor(next() * n));
  const outside = kind === 'outside' || kind === 'placed';
  const placed = kind !== 'outside';
  const dq = outside && chance(0.5) ? d + 1 : d;
  const values = chance(0.3) ? rows(next, n, 3) : undefined;
  const bias = (width: number) => (chance(0.3) ? row(next, width) : undefined);
  const perPair = <Of>(make: () => Of) =>
    oneOf(next, [
      () => Array.from({ length: n }, make),
      () => Array.from({ length: m }, () => Array.from({ length: n }, make)),
      () => Array.from({ length: h }, () => Array.from({ length: m }, () => Array.from({ length: n }, make))),
    ])();
  const request = {
    tokens: rows(next, n, d, 1.5),
    ...(kind === 'some' && { query: positions }),
    ...(outside && { queries: rows(next, m, dq, 1.5) }),
    ...(kind === 'placed' && { queries_start: Math.floor(next() * 8) - 2 }),
    values,
    heads: h,
    kv_heads: g,
    similarity: chance(0.2) ? 'cosine' : 'dot',
    scale: oneOf(next, [undefined, '1/sqrt(d_k)', 0.7]),
    w_query: dq === h * d_k && chance(0.3) ? undefined : rows(next, dq, h * d_k),
    w_key: d === g * d_k && chance(0.3) ? undefined : rows(next, d, g * d_k),
    w_value: rows(next, values ? 3 : d, g * d_v),
    w_output: chance(0.4) ? rows(next, h * d_v, oneOf(next, [h * d_v, 3])) : undefined,
    b_query: bias(h * d_k),
    b_key: bias(g * d_k),
    b_value: bias(g * d_v),
    causal: placed && chance(0.4) ? true : undefined,
    window: placed && chance(0.3) ? { left: Math.floor(next() * 3), ...(chance(0.5) && { right: Math.floor(next() * 3) }) } : undefined,
    mask: chance(0.4) ? perPair(() => chance(0.7)) : undefined,
    bias: chance(0.3) ? perPair(() => 2 * next() - 1) : undefined,
    softcap: chance(0.3) ? 1 + next() : undefined,
    sink: chance(0.3) ? oneOf(next, [next(), row(next, h)]) : undefined,
    position:
      placed && chance(0.5)
        ? oneOf(next, [{ type: 'rope' }, { type: 'rope', interleaved: true }, { type: 'alibi' }, { type: 'sinusoidal' }])
        : undefined,
  };
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as unknown as AttentionRequest;
}
