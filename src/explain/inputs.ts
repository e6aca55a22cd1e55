import type { Projection } from '../engine/projection.ts';
import type { Matrix } from '../engine/tensor.ts';
import type { Name } from './labels.ts';
import { factor, sum, vector, written } from './numbers.ts';
import { arithmetic, listed, section, table } from './page.ts';
import { capital, rowOf, type Story } from './story.ts';

/** Wider rows are not multiplied out number by number. */
const WORKED_OUT = 8;

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
    `The arithmetic is ${precision}. Numbers are shown to four decimals; what is shown was computed from what is not rounded.`,
  );
}

function queryWords({ attention, names: { queries, tokens } }: Story): string {
  if (queries.length > 1 && queries.length === tokens.length && queries.every((name, i) => name === tokens[i])) return 'Every token is a query';
  const named = capital(listed(queries.map(({ quoted }) => quoted)));
  if (attention.queries.from === 'queries') return named; // they are called queries already
  return `${named} ${queries.length === 1 ? 'is the query' : 'are the queries'}`;
}

/** Sinusoids that were added to the tokens before anything else. */
export function sinusoids({ attention, names, recording }: Story): string {
  if (attention.position?.type !== 'sinusoidal') return '';
  const positioned = recording.after('position');
  return section(
    'Positions',
    'Each vector gets the sines and cosines of its position added (sin(p), cos(p), then the same ever more slowly), so that the same token differs from position to position.',
    vectorTable('token', names.tokens, { 'with its position': positioned.keys }),
    attention.queries.from === 'queries' ? vectorTable('query row', names.queries, { 'with its position': positioned.queries }) : '',
  );
}

/** What the trainable matrices make of each row. */
export function projections({ attention, names, recording }: Story): string {
  const { query, key, value } = attention.projections;
  if (![query, key, value].some(isThere)) return '';
  const before = recording.after('position');
  const after = recording.after('project');
  const formulas = [
    ...(isThere(query) ? [formula('query', attention.queries.from === 'tokens' ? 'token' : 'query row', query)] : []),
    ...(isThere(key) ? [formula('key', 'token', key)] : []),
    ...(isThere(value) ? [formula('value', attention.values ? 'value' : 'token', value)] : []),
  ];
  const named = [
    { projection: query, input: before.queries, output: after.queries, name: names.queries[0], what: 'query' },
    { projection: key, input: before.keys, output: after.keys, name: names.tokens[0], what: 'key' },
    { projection: value, input: before.values, output: after.values, name: names.tokens[0], what: 'value' },
  ];
  const first = named.find(({ projection }) => isThere(projection));
  return section(
    'Projections',
    'What a token looks for (its query), what it is found by (its key) and what it passes on (its value) need not be the same. Trainable numbers make them:',
    arithmetic(formulas.map((line) => [line])),
    first ? workedOut(first) : '',
    isThere(query) ? vectorTable('query row', names.queries, { query: after.queries }) : '',
    vectorTable('token', names.tokens, { ...(isThere(key) && { key: after.keys }), ...(isThere(value) && { value: after.values }) }),
  );
}

function isThere({ weight, bias }: Projection): boolean {
  return weight !== undefined || bias !== undefined;
}

function formula(what: string, of: string, { weight, bias }: Projection): string {
  return `${what} = ${of}${weight ? ` · w_${what}` : ''}${bias ? ` + b_${what}` : ''}`;
}

/** The first number of the first row, step by step. */
function workedOut({
  projection: { weight, bias },
  input,
  output,
  name,
  what,
}: {
  projection: Projection;
  input: Matrix;
  output: Matrix;
  name: Name | undefined;
  what: string;
}): string {
  if (!weight || weight.rows > WORKED_OUT) return '';
  const terms = Array.from(
    { length: weight.rows },
    (_, c) => `${factor(written(input.data[c] ?? 0))}·${factor(written(weight.data[c * weight.columns] ?? 0))}`,
  );
  if (bias) terms.push(written(bias[0] ?? 0));
  return `The first number of the ${what} of ${name?.quoted ?? ''}, from the first column of w_${what}${bias ? ` and the first number of b_${what}` : ''}:\n\n${arithmetic([[`${sum(terms)} = ${written(output.data[0] ?? 0)}`]])}`;
}

/** How the widths are split. */
export function heads({ sizes: { h, kvHeads, d_k, d_v } }: Story): string {
  if (h === 1) return '';
  const numbers = (from: number, width: number) => (width === 1 ? `number ${from + 1}` : `numbers ${from + 1} to ${from + width}`);
  const shared =
    kvHeads === h
      ? ''
      : `There are ${kvHeads} key ${kvHeads === 1 ? 'head' : 'heads'}: ${listed(Array.from({ length: kvHeads }, (_, g) => `heads ${(g * h) / kvHeads} to ${((g + 1) * h) / kvHeads - 1} use key head ${g}`))}.`;
  return section(
    'Heads',
    `Each query is cut into ${h} pieces of ${d_k}, each value into pieces of ${d_v}. Head 0 has ${numbers(0, d_k)} of the query, head 1 ${numbers(d_k, d_k)}${h > 2 ? ', and so on' : ''}. Each head attends on its own, as if the others were not there.`,
    shared,
  );
}

/** Queries and keys turned by their positions. */
export function rotations({ attention, names, recording }: Story): string {
  const rotated = recording.after('rotate');
  // Rows that stand nowhere are not turned, and then neither are the keys.
  if (attention.position?.type !== 'rope' || rotated.keys.data === recording.after('split').keys.data) return '';
  const pairs = attention.position.interleaved ? 'neighbouring numbers' : 'a number of the first half and its partner in the second';
  return section(
    'Positions',
    `Rope: each query and key is turned, pair by pair (${pairs}); at position p the first pair by p radians, later pairs more slowly (base ${written(attention.position.base)}). Turning both by as much changes no dot product, so a score depends on how far apart two tokens stand, not on where.`,
    vectorTable('query row', names.queries, { 'query, turned': rotated.queries }),
    vectorTable('token', names.tokens, { 'key, turned': rotated.keys }),
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

function vectorTable(title: string, names: readonly Name[], vectors: Readonly<Record<string, Matrix>>): string {
  if (Object.keys(vectors).length === 0) return '';
  return table([
    { title, cells: names.map(({ cell }) => cell) },
    ...Object.entries(vectors).map(([what, matrix]) => ({ title: what, cells: vectorsOf(matrix) })),
  ]);
}

function vectorsOf(matrix: Matrix): string[] {
  return Array.from({ length: matrix.rows }, (_, r) => vector(rowOf(matrix, r)));
}
