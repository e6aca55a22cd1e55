import { type Answer, biasOf, dot, sinkOf } from './answer.ts';
import { brief, factor, list, sum } from './printed.ts';
import type { PairStage, Spot, WrittenOut } from './stage.ts';
import { contextColumns } from './stages.ts';
import { isVectorStage, vectorLines } from './vectors.ts';

/** The arithmetic of one cell, from the numbers of the answer. */
export function writtenOut(answer: Answer, head: number, spot: Spot): WrittenOut {
  const { stage, row, column } = spot;
  if (isVectorStage(stage)) return vectorLines(answer, head, { ...spot, stage });
  if (stage === 'context') return ofContext(answer, head, row, column);
  const pair = `query ${answer.queryNames[row] ?? row}, ${column === answer.keyNames.length ? 'the sink' : `key ${answer.keyNames[column] ?? column}`}`;
  return { heading: pair, lines: LINES[stage](answer, head, row, column) };
}

type Lines = (answer: Answer, head: number, row: number, column: number) => string[];

const LINES: Readonly<Record<PairStage, Lines>> = {
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
    const bias = biasOf(answer, row, column);
    const terms = [
      { sign: '', words: 'score', value: capped },
      ...(answer.request.bias === undefined ? [] : [{ sign: ' + ', words: 'bias', value: bias }]),
      ...(answer.state.position.type === 'alibi' ? [{ sign: ' − ', words: 'slope × distance', value: capped + bias - (logit ?? 0) }] : []),
    ];
    if (terms.length === 1) return [`may attend: ${brief(capped)} stays`];
    const numbers = terms.map(({ sign, value }) => `${sign}${sign ? factor(value) : brief(value)}`);
    return [terms.map(({ sign, words }) => sign + words).join(''), `= ${numbers.join('')} = ${brief(logit ?? 0)}`];
  },
  weights(answer, head, row, column) {
    const { logits, exponentials, total, max, sink, sinkLogit } = softmaxOf(answer, head, row);
    const isSink = column === logits.length;
    const logit = isSink ? sinkLogit : logits[column];
    if (logit === null || logit === undefined) return ['excluded: weight 0'];
    const power = (isSink ? sink : exponentials[column]) ?? 0;
    const weight = isSink ? answer.sinkWeight[head]?.[row] : answer.weights[head]?.[row]?.[column];
    const terms = exponentials.flatMap((value) => (value === null ? [] : [factor(value)]));
    if (sink !== undefined) terms.push(`${factor(sink)} (sink)`);
    return [
      `exp(${brief(logit)}${max === 0 ? '' : ` − ${factor(max)}`}) = ${brief(power)}   (less the largest, ${brief(max)}: no overflow, the same shares)`,
      `sum = ${sum(terms)} = ${brief(total)}`,
      `weight = ${brief(power)} ÷ ${brief(total)} = ${brief(weight ?? 0)}${isSink ? ', and no value goes with it' : ''}`,
    ];
  },
};

function ofContext(answer: Answer, head: number, row: number, column: number): WrittenOut {
  const name = contextColumns(answer)[column] ?? column;
  const heading = `context vector of ${answer.queryNames[row] ?? row}, dimension ${name}`;
  const result = brief(answer.context[row]?.[column] ?? 0);
  const width = answer.values[0]?.[0]?.length ?? 1;
  const output = answer.request.w_output as readonly (readonly number[])[] | undefined;
  const added = (answer.request.b_output as readonly number[] | undefined)?.[column];
  const plus = added === undefined ? [] : [`+ b_output: ${factor(added)}`];
  if (output === undefined) {
    // Heads stand side by side: the column says which head made it.
    const maker = answer.request.heads === undefined ? head : Math.floor(column / width);
    const shares = contributionsOf(answer, maker, row);
    const weights = answer.weights[maker]?.[row] ?? [];
    const own = column % width;
    const terms = shares.flatMap((_, j) => (weights[j] ? [`${factor(weights[j])} × ${factor(answer.values[maker]?.[j]?.[own] ?? 0)}`] : []));
    const products = shares.flatMap((share, j) => (weights[j] ? [factor(share[own] ?? 0)] : []));
    const where = answer.heads > 1 ? [`head ${maker}, its dimension ${own}`] : [];
    return {
      heading,
      lines: [...where, `Σ weight × value = ${sum(terms)}`, `                 = ${sum(products)}`, ...plus, `                 = ${result}`],
    };
  }
  const sums = Array.from({ length: answer.heads }, (_, h) => weightedSumOf(answer, h, row)).flat();
  const terms = sums.map((value, r) => `${factor(value)} × ${factor(output[r]?.[column] ?? 0)}`);
  return { heading, lines: [`heads side by side: [${list(sums)}]`, `× w_output: ${sum(terms)}`, ...plus, `= ${result}`] };
}

/** The softmax of one row, unrolled. The largest logit is taken off first, as every implementation does. */
export function softmaxOf(answer: Answer, head: number, row: number) {
  const logits = answer.logits[head]?.[row] ?? [];
  const sinkLogit = sinkOf(answer, head);
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
