import type { Request } from './request.ts';
import { hasRows, labelOf, queryLabel, queryRows, type State } from './state.ts';

type Numbers = readonly (readonly number[])[];
type Logits = readonly (readonly (number | null)[])[];

/** A reply with all its axes there, and the state that it answers: heads × query rows × keys. */
export interface Answer {
  readonly state: State;
  readonly request: Request;
  readonly reply: Readonly<Record<string, unknown>>;
  readonly queryNames: readonly string[];
  readonly keyNames: readonly string[];
  readonly heads: number;
  readonly scores: readonly Numbers[];
  readonly logits: readonly Logits[];
  readonly weights: readonly Numbers[];
  readonly context: Numbers;
  readonly lse: readonly (readonly (number | null)[])[];
  readonly entropy: Numbers;
  readonly sinkWeight: Numbers;
  readonly queries: readonly Numbers[];
  /** Of each query head: grouped heads share theirs. */
  readonly keys: readonly Numbers[];
  readonly values: readonly Numbers[];
  /** What multiplies every similarity. */
  readonly scale: number;
}

/** Puts the axes back that a reply leaves out: the one of heads without `heads`, the one of query rows for one query. */
export function readAnswer(state: State, request: Request, reply: Readonly<Record<string, unknown>>): Answer {
  const hasHeads = request.heads !== undefined;
  const one = !hasRows(state);
  const perHead = <Item>(name: string, oneRow: boolean): Item[] => {
    const inner = (value: unknown) => (oneRow ? [value] : value) as Item;
    const value = reply[name];
    return hasHeads ? (value as unknown[]).map(inner) : [inner(value)];
  };
  const weights = perHead<Numbers>('weights', one);
  const queries = perHead<Numbers>('queries', one);
  const heads = weights.length;
  const shared = (all: readonly Numbers[]) => weights.map((_, head) => all[Math.floor((head * all.length) / heads)] ?? []);
  const rows = one ? [state.query] : Array.from({ length: queryRows(state) }, (_, i) => i);
  return {
    state,
    request,
    reply,
    queryNames: rows.map((row) => queryLabel(state, row)),
    keyNames: state.tokens.map((_, token) => labelOf(state, token)),
    heads,
    weights,
    queries,
    scores: perHead('scores', one),
    logits: perHead('logits', one),
    context: one ? [reply['context'] as number[]] : (reply['context'] as Numbers),
    lse: perHead('lse', one),
    entropy: perHead('entropy', one),
    sinkWeight: perHead('sink_weight', one),
    keys: shared(perHead('keys', false)),
    values: shared(perHead('values', false)),
    scale: scaleOf(request.scale, queries[0]?.[0]?.length ?? 1),
  };
}

function scaleOf(scale: unknown, width: number): number {
  if (scale === undefined) return 1;
  return typeof scale === 'number' ? scale : 1 / Math.sqrt(width);
}

/** The row of an answer that is looked at: the only one where one token is the query. */
export function rowOf({ queryNames }: Answer, { query }: State): number {
  return queryNames.length === 1 ? 0 : Math.min(query, queryNames.length - 1);
}

/** The head that is looked at, where there is such a one. */
export function headOf({ heads }: Answer, { head }: State): number {
  return Math.min(head, heads - 1);
}

export function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** The sink's logit of a head, where there is a sink: one for all heads, or one a head. */
export function sinkOf({ request }: Answer, head: number): number | undefined {
  const sink: unknown = Array.isArray(request.sink) ? request.sink[head] : request.sink;
  return typeof sink === 'number' ? sink : undefined;
}

/** The bias of a pair, 0 where there is none. */
export function biasOf({ request, queryNames }: Answer, row: number, column: number): number {
  const rows = request.bias as readonly unknown[] | undefined;
  const value = queryNames.length === 1 && typeof rows?.[0] === 'number' ? rows[column] : (rows?.[row] as readonly unknown[] | undefined)?.[column];
  return typeof value === 'number' ? value : 0;
}
