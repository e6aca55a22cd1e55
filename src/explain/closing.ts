import { percent, tenths, vector } from './numbers.ts';
import { listed, section } from './page.ts';
import { ranked } from './scores.ts';
import { called, capital, type Scene, type Story } from './story.ts';

/** Of more others than this only the first are named. */
const MOST_NAMED = 4;

/** A sentence for each query: what it attends to, and what came of it. */
export function closing(story: Story): string {
  const { names, sizes, scenes, context } = story;
  const sentences = names.queries.map((name, row) => {
    const shown = vector(context.subarray(row * sizes.width, (row + 1) * sizes.width));
    const own = scenes.filter((scene) => scene.row === row);
    const [only] = own;
    const nothing = own.every(({ attended }) => attended.length === 0) && story.attention.projections.output.bias !== undefined;
    const result = nothing
      ? `Of its context vector only b_output is left: ${shown}.`
      : `Its context vector${sizes.h > 1 ? ', the heads together,' : ''} is ${shown}.`;
    if (own.length === 1 && only) return `**${capital(name.quoted)}** ${verdict(story, only)}. ${result}`;
    return `**${capital(name.quoted)}**\n\n${own.map((scene) => `- in head ${scene.head} ${verdict(story, scene)}`).join('\n')}\n\n${result}`;
  });
  return section('In short', ...sentences);
}

/** What the weights of one row say, as a sentence without its subject. */
function verdict(story: Story, scene: Scene): string {
  const { attended, weights, excluded } = scene;
  const sink = story.call.sink !== undefined;
  const ends: string[] = [];
  const masked = Array.from(excluded.keys()).filter((j) => excluded[j] === 1);
  if (attended.length === 0) {
    const all = excluded.length === 1 ? 'the only token is masked' : 'every token is masked';
    return `has nothing to attend to: ${all}${sink ? ', and the sink takes all the weight' : ''}`;
  }
  if (sink) ends.push(`the sink takes ${percent(scene.sinkWeight)}`);
  if (masked.length > 0)
    ends.push(
      `${listed(
        masked.map((j) => `${story.names.tokens[j]?.quoted ?? ''}${j === scene.self ? ' itself' : ''}`),
        MOST_NAMED,
      )} ${masked.length === 1 ? 'is' : 'are'} masked`,
    );
  const groups = ranked(weights, story.attention.precision, attended);
  const [top = []] = groups;
  const each = percent(weights[top[0] ?? 0] ?? 0);
  const who = (group: readonly number[]) =>
    listed(
      group.map((j) => called(story, scene, j)),
      MOST_NAMED,
    );
  if (attended.length === 1) return [`can attend to ${who(top)} alone, and gives it ${sink ? each : `everything (${each})`}`, ...ends].join('; ');
  if (groups.length === 1)
    return [`attends to ${attended.length === excluded.length ? `all ${attended.length}` : who(top)} alike (${each} each)`, ...ends].join('; ');
  const seen = groups.slice(1).filter((group) => tenths(weights[group[0] ?? 0] ?? 0) > 0);
  const ignored = groups.slice(1).filter((group) => tenths(weights[group[0] ?? 0] ?? 0) === 0);
  if (ignored.length > 0) ends.unshift(`it ignores ${who(ignored.flat())} (under 0.05 %)`);
  return [`${leading(weights, top, who(top), each)}${others(weights, seen, who)}`, ...ends].join('; ');
}

function leading(weights: ArrayLike<number>, top: readonly number[], who: string, each: string): string {
  if (top.length > 1) return `divides its attention first of all between ${who}, which tie (${each} each)`;
  const weight = weights[top[0] ?? 0] ?? 0;
  if (tenths(weight) >= 999) return `attends almost only to ${who} (${each})`;
  return weight > 0.5 ? `attends mostly to ${who} (${each})` : `attends most to ${who} (${each})`;
}

/** “, then to “cat” (31.3 %) and “The” (24.6 %)”. */
function others(weights: ArrayLike<number>, groups: readonly (readonly number[])[], who: (group: readonly number[]) => string): string {
  if (groups.length === 0) return '';
  const share = (group: readonly number[]) => percent(weights[group[0] ?? 0] ?? 0);
  const words = groups
    .slice(0, MOST_NAMED)
    .map((group) => (group.length > 1 ? `${who(group)}, which tie (${share(group)} each)` : `${who(group)} (${share(group)})`));
  const rest = groups.slice(MOST_NAMED).flat();
  if (rest.length > 0) {
    let together = 0;
    for (const j of rest) together += weights[j] ?? 0;
    words.push(`${rest.length} others (${percent(together)} together)`);
  }
  return `, then to ${listed(words)}`;
}
