import type { Lesson } from '../engine/lesson.ts';
import { lessonSizes } from '../engine/lesson.ts';
import { project } from '../engine/projection.ts';
import { floats } from '../engine/tensor.ts';
import { namesOf, plain, shortened } from './labels.ts';
import { type RowTrace, traceLesson } from './trace.ts';
import { listed, mainTerm, missedHundred, percent, places, vector, written } from './words.ts';

const LONGEST_LABEL = 40;
/** Products are written out for vectors up to this width; of wider ones the greatest are named. */
const WRITTEN_PRODUCTS = 8;
const NAMED_PRODUCTS = 3;

/** One asking row in one head, with the names that the text uses. */
interface Scene {
  readonly row: RowTrace;
  readonly asks: string;
  readonly tokens: readonly string[];
}

/** The walk-through: every step of the lesson in words and numbers, as Markdown that reads well in a terminal too. */
export function walkThrough(lesson: Lesson, labels: readonly string[] | undefined): string {
  const names = namesOf(lesson, labels);
  const tokens = names.tokens.map(label);
  const { rows } = traceLesson(lesson);
  const { h } = lessonSizes(lesson);
  const scenes = rows.flatMap((head, g) =>
    head.map((row, i) => ({ row, tokens, asks: `**${label(names.asking[i] ?? '')} asks**${h > 1 ? `, head ${g + 1} of ${h}` : ''}` })),
  );
  const sections = [
    inputs(lesson, tokens, names.asking.map(label)),
    positions(lesson),
    heads(lesson),
    projections(lesson, rows),
    scores(lesson, scenes),
    scale(lesson, scenes),
    softcap(lesson, scenes),
    bias(lesson, scenes),
    mask(lesson, scenes),
    sink(lesson),
    weights(lesson, scenes),
    context(scenes),
    outputProjection(lesson, rows, names.asking.map(label)),
  ];
  return `# Attention, step by step\n\n${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

/** A label that Markdown takes for nothing but text. */
function label(text: string): string {
  const shown = shortened(plain(text), LONGEST_LABEL).replaceAll(/[\\`*_{}[\]()#+\-.!|<>&~]/g, '\\$&');
  return shown === '' ? '(no name)' : shown;
}

function section(title: string, ...blocks: readonly string[]): string {
  return [`## ${title}`, ...blocks.filter((block) => block !== '')].join('\n\n');
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), `|${columns.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function rowsOf({ data, columns }: { readonly data: ArrayLike<number>; readonly columns: number }): number[][] {
  const numbers = Array.from(data);
  return Array.from({ length: numbers.length / columns }, (_, r) => numbers.slice(r * columns, (r + 1) * columns));
}

function inputs({ tokens, values, asking, precision }: Lesson, names: readonly string[], askers: readonly string[]): string {
  const vectors = rowsOf(tokens);
  const blended = values && rowsOf(values);
  const outside = asking.from === 'queries' ? rowsOf(asking.vectors) : undefined;
  return section(
    'Inputs',
    table(
      ['token', 'vector', ...(blended ? ['value'] : [])],
      names.map((name, j) => [name, vector(vectors[j] ?? []), ...(blended ? [vector(blended[j] ?? [])] : [])]),
    ),
    outside
      ? `Asking from outside:\n\n${table(
          ['who asks', 'vector'],
          outside.map((row, r) => [askers[r] ?? '', vector(row)]),
        )}`
      : askers.length === names.length && askers.every((name, i) => name === names[i])
        ? 'Every token asks: which of the others matter to me?'
        : `${listed(askers)} ${askers.length === 1 ? 'asks' : 'ask'}: which of the tokens matter to me?`,
    `The arithmetic is ${precision}. Numbers are written here with four decimals at most.`,
  );
}

function positions({ position }: Lesson): string {
  if (position?.type === 'sinusoidal')
    return section(
      'Positions',
      'To each vector the sines and cosines of its position are added, so that the same token looks different in another place.',
    );
  if (position?.type === 'rope') {
    return section(
      'Positions',
      `Each query and key is turned, pair of numbers by pair, by an angle that grows with its position (rope, base ${written(position.base)}${position.interleaved ? ', interleaved' : ''}). Only the distance between two tokens changes their score.`,
    );
  }
  return '';
}

function heads({ heads: count, kvHeads }: Lesson): string {
  if (count === 1) return '';
  const shared =
    kvHeads === count ? '' : ` Keys and values have ${kvHeads} ${kvHeads === 1 ? 'head' : 'heads'}: ${count / kvHeads} query heads share each.`;
  return section(
    'Heads',
    `Each vector is cut into ${count} pieces side by side, and each head attends with its own piece, as if the others were not there.${shared}`,
  );
}

function projections({ projections: { query, key, value }, heads: count, kvHeads }: Lesson, rows: readonly (readonly RowTrace[])[]): string {
  const used = [query, key, value].some(({ weight, bias }) => weight || bias);
  if (!used) return '';
  const formula = [
    ['query', 'row', 'w_query', 'b_query', query],
    ['key', 'token', 'w_key', 'b_key', key],
    ['value', 'token', 'w_value', 'b_value', value],
  ] as const;
  const words = formula
    .filter(([, , , , { weight, bias }]) => weight || bias)
    .map(([what, of, w, b, { weight, bias }]) => `${what} = ${of}${weight ? ` · ${w}` : ''}${bias ? ` + ${b}` : ''}`);
  const blocks = rows.map((head, g) => {
    const first = head[0];
    const title = count > 1 ? `Head ${g + 1} of ${count}${kvHeads === count ? '' : ' (its key head is shared)'}:\n\n` : '';
    return `${title}${table(
      ['key', 'value'],
      (first?.keys ?? []).map((k, j) => [vector(k), vector(first?.values[j] ?? [])]),
    )}`;
  });
  return section(
    'Projections',
    `Trainable matrices turn each row into what it asks, what it answers to, and what it says: ${listed(words)}.`,
    ...blocks,
  );
}

function scores({ similarity }: Lesson, scenes: readonly Scene[]): string {
  const cosine = similarity === 'cosine' ? ' Each was divided by its length first, so that the sum is the cosine of the angle between them.' : '';
  const blocks = scenes.map(({ row, asks, tokens }) => {
    const order = places(row.dot);
    const lines = tokens.map((token, j) => {
      const why = mainTerm(row.products[j] ?? []);
      return `- ${token}: ${written(row.dot[j] ?? 0)}, ${order[j]}${why ? `; ${why}` : ''}`;
    });
    return `${asks}, with the query ${vector(row.query)}:\n\n${table(
      ['token', 'number by number', 'added up'],
      tokens.map((token, j) => [token, products(row, j), written(row.dot[j] ?? 0)]),
    )}\n\n${lines.join('\n')}`;
  });
  return section(
    'Scores',
    `The query is multiplied with each key, number by number, and added up: the dot product. The more alike the two, the higher.${cosine}`,
    ...blocks,
  );
}

/** `0.4·0.2 + 0.8·0.1`, or the greatest terms of a wide vector. */
function products({ query, keys, products: terms }: RowTrace, j: number): string {
  const row = terms[j] ?? [];
  if (row.length <= WRITTEN_PRODUCTS) {
    const factor = (x: number) => (x < 0 ? `(${written(x)})` : written(x));
    return row.map((_, c) => `${factor(query[c] ?? 0)}·${factor(keys[j]?.[c] ?? 0)}`).join(' + ');
  }
  const greatest: number[] = [];
  for (let c = 0; c < row.length; c++) {
    const place = greatest.findIndex((other) => Math.abs(row[c] ?? 0) > Math.abs(row[other] ?? 0));
    if (place >= 0) greatest.splice(place, 0, c);
    else if (greatest.length < NAMED_PRODUCTS) greatest.push(c);
    if (greatest.length > NAMED_PRODUCTS) greatest.pop();
  }
  return `${row.length} products, the greatest ${listed(greatest.map((c) => `${written(row[c] ?? 0)} (number ${c + 1})`))}`;
}

/** A section with one row of numbers before and after a step, for each who asks. */
function step(
  title: string,
  words: string,
  scenes: readonly Scene[],
  before: readonly [string, (row: RowTrace) => readonly number[]],
  after: readonly [string, (row: RowTrace) => readonly number[]],
): string {
  const blocks = scenes.map(
    ({ row, asks, tokens }) =>
      `${asks}:\n\n${table(
        ['token', before[0], after[0]],
        tokens.map((token, j) => [token, written(before[1](row)[j] ?? 0), written(after[1](row)[j] ?? 0)]),
      )}`,
  );
  return section(title, words, ...blocks);
}

function scale(lesson: Lesson, scenes: readonly Scene[]): string {
  if (lesson.scale === 1) return '';
  const { d_k } = lessonSizes(lesson);
  const words =
    lesson.scale === '1/sqrt(d_k)'
      ? `Each is multiplied by 1/√d_k = 1/√${d_k} = ${written(1 / Math.sqrt(d_k))}: dot products grow with the width of the vectors, and softmax of great numbers leaves all but one with nothing.`
      : `Each is multiplied by ${written(lesson.scale)}.`;
  return step('Scale', words, scenes, ['dot product', ({ dot }) => dot], ['score', ({ scaled }) => scaled]);
}

function softcap(lesson: Lesson, scenes: readonly Scene[]): string {
  if (lesson.softcap === undefined) return '';
  const cap = written(lesson.softcap);
  return step(
    'Softcap',
    `No score may pass ±${cap}: each becomes ${cap} · tanh(score / ${cap}).`,
    scenes,
    ['score', ({ scaled }) => scaled],
    ['capped', ({ capped }) => capped],
  );
}

function bias({ bias: added, position }: Lesson, scenes: readonly Scene[]): string {
  if (!added && position?.type !== 'alibi') return '';
  const words = [
    ...(added ? ['A bias is added to each score.'] : []),
    ...(position?.type === 'alibi' ? ['ALiBi takes off more the farther away a token stands.'] : []),
  ];
  return step('Bias', words.join(' '), scenes, ['before', ({ capped }) => capped], ['with bias', ({ biased }) => biased]);
}

function mask({ mask: given, causal, window }: Lesson, scenes: readonly Scene[]): string {
  const bounded = window.left !== undefined || window.right !== undefined;
  if (!given && !causal && !bounded) return '';
  const rules = [
    ...(causal ? ['no token sees the ones after it (causal)'] : []),
    ...(bounded ? [`a token sees ${window.left ?? 'all'} before it and ${window.right ?? 'all'} after it (window)`] : []),
    ...(given ? ['the mask says who may attend to whom'] : []),
  ];
  const blocks = scenes.map(({ row, asks, tokens }) => {
    const masked = tokens.filter((_, j) => row.excluded[j]);
    if (masked.length === 0) return `${asks}: nothing is masked.`;
    return masked.length === tokens.length
      ? `${asks}: everything is masked; there is nothing to attend to.`
      : `${asks}: masked ${masked.length === 1 ? 'is' : 'are'} ${listed(masked)}.`;
  });
  return section(
    'Mask',
    `Who takes no part from here on: ${listed(rules)}. A masked token is left out, not multiplied by zero.`,
    blocks.join('\n\n'),
  );
}

function sink({ sink: logits }: Lesson): string {
  if (!logits) return '';
  return section(
    'Sink',
    `A sink with the logit ${listed([...new Set(logits)].map(written))}${new Set(logits).size > 1 ? ', one a head,' : ''} takes its share of the weight and gives nothing, so that a token need not attend to anything.`,
  );
}

function weights(lesson: Lesson, scenes: readonly Scene[]): string {
  const blocks = scenes.map(({ row, asks, tokens }) => {
    const nothing = row.excluded.every(Boolean);
    if (nothing && !lesson.sink) return `${asks}: nothing to attend to. Every weight is 0.`;
    const lines = tokens.map((token, j) =>
      row.excluded[j]
        ? [token, 'masked', '', '0', '0.0 %']
        : [
            token,
            written(row.biased[j] ?? 0),
            written((row.biased[j] ?? 0) - row.max),
            written(row.exponentials[j] ?? 0),
            `${written(row.weights[j] ?? 0)} = ${percent(row.weights[j] ?? 0)}`,
          ],
    );
    if (lesson.sink) lines.push(['(sink)', '', '', written(row.sinkWeight * row.sum), `${written(row.sinkWeight)} = ${percent(row.sinkWeight)}`]);
    const missed = missedHundred(lesson.sink ? [...row.weights, row.sinkWeight] : row.weights);
    const rounding = missed ? ` Rounded to one decimal the shares add up to ${missed} %.` : '';
    return `${asks}. The greatest is ${written(row.max)}; the exponentials add up to ${written(row.sum)}.${rounding}\n\n${table(['token', 'logit', 'less the greatest', 'exponential', 'weight'], lines)}`;
  });
  return section(
    'Weights',
    'Softmax makes shares of the scores: the greatest is taken off each (which changes no share, and keeps the numbers small), then exp, then each is divided by the sum of all.',
    ...blocks,
  );
}

function context(scenes: readonly Scene[]): string {
  const blocks = scenes.map(({ row, asks, tokens }) => {
    if (row.excluded.every(Boolean)) return `${asks}: nothing to attend to, so the context vector is ${vector(row.context)}.`;
    const lines = tokens.flatMap((token, j) =>
      row.excluded[j] ? [] : [[token, `${written(row.weights[j] ?? 0)} · ${vector(row.values[j] ?? [])}`, vector(row.contributions[j] ?? [])]],
    );
    return `${asks}:\n\n${table(['token', 'weight · value', 'gives'], [...lines, ['added up', '', `**${vector(row.context)}**`]])}\n\n${closing(row, tokens)}`;
  });
  return section('Context vector', 'Each value, times its weight; all of them added up.', ...blocks);
}

/** What this row took from whom, true for its numbers. */
function closing(row: RowTrace, tokens: readonly string[]): string {
  const shares = tokens
    .map((token, j) => ({ token, weight: row.weights[j] ?? 0, excluded: row.excluded[j] ?? false }))
    .sort((a, b) => b.weight - a.weight);
  const seen = shares.filter(({ excluded, weight }) => !excluded && percent(weight) !== '0.0 %');
  const greatest = seen[0]?.weight ?? 0;
  const tied = seen.filter(({ weight }) => weight === greatest);
  const most =
    tied.length > 1
      ? `${listed(tied.map(({ token }) => token))} tie, with ${percent(greatest)} each`
      : `${greatest > 0.5 ? 'most of it comes' : 'the largest share comes'} from ${tied[0]?.token ?? 'nobody'} (${percent(greatest)})`;
  const rest = seen.slice(tied.length).map(({ token, weight }) => `${token} ${percent(weight)}`);
  const ignored = shares.filter(({ excluded, weight }) => !excluded && percent(weight) === '0.0 %').map(({ token }) => token);
  const sentences = [`So the new vector is ${vector(row.context)}: ${most}${rest.length > 0 ? `; then ${listed(rest)}` : ''}.`];
  if (ignored.length > 0) sentences.push(`It all but ignores ${listed(ignored)}.`);
  const masked = tokens.filter((_, j) => row.excluded[j]);
  if (masked.length > 0)
    sentences.push(`${listed(masked)} ${masked.length === 1 ? 'is' : 'are'} masked and give${masked.length === 1 ? 's' : ''} nothing.`);
  if (row.sinkWeight > 0) sentences.push(`The sink keeps ${percent(row.sinkWeight)}.`);
  return sentences.join(' ');
}

function outputProjection(lesson: Lesson, rows: readonly (readonly RowTrace[])[], askers: readonly string[]): string {
  const { output } = lesson.projections;
  if (!output.weight && !output.bias) return '';
  const joined = askers.map((_, i) => rows.flatMap((head) => head[i]?.context ?? []));
  const columns = joined[0]?.length ?? 0;
  const data = floats(lesson.precision, joined.length * columns);
  data.set(joined.flat());
  const projected = rowsOf(project({ data, rows: joined.length, columns }, output, lesson.precision));
  return section(
    'Output projection',
    `The context${lesson.heads > 1 ? ', heads side by side,' : ''} is turned once more: context${output.weight ? ' · w_output' : ''}${output.bias ? ' + b_output' : ''}.`,
    table(
      ['who asks', 'context', 'output'],
      askers.map((name, i) => [name, vector(joined[i] ?? []), vector(projected[i] ?? [])]),
    ),
  );
}
