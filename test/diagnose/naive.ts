import type { AttentionRequest } from '../../src/schemas/attention.ts';
import type { MistakeCode } from '../../src/schemas/mistake-codes.ts';

/*
 * Attention in plain loops over nested arrays, written from the contract alone and without a line of the engine, so that
 * what the diagnosis says can be held against something else. With a code it makes that mistake.
 */

type Rows = number[][];
/** [h][rows][width] */
type Heads = number[][][];

export interface Numbers {
  scores: Heads;
  weights: Heads;
  context: Rows;
  lse: Rows;
}

type Wrong = ReadonlySet<MistakeCode>;
const RIGHT: Wrong = new Set();

/** @param form which form of the mistake, where it is written in several here */
export function naive(r: AttentionRequest, wrong: Wrong = RIGHT, form = 0): Numbers {
  const is = (code: MistakeCode) => wrong.has(code);
  const h = r.heads ?? 1;
  const g = r.kv_heads ?? h;
  const n = r.tokens.length;
  const where = places(r, is, form);
  const rowsAsked = asked(r, is, form);
  const inputs = withSinusoids(r, rowsAsked, where, is);
  const swap = is('query-key-swapped');
  let Q = split(linear(inputs.queries, matrix(r, swap ? 'key' : 'query', is), bias(r, swap ? 'key' : 'query', is)), h, is);
  let K = split(linear(inputs.keys, matrix(r, swap ? 'query' : 'key', is), bias(r, swap ? 'query' : 'key', is)), g, is);
  let V = is('value-projection-missing')
    ? split(inputs.values, g, is)
    : split(linear(inputs.values, matrix(r, 'value', is), bias(r, 'value', is)), g, is);
  if (is('values-for-keys')) [K, V] = form === 0 ? [K, K] : [V, V];
  if (r.position?.type === 'rope' && !is('position-missing')) {
    const paired = Boolean(r.position.interleaved) !== is('rope-pairing');
    const base = r.position.base ?? 10_000;
    Q = Q.map((head) => head.map((row, i) => turned(row, where.queries[i] ?? 0, base, paired)));
    K = K.map((head) => head.map((row, j) => turned(row, j, base, paired)));
    if (is('values-for-keys') && form === 0) V = K;
  }
  if (r.similarity === 'cosine') [Q, K] = [Q.map((head) => head.map(unit)), K.map((head) => head.map(unit))];
  const d = Q[0]?.[0]?.length ?? 1;
  const factor = scaleOf(r, d, h, is);
  const cap = r.softcap;
  const scores: Heads = [];
  const weights: Heads = [];
  const lse: Rows = [];
  for (let head = 0; head < h; head++) {
    const kv = is('kv-heads-tiled') ? head % g : Math.floor(head / (h / g));
    const dots = (Q[head] ?? []).map((q) => (K[kv] ?? []).map((k) => sum(q.map((x, c) => x * (k[c] ?? 0)))));
    const s = dots.map((row) => row.map((dot) => dot * factor));
    const open = s.map((row, i) => row.map((_, j) => attends(r, head, i, j, where.ranges[i], n, s.length, is, form)));
    const logits = s.map((row, i) =>
      row.map((score, j) => {
        let x = score;
        if (cap !== undefined && !is('softcap-missing')) x = cap * Math.tanh(x / cap);
        if (is('softcap-after-mask') && !open[i]?.[j]) x = -(cap ?? 0);
        const b = is('bias-missing') ? 0 : perPair(r.bias, head, i, j, 0);
        x += is('bias-scaled') ? b * factor : b;
        if (r.position?.type === 'alibi' && !is('position-missing'))
          x -= slope(r.position.slopes, head, h, is, form) * Math.abs((where.queries[i] ?? 0) - j);
        if (is('mask-added')) x += open[i]?.[j] ? 1 : 0;
        return x;
      }),
    );
    const leaks = is('softcap-after-mask') || is('mask-added');
    const sink = is('sink-missing') ? undefined : typeof r.sink === 'number' ? r.sink : r.sink?.[head];
    const soft = softmaxOf(logits, leaks ? open.map((row) => row.map(() => true)) : open, sink, is, form);
    scores.push(s);
    weights.push(soft.weights);
    lse.push(soft.lse.map((value) => (is('lse-base-2') ? value / Math.LN2 : value)));
  }
  if (is('heads-averaged')) {
    const mean = (weights[0] ?? []).map((row, i) => row.map((_, j) => sum(weights.map((head) => head[i]?.[j] ?? 0)) / h));
    weights.fill(mean);
  }
  const sums = weights.map((head, at) => {
    const kv = is('kv-heads-tiled') ? at % g : Math.floor(at / (h / g));
    return head.map((row) => weightedSum(row, V[kv] ?? []));
  });
  return { scores, weights, context: output(r, sums, is), lse };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** An excluded key is skipped; only a NaN says something of it. */
function weightedSum(weights: readonly number[], values: Rows): number[] {
  return (values[0] ?? []).map((_, e) => sum(weights.map((weight, j) => (weight === 0 ? 0 : weight * (values[j]?.[e] ?? 0)))));
}

type Is = (code: MistakeCode) => boolean;

function asked(r: AttentionRequest, is: Is, form: number): Rows {
  if (r.queries) return (Array.isArray(r.queries[0]) ? r.queries : [r.queries]) as Rows;
  return positionsAsked(r, is, form).map((p) => r.tokens[p] ?? []);
}

function positionsAsked(r: AttentionRequest, is: Is, form: number): number[] {
  const n = r.tokens.length;
  const own = r.query === undefined ? r.tokens.map((_, p) => p) : typeof r.query === 'number' ? [r.query] : r.query;
  return is('query-off-by-one') ? own.map((p) => (p + (form === 0 ? 1 : n - 1)) % n) : own;
}

/** Where queries stand: for the encodings, and for causal and windows. */
function places(r: AttentionRequest, is: Is, form: number): { queries: number[]; ranges: (number | undefined)[] } {
  const rows = asked(r, is, form);
  const own = r.queries ? rows.map((_, i) => (r.queries_start ?? Number.NaN) + i) : positionsAsked(r, is, form);
  const corner = form === 0 ? 0 : r.tokens.length - rows.length;
  const ranges = is('causal-other-corner') ? rows.map((_, i) => corner + i) : own;
  const queries = is('position-offset') ? own.map((p, i) => (form === 0 ? p + 1 : form === 1 ? p - 1 : i)) : own;
  return { queries, ranges: ranges.map((p) => (Number.isNaN(p) ? undefined : p)) };
}

function withSinusoids(r: AttentionRequest, queries: Rows, where: { queries: number[] }, is: Is): { queries: Rows; keys: Rows; values: Rows } {
  const raw = { queries, keys: r.tokens, values: is('value-projection-missing') ? r.tokens : (r.values ?? r.tokens) };
  if (r.position?.type !== 'sinusoidal' || is('position-missing')) return raw;
  const add = (rows: Rows, at: readonly number[]) =>
    rows.map((row, i) => row.map((x, c) => x + (c % 2 === 0 ? Math.sin : Math.cos)((at[i] ?? 0) / 10_000 ** ((2 * Math.floor(c / 2)) / row.length))));
  const keys = add(
    r.tokens,
    r.tokens.map((_, j) => j),
  );
  return { queries: add(queries, where.queries), keys, values: raw.values === r.tokens ? keys : raw.values };
}

type Side = 'query' | 'key' | 'value' | 'output';

function matrix(r: AttentionRequest, side: Side, is: Is): Rows | undefined {
  const w = r[`w_${side}`];
  if (!w || !is('projection-transposed') || w.length !== w[0]?.length) return w;
  return w.map((_, i) => w.map((row) => row[i] ?? 0));
}

function bias(r: AttentionRequest, side: Side, is: Is): number[] | undefined {
  return is('projection-bias-missing') ? undefined : r[`b_${side}`];
}

function linear(x: Rows, w: Rows | undefined, b: readonly number[] | undefined): Rows {
  const product = w ? x.map((row) => (w[0] ?? []).map((_, o) => sum(row.map((value, c) => value * (w[c]?.[o] ?? 0))))) : x;
  return b ? product.map((row) => row.map((value, o) => value + (b[o] ?? 0))) : product;
}

function split(rows: Rows, heads: number, is: Is): Heads {
  const width = (rows[0]?.length ?? 0) / heads;
  const flat = rows.flat();
  return Array.from({ length: heads }, (_, head) =>
    rows.map((row, i) =>
      Array.from({ length: width }, (_column, c) => {
        if (is('heads-interleaved')) return row[c * heads + head] ?? 0;
        if (is('heads-not-transposed')) return flat[(head * rows.length + i) * width + c] ?? 0;
        return row[head * width + c] ?? 0;
      }),
    ),
  );
}

function turned(row: readonly number[], position: number, base: number, interleaved: boolean): number[] {
  const out = [...row];
  const half = row.length / 2;
  for (let i = 0; i < half; i++) {
    const [a, b] = interleaved ? [2 * i, 2 * i + 1] : [i, i + half];
    const angle = position / base ** (i / half);
    out[a] = (row[a] ?? 0) * Math.cos(angle) - (row[b] ?? 0) * Math.sin(angle);
    out[b] = (row[a] ?? 0) * Math.sin(angle) + (row[b] ?? 0) * Math.cos(angle);
  }
  return out;
}

const unit = (row: readonly number[]) => row.map((x) => x / Math.hypot(...row));

function scaleOf(r: AttentionRequest, d: number, h: number, is: Is): number {
  const right = r.scale === '1/sqrt(d_k)' ? 1 / Math.sqrt(d) : (r.scale ?? 1);
  if (is('scale-missing')) return 1;
  if (is('scale-unwanted')) return right / Math.sqrt(d);
  if (is('scale-by-d')) return 1 / d;
  if (is('scale-by-model-width')) return 1 / Math.sqrt(h * d);
  return is('scale-twice') ? right * right : right;
}

function perPair<Of>(given: Of[] | Of[][] | Of[][][] | undefined, head: number, i: number, j: number, otherwise: Of): Of {
  if (!given) return otherwise;
  const [first] = given as Of[][][];
  if (!Array.isArray(first)) return (given as Of[])[j] ?? otherwise;
  return (Array.isArray(first[0]) ? (given as Of[][][])[head]?.[i]?.[j] : (given as Of[][])[i]?.[j]) ?? otherwise;
}

function attends(
  r: AttentionRequest,
  head: number,
  i: number,
  j: number,
  at: number | undefined,
  n: number,
  m: number,
  is: Is,
  form: number,
): boolean {
  let may = perPair(r.mask, head, i, j, true);
  if (r.mask && is('mask-transposed') && m === n) may = perPair(r.mask, head, j, i, true);
  if (r.mask && is('mask-inverted')) may = !may;
  if (is('mask-missing')) may = true;
  if (at === undefined) return may;
  if (r.causal && !is('causal-missing') && (is('causal-strict') ? j >= at : j > at)) return false;
  const off = is('window-off-by-one') ? (form === 0 ? -1 : 1) : 0;
  if (r.window?.left !== undefined && j < at - r.window.left - off) return false;
  if (r.window?.right !== undefined && j > at + r.window.right + off) return false;
  return may;
}

function slope(given: readonly number[] | undefined, head: number, h: number, is: Is, form: number): number {
  const power = 2 ** Math.floor(Math.log2(h));
  const own = given?.[head] ?? (head < power ? 2 ** ((-8 * (head + 1)) / power) : 2 ** ((-4 * (2 * (head - power) + 1)) / power));
  if (!is('alibi-slopes')) return own;
  return form === 0 ? -own : 2 ** ((-8 * head) / h);
}

interface Soft {
  weights: Rows;
  lse: number[];
}

function softmaxOf(logits: Rows, open: boolean[][], sink: number | undefined, is: Is, form: number): Soft {
  const all = open.map((row) => row.map(() => true));
  const lse = logits.map((row, i) => {
    const seen = row.filter((_, j) => open[i]?.[j]);
    const terms = sink === undefined ? seen : [...seen, sink];
    const most = Math.max(...terms);
    return terms.length === 0 ? Number.NEGATIVE_INFINITY : most + Math.log(sum(terms.map((x) => Math.exp(x - most))));
  });
  if (is('mask-after-softmax')) {
    const { weights, lse: before } = softmaxOf(logits, all, sink, () => false, form);
    return { weights: weights.map((row, i) => row.map((weight, j) => (open[i]?.[j] ? weight : 0))), lse: before };
  }
  if (is('fill-too-weak')) {
    const fill = form === 0 ? -100 : -1e4;
    return softmaxOf(
      logits.map((row, i) => row.map((x, j) => (open[i]?.[j] ? x : fill))),
      all,
      sink,
      () => false,
      form,
    );
  }
  if (is('finite-fill')) {
    return softmaxOf(
      logits.map((row, i) => row.map((x, j) => (open[i]?.[j] ? x : -1e9))),
      all,
      sink,
      () => false,
      form,
    );
  }
  const columns = (logits[0] ?? []).map((_, j) => {
    const column = logits.map((row, i) => (open[i]?.[j] ? Math.exp(row[j] ?? 0) : 0));
    return sum(column);
  });
  const weights = logits.map((row, i) => {
    const may = open[i] ?? [];
    const shift = Math.max(greatest(row, may), sink ?? Number.NEGATIVE_INFINITY);
    const exps = row.map((x, j) => (may[j] ? Math.exp(x - shift) : 0));
    if (!may.includes(true)) return row.map(() => (is('nan-for-empty-row') && sink === undefined ? Number.NaN : 0));
    if (is('softmax-over-queries')) return row.map((x, j) => (may[j] ? Math.exp(x) / (columns[j] ?? 1) : 0));
    if (is('sum-instead-of-softmax')) return row.map((x, j) => (may[j] ? x / sum(row.filter((_, k) => may[k])) : 0));
    if (is('weights-unnormalised')) return row.map((x, j) => (may[j] ? Math.exp(form === 0 ? x : x - greatest(row, may)) : 0));
    const total = sum(exps) + (sink === undefined ? 0 : Math.exp(sink - shift));
    const once = exps.map((x) => x / total);
    if (!is('softmax-twice')) return once;
    const again = once.map((x, j) => (may[j] ? Math.exp(x) : 0));
    return again.map((x) => x / sum(again));
  });
  return { weights, lse };
}

function greatest(row: readonly number[], may: readonly boolean[]): number {
  return Math.max(...row.filter((_, j) => may[j]));
}

function output(r: AttentionRequest, heads: Heads, is: Is): Rows {
  const m = heads[0]?.length ?? 0;
  const d = heads[0]?.[0]?.length ?? 0;
  const width = heads.length * d;
  const flat = heads.flat(2);
  const merged = Array.from({ length: m }, (_, i) =>
    Array.from({ length: width }, (_column, c) => {
      if (is('heads-merged-wrongly')) return flat[i * width + c] ?? 0;
      return heads[Math.floor(c / d)]?.[i]?.[c % d] ?? 0;
    }),
  );
  const w = is('output-projection-missing') ? undefined : matrix(r, 'output', is);
  return linear(merged, w, is('output-projection-missing') ? undefined : bias(r, 'output', is));
}
