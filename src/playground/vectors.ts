import type { Answer } from './answer.ts';
import { brief, factor, list, sum } from './printed.ts';
import type { Request } from './request.ts';
import { most, type Spot, type Stage, type StageName, VECTOR_STAGES, type VectorStage, type WrittenOut } from './stage.ts';

/*
 * Queries, keys and values as they enter the dot product and the weighted sum, wherever they are not the tokens themselves:
 * x · W + b, cut into heads, rotated or divided by their length.
 */

type Of = 'query' | 'key' | 'value';
type Numbers = readonly (readonly number[])[];

const MADE: Readonly<Record<Of, 'queries' | 'keys' | 'values'>> = { query: 'queries', key: 'keys', value: 'values' };
const WORDS: Readonly<Record<Of, string>> = {
  query: 'what a token asks with',
  key: 'what a token is found by',
  value: 'what a token gives',
};

export function isVectorStage(stage: StageName): stage is VectorStage {
  return (VECTOR_STAGES as readonly StageName[]).includes(stage);
}

/** The matrices before the scores; none where queries, keys and values are the tokens as they were typed. */
export function vectorStages(answer: Answer, head: number): Stage[] {
  const { request } = answer;
  const ofs: readonly Of[] = ['query', 'key', 'value'];
  const isPlain = ofs.every((of) => stepsOf(request, of).length === 0) && request.heads === undefined && request.values === undefined;
  return isPlain ? [] : ofs.flatMap((of) => stagesFor(answer, head, of));
}

function stagesFor(answer: Answer, head: number, of: Of): Stage[] {
  const { request, queryNames, keyNames } = answer;
  const cells = answer[MADE[of]][head] ?? [];
  const block = blockOf(answer, head, of);
  const steps = stepsOf(request, of);
  const heads = request.heads === undefined ? [] : [`numbers ${block} to ${block + (cells[0]?.length ?? 1) - 1}: head ${head}`];
  const made: Stage = {
    name: MADE[of],
    title: { query: 'Queries Q', key: 'Keys K', value: 'Values V' }[of],
    step: [...steps, ...heads].join(', ') || WORDS[of],
    idle: false,
    rows: of === 'query' ? queryNames : keyNames,
    rowsAre: of,
    columns: dimensionNames(answer, head, of),
    columnsAre: 'dimension',
    cells,
    most: most(cells),
    signed: true,
  };
  const weights = request[`w_${of}`] as Numbers | undefined;
  if (weights === undefined) return [made];
  const columns = (weights[0] ?? []).map((_, c) => `${c}`);
  const rows = weights.map((_, r) => (of === 'value' && request.values !== undefined ? `${r}` : answer.state.dimensions[r]?.trim() || `${r}`));
  return [
    { ...made, name: `w_${of}`, title: `w_${of}`, step: 'is learned', rows, rowsAre: 'number of x', columns, cells: weights, most: most(weights) },
    made,
  ];
}

/** What makes them from x, in words. */
function stepsOf({ position, similarity, ...request }: Request, of: Of): string[] {
  const type = (position as { type?: string } | undefined)?.type;
  const isCompared = of !== 'value';
  return [
    type === 'sinusoidal' && (isCompared || request.values === undefined) && 'x + position',
    request[`w_${of}`] !== undefined && `x · w_${of}`,
    request[`b_${of}`] !== undefined && `+ b_${of}`,
    type === 'rope' && isCompared && 'turned by position',
    similarity === 'cosine' && isCompared && '÷ length',
  ].filter((step) => step !== false);
}

/** The names of the dimensions of a head's queries, keys or values; numbers where they are not a part of the tokens' own. */
export function dimensionNames(answer: Answer, head: number, of: Of): string[] {
  const { request, state } = answer;
  const own = request[`w_${of}`] === undefined && !(of === 'value' && request.values !== undefined);
  const block = blockOf(answer, head, of);
  return (answer[MADE[of]][head]?.[0] ?? []).map((_, c) => (own ? state.dimensions[block + c]?.trim() : undefined) || `${c}`);
}

/** Where a head's numbers begin in the whole row. Grouped heads share those of their key head. */
function blockOf(answer: Answer, head: number, of: Of): number {
  const width = answer[MADE[of]][head]?.[0]?.length ?? 0;
  const keyHeads = Number(answer.request.kv_heads ?? answer.heads);
  return width * (of === 'query' ? head : Math.floor((head * keyHeads) / answer.heads));
}

/** How one number of a query, key, value or matrix came about. */
export function vectorLines(answer: Answer, head: number, { stage, row, column }: Spot & { readonly stage: VectorStage }): WrittenOut {
  const of = ({ w_query: 'query', queries: 'query', w_key: 'key', keys: 'key', w_value: 'value', values: 'value' } as const)[stage];
  if (stage.startsWith('w_')) {
    const cell = (answer.request[`w_${of}`] as Numbers)[row]?.[column] ?? 0;
    const x = answer.state.dimensions[row]?.trim() || row;
    return {
      heading: `row ${row}, column ${column}`,
      lines: [`${brief(cell)} × number ${x} of x is a part of number ${column} of each ${of}: of all its heads, side by side`],
    };
  }
  const name = of === 'query' ? answer.queryNames[row] : answer.keyNames[row];
  const result = answer[MADE[of]][head]?.[row]?.[column] ?? 0;
  const heading = `${of} of ${name}, number ${dimensionNames(answer, head, of)[column]}${answer.heads > 1 ? `, head ${head}` : ''}`;
  return { heading, lines: [...linearLines(answer, head, of, row, column), ...turnedLines(answer, head, of, row, column), `= ${brief(result)}`] };
}

/** x · W + b. */
function linearLines(answer: Answer, head: number, of: Of, row: number, column: number): string[] {
  const { request } = answer;
  const x = sourceOf(answer, of, row);
  const at = blockOf(answer, head, of) + column;
  const weights = request[`w_${of}`] as Numbers | undefined;
  const bias = (request[`b_${of}`] as readonly number[] | undefined)?.[at];
  const plus = bias === undefined ? '' : ` + ${factor(bias)}`;
  const lines = [`x = [${list(x)}]`];
  if (weights === undefined) return [...lines, `number ${at} of x${bias === undefined ? '' : ' + b'}: ${brief(x[at] ?? 0)}${plus}`];
  const w = weights.map((cells) => cells[at] ?? 0);
  return [
    ...lines,
    `column ${at} of w_${of} = [${list(w)}]`,
    `x · column${bias === undefined ? '' : ' + b'} = ${sum(x.map((value, i) => `${factor(value)} × ${factor(w[i] ?? 0)}`))}${plus}`,
    `           = ${brief(linear(answer, of, row, at))}`,
  ];
}

/** The turn of RoPE (Su et al. 2021) and the division of the cosine. */
function turnedLines(answer: Answer, head: number, of: Of, row: number, column: number): string[] {
  if (of === 'value') return [];
  const { request } = answer;
  const position = (request.position ?? {}) as { type?: string; base?: number; interleaved?: boolean };
  const lines: string[] = [];
  if (position.type === 'rope') {
    const width = answer[MADE[of]][head]?.[row]?.length ?? 2;
    const pair = position.interleaved ? column >> 1 : column % (width / 2);
    const [first, second] = position.interleaved ? [2 * pair, 2 * pair + 1] : [pair, pair + width / 2];
    const block = blockOf(answer, head, of);
    const [a, b] = [linear(answer, of, row, block + first), linear(answer, of, row, block + second)];
    const at = positionOf(answer, of, row);
    const angle = at * (position.base ?? 10000) ** ((-2 * pair) / width);
    lines.push(
      `turned at position ${at}: numbers ${first} and ${second} by the angle ${brief(angle)}`,
      column === first
        ? `${factor(a)} × cos − ${factor(b)} × sin = ${brief(a * Math.cos(angle) - b * Math.sin(angle))}`
        : `${factor(a)} × sin + ${factor(b)} × cos = ${brief(a * Math.sin(angle) + b * Math.cos(angle))}`,
    );
  }
  if (request.similarity === 'cosine') lines.push('divided by the length of the vector');
  return lines;
}

/** One number of x · W + b. */
function linear(answer: Answer, of: Of, row: number, at: number): number {
  const x = sourceOf(answer, of, row);
  const weights = answer.request[`w_${of}`] as Numbers | undefined;
  const bias = (answer.request[`b_${of}`] as readonly number[] | undefined)?.[at] ?? 0;
  return bias + (weights === undefined ? (x[at] ?? 0) : x.reduce((total, value, i) => total + value * (weights[i]?.[at] ?? 0), 0));
}

/** The row that is projected: a token, a vector from outside or a value of its own; with its sinusoids ("Attention is all you need", 3.5). */
function sourceOf(answer: Answer, of: Of, row: number): readonly number[] {
  const { request, state } = answer;
  const hasOwnValues = of === 'value' && request.values !== undefined;
  const rows = (of === 'query' ? (request.queries ?? request.tokens) : hasOwnValues ? request.values : request.tokens) as Numbers;
  const x = rows[of === 'query' && request.query !== undefined ? state.query : row] ?? [];
  if ((request.position as { type?: string } | undefined)?.type !== 'sinusoidal' || hasOwnValues) return x;
  const at = positionOf(answer, of, row);
  return x.map((value, i) => {
    const angle = at / 10000 ** ((2 * Math.floor(i / 2)) / x.length);
    return value + (i % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
  });
}

function positionOf({ request, state }: Answer, of: Of, row: number): number {
  if (of !== 'query') return row;
  return request.queries === undefined ? (request.query === undefined ? row : state.query) : Number(request.queries_start ?? 0) + row;
}
