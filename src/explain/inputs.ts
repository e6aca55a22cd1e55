import { written } from './numbers.ts';
import { listed, section, table } from './page.ts';
import { capital, type Story } from './story.ts';
import { vectorsOf, vectorTable } from './vectors.ts';

/** What was given, and which rows are the queries. */
export function inputs(story: Story): string {
  const { attention, names, sizes } = story;
  const { tokens, values, queries, precision } = attention;
  const columns = [
    { title: '', cells: names.tokens.map((_, j) => String(j)), right: true },
    { title: 'token', cells: names.tokens.map(({ cell }) => cell) },
    { title: 'vector', cells: vectorsOf(tokens) },
    ...(values ? [{ title: 'value', cells: vectorsOf(values) }] : []),
  ];
  const outside = queries.from === 'queries' ? vectorTable('query row', names.queries, { vector: queries.vectors }) : '';
  const start =
    queries.from === 'queries' && queries.start !== undefined
      ? ` ${sizes.m === 1 ? 'It stands' : 'The first stands'} at position ${queries.start}.`
      : '';
  return section(
    'Inputs',
    `${queryWords(story)}: which of the tokens matter to ${sizes.m === 1 ? 'it' : 'them'}?${start}`,
    table(columns),
    outside,
    `The arithmetic is ${precision}. Numbers are shown to four decimals; what is shown was computed from what is not rounded, and ≈ stands where that gives another last digit than the numbers shown.`,
  );
}

function queryWords({ attention, names: { queries, tokens } }: Story): string {
  if (queries.length > 1 && queries.length === tokens.length && queries.every((name, i) => name === tokens[i])) return 'Every token is a query';
  const named = capital(listed(queries.map(({ quoted }) => quoted)));
  if (attention.queries.from === 'queries') return named; // they are called queries already
  return `${named} ${queries.length === 1 ? 'is the query' : 'are the queries'}`;
}

/** How the widths are split. */
export function heads({ sizes: { h, kvHeads, d_k, d_v } }: Story): string {
  if (h === 1) return '';
  const numbers = (from: number, width: number) => (width === 1 ? `number ${from + 1}` : `numbers ${from + 1} to ${from + width}`);
  const pieces = (count: number, width: number) => `${count} ${count === 1 ? 'piece' : 'pieces'} of ${width}`;
  const shared =
    kvHeads === h
      ? ''
      : `There are ${kvHeads} key ${kvHeads === 1 ? 'head' : 'heads'}: ${listed(Array.from({ length: kvHeads }, (_, g) => `heads ${(g * h) / kvHeads} to ${((g + 1) * h) / kvHeads - 1} use key head ${g}`))}.`;
  return section(
    'Heads',
    `Each query is cut into ${h} pieces of ${d_k}, each key into ${pieces(kvHeads, d_k)} and each value into ${pieces(kvHeads, d_v)}. Head 0 has ${numbers(0, d_k)} of the query, head 1 ${numbers(d_k, d_k)}${h > 2 ? ', and so on' : ''}. Each head attends on its own, as if the others were not there.`,
    shared,
  );
}

/** Lengths divided out, for cosine similarity. */
export function lengths({ attention, names, recording, sizes }: Story): string {
  if (attention.similarity !== 'cosine') return '';
  const unit = recording.after('normalise');
  return section(
    'Cosine',
    `Each query and key is divided by its length${sizes.h > 1 ? ', head by head' : ''}, so that only its direction counts: the dot product is then the cosine of the angle between two vectors, from -1 to 1.`,
    vectorTable('query row', names.queries, { 'query of length 1': unit.queries }),
    vectorTable('token', names.tokens, { 'key of length 1': unit.keys }),
  );
}

/** What every dot product is multiplied by. */
export function scale({ attention, call, sizes }: Story): string {
  if (attention.scale === 1) return '';
  const shown = written(call.scale);
  const words =
    attention.scale === '1/sqrt(d_k)'
      ? `A score is the dot product times 1/√d_k = 1/√${sizes.d_k} = ${shown}. The wider the vectors, the larger their dot products, and of large numbers softmax gives nearly all to the greatest; this keeps them small.`
      : `A score is the dot product times ${shown}. ${effectOf(call.scale)}`;
  return section('Scale', words);
}

function effectOf(by: number): string {
  if (by === 0) return 'That makes every score 0: all tokens count alike.';
  if (by < 0) return 'That turns the order round: the least alike score highest.';
  return by > 1 ? 'The larger the scale, the choosier the softmax.' : 'The smaller the scale, the more even the shares.';
}
