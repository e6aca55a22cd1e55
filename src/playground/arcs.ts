import { arcPath, LINE, widthOf } from './arc-paths.ts';
import { button, el, fillWith, setAttribute, setText, svg } from './element.ts';
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
  readonly #shown: Panel[] = [];
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
    const heads = Math.min(answer.heads, MOST_HEADS);
    fillWith(this.#panels, this.#shown, heads, () => new Panel());
    for (const [head, panel] of this.#shown.entries()) panel.show(scene, head, head === state.head && answer.heads > 1);
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

/** The arcs of one head. They are kept from one picture to the next: what an edit changes is mostly how thick they are. */
class Panel {
  readonly #drawing = svg('svg', { role: 'img' });
  readonly #caption = el('figcaption', {});
  readonly element = el('figure', {}, this.#drawing, this.#caption);
  /** By the pair of query and key. */
  readonly #arcs = new Map<string, SVGElement>();
  #shape = '';

  show({ answer, row }: Scene, head: number, isLooked: boolean): void {
    const n = answer.keyNames.length;
    const drawn = answer.weights[head] ?? [];
    this.element.classList.toggle('looked', isLooked);
    this.element.dataset['head'] = `${head}`;
    setText(this.#caption, answer.heads > 1 ? `head ${head}` : '');
    const label = `head ${head}: ${answer.queryNames[row]} attends most to ${heaviest(answer.keyNames, drawn[row] ?? [])}`;
    setAttribute(this.#drawing, 'aria-label', label);
    this.#fit(n);
    const gone = new Set(this.#arcs.keys());
    // The chosen ones last, which stand on top.
    const rows = [...drawn.keys()].filter((r) => r !== row && n <= MOST_FOR_ALL);
    for (const r of drawn[row] ? [...rows, row] : rows) {
      const query = hasRows(answer.state) ? r : answer.state.query;
      for (const [key, weight] of (drawn[r] ?? []).entries()) {
        if (weight <= 0.005) continue;
        const pair = `${query} ${key}`;
        gone.delete(pair);
        this.#draw(pair, query, key, weight, r === row, n);
      }
    }
    for (const pair of gone) {
      this.#arcs.get(pair)?.remove();
      this.#arcs.delete(pair);
    }
  }

  #fit(n: number): void {
    if (this.#shape === `${n}`) return;
    this.#shape = `${n}`;
    this.#arcs.clear();
    this.#drawing.replaceChildren();
    const [width, height] = [widthOf(n), n * LINE];
    setAttribute(this.#drawing, 'viewBox', `0 0 ${width} ${height}`);
    setAttribute(this.#drawing, 'width', `${width}`);
    setAttribute(this.#drawing, 'height', `${height}`);
  }

  #draw(pair: string, query: number, key: number, weight: number, isChosen: boolean, n: number): void {
    const known = this.#arcs.get(pair);
    const arc = known ?? arcOf(query, key, n);
    const kind = isChosen ? 'arc chosen' : 'arc';
    if (arc.getAttribute('class') !== kind || !known) {
      arc.setAttribute('class', kind);
      if (isChosen) this.#drawing.append(arc);
      else this.#drawing.prepend(arc);
    }
    this.#arcs.set(pair, arc);
    if (query === key) setAttribute(arc, 'r', `${1 + 4 * weight}`);
    else setAttribute(arc, 'stroke-width', `${8 * weight}`);
  }
}

function arcOf(query: number, key: number, n: number): SVGElement {
  const attributes = { 'data-pair': `${query} ${key}` };
  if (query === key) return svg('circle', { ...attributes, cx: 4, cy: (key + 0.5) * LINE });
  return svg('path', { ...attributes, d: arcPath(query, key, n) });
}

function heaviest(names: readonly string[], weights: readonly number[]): string {
  return names[weights.indexOf(Math.max(...weights))] ?? 'none';
}
