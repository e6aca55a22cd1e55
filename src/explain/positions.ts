import { type Position, sinusoid, turnOf } from '../engine/position.ts';
import type { Floats } from '../engine/tensor.ts';
import { addsUp, comesOutAs, equals, factor, sum, written } from './numbers.ts';
import { arithmetic, section } from './page.ts';
import { rowOf, type Story } from './story.ts';
import { vectorTable } from './vectors.ts';

/** Sinusoids that were added to the tokens before anything else. */
export function sinusoids(story: Story): string {
  const { attention, names, recording } = story;
  if (attention.position?.type !== 'sinusoidal') return '';
  const positioned = recording.after('position');
  return section(
    'Positions',
    'Each vector gets the sines and cosines of its position added (sin(p), cos(p), then the same ever more slowly), so that the same token differs from position to position.',
    addedSinusoids(story),
    vectorTable('token', names.tokens, { 'with its position': positioned.keys }),
    attention.queries.from === 'queries' ? vectorTable('query row', names.queries, { 'with its position': positioned.queries }) : '',
  );
}

/** Queries and keys turned by their positions. */
export function rotations(story: Story): string {
  const { attention, names, recording } = story;
  const rotated = recording.after('rotate');
  // Rows that stand nowhere are not turned, and then neither are the keys.
  if (attention.position?.type !== 'rope' || rotated.keys.data === recording.after('split').keys.data) return '';
  const pairs = attention.position.interleaved ? 'neighbouring numbers' : 'a number of the first half and its partner in the second';
  return section(
    'Positions',
    `Rope: each query and key is turned, pair by pair (${pairs}); at position p the first pair by p radians, later pairs more slowly (base ${written(attention.position.base)}). Turning both by as much changes no dot product, so a score depends on how far apart two tokens stand, not on where.`,
    turnedPair(story, attention.position),
    vectorTable('query row', names.queries, { 'query, turned': rotated.queries }),
    vectorTable('token', names.tokens, { 'key, turned': rotated.keys }),
  );
}

/** A query row whose position does something to it, or else the last token: what is worked out for all. */
function anExample({ scenes, names, sizes }: Story): {
  readonly from: 'queries' | 'keys';
  readonly row: number;
  readonly position: number;
  readonly called: string;
} {
  const scene = scenes.slice(0, sizes.m).find(({ position }) => position !== undefined && position !== 0);
  if (scene?.position !== undefined) return { from: 'queries', row: scene.row, position: scene.position, called: scene.name.quoted };
  const last = sizes.n - 1;
  return { from: 'keys', row: last, position: last, called: names.tokens[last]?.quoted ?? '' };
}

/** The first sine and cosine that were added to one row. */
function addedSinusoids(story: Story): string {
  const { attention, recording } = story;
  const { from, row, position, called } = anExample(story);
  const { queries, tokens, precision } = attention;
  const given = from === 'queries' && queries.from === 'queries' ? rowOf(queries.vectors, row) : rowOf(tokens, position);
  const result = rowOf(recording.after('position')[from], row);
  const names = ['sin', 'cos'].slice(0, given.length);
  const lines = names.map((name, c) => {
    const terms = [written(given[c] ?? 0), written(sinusoid(position, c, given.length, precision))];
    const total = written(result[c] ?? 0);
    return [`${terms[0]} + ${name}(${position})`, `= ${sum(terms)}`, equals(total, addsUp(terms, total))];
  });
  return `The first ${names.length === 1 ? 'number' : 'two numbers'} of ${called}, at position ${position}:\n\n${arithmetic(lines)}`;
}

type Rope = Extract<Position, { readonly type: 'rope' }>;

/** The first pair of one row, turned. */
function turnedPair(story: Story, { base, interleaved }: Rope): string {
  const { attention, recording, sizes } = story;
  const { from, row, position, called } = anExample(story);
  const second = interleaved ? 1 : sizes.d_k / 2;
  const of = (vectors: Floats) => [vectors[0] ?? 0, vectors[second] ?? 0] as const;
  const [x, y] = of(rowOf(recording.after('split')[from], row)).map(written);
  const [turnedX = '', turnedY = ''] = of(rowOf(recording.after('rotate')[from], row)).map(written);
  const turn = turnOf(position, 0, sizes.d_k, base, attention.precision);
  const [cos, sin] = [written(turn.cos), written(turn.sin)];
  const [a, b, c, s] = [x, y, cos, sin].map(Number) as [number, number, number, number];
  const lines = [
    [`${factor(x ?? '')}·${factor(cos)} - ${factor(y ?? '')}·${factor(sin)}`, equals(turnedX, comesOutAs(a * c - b * s, turnedX))],
    [`${factor(x ?? '')}·${factor(sin)} + ${factor(y ?? '')}·${factor(cos)}`, equals(turnedY, comesOutAs(a * s + b * c, turnedY))],
  ];
  const what = from === 'queries' ? 'query' : 'key';
  return `The first pair of the ${what} of ${called}, at position ${position}, where cos(${position}) = ${cos} and sin(${position}) = ${sin}:\n\n${arithmetic(lines)}`;
}
