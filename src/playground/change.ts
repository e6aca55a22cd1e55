import type { Answer } from './answer.ts';
import { el, setText } from './element.ts';
import { brief } from './printed.ts';
import type { Scene, View } from './scene.ts';

/** One line: what the last change did. */
export class Change implements View {
  readonly element = el('p', { id: 'change', class: 'wide', role: 'status' });

  show({ before, answer, about }: Scene): void {
    const told =
      before && about
        ? describeChange(before, answer, about)
        : 'Point at a number, tap it, or move to it by keyboard: how it came about is written out here.';
    setText(this.element, told);
  }
}

/** Do two answers have the same rows, keys and heads, so that their numbers can be set against each other? */
export function comparable(before: Answer | undefined, now: Answer): before is Answer {
  return (
    before !== undefined &&
    before.heads === now.heads &&
    `${before.queryNames}` === `${now.queryNames}` &&
    before.keyNames.length === now.keyNames.length &&
    (now.queryNames.length > 1 || before.state.query === now.state.query)
  );
}

/** What the last change did to the weights, in one sentence. */
function describeChange(before: Answer, now: Answer, about: string): string {
  let largest = { size: 0, words: '' };
  now.weights.forEach((rows, head) => {
    rows.forEach((row, i) => {
      row.forEach((weight, j) => {
        const was = before.weights[head]?.[i]?.[j] ?? 0;
        const size = Math.abs(weight - was);
        if (size <= largest.size) return;
        const where = now.heads > 1 ? ` in head ${head}` : '';
        largest = { size, words: `${now.queryNames[i]} → ${now.keyNames[j]}${where}: ${brief(was)} → ${brief(weight)}` };
      });
    });
  });
  if (largest.size < 5e-5) return `After “${about}”: no weight changed.`;
  return `After “${about}”, the weight that changed most: ${largest.words}.`;
}
