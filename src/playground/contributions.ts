import type { Answer } from './answer.ts';
import { contributionsOf, weightedSumOf } from './arithmetic.ts';
import { el, fillWith, setAttribute, setText } from './element.ts';
import { signOverflow } from './overflow.ts';
import { brief } from './printed.ts';
import type { Scene, View } from './scene.ts';
import { type TokenColour, tokenColours } from './token-colours.ts';
import { dimensionNames } from './vectors.ts';

/** A piece of a stacked bar: what one token, or several small ones together, gives to one dimension. */
interface Share {
  readonly name: string;
  /** `none`: the others together. */
  readonly colour: TokenColour;
  readonly amounts: readonly number[];
}

/** The context as stacked contributions weight · value, one bar a dimension, and the table behind it. */
export class Contributions implements View {
  readonly #title = el('h2', { id: 'contributions-title' });
  readonly #bars = el('div', { class: 'stacks', 'aria-hidden': 'true' });
  readonly #stacks: Stack[] = [];
  readonly #legend = el('p', { class: 'tokens' });
  readonly #table = el('table', { class: 'plain' });
  readonly #scroll = el('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Contributions as a table' }, this.#table);
  readonly #details = el('details', {}, el('summary', {}, 'As a table'), this.#scroll);
  #shown: { answer: Answer; head: number; row: number } | undefined;

  readonly element = el(
    'section',
    { class: 'card', id: 'contributions', 'aria-labelledby': 'contributions-title' },
    this.#title,
    this.#legend,
    this.#bars,
    this.#details,
  );

  constructor() {
    for (const scroller of [this.#bars, this.#scroll]) signOverflow(scroller);
    this.#details.addEventListener('toggle', () => this.#fillTable());
  }

  show({ answer, head, row }: Scene): void {
    setText(this.#title, `Context vector of “${answer.queryNames[row] ?? ''}”: weight · value, stacked`);
    this.#shown = { answer, head, row };
    const shares = sharesOf(answer, head, row);
    const sums = weightedSumOf(answer, head, row);
    const names = dimensionNames(answer, head, 'value');
    const height = Math.max(1e-30, ...sums.map((_, c) => extentOf(shares, c, 1)));
    const depth = Math.max(0, ...sums.map((_, c) => extentOf(shares, c, -1)));
    this.#legend.replaceChildren(...shares.map(({ name, colour }) => el('span', {}, el('span', { class: `chip c${colour}` }), name)));
    fillWith(this.#bars, this.#stacks, sums.length, () => new Stack());
    for (const [c, total] of sums.entries()) this.#stacks[c]?.show(names[c] ?? `${c}`, total, shares, c, height, depth);
    this.#fillTable();
  }

  #fillTable(): void {
    if (!this.#details.open || !this.#shown) return;
    const { answer, head, row } = this.#shown;
    const contributions = contributionsOf(answer, head, row);
    const line = (name: string, numbers: readonly number[]) =>
      el('tr', {}, el('th', { scope: 'row' }, name), ...numbers.map((value) => el('td', {}, brief(value))));
    const heads = dimensionNames(answer, head, 'value').map((name) => el('th', { scope: 'col' }, name));
    const lines = contributions.map((numbers, j) => line(`${answer.keyNames[j]} × ${brief(answer.weights[head]?.[row]?.[j] ?? 0)}`, numbers));
    this.#table.replaceChildren(
      el('thead', {}, el('tr', {}, el('td', {}), ...heads)),
      el('tbody', {}, ...lines),
      el('tfoot', {}, line('sum', weightedSumOf(answer, head, row))),
    );
  }
}

/** The tokens that have a colour each on their own, the rest together. */
function sharesOf(answer: Answer, head: number, row: number): Share[] {
  const contributions = contributionsOf(answer, head, row);
  const colours = tokenColours(answer.weights[head]?.[row] ?? []);
  const shares: Share[] = contributions.flatMap((amounts, j) => {
    const colour = colours[j] ?? 'none';
    return colour === 'none' ? [] : [{ name: answer.keyNames[j] ?? `${j}`, colour, amounts }];
  });
  if (shares.length === contributions.length) return shares;
  const others = contributions.filter((_, j) => colours[j] === 'none');
  const amounts = (contributions[0] ?? []).map((_, c) => others.reduce((sum, numbers) => sum + (numbers[c] ?? 0), 0));
  return [...shares, { name: `${others.length} others`, colour: 'none', amounts }];
}

function extentOf(shares: readonly Share[], column: number, sign: 1 | -1): number {
  return shares.reduce((sum, { amounts }) => sum + Math.max(0, sign * (amounts[column] ?? 0)), 0);
}

/** One dimension: what each token gives to it, from 0 to the right, or to the left for what is negative. */
class Stack {
  readonly #name = el('span', { class: 'name' });
  readonly #pieces: Piece[] = [];
  readonly #all = el('span', {});
  readonly #mark = el('span', { class: 'total' });
  readonly #total = el('span', { class: 'number' });
  readonly element = el('div', { class: 'stack' }, this.#name, el('span', { class: 'track' }, this.#all, this.#mark), this.#total);

  /** @param height of the tallest stack above 0 @param depth of the deepest below */
  show(name: string, total: number, shares: readonly Share[], column: number, height: number, depth: number): void {
    const whole = height + depth;
    let right = depth;
    let left = depth;
    fillWith(this.#all, this.#pieces, shares.length, () => new Piece());
    for (const [i, share] of shares.entries()) {
      const amount = share.amounts[column] ?? 0;
      if (amount < 0) left += amount;
      this.#pieces[i]?.show(share, amount, (amount < 0 ? left : right) / whole, Math.abs(amount) / whole);
      if (amount > 0) right += amount;
    }
    setText(this.#name, name);
    this.#mark.style.left = `${((depth + total) / whole) * 100}%`;
    setText(this.#total, brief(total));
  }
}

class Piece {
  readonly element = el('span', {});

  show({ name, colour }: Share, amount: number, from: number, wide: number): void {
    this.element.hidden = amount === 0;
    setAttribute(this.element, 'class', `piece c${colour}`);
    setAttribute(this.element, 'title', `${name}: ${brief(amount)}`);
    this.element.style.left = `${from * 100}%`;
    this.element.style.width = `${wide * 100}%`;
  }
}
