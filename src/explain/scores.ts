import type { Floats } from '../engine/tensor.ts';
import { addsUp, column, equals, factor, multiplies, ordinal, same, sum, written } from './numbers.ts';
import { arithmetic, listed, section } from './page.ts';
import { eachScene, type Scene, type Story } from './story.ts';

/** Of wider vectors only the greatest products are written out. */
const WRITTEN_OUT = 8;
const WRITTEN_OF_WIDE = 3;
/** Of more groups than this only the ends of the order are told. */
const MOST_TOLD = 8;
const TOLD_AT_THE_TOP = 3;

/** Products, their sums, and what they say. */
export function scores(story: Story): string {
  const { call, attention } = story;
  const angle = attention.similarity === 'cosine' ? ' Both have length 1, so this is the cosine of the angle between them.' : '';
  return section(
    'Scores',
    `How alike are a query and a key? They are multiplied number by number and added up: the dot product.${angle}${call.scale === 1 ? '' : ` Times the scale, ${written(call.scale)}, it is the score.`}`,
    ...eachScene(story, (scene) => `${writtenOut(story, scene)}\n\n${order(story, scene)}`),
  );
}

function writtenOut(story: Story, scene: Scene): string {
  const { d_k, n } = story.sizes;
  const totals = column(scene.dot);
  const scores = column(scene.scaled);
  const scaled = story.call.scale !== 1;
  const by = written(story.call.scale);
  const rows = Array.from({ length: n }, (_, j) => {
    const total = totals[j] ?? '';
    const score = scores[j] ?? '';
    const end = scaled ? [`× ${factor(by)} ${equals(score, multiplies(total, by, score))}`] : [];
    const name = story.names.tokens[j]?.plain ?? '';
    return [name, ...(d_k > WRITTEN_OUT ? greatestProducts(scene, j, d_k, total) : allProducts(scene, j, d_k, total)), ...end];
  });
  return arithmetic(rows);
}

/** `0.4·0.2 + 0.8·0.1`, `= 0.08 + 0.08` and `= 0.16`. */
function allProducts({ query, key, products }: Scene, j: number, d_k: number, total: string): string[] {
  const other = key(j);
  const pairs = Array.from({ length: d_k }, (_, c): [string, string] => [written(query[c] ?? 0), written(other[c] ?? 0)]);
  const factors = pairs.map(([q, k]) => `${factor(q)}·${factor(k)}`).join(' + ');
  const [[q, k] = ['0', '0']] = pairs;
  if (d_k === 1) return [factors, equals(total, multiplies(q, k, total))];
  const terms = column(products(j));
  const eachComesOut = terms.every((term, c) => multiplies(pairs[c]?.[0] ?? '', pairs[c]?.[1] ?? '', term));
  return [factors, equals(sum(terms), eachComesOut), equals(total, addsUp(terms, total))];
}

/** The greatest three products of a wide vector, with the numbers' positions, and what the others add up to. */
function greatestProducts({ query, key, products, dot }: Scene, j: number, d_k: number, total: string): string[] {
  const other = key(j);
  const terms = products(j);
  const greatest = greatestOf(terms);
  let others = dot[j] ?? 0;
  const pairs = greatest.map((c): [string, string] => {
    others -= terms[c] ?? 0;
    return [written(query[c] ?? 0), written(other[c] ?? 0)];
  });
  const factors = pairs.map(([q, k], rank) => `${factor(q)}·${factor(k)} (no. ${(greatest[rank] ?? 0) + 1})`);
  const shown = column([...greatest.map((c) => terms[c] ?? 0), others]);
  const eachComesOut = pairs.every(([q, k], rank) => multiplies(q, k, shown[rank] ?? ''));
  return [`${factors.join(' + ')} + ${d_k - greatest.length} others`, equals(sum(shown), eachComesOut), equals(total, addsUp(shown, total))];
}

function greatestOf(row: ArrayLike<number>): number[] {
  const greatest: number[] = [];
  let least = 0;
  for (let c = 0; c < row.length; c++) {
    const size = Math.abs(row[c] ?? 0);
    // Most are less than the least of the greatest.
    if (greatest.length === WRITTEN_OF_WIDE && !(size > least)) continue;
    let rank = greatest.length;
    while (rank > 0 && size > Math.abs(row[greatest[rank - 1] ?? 0] ?? 0)) rank--;
    greatest.splice(rank, 0, c);
    if (greatest.length > WRITTEN_OF_WIDE) greatest.pop();
    least = Math.abs(row[greatest.at(-1) ?? 0] ?? 0);
  }
  return greatest;
}

/** The keys from the highest score to the lowest, those that tie together. */
function order(story: Story, scene: Scene): string {
  const groups = ranked(scene.scaled, story.attention.precision);
  const shown = column(scene.scaled);
  if (groups.length === 1 && scene.scaled.length > 1) return `All ${scene.scaled.length} tie at ${shown[0]}: none is more alike than another.`;
  const lines: string[] = [];
  let place = 1;
  groups.forEach((group, g) => {
    const told = groups.length <= MOST_TOLD || g < TOLD_AT_THE_TOP || g === groups.length - 1;
    if (told) lines.push(`- ${groupWords(story, scene, group, shown, rankWords(place, group, g, groups.length))}`);
    else if (g === TOLD_AT_THE_TOP) lines.push(`- … ${scene.scaled.length - place + 1 - (groups.at(-1)?.length ?? 0)} more in between`);
    place += group.length;
  });
  return lines.join('\n');
}

function rankWords(place: number, group: readonly number[], g: number, groups: number): string {
  if (groups === 1) return 'the only one';
  const tied = group.length > 1 ? 'tied, ' : '';
  if (g === 0) return `${tied}highest`;
  return g === groups - 1 ? `${tied}lowest` : `${tied}${ordinal(place)}`;
}

function groupWords({ names, recording }: Story, scene: Scene, group: readonly number[], shown: readonly string[], rank: string): string {
  const [only = 0] = group;
  const called = group.map((j) => (j === scene.self ? `${names.tokens[j]?.quoted} (itself)` : (names.tokens[j]?.quoted ?? '')));
  if (group.length > 1) return `${listed(called)} tie: ${shown[only]} each, ${rank.replace('tied, ', '')}`;
  const changed = recording.after('normalise').keys.data !== recording.after('position').keys.data;
  const why = reason(scene.products(only), changed ? 'its key’s' : 'its');
  return `${called[0]}: ${shown[only]}, ${rank}${why === '' ? '' : `; ${why}`}`;
}

/** What made a dot product as large, or as small, as it is. */
function reason(products: Floats, its: string): string {
  if (products.length < 2 || !products.every(Number.isFinite)) return '';
  const up = totalOf(products, 1);
  const down = totalOf(products, -1);
  if (up === 0 && down === 0) return 'they share nothing: every product is 0';
  if (Math.abs(up - down) <= 1e-6 * up) return 'its products cancel out';
  const sign = up > down ? 1 : -1;
  let main = 0;
  for (let c = 1; c < products.length; c++) if (sign * (products[c] ?? 0) > sign * (products[main] ?? 0)) main = c;
  const share = (sign * (products[main] ?? 0)) / Math.max(up, down);
  const against = Array.from(products.keys()).filter((c) => sign * (products[c] ?? 0) < 0);
  const pull = sign > 0 ? 'down' : 'up';
  const others = against.length === 0 ? '' : `, ${against.length === 1 ? `its ${ordinal((against[0] ?? 0) + 1)} pulls` : 'others pull'} ${pull}`;
  if (share <= 0.5) return `no single number does most of it${against.length === 0 ? '' : `, and some pull ${pull}`}`;
  const part = share === 1 ? ['does all of it', 'alone pulls it below 0'] : ['does most of it', 'does most to pull it below 0'];
  return `${its} ${ordinal(main + 1)} number ${sign > 0 ? part[0] : part[1]}${others}`;
}

/** The sum of the sizes of all numbers of that sign. */
function totalOf(numbers: Floats, sign: 1 | -1): number {
  let total = 0;
  for (const number of numbers) if (sign * number > 0) total += sign * number;
  return total;
}

/** Indices of values from the greatest to the least; those that are the same but for rounding in one group. */
export function ranked(
  values: ArrayLike<number>,
  precision: 'float32' | 'float64',
  of: readonly number[] = Array.from({ length: values.length }, (_, j) => j),
): number[][] {
  const groups: number[][] = [];
  for (const j of of.toSorted((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b)) {
    const last = groups.at(-1);
    if (last && same(values[last[0] ?? 0] ?? 0, values[j] ?? 0, precision)) last.push(j);
    else groups.push([j]);
  }
  return groups;
}
