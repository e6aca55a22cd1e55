import { type Answer, dot } from './answer.ts';
import { brief, contextColumns, type StageName } from './stages.ts';

/** A cell that is looked at. */
export interface Spot {
  readonly stage: StageName;
  readonly row: number;
  readonly column: number;
}

/** How one number came about: a heading, and the lines that one would write on paper. */
export interface WrittenOut {
  readonly heading: string;
  readonly lines: readonly string[];
}

/** So many terms of a sum are written; the rest are counted. */
const MOST_TERMS = 8;

/** The arithmetic of one cell, from the numbers of the answer. */
export function writtenOut(answer: Answer, head: number, { stage, row, column }: Spot): WrittenOut {
  if (stage === 'context') return ofContext(answer, head, row, column);
  const pair = `query ${answer.queryNames[row] ?? row}, key ${answer.keyNames[column] ?? column}`;
  return { heading: pair, lines: LINES[stage](answer, head, row, column) };
}

type Lines = (answer: Answer, head: number, row: number, column: number) => string[];

const LINES: Readonly<Record<Exclude<StageName, 'context'>, Lines>> = {
  raw(answer, head, row, column) {
    const query = answer.queries[head]?.[row] ?? [];
    const key = answer.keys[head]?.[column] ?? [];
    const products = query.map((q, i) => q * (key[i] ?? 0));
    return [
      `q = [${list(query)}]   k = [${list(key)}]`,
      `q · k = ${sum(query.map((q, i) => `${factor(q)} × ${factor(key[i] ?? 0)}`))}`,
      `      = ${sum(products.map(factor))}`,
      `      = ${brief(dot(query, key))}`,
    ];
  },
  scaled(answer, head, row, column) {
    const raw = dot(answer.queries[head]?.[row] ?? [], answer.keys[head]?.[column] ?? []);
    const width = answer.queries[head]?.[row]?.length ?? 0;
    const why = answer.request.scale === '1/sqrt(d_k)' ? [`scale = 1 / √d_k = 1 / √${width} = ${brief(answer.scale)}`] : [];
    return [...why, `${factor(raw)} × ${factor(answer.scale)} = ${brief(answer.scores[head]?.[row]?.[column] ?? 0)}`];
  },
  capped(answer, head, row, column) {
    const score = answer.scores[head]?.[row]?.[column] ?? 0;
    const cap = answer.request.softcap;
    if (typeof cap !== 'number') return [`no cap: ${brief(score)} stays`];
    return [
      `c · tanh(score / c) = ${brief(cap)} · tanh(${brief(score)} / ${brief(cap)})`,
      `                    = ${brief(cap)} · ${brief(Math.tanh(score / cap))} = ${brief(cap * Math.tanh(score / cap))}`,
    ];
  },
  masked(answer, head, row, column) {
    const logit = answer.logits[head]?.[row]?.[column];
    if (logit === null) return ['excluded: it takes no part in the softmax,', 'so its weight is 0 and its value is no part of the weighted sum'];
    const score = answer.scores[head]?.[row]?.[column] ?? 0;
    const cap = answer.request.softcap;
    const capped = typeof cap === 'number' ? cap * Math.tanh(score / cap) : score;
    const bias = (logit ?? 0) - capped;
    if (answer.state.position !== 'alibi') return [`may attend: ${brief(capped)} stays`];
    return [`${brief(capped)} − slope × distance = ${brief(capped)} − ${brief(-bias)} = ${brief(logit ?? 0)}`];
  },
  weights(answer, head, row, column) {
    const { logits, exponentials, total, max, sink } = softmaxOf(answer, head, row);
    const logit = logits[column];
    if (logit === null || logit === undefined) return ['excluded: weight 0'];
    const terms = exponentials.flatMap((value) => (value === null ? [] : [factor(value)]));
    if (sink !== undefined) terms.push(`${factor(sink)} (sink)`);
    return [
      `exp(${brief(logit)}${max === 0 ? '' : ` − ${factor(max)}`}) = ${brief(exponentials[column] ?? 0)}   (less the largest, ${brief(max)}: no overflow, the same shares)`,
      `sum = ${sum(terms)} = ${brief(total)}`,
      `weight = ${brief(exponentials[column] ?? 0)} ÷ ${brief(total)} = ${brief(answer.weights[head]?.[row]?.[column] ?? 0)}`,
    ];
  },
};

function ofContext(answer: Answer, head: number, row: number, column: number): WrittenOut {
  const name = contextColumns(answer)[column] ?? column;
  const heading = `context vector of ${answer.queryNames[row] ?? row}, dimension ${name}`;
  const result = brief(answer.context[row]?.[column] ?? 0);
  const width = answer.values[0]?.[0]?.length ?? 1;
  if (answer.request.w_output === undefined) {
    // Heads stand side by side: the column says which head made it.
    const maker = answer.request.heads === undefined ? head : Math.floor(column / width);
    const shares = contributionsOf(answer, maker, row);
    const weights = answer.weights[maker]?.[row] ?? [];
    const own = column % width;
    const terms = shares.flatMap((_, j) => (weights[j] ? [`${factor(weights[j])} × ${factor(answer.values[maker]?.[j]?.[own] ?? 0)}`] : []));
    const products = shares.flatMap((share, j) => (weights[j] ? [factor(share[own] ?? 0)] : []));
    const where = answer.heads > 1 ? [`head ${maker}, its dimension ${own}`] : [];
    return { heading, lines: [...where, `Σ weight × value = ${sum(terms)}`, `                 = ${sum(products)}`, `                 = ${result}`] };
  }
  const sums = Array.from({ length: answer.heads }, (_, h) => weightedSumOf(answer, h, row)).flat();
  const output = answer.request.w_output as readonly (readonly number[])[];
  const terms = sums.map((value, r) => `${factor(value)} × ${factor(output[r]?.[column] ?? 0)}`);
  return { heading, lines: [`heads side by side: [${list(sums)}]`, `× w_output: ${sum(terms)}`, `= ${result}`] };
}

/** The softmax of one row, unrolled. The largest logit is taken off first, as every implementation does. */
export function softmaxOf(answer: Answer, head: number, row: number) {
  const logits = answer.logits[head]?.[row] ?? [];
  const sinkLogit = typeof answer.request.sink === 'number' ? answer.request.sink : undefined;
  let max = sinkLogit ?? Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit !== null) max = Math.max(max, logit);
  if (max === Number.NEGATIVE_INFINITY) max = 0;
  const exponentials = logits.map((logit) => (logit === null ? null : Math.exp(logit - max)));
  const sink = sinkLogit === undefined ? undefined : Math.exp(sinkLogit - max);
  const total = exponentials.reduce<number>((whole, value) => whole + (value ?? 0), sink ?? 0);
  return { logits, max, exponentials, sinkLogit, sink, total };
}

/** weight · value of each key, for one query row: [n][d_v]. They add up to the weighted sum of this head. */
export function contributionsOf(answer: Answer, head: number, row: number): number[][] {
  const weights = answer.weights[head]?.[row] ?? [];
  return weights.map((weight, j) => (answer.values[head]?.[j] ?? []).map((value) => (weight === 0 ? 0 : weight * value)));
}

/** The weighted sum of one head: the context before w_output. */
export function weightedSumOf(answer: Answer, head: number, row: number): number[] {
  const shares = contributionsOf(answer, head, row);
  return (answer.values[head]?.[0] ?? []).map((_, c) => shares.reduce((whole, share) => whole + (share[c] ?? 0), 0));
}

function factor(value: number): string {
  const text = brief(value);
  return text.startsWith('−') ? `(${text})` : text;
}

function list(values: readonly number[]): string {
  const shown = values.slice(0, MOST_TERMS).map((value) => brief(value));
  return values.length > MOST_TERMS ? `${shown.join(', ')}, … ${values.length} numbers` : shown.join(', ');
}

function sum(terms: readonly string[]): string {
  if (terms.length === 0) return '0';
  const shown = terms.slice(0, MOST_TERMS).join(' + ');
  return terms.length > MOST_TERMS ? `${shown} + … ${terms.length - MOST_TERMS} more` : shown;
}
