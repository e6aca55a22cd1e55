import { type Answer, dot, sinkOf } from './answer.ts';

import { brief } from './printed.ts';
import { most, type Stage } from './stage.ts';
import { vectorStages } from './vectors.ts';

/** The matrices of one head, in order: what is compared, where it is not the tokens themselves, and six steps from scores to context vectors. */
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
  const sink = sinkOf(answer, head);
  const added = [
    excluding && 'some excluded',
    request.bias !== undefined && '+ bias',
    answer.state.position.type === 'alibi' && '− slope · distance',
  ].filter(Boolean);
  const pairs = { rows: queryNames, rowsAre: 'query', columns: keyNames, columnsAre: 'key', signed: true } as const;
  const similarity = request.similarity === 'cosine' ? 'cosine of q and k' : 'q · k';
  return [
    ...vectorStages(answer, head),
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
      step: added.join(', ') || 'nothing excluded',
      idle: added.length === 0,
      cells: logits,
      most: most(logits),
    },
    {
      ...pairs,
      name: 'weights',
      title: 'Weights',
      step: 'softmax of each row',
      idle: false,
      columns: sink === undefined ? keyNames : [...keyNames, 'sink'],
      cells: weights.map((row, i) => [
        ...row.map((weight, j) => (logits[i]?.[j] === null ? null : weight)),
        ...(sink === undefined ? [] : [answer.sinkWeight[head]?.[i] ?? 0]),
      ]),
      most: 1,
      signed: false,
    },
    {
      name: 'context',
      title: 'Context',
      step: `Σ weight · value${request.w_output === undefined ? '' : ', × w_output'}${request.b_output === undefined ? '' : ', + b_output'}`,
      idle: false,
      rows: queryNames,
      rowsAre: 'query',
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
  const own = request.values === undefined && request.w_value === undefined && request.w_output === undefined;
  return Array.from({ length: context[0]?.length ?? 0 }, (_, c) => (own ? state.dimensions[c]?.trim() : undefined) || `${c}`);
}

function capOf(score: number, softcap: unknown): number {
  return typeof softcap === 'number' ? softcap * Math.tanh(score / softcap) : score;
}
