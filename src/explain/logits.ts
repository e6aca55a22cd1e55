import { addsUp, column, comesOutAs, equals, factor, written } from './numbers.ts';
import { arithmetic, listed, section } from './page.ts';
import { called, capital, eachRow, eachScene, type Scene, type Story } from './story.ts';

/** Scores held within bounds. */
export function softcap(story: Story): string {
  const cap = story.call.softcap;
  if (cap === undefined) return '';
  const c = written(cap);
  return section(
    'Softcap',
    `Scores are held between -${c} and ${c}, softly: ${c} · tanh(score / ${c}). Small scores hardly change, great ones come close to the bound.`,
    ...eachScene(story, (scene) => {
      const before = column(scene.scaled);
      const after = column(scene.capped);
      return lines(story, (j) => {
        const capped = after[j] ?? '';
        return [`${c} · tanh(${before[j]} / ${c})`, equals(capped, comesOutAs(Number(c) * Math.tanh(Number(before[j]) / Number(c)), capped))];
      });
    }),
  );
}

/** Numbers added to the scores. */
export function bias(story: Story): string {
  const { bias: added } = story.call;
  if (!added) return '';
  return section(
    'Bias',
    'A bias is added to each score, whatever the vectors say.',
    ...eachScene(story, (scene) => {
      const before = column(scene.capped);
      const terms = column(Array.from(before, (_, j) => biasOf(story, scene, j)));
      const after = column(scene.withBias);
      return lines(story, (j) => {
        const [score = '', term = '', sum = ''] = [before[j], terms[j], after[j]];
        return [`${score} ${signed(term)}`, equals(sum, addsUp([score, term], sum))];
      });
    }),
  );
}

/** Positions as a bias: the farther away, the less. */
export function alibi(story: Story): string {
  const { call } = story;
  const { alibi: distances } = call;
  if (!distances) return '';
  return section(
    'Positions',
    'ALiBi: the farther away a token stands, the more is taken off its score, by a slope for each step.',
    ...eachScene(story, (scene) => {
      const slope = written(distances.slopes[scene.head] ?? 0);
      const before = column(scene.withBias);
      const after = column(scene.biased);
      return lines(story, (j) => {
        const [score = '', logit = ''] = [before[j], after[j]];
        const distance = Math.abs((scene.position ?? 0) - j);
        return [`${score} - ${factor(slope)}·${distance}`, equals(logit, comesOutAs(Number(score) - Number(slope) * distance, logit))];
      });
    }),
  );
}

function biasOf({ call: { bias: added } }: Story, { head, row }: Scene, j: number): number {
  return added ? (added.data[head * added.headStride + row * added.rowStride + j * added.keyStride] ?? 0) : 0;
}

function signed(text: string): string {
  return text.startsWith('-') ? `- ${text.slice(1)}` : `+ ${text}`;
}

function lines({ names }: Story, cells: (j: number) => readonly string[]): string {
  return arithmetic(names.tokens.map(({ plain }, j) => [plain, ...cells(j)]));
}

/** Which tokens may not be attended to, and why. */
export function mask(story: Story): string {
  const { mask: given, causal, window } = story.attention;
  const bounded = window.left !== undefined || window.right !== undefined;
  if (!given && !causal && !bounded) return '';
  const far = (side: number | undefined, where: string) => (side === undefined ? `any number ${where}` : `${side === 0 ? 'none' : side} ${where}`);
  return section(
    'Mask',
    [
      ...(causal ? ['Causal: no token attends to those that come after it.'] : []),
      ...(bounded
        ? [
            `Window: a token attends to ${far(window.left, 'before it')}, to itself and to ${causal ? 'none after it' : far(window.right, 'after it')}.`,
          ]
        : []),
      ...(given ? ['The mask of the request says which tokens may be attended to.'] : []),
      'A masked token takes no part from here on: it is left out, not multiplied by 0.',
    ].join(' '),
    ...(given?.rank === 3 ? eachScene : eachRow)(story, (scene) => maskWords(story, scene)),
  );
}

function maskWords(story: Story, scene: Scene): string {
  const { names } = story;
  const { name, attended, excluded } = scene;
  if (attended.length === 0) return `${capital(name.quoted)} has nothing to attend to: every token is masked.`;
  if (attended.length === excluded.length) return 'Nothing is masked.';
  const reasons = new Map<string, string[]>();
  excluded.forEach((one, j) => {
    if (one === 0) return;
    const why = whyMasked(story, scene, j);
    reasons.set(why, [...(reasons.get(why) ?? []), names.tokens[j]?.quoted ?? '']);
  });
  const masked = [...reasons].map(([why, who]) => `${listed(who)} ${who.length === 1 ? 'is' : 'are'} masked${why}`);
  return `${capital(name.quoted)} may attend to ${listed(attended.map((j) => called(story, scene, j)))}; ${masked.join('; ')}.`;
}

function whyMasked({ attention, call }: Story, { row, position }: Scene, j: number): string {
  if (attention.causal && position !== undefined && j > position) return ' (later)';
  const { first, end } = call.keyRanges;
  return j < (first[row] ?? 0) || j >= (end[row] ?? 0) ? ' (outside the window)' : attention.causal || hasWindow(attention) ? ' (by the mask)' : '';
}

function hasWindow({ window }: Story['attention']): boolean {
  return window.left !== undefined || window.right !== undefined;
}

/** What a logit is in this story, once, where the word first stands. */
export function whatLogitsAre({ softcap: cap, bias: added, alibi: distances }: Story['call']): string {
  const steps = [
    ...(cap === undefined ? [] : ['capped']),
    ...(added ? ['with its bias added'] : []),
    ...(distances ? ['less what its distance takes'] : []),
  ];
  return `A logit is the number that softmax sees: ${steps.length === 0 ? 'here a token’s is its score' : `a token’s score, ${listed(steps)}`}.`;
}

/** A logit that takes weight and gives nothing. */
export function sink({ call }: Story): string {
  const { sink: logits } = call;
  if (!logits) return '';
  const shown = column(logits);
  const [one = 0] = logits;
  const all = logits.every((logit) => logit === one);
  const words = all ? `A sink of logit ${shown[0]}` : `A sink (${listed(Array.from(shown, (logit, head) => `${logit} in head ${head}`))})`;
  return section(
    'Sink',
    `${whatLogitsAre(call)} ${words} joins the softmax as one more to choose: it takes its share of the weight and gives no value, so that the tokens share less than 100 %.`,
  );
}
