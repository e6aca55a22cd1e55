import { type Answer, dot } from './answer.ts';

export type StageName = 'raw' | 'scaled' | 'capped' | 'masked' | 'weights' | 'context';
export const STAGES: readonly StageName[] = ['raw', 'scaled', 'capped', 'masked', 'weights', 'context'];

/** One matrix of the strip: a row for each query, for one head. */
export interface Stage {
  readonly name: StageName;
  readonly title: string;
  /** What is done to the matrix before it. */
  readonly step: string;
  /** Does this step leave every number as it was? */
  readonly idle: boolean;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** What the columns are. */
  readonly columnsAre: 'key' | 'dimension';
  /** null where a key is excluded. */
  readonly cells: readonly (readonly (number | null)[])[];
  /** The number that gets the full colour; both poles where `signed`. */
  readonly most: number;
  readonly signed: boolean;
}

/** The six matrices of one head, in order. */
export function stagesOf(answer: Answer, head: number): Stage[] {
  const { request, scale, queryNames, keyNames } = answer;
  const queries = answer.queries[head] ?? [];
  const keys = answer.keys[head] ?? [];
  const scores = answer.scores[head] ?? [];
  const logits = answer.logits[head] ?? [];
  const weights = answer.weights[head] ?? [];
  const raw = queries.map((query) => keys.map((key) => dot(query, key)));
  const capped = scores.map((row) => row.map((score) => capOf(score, request.softcap)));
  const excluding = logits.some((row) => row.includes(null));
  const alibi = answer.state.position === 'alibi';
  const pairs = { rows: queryNames, columns: keyNames, columnsAre: 'key', signed: true } as const;
  const similarity = request.similarity === 'cosine' ? 'cosine of q and k' : 'q · k';
  return [
    { ...pairs, name: 'raw', title: 'Raw score', step: similarity, idle: false, cells: raw, most: most(raw) },
    { ...pairs, name: 'scaled', title: 'Scaled', step: `× ${brief(scale)}`, idle: scale === 1, cells: scores, most: most(scores) },
    {
      ...pairs,
      name: 'capped',
      title: 'Capped',
      step: request.softcap === undefined ? 'no cap' : 'c · tanh(s / c)',
      idle: request.softcap === undefined,
      cells: capped,
      most: most(capped),
    },
    {
      ...pairs,
      name: 'masked',
      title: 'Masked',
      step: excluding ? (alibi ? 'excluded, and − distance' : 'some excluded') : alibi ? '− slope · distance' : 'nothing excluded',
      idle: !excluding && !alibi,
      cells: logits,
      most: most(logits),
    },
    {
      ...pairs,
      name: 'weights',
      title: 'Weights',
      step: 'softmax of each row',
      idle: false,
      cells: weights.map((row, i) => row.map((weight, j) => (logits[i]?.[j] === null ? null : weight))),
      most: 1,
      signed: false,
    },
    {
      name: 'context',
      title: 'Context',
      step: request.w_output === undefined ? 'Σ weight · value' : 'Σ weight · value, × w_output',
      idle: false,
      rows: queryNames,
      columns: contextColumns(answer),
      columnsAre: 'dimension',
      cells: answer.context,
      most: most(answer.context),
      signed: true,
    },
  ];
}

/** The values' own dimensions, where they are the tokens' and not projected. */
export function contextColumns({ context, request, state }: Answer): string[] {
  const own = request.w_value === undefined && request.w_output === undefined;
  return Array.from({ length: context[0]?.length ?? 0 }, (_, c) => (own ? state.dimensions[c]?.trim() : undefined) || `${c}`);
}

function capOf(score: number, softcap: unknown): number {
  return typeof softcap === 'number' ? softcap * Math.tanh(score / softcap) : score;
}

function most(cells: readonly (readonly (number | null)[])[]): number {
  let largest = 0;
  for (const row of cells) for (const cell of row) largest = Math.max(largest, Math.abs(cell ?? 0));
  return largest;
}

/** A number as a person would write it down: four decimals at most, a true minus. */
export function brief(value: number, decimals = 4): string {
  const small = value !== 0 && Math.abs(value) < 0.5 * 10 ** -decimals;
  const large = Math.abs(value) >= 1e6;
  const text = small || large ? value.toPrecision(3) : `${Number(value.toFixed(decimals))}`;
  return text.replace('-', '−');
}
