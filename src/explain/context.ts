import { type Floats, floats } from '../engine/tensor.ts';
import { addsUp, bracketed, column, entries, equals, multiplies, vector } from './numbers.ts';
import { arithmetic, section, table } from './page.ts';
import { workedOut } from './projections.ts';
import { eachScene, rowOf, type Scene, type Story } from './story.ts';

/** The values, each times its weight, added up. */
export function context(story: Story): string {
  const { attention, sizes, scenes } = story;
  const what = attention.values || attention.projections.value.weight || attention.projections.value.bias ? 'value' : 'vector';
  const output = hasOutput(story);
  const joined = sizes.h > 1 && !output ? [joinedHeads(story)] : [];
  return section(
    'Context vector',
    `Each token’s ${what}, times its weight; added up they are the context vector${sizes.h > 1 ? ' of the head' : ''}: what ${scenes.length === 1 ? (scenes[0]?.name.quoted ?? '') : 'each'} takes away from those it attends to.`,
    ...eachScene(story, (scene) => weightedSum(story, scene)),
    ...joined,
  );
}

function weightedSum(story: Story, scene: Scene): string {
  const { names } = story;
  const sum = contextOf(story, scene);
  if (scene.attended.length === 0) return `Nothing to attend to, so nothing is added up: ${vector(sum)}.`;
  const weights = column(scene.attended.map((j) => scene.weights[j] ?? 0));
  const given: string[][] = [];
  const lines = scene.attended.map((j, k) => {
    const weight = weights[k] ?? '';
    const { text, numbers } = story.valueText(scene, j);
    const products = entries(scene.contributions(j));
    given.push(products);
    const comesOut = products.every((product, c) => multiplies(weight, numbers[c] ?? '', product));
    return [names.tokens[j]?.plain ?? '', `${weight} · ${text}`, equals(bracketed(products, sum.length), comesOut)];
  });
  const shown = entries(sum);
  const allAddUp = shown.every((total, c) =>
    addsUp(
      given.map((products) => products[c] ?? ''),
      total,
    ),
  );
  const masked = scene.excluded.length - scene.attended.length;
  const left = masked === 0 ? '' : `\n\n${masked === 1 ? 'The masked one is' : `The ${masked} masked ones are`} left out.`;
  return `${arithmetic([...lines, ['added up', '', equals(bracketed(shown, sum.length), allAddUp)]])}${left}`;
}

/** The context of one head before the output projection: the reply's own where it is not projected. */
function contextOf(story: Story, { head, row, context: computed }: Scene): Floats {
  if (hasOutput(story)) return computed;
  const { sizes, context: replied } = story;
  return rowOf({ data: replied, rows: sizes.m, columns: sizes.width }, row).subarray(head * sizes.d_v, (head + 1) * sizes.d_v);
}

function hasOutput({ attention }: Story): boolean {
  return attention.projections.output.weight !== undefined || attention.projections.output.bias !== undefined;
}

function joinedHeads({ names, sizes, context: replied }: Story): string {
  const rows = names.queries.map((_, r) => vector(replied.subarray(r * sizes.width, (r + 1) * sizes.width)));
  return `The heads’ context vectors side by side:\n\n${table([
    { title: 'query', cells: names.queries.map(({ cell }) => cell) },
    { title: 'context vector', cells: rows },
  ])}`;
}

/** The context, heads side by side, projected once more. */
export function outputProjection(story: Story): string {
  if (!hasOutput(story)) return '';
  const { attention, names, scenes, sizes, context: replied } = story;
  const { weight, bias } = attention.projections.output;
  const before = names.queries.map((_, row) => {
    const joined = floats(attention.precision, sizes.h * sizes.d_v);
    for (const scene of scenes) if (scene.row === row) joined.set(contextOf(story, scene), scene.head * sizes.d_v);
    return joined;
  });
  const worked = workedOut({
    projection: attention.projections.output,
    input: before[0] ?? new Float32Array(),
    output: replied[0] ?? 0,
    of: `projected context of ${names.queries[0]?.quoted ?? ''}`,
    name: 'output',
  });
  return section(
    'Output projection',
    `The context${sizes.h > 1 ? ', heads side by side,' : ''} is projected once more: context${weight ? ' · w_output' : ''}${bias ? ' + b_output' : ''}.`,
    worked,
    table([
      { title: 'query', cells: names.queries.map(({ cell }) => cell) },
      { title: sizes.h > 1 ? 'side by side' : 'context', cells: before.map((joined) => vector(joined)) },
      { title: 'projected', cells: names.queries.map((_, r) => vector(replied.subarray(r * sizes.width, (r + 1) * sizes.width))) },
    ]),
  );
}
