import { arcPath, LINE, widthOf } from './arc-paths.ts';
import { button, el, setText, svg } from './element.ts';
import { signOverflow } from './overflow.ts';
import { brief } from './printed.ts';
import type { Actions, Scene, View } from './scene.ts';
import { hasRows } from './state.ts';

/** Beyond so many tokens only the arcs of the query that is looked at are drawn. */
const MOST_FOR_ALL = 24;
/** Beyond so many a picture of words in a column says nothing any more. */
const MOST_WORDS = 64;
const MOST_HEADS = 16;

/** Attention between tokens as arcs, as thick as the weight, all heads side by side. */
export class Arcs implements View {
  readonly #words = el('div', { class: 'arc-words', role: 'group', 'aria-label': 'Choose a query' });
  readonly #panels = el('div', { class: 'arc-panels' });
  readonly #scroll = el('div', { class: 'scroll arcs', tabindex: 0, role: 'group', 'aria-labelledby': 'arcs-title' }, this.#words, this.#panels);
  readonly #table = el('table', { class: 'plain' });
  readonly #tableScroll = el('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'The arcs as a table' }, this.#table);
  readonly #details = el('details', {}, el('summary', {}, 'As a table'), this.#tableScroll);
  readonly element = el(
    'section',
    { class: 'card wide', 'aria-labelledby': 'arcs-title' },
    el('h2', { id: 'arcs-title' }, 'Who attends to whom'),
    el(
      'p',
      { class: 'hint' },
      'An arc goes from the chosen query to each key, and is as thick as its weight. A dot is the weight of a token on itself.',
    ),
    this.#scroll,
    this.#details,
  );
  readonly #actions: Actions;
  #scene: Scene | undefined;

  constructor(actions: Actions) {
    this.#actions = actions;
    for (const scroller of [this.#scroll, this.#tableScroll]) signOverflow(scroller);
    this.#details.addEventListener('toggle', () => this.#fillTable());
  }

  show(scene: Scene): void {
    this.#scene = scene;
    const { answer, state } = scene;
    const n = answer.keyNames.length;
    // Queries from outside stand nowhere among the tokens.
    this.element.hidden = answer.state.grids.queries.on || n < 2 || n > MOST_WORDS;
    if (this.element.hidden) return;
    this.#nameWords(answer.keyNames, hasRows(answer.state) ? scene.row : answer.state.query);
    const heads = answer.weights.slice(0, MOST_HEADS);
    this.#panels.replaceChildren(...heads.map((_, head) => this.#panel(scene, head, state.head)));
    this.#fillTable();
  }

  #nameWords(names: readonly string[], chosen: number): void {
    if (this.#words.childElementCount !== names.length) {
      const choose = (query: number) => this.#actions.edit((state) => (state.query === query ? state : { ...state, query }), 'another row');
      this.#words.replaceChildren(...names.map((_, i) => button('', () => choose(i))));
    }
    for (const [i, word] of [...this.#words.children].entries()) {
      setText(word, names[i] ?? '');
      word.setAttribute('aria-pressed', `${i === chosen}`);
    }
  }

  #panel({ answer, row }: Scene, head: number, looked: number): HTMLElement {
    const n = answer.keyNames.length;
    const all = hasRows(answer.state);
    const drawn = answer.weights[head] ?? [];
    const arcs: SVGElement[] = [];
    for (const [r, weights] of drawn.entries()) {
      const isChosen = r === row;
      if (!isChosen && n > MOST_FOR_ALL) continue;
      const query = all ? r : answer.state.query;
      for (const [key, weight] of weights.entries()) {
        if (weight > 0.005) arcs.push(arcOf(query, key, weight, isChosen, n));
      }
    }
    // The chosen ones on top.
    arcs.sort((a, b) => Number(a.classList.contains('chosen')) - Number(b.classList.contains('chosen')));
    const width = widthOf(n);
    const label = `head ${head}: ${answer.queryNames[row]} attends most to ${heaviest(answer.keyNames, drawn[row] ?? [])}`;
    return el(
      'figure',
      { class: head === looked && answer.heads > 1 ? 'looked' : undefined, 'data-head': head },
      svg('svg', { viewBox: `0 0 ${width} ${n * LINE}`, width, height: n * LINE, role: 'img', 'aria-label': label }, ...arcs),
      el('figcaption', {}, answer.heads > 1 ? `head ${head}` : ''),
    );
  }

  #fillTable(): void {
    if (!this.#details.open || !this.#scene || this.element.hidden) return;
    const { answer, row } = this.#scene;
    const heads = answer.weights.map((_, head) => el('th', { scope: 'col' }, answer.heads > 1 ? `head ${head}` : 'weight'));
    const lines = answer.keyNames.map((name, j) =>
      el('tr', {}, el('th', { scope: 'row' }, name), ...answer.weights.map((rows) => el('td', {}, brief(rows[row]?.[j] ?? 0)))),
    );
    this.#table.replaceChildren(
      el('caption', {}, `Weights of query ${answer.queryNames[row]}`),
      el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'key'), ...heads)),
      el('tbody', {}, ...lines),
    );
  }
}

function arcOf(query: number, key: number, weight: number, isChosen: boolean, n: number): SVGElement {
  const kind = isChosen ? 'arc chosen' : 'arc';
  const attributes = { class: kind, 'data-pair': `${query} ${key}` };
  if (query === key) return svg('circle', { ...attributes, cx: 4, cy: (key + 0.5) * LINE, r: 1 + 4 * weight });
  return svg('path', { ...attributes, d: arcPath(query, key, n), 'stroke-width': 8 * weight });
}

function heaviest(names: readonly string[], weights: readonly number[]): string {
  return names[weights.indexOf(Math.max(...weights))] ?? 'none';
}
