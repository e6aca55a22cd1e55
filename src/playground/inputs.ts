import { editGrid, editTokens, type GridEdit } from './edits.ts';
import { byId, el, setText } from './element.ts';
import { EditGrid } from './grid.ts';
import type { Edit } from './scene.ts';
import { readSentence, wordsOn } from './sentence.ts';
import { offerSlider } from './slider.ts';
import { clamped, fittedBias, type GridName, on, queryLabel, type State, withGrids } from './state.ts';
import { Switches } from './switches.ts';

/** A grid beside the tokens: where it stands, and what its rows and columns are. */
interface Extra {
  readonly name: GridName;
  readonly caption: string;
  readonly rowWord: string;
  readonly columnWord: string;
  /** Rows, or rows and columns, that follow from other inputs. */
  readonly fixed?: 'rows' | 'both';
}

const projection = (name: GridName): Extra => ({ name, caption: name, rowWord: 'row', columnWord: 'column' });
const vector = (name: GridName): Extra => ({ name, caption: name, rowWord: 'row', columnWord: 'column', fixed: 'rows' });

/** The cards below the tokens, in order; each is there while one of its grids is on. */
const CARDS: readonly (readonly [title: string, hint: string, grids: readonly Extra[]])[] = [
  ['Queries from outside', '', [{ name: 'queries', caption: 'Queries from outside', rowWord: 'query', columnWord: 'dimension' }]],
  ['Values', 'a row a token', [{ name: 'values', caption: 'Values', rowWord: 'value', columnWord: 'dimension', fixed: 'rows' }]],
  [
    'Projections',
    'x · W + b: W has a row for each number of x',
    [
      projection('w_query'),
      vector('b_query'),
      projection('w_key'),
      vector('b_key'),
      projection('w_value'),
      vector('b_value'),
      projection('w_output'),
      vector('b_output'),
    ],
  ],
  [
    'Bias',
    'added to the score of each query (row) and key (column)',
    [{ name: 'bias', caption: 'Bias', rowWord: 'query', columnWord: 'key', fixed: 'both' }],
  ],
];

/** What can be typed: tokens, grids beside them, switches. */
export class Inputs {
  readonly #tokens: EditGrid;
  readonly #shown: readonly ((state: State) => void)[];
  readonly #switches: Switches;

  constructor(edit: Edit) {
    this.#tokens = new EditGrid({
      pointer: '/tokens',
      caption: 'Tokens',
      rowWord: 'token',
      columnWord: 'dimension',
      edit: (change, about, gesture) => edit((state) => editTokens(state, change), about, gesture),
      choose: (row) => edit((state) => (state.grids.queries.on || state.query === row ? state : { ...state, query: row }), 'another row'),
    });
    byId('tokens', HTMLElement).append(this.#tokens.element);
    takeSentences(edit);
    offerSlider();
    this.#shown = CARDS.map(([title, hint, grids]) => this.#card(title, hint, grids, edit));
    this.#switches = new Switches(byId('switches', HTMLElement), edit);
  }

  show(state: State): void {
    const { tokens, labels, dimensions, grids, query } = state;
    this.#tokens.show({ cells: tokens, rowNames: labels, columnNames: dimensions, chosen: grids.queries.on ? undefined : query });
    for (const show of this.#shown) show(state);
    this.#switches.show(state);
  }

  #card(title: string, hint: string, extras: readonly Extra[], edit: Edit): (state: State) => void {
    const card = el('div', { class: 'card' }, el('h2', {}, title, ' ', el('small', {}, hint)));
    byId('extras', HTMLElement).append(card);
    const shown = extras.map((extra) => this.#extra(card, extra, extras.length > 1, edit));
    return (state) => {
      card.hidden = !extras.some(({ name }) => state.grids[name].on);
      for (const show of shown) show(state);
    };
  }

  #extra(card: HTMLElement, { name, ...words }: Extra, hasHeading: boolean, edit: Edit): (state: State) => void {
    const change = (one: GridEdit) => (state: State) =>
      clamped(withGrids(state, { [name]: on(editGrid(name === 'bias' ? fittedBias(state) : state.grids[name].value, one)) }));
    const grid = new EditGrid({
      ...words,
      pointer: `/${name}`,
      edit: (one, about, gesture) => edit(change(one), `${words.caption}: ${about}`, gesture),
      ...(name === 'queries' && {
        choose: (row: number) => edit((state) => (state.query === row ? state : { ...state, query: row }), 'another row'),
        chooseWord: 'look',
      }),
    });
    const root = el('div', {}, hasHeading ? el('h3', {}, words.caption) : undefined, grid.element);
    card.append(root);
    return (state) => {
      root.hidden = !state.grids[name].on;
      if (root.hidden) return;
      if (name === 'queries') grid.show({ cells: state.grids.queries.value, chosen: state.query });
      else if (name === 'bias') grid.show(biasView(state));
      else grid.show({ cells: state.grids[name].value });
    };
  }
}

/** A sentence that is typed becomes the tokens. */
function takeSentences(edit: Edit): void {
  const form = byId('sentence', HTMLFormElement);
  const said = form.querySelector('output');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const sentence = readSentence(byId('sentence-text', HTMLInputElement).value);
    if (sentence) edit(() => sentence.state, 'a sentence');
    if (said) setText(said, sentence ? wordsOn(sentence) : 'There is no word in this.');
  });
}

/** The bias with the names of its queries and keys, which are typed elsewhere. */
function biasView(state: State) {
  const cells = fittedBias(state);
  return { cells, rowTitles: cells.map((_, row) => queryLabel(state, row)), columnTitles: state.labels };
}
