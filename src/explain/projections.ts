import type { Projection } from '../engine/projection.ts';
import type { Floats } from '../engine/tensor.ts';
import { firstColumnTerms } from '../engine/terms.ts';
import { addsUp, column, comesOutAs, equals, factor, sum, written } from './numbers.ts';
import { arithmetic, section } from './page.ts';
import { rowOf, type Story } from './story.ts';
import { vectorTable } from './vectors.ts';

/** Wider rows are not multiplied out number by number. */
const WORKED_OUT = 8;

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
    first
      ? workedOut({
          projection: first.projection,
          input: rowOf(first.input, 0),
          output: first.output.data[0] ?? 0,
          of: `${first.what} of ${first.name?.quoted ?? ''}`,
          name: first.what,
        })
      : '',
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

/** A projection of one row, of which the first number is worked out. */
interface Worked {
  readonly projection: Projection;
  readonly input: Floats;
  /** The first number that comes out. */
  readonly output: number;
  /** What comes out, and of whom. */
  readonly of: string;
  /** The matrix is w_name. */
  readonly name: string;
}

/** The first number of the first row, step by step. */
export function workedOut({ projection: { weight, bias }, input, output, of, name }: Worked): string {
  if (!weight || weight.rows > WORKED_OUT) return '';
  const pairs = Array.from({ length: weight.rows }, (_, c) => [written(input[c] ?? 0), written(weight.data[c * weight.columns] ?? 0)] as const);
  const products = column(firstColumnTerms(input, weight, input.slice()));
  const added = bias ? [written(bias[0] ?? 0)] : [];
  const result = written(output);
  const eachComesOut = pairs.every(([x, w], c) => comesOutAs(Number(x) * Number(w), products[c] ?? ''));
  const cells = [
    sum([...pairs.map(([x, w]) => `${factor(x)}·${factor(w)}`), ...added]),
    equals(sum([...products, ...added]), eachComesOut),
    equals(result, addsUp([...products, ...added], result)),
  ];
  return `The first number of the ${of}, from the first column of w_${name}${bias ? ` and the first number of b_${name}` : ''}:\n\n${arithmetic([cells])}`;
}
