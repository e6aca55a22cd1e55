import { whatLogitsAre } from './logits.ts';
import { addsUp, column, comesOutAs, missedHundred, percent, written } from './numbers.ts';
import { listed, section, table } from './page.ts';
import { eachScene, type Scene, type Story } from './story.ts';

/** Softmax, unrolled: the greatest, the exponentials, their sum, the shares. */
export function weights(story: Story): string {
  const what = logitWord(story);
  // A sink has said it already.
  const meaning = what === 'score' || story.call.sink ? '' : `${whatLogitsAre(story.call)} `;
  return section(
    'Weights',
    `${meaning}Softmax turns ${what}s into shares of one whole: e to the power of each, divided by the sum of them all. The greatest is taken off first, which changes no share and keeps the exponentials from overflowing.`,
    ...eachScene(story, (scene) => shares(story, scene, what)),
  );
}

/** What softmax sees is the score itself where no step stands between, and nothing but tokens is there. */
function logitWord({ call: { softcap, bias, alibi, sink } }: Story): string {
  return softcap !== undefined || bias || alibi || sink ? 'logit' : 'score';
}

function shares(story: Story, scene: Scene, what: string): string {
  const { sink } = story.call;
  if (scene.attended.length === 0 && !sink) return 'Nothing to attend to: there is nothing to share, and every weight is 0.';
  const { attended } = scene;
  // A column: the keys that are attended, the sink, the sum; all with as many decimals.
  const numbers = (of: ArrayLike<number>, masked: string, ends: readonly number[]) => {
    const texts = column([...attended.map((j) => of[j] ?? 0), ...ends]);
    const cells = story.names.tokens.map(() => masked);
    attended.forEach((j, k) => {
      cells[j] = texts[k] ?? '';
    });
    return [...cells, ...texts.slice(attended.length)];
  };
  const logit = sink?.[scene.head] ?? 0;
  const ofSink = (value: number) => (sink ? [value] : []);
  const missed = missedHundred(scene.weights, scene.sinkWeight);
  const percents = story.names.tokens.map((_, j) => (scene.excluded[j] === 1 ? 'masked' : percent(scene.weights[j] ?? 0)));
  let total = scene.sinkWeight;
  for (const weight of scene.weights) total += weight;
  const logits = numbers(scene.biased, 'masked', ofSink(logit));
  const differences = numbers(scene.shifted, '', ofSink(scene.sinkShifted));
  const exponentials = numbers(scene.exponentials, '', [...ofSink(scene.sinkExponential), scene.sum]);
  const parts = numbers(scene.weights, '0', [...ofSink(scene.sinkWeight), total]);
  const takenOff = written(scene.max);
  const exact = differences.every((text, k) => text === '' || comesOutAs(Number(logits[k]) - Number(takenOff), text));
  const sums = [exponentials, parts].every((texts) => addsUp(texts.slice(0, -1), texts.at(-1) ?? ''));
  return [
    `The greatest is ${written(scene.max)} (${greatest(story, scene)}); the exponentials add up to ${written(scene.sum)}, and each is divided by that.`,
    table([
      { title: 'token', cells: [...story.names.tokens.map(({ cell }) => cell), ...(sink ? ['(sink)'] : []), sums ? 'sum' : 'sum (rounded)'] },
      { title: what, cells: [...logits, ''], right: true },
      { title: `less ${takenOff}${exact ? '' : ' (rounded)'}`, cells: [...differences, ''], right: true },
      { title: 'exponential', cells: exponentials, right: true },
      { title: 'weight', cells: parts, right: true },
      { title: 'share', cells: [...percents, ...ofSink(scene.sinkWeight).map(percent), missed ?? '100.0 %'], right: true },
    ]),
    missed === undefined ? '' : `The shares, each rounded to one decimal, add up to ${missed}; before rounding they make 100 %.`,
  ]
    .filter((block) => block !== '')
    .join('\n\n');
}

/** Whose logit is the greatest. */
function greatest({ names, call }: Story, { attended, biased, max, head }: Scene): string {
  const who = attended.filter((j) => biased[j] === max).map((j) => names.tokens[j]?.quoted ?? '');
  if (call.sink?.[head] === max) who.push('the sink');
  return listed(who, 4);
}
