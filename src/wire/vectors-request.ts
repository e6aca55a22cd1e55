import { SizeMembers, type Sizes, VectorsRequest } from '../schemas/vectors.ts';
import { understand } from './attention-request.ts';
import { Faults, invalidRequest } from './faults.ts';
import { fieldsOf } from './fields.ts';
import type { AttentionOrder } from './members.ts';
import { type Parsed, readMembers, readObject } from './readers.ts';

const NAMES = fieldsOf(VectorsRequest).names;
const FIELDS = fieldsOf(SizeMembers);

/** A request with numbers in it, as JSON has it and as it is understood. */
export interface Instance {
  readonly request: Readonly<Record<string, unknown>>;
  readonly order: AttentionOrder;
}

/** Sizes and options, which numbers are put into. */
export interface VectorsOrder {
  /** Numbers of about that size, the same for the same seed; the mask of every other one has a row without a key. */
  readonly instance: (seed: number, magnitude: number) => Instance;
}

/** @throws Failure `invalid-request` with all faults found, up to 20 */
export function readVectorsRequest(body: unknown): VectorsOrder {
  const faults = new Faults();
  const parsed = readObject(body, NAMES, '', faults);
  if (!parsed) throw invalidRequest(faults.list);
  const sizes = readMembers(parsed, FIELDS, 'float64', '', faults) as Partial<Sizes>;
  const { tokens } = sizes;
  if (!tokens || !faults.none) throw invalidRequest(faults.list);
  const instance = (seed: number, magnitude: number): Instance => {
    const request = filled(parsed, { ...sizes, tokens }, new Numbers(seed, magnitude));
    const found = new Faults();
    const order = understand({ ...request, dtype: request['dtype'] ?? 'float32' }, found);
    const exact = order && understand({ ...request, dtype: 'float64' }, found);
    if (!exact) throw invalidRequest(found.list);
    return { request, order: exact };
  };
  instance(0, 1);
  return { instance };
}

/** Random numbers with few decimals, by a seed (mulberry32, Tommy Ettinger). */
class Numbers {
  readonly seed: number;
  readonly #magnitude: number;
  #state: number;

  constructor(seed: number, magnitude: number) {
    this.seed = seed;
    this.#state = seed * 7919 + 1;
    this.#magnitude = magnitude;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  row(columns: number, magnitude = 1): number[] {
    return Array.from({ length: columns }, () => Math.round((2 * this.next() - 1) * magnitude * 100) / 100);
  }

  matrix(rows: number, columns: number, magnitude = 1): number[][] {
    return Array.from({ length: rows }, () => this.row(columns, magnitude));
  }

  tokens(rows: number, columns: number): number[][] {
    return this.matrix(rows, columns, this.#magnitude);
  }
}

type Known = Partial<Sizes> & Pick<Sizes, 'tokens'>;

/** The request with numbers for sizes. A width that does not fit is left for the reader of requests to refuse. */
function filled(parsed: Parsed, sizes: Known, numbers: Numbers): Record<string, unknown> {
  const { tokens, queries, values, w_query, w_key, w_value, w_output } = sizes;
  const h = positive(parsed['heads']);
  const m = queries?.rows ?? (Array.isArray(parsed['query']) ? parsed['query'].length : parsed['query'] === undefined ? tokens.rows : 1);
  const asking = queries?.columns ?? tokens.columns;
  const valued = values?.columns ?? tokens.columns;
  const keyed = w_value?.columns ?? valued;
  const context = Math.round((keyed / positive(parsed['kv_heads'] ?? h)) * h);
  const weight = (given: Sizes['w_query'], inputs: number) => given && numbers.matrix(given.rows ?? inputs, given.columns);
  const added = (there: boolean | undefined, columns: number) => (there ? numbers.row(columns) : undefined);
  const request: Record<string, unknown> = {
    ...parsed,
    tokens: numbers.tokens(tokens.rows, tokens.columns),
    queries: queries && numbers.tokens(queries.rows, queries.columns),
    values: values && numbers.matrix(values.rows ?? tokens.rows, values.columns),
    w_query: weight(w_query, asking),
    w_key: weight(w_key, tokens.columns),
    w_value: weight(w_value, valued),
    w_output: weight(w_output, context),
    b_query: added(sizes.b_query, w_query?.columns ?? asking),
    b_key: added(sizes.b_key, w_key?.columns ?? tokens.columns),
    b_value: added(sizes.b_value, keyed),
    b_output: added(sizes.b_output, w_output?.columns ?? context),
    mask: sizes.mask ? maskOf(m, tokens.rows, numbers) : undefined,
    bias: sizes.bias ? numbers.matrix(m, tokens.rows, 2) : undefined,
    sink: sinkOf(parsed, h, numbers),
  };
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
}

function positive(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 1;
}

/** Two of three keys may be attended to; in the instances of odd seeds the last row has none. */
function maskOf(m: number, n: number, numbers: Numbers): boolean[][] {
  return Array.from({ length: m }, (_, i) => {
    const row = Array.from({ length: n }, () => numbers.next() < 0.67);
    if (numbers.seed % 2 === 1 && i === m - 1) return row.map(() => false);
    return row.includes(true) ? row : row.map((_may, j) => j === i % n);
  });
}

function sinkOf(parsed: Parsed, h: number, numbers: Numbers): unknown {
  const { sink } = parsed;
  if (sink === false) return undefined;
  if (sink !== true) return sink;
  return parsed['heads'] === undefined ? numbers.row(1)[0] : numbers.row(h);
}
