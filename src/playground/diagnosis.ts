import type { Answer } from './answer.ts';
import { button, el, setText } from './element.ts';
import { mistakenStates } from './mistaken.ts';
import { DEFAULT_TOLERANCE, OUTPUTS, type OutputName, printedTolerance, readObserved } from './observed.ts';
import { signOverflow } from './overflow.ts';
import { brief } from './printed.ts';
import type { Actions, Scene, View } from './scene.ts';
import type { State } from './state.ts';
import { type Verdict, verdictWords } from './verdict.ts';

/** Larger tables would be no help: the first rows are shown, and how many more there are. */
const MOST_ROWS = 32;

/** Somebody's own numbers for the question of the page: whether they are right, and else which mistake gives them. */
export class Diagnosis implements View {
  readonly #actions: Actions;
  readonly #output = el('select', {}, ...OUTPUTS.map(([name, words]) => el('option', { value: name }, words)));
  readonly #pasted = el('textarea', { rows: 5, spellcheck: 'false', placeholder: '[[0.45, 0.41, 0.31], …]' });
  readonly #verdict = el('p', { class: 'judged', role: 'status' });
  readonly #mistakes = el('ol', { class: 'mistakes' });
  readonly #table = el('table', { class: 'plain' });
  readonly #scroll = el('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'The right numbers and yours' }, this.#table);
  readonly #side = el('details', { open: true, hidden: true }, el('summary', {}, 'The right numbers and yours'), this.#scroll);
  #scene: Scene | undefined;
  /** The last question, so that the verdict of an older one is dropped. */
  #asked = 0;

  readonly element = el(
    'section',
    { class: 'card wide', id: 'diagnosis', 'aria-labelledby': 'diagnosis-title' },
    el('h2', { id: 'diagnosis-title' }, 'Your own code gives something else?'),
    el(
      'p',
      { class: 'hint' },
      'Paste what it gave for these numbers, as NumPy, PyTorch or JSON print it. The service says whether it is right, or which of the known mistakes gives it.',
    ),
    el(
      'div',
      { class: 'pasted' },
      el('label', {}, 'My code’s ', this.#output),
      el('label', {}, 'as it printed them', this.#pasted),
      button('Diagnose', () => void this.#diagnose()),
    ),
    this.#verdict,
    this.#mistakes,
    this.#side,
  );

  constructor(actions: Actions) {
    this.#actions = actions;
    signOverflow(this.#scroll);
    this.#output.addEventListener('change', () => this.#clear());
    this.#pasted.addEventListener('input', () => this.#clear());
  }

  show(scene: Scene): void {
    const isOther = scene.answer.state !== this.#scene?.answer.state;
    this.#scene = scene;
    // Once numbers are diagnosed, the verdict follows the question.
    if (isOther && this.#verdict.textContent !== '') void this.#diagnose();
  }

  #clear(): void {
    this.#asked++;
    setText(this.#verdict, '');
    this.#mistakes.replaceChildren();
    this.#side.hidden = true;
  }

  async #diagnose(): Promise<void> {
    const answer = this.#scene?.answer;
    if (!answer) return;
    this.#clear();
    const asked = this.#asked;
    const output = this.#output.value as OutputName;
    const axes = {
      heads: answer.request.heads === undefined ? undefined : answer.heads,
      rows: 'query' in answer.request ? undefined : answer.queryNames.length,
    };
    const observed = readObserved(this.#pasted.value, output, axes);
    if (observed === undefined) return setText(this.#verdict, 'Paste numbers first: [[0.45, 0.41, 0.31]], or rows with commas or blanks between.');
    setText(this.#verdict, 'Asking …');
    try {
      const verdict = await this.#actions.diagnose(answer.state, { [output]: observed });
      if (asked !== this.#asked) return;
      setText(this.#verdict, verdictWords(verdict));
      const lines = verdict.mistakes.map((mistake) => this.#mistakeLine(mistake, answer, { [output]: observed }));
      this.#mistakes.replaceChildren(...lines);
      this.#showBeside(answer, output, observed);
    } catch (error) {
      if (asked === this.#asked) setText(this.#verdict, error instanceof Error ? error.message : String(error));
    }
  }

  #mistakeLine(mistake: Verdict['mistakes'][number], answer: Answer, observed: Readonly<Record<string, unknown>>): HTMLElement {
    const { code, also, title, explanation, library } = mistake;
    const facts = { scale: answer.scale, heads: answer.heads, width: answer.queries[0]?.[0]?.length ?? 1 };
    const first = mistakenStates(code, answer.state, facts);
    const states = also === undefined ? first : first.flatMap((state) => mistakenStates(also, state, facts));
    const said = el('p', { class: 'hint', role: 'status' });
    const apply = button('Apply the mistake', async () => {
      const found = await this.#giving(states, observed);
      if (found) this.#actions.edit(() => found, `the mistake ${also === undefined ? code : `${code} and ${also}`}`);
      else setText(said, 'No request gives exactly these numbers: the mistake is in how the code computes.');
    });
    return el(
      'li',
      {},
      el('strong', {}, title),
      el('code', {}, also === undefined ? code : `${code} + ${also}`),
      el('p', {}, explanation),
      library === undefined ? undefined : el('p', { class: 'hint' }, `Where it comes from: ${library}`),
      states.length > 0 ? apply : el('p', { class: 'hint' }, 'No request makes this mistake: it is in how the code computes.'),
      said,
    );
  }

  /** The first of the states whose right answer is what was observed. */
  async #giving(states: readonly State[], observed: Readonly<Record<string, unknown>>): Promise<State | undefined> {
    for (const state of states) {
      // A state that can't be asked, such as a window of −1, is not the one.
      const verdict = await this.#actions.diagnose(state, observed).catch(() => undefined);
      if (verdict?.matches || (verdict && verdict.precision !== null)) return state;
    }
    return undefined;
  }

  /** Numbers that are off by more than the tolerance are marked. */
  #showBeside(answer: Answer, output: OutputName, observed: unknown): void {
    const yours = rowsIn(observed);
    const right = rowsIn(answer.reply[output]);
    this.#side.hidden = right.length !== yours.length;
    if (this.#side.hidden) return;
    const { absolute, relative } = printedTolerance(observed) ?? DEFAULT_TOLERANCE;
    const differs = (a: unknown, b: unknown) =>
      typeof a === 'number' && typeof b === 'number' ? Math.abs(a - b) > absolute + relative * Math.abs(a) : a !== b;
    const cell = (value: unknown, marked: boolean) => el('td', {}, marked ? el('mark', {}, numberWords(value)) : numberWords(value));
    const names = right.length === answer.queryNames.length ? answer.queryNames : right.map((_, k) => `row ${k}`);
    const lines = right
      .slice(0, MOST_ROWS)
      .flatMap((row, k) => [
        el('tr', {}, el('th', { scope: 'row' }, `${names[k]}, right`), ...row.map((value) => cell(value, false))),
        el('tr', {}, el('th', { scope: 'row' }, 'yours'), ...row.map((value, c) => cell(yours[k]?.[c], differs(value, yours[k]?.[c])))),
      ]);
    const more = right.length > MOST_ROWS ? [el('caption', {}, `The first ${MOST_ROWS} of ${right.length} rows.`)] : [];
    this.#table.replaceChildren(...more, el('tbody', {}, ...lines));
  }
}

/** The innermost rows, whatever stands around them. */
function rowsIn(value: unknown): readonly (readonly unknown[])[] {
  if (!Array.isArray(value)) return [[value]];
  return value.some(Array.isArray) ? value.flatMap(rowsIn) : [value];
}

function numberWords(value: unknown): string {
  return typeof value === 'number' ? brief(value, 5) : value === null ? 'not finite' : String(value ?? '–');
}
