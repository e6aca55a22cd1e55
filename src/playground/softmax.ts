import type { Answer } from './answer.ts';
import { softmaxOf } from './arithmetic.ts';
import { el, fillWith, setAttribute, setText } from './element.ts';
import { signOverflow } from './overflow.ts';
import { brief } from './printed.ts';
import type { Scene, View } from './scene.ts';
import { type TokenColour, tokenColours } from './token-colours.ts';

/** The softmax of one query row, unrolled, and what can be said of it in one line. */
export class Softmax implements View {
  readonly #title = el('h2', { id: 'softmax-title' });
  readonly #power = el('th', { scope: 'col', class: 'number' });
  readonly #body = el('tbody', {});
  readonly #lines: Line[] = [];
  readonly #total = el('td', { class: 'number' });
  readonly #sum = el('td', { class: 'number strong' });
  readonly #table = el(
    'table',
    { id: 'softmax', class: 'softmax' },
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        el('th', { scope: 'col' }, 'key'),
        el('th', { scope: 'col', class: 'number' }, 'logit'),
        el('td', {}),
        this.#power,
        el('td', {}),
        el('th', { scope: 'col', class: 'number' }, '÷ sum'),
        el('td', {}),
      ),
    ),
    this.#body,
    el('tfoot', {}, el('tr', {}, el('th', { scope: 'row' }, 'sum'), el('td', {}), el('td', {}), this.#total, el('td', {}), this.#sum, el('td', {}))),
  );
  readonly #hint = el(
    'p',
    { class: 'hint' },
    'A logit is a score after scale, cap, bias and mask. Softmax makes weights of logits: each one’s exponential, divided by their sum.',
  );
  readonly #facts = el('p', { id: 'softmax-facts', class: 'hint' });
  readonly #scroll = el('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-labelledby': 'softmax-title' }, this.#table);
  readonly element = el('section', { class: 'card', 'aria-labelledby': 'softmax-title' }, this.#title, this.#hint, this.#scroll, this.#facts);

  constructor() {
    signOverflow(this.#scroll);
  }

  show({ answer, head, row, before }: Scene): void {
    setText(this.#title, `Softmax of “${answer.queryNames[row] ?? ''}”, unrolled`);
    this.#fill(answer, head, row, before);
    setText(this.#facts, factsOf(answer, head, row));
  }

  /** Logit → exp → share. It is a table, so it needs none behind it. */
  #fill(answer: Answer, head: number, row: number, before: Answer | undefined): void {
    const { logits, exponentials, total, max, sink, sinkLogit } = softmaxOf(answer, head, row);
    const weights = answer.weights[head]?.[row] ?? [];
    const sinkWeight = sink === undefined ? 0 : (answer.sinkWeight[head]?.[row] ?? 0);
    const colours = tokenColours(weights);
    const was = before?.weights[head]?.[row];
    const largest = Math.max(1e-30, ...logits.map((logit) => Math.abs(logit ?? 0)), Math.abs(sinkLogit ?? 0));
    const keys = logits.map((logit, j): Key => {
      const name = answer.keyNames[j] ?? '';
      return { name, colour: colours[j] ?? 'none', logit, power: exponentials[j] ?? null, weight: weights[j] ?? 0, previous: was?.[j] };
    });
    if (sink !== undefined && sinkLogit !== undefined)
      keys.push({ name: 'sink', colour: 'none', logit: sinkLogit, power: sink, weight: sinkWeight, previous: undefined });
    fillWith(this.#body, this.#lines, keys.length, () => new Line());
    for (const [j, key] of keys.entries()) this.#lines[j]?.show(key, largest);
    const largestTaken = max === 0 ? '' : ` −\u00a0${brief(max).startsWith('−') ? `(${brief(max)})` : brief(max)}`;
    setText(this.#power, `exp(logit${largestTaken})`);
    setText(this.#total, brief(total));
    const sum = weights.reduce((whole, weight) => whole + weight, sinkWeight);
    setText(this.#sum, sum.toFixed(4));
  }
}

/** What a line shows: a key, or the sink. */
interface Key {
  readonly name: string;
  readonly colour: TokenColour;
  readonly logit: number | null;
  readonly power: number | null;
  readonly weight: number;
  readonly previous: number | undefined;
}

/** One key: its logit, its exponential and its weight, a bar for each. */
class Line {
  readonly #chip = el('span', {});
  readonly #name = el('span', {});
  readonly #logit = el('td', { class: 'number' });
  readonly #logitBar = new Bar('logit');
  readonly #power = el('td', { class: 'number' });
  readonly #powerBar = new Bar('exp');
  readonly #weight = el('td', { class: 'number strong' });
  readonly #weightBar = new Bar('weight');
  readonly element = el(
    'tr',
    {},
    el('th', { scope: 'row' }, this.#chip, this.#name),
    this.#logit,
    this.#logitBar.element,
    this.#power,
    this.#powerBar.element,
    this.#weight,
    this.#weightBar.element,
  );

  /** @param largest of all logits, without signs */
  show(key: Key, largest: number): void {
    const { name, colour, logit, power, weight, previous } = key;
    this.element.classList.toggle('out', logit === null);
    setAttribute(this.#chip, 'class', `chip c${colour}`);
    setText(this.#name, name);
    setText(this.#logit, logit === null ? 'excluded' : brief(logit));
    this.#logitBar.show(logit ?? 0, largest);
    setText(this.#power, power === null ? '—' : brief(power));
    this.#powerBar.show(power ?? 0, 1);
    setText(this.#weight, weight.toFixed(4));
    this.#weightBar.show(weight, 1, previous);
  }
}

/** A bar from 0, to the left for what is negative; a line where it stood before. */
class Bar {
  readonly #half: boolean;
  readonly #bar = el('span', {});
  readonly #ghost = el('span', { class: 'ghost', hidden: true });
  readonly element: HTMLElement;

  constructor(kind: 'logit' | 'exp' | 'weight') {
    this.#half = kind === 'logit';
    this.element = el('td', { class: 'bar' }, el('span', { class: `track ${kind}` }, this.#bar, this.#ghost));
  }

  show(value: number, most: number, previous?: number): void {
    const share = Math.min(1, Math.abs(value) / most) * 100;
    setAttribute(this.#bar, 'class', value < 0 ? 'fill negative' : 'fill');
    this.#bar.style.width = `${this.#half ? share / 2 : share}%`;
    if (this.#half) this.#bar.style.left = value < 0 ? `${50 - share / 2}%` : '50%';
    const hasMoved = previous !== undefined && Math.abs(previous - value) > 5e-5;
    this.#ghost.hidden = !hasMoved;
    if (!hasMoved) return;
    setAttribute(this.#ghost, 'title', `before: ${previous.toFixed(4)}`);
    this.#ghost.style.left = `${Math.min(1, previous) * 100}%`;
  }
}

function factsOf({ entropy, lse, logits, sinkWeight, request }: Answer, head: number, row: number): string {
  const log = lse[head]?.[row];
  const shares = (logits[head]?.[row] ?? []).filter((logit) => logit !== null).length + (request.sink === undefined ? 0 : 1);
  const facts = [`entropy ${brief(entropy[head]?.[row] ?? 0)} bits, of at most ${brief(Math.log2(Math.max(1, shares)))}`];
  facts.push(log === null || log === undefined ? 'nothing to attend to: weights and context are 0' : `log-sum-exp ${brief(log)}`);
  if (request.sink !== undefined) facts.push(`the sink takes ${brief(sinkWeight[head]?.[row] ?? 0)}`);
  return facts.join(' · ');
}
