import type { Authored } from './authored.ts';
import { type Draft, keepDraft, keptDraft } from './draft.ts';
import { button, byId, el, setText } from './element.ts';
import { fromLink, toLink } from './link.ts';
import type { State } from './state.ts';

/** What the form may ask of the page. */
export interface Desk {
  readonly state: () => State;
  /** Opens a state as a link would. */
  readonly open: (state: State) => void;
  readonly copy: (state: State, what: string, said: HTMLElement) => void;
}

/** The form in which a lesson is made, and put into a link. What stands in it outlives a reload of the page. */
export class Author {
  readonly #title = el('input', { type: 'text', maxlength: 120, autocomplete: 'off' });
  readonly #words = el('textarea', { rows: 3 });
  readonly #question = el('textarea', { rows: 2 });
  readonly #choices = el('textarea', { rows: 3, placeholder: 'one a line' });
  readonly #right = el('select', {});
  readonly #hides = el('input', { type: 'checkbox' });
  readonly #told = el('textarea', { rows: 2 });
  readonly #said = el('p', { class: 'said', role: 'status' });
  readonly #numbers = el('p', { class: 'hint' });
  readonly #desk: Desk;
  #begins: State | undefined;
  #shown: State | undefined;
  #draft = keptDraft();
  /** The lesson that stands in the form, or stood there before it was changed. */
  #filled: Authored | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
    const labelled = (words: string, control: HTMLElement) => {
      // A select would be named by its choices too.
      control.ariaLabel = words;
      return el('label', {}, el('span', {}, words), control);
    };
    this.#choices.addEventListener('input', () => this.#offer(this.#right.value));
    byId('author-form', HTMLElement).append(
      labelled('Title', this.#title),
      labelled('Text', this.#words),
      labelled('Question', this.#question),
      labelled('Choices', this.#choices),
      labelled('The right one', this.#right),
      labelled('Said when it is revealed', this.#told),
      el('label', { class: 'check' }, this.#hides, 'Hide the pictures until then'),
      el(
        'div',
        { class: 'tools' },
        button('Begin with the numbers as they are now', () => this.#keep('begins')),
        button('Reveal the numbers as they are now', () => this.#keep('shown')),
      ),
      this.#numbers,
      el(
        'div',
        { class: 'tools' },
        button('Copy the lesson’s link', () => this.#copy(), { class: 'primary' }),
        button('Try it', () => this.#try()),
      ),
      this.#said,
    );
    for (const change of ['input', 'change']) byId('author-form', HTMLElement).addEventListener(change, () => this.#remember());
    this.#offer('0');
    if (this.#draft) {
      this.#take(this.#draft);
      // Who was at work on it finds it again.
      byId('author', HTMLDetailsElement).open = true;
    }
    this.#tellNumbers();
  }

  /** A lesson that is opened can be changed here. One that was being changed as the page was left is as it was then. */
  show({ authored }: State): void {
    if (authored === this.#filled || !authored) return;
    this.#filled = authored;
    if (this.#draft?.of !== JSON.stringify(authored)) {
      const { choices, right, ...texts } = authored;
      this.#take({ ...texts, choices: choices.join('\n'), right: `${right}`, begins: '', shown: '' });
    }
    this.#tellNumbers();
  }

  #take({ begins, shown, right, ...draft }: Omit<Draft, 'of'>): void {
    this.#title.value = draft.title;
    this.#words.value = draft.words;
    this.#question.value = draft.question;
    this.#choices.value = draft.choices;
    this.#hides.checked = draft.hides;
    this.#told.value = draft.told;
    this.#begins = fromLink(begins);
    this.#shown = fromLink(shown);
    this.#offer(right);
  }

  #remember(): void {
    this.#draft = {
      title: this.#title.value,
      words: this.#words.value,
      question: this.#question.value,
      choices: this.#choices.value,
      right: this.#right.value,
      hides: this.#hides.checked,
      told: this.#told.value,
      begins: this.#begins ? toLink(this.#begins) : '',
      shown: this.#shown ? toLink(this.#shown) : '',
      of: this.#filled ? JSON.stringify(this.#filled) : '',
    };
    keepDraft(this.#draft);
  }

  #offer(right: string): void {
    const choices = this.#lines();
    this.#right.replaceChildren(...choices.map((choice, i) => el('option', { value: i }, choice)));
    this.#right.value = Number(right) < choices.length ? right : '0';
  }

  #lines(): string[] {
    return this.#choices.value
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }

  #keep(what: 'begins' | 'shown'): void {
    if (what === 'begins') this.#begins = this.#desk.state();
    else this.#shown = this.#desk.state();
    this.#remember();
    this.#tellNumbers();
  }

  #tellNumbers(): void {
    setText(
      this.#numbers,
      `It begins with ${this.#begins ? 'the numbers that were kept' : 'the numbers as they are when the link is copied'}; ${
        this.#shown || this.#filled?.shown ? 'other numbers that were kept are then revealed' : 'they stay when it is revealed'
      }.`,
    );
  }

  /** The lesson as it is typed, beside the numbers that it begins with; undefined, and said, where something is missing. */
  #made(): State | undefined {
    const choices = this.#lines();
    const missing = [this.#question.value.trim() === '' && 'a question', choices.length < 2 && 'two choices, one a line'].filter(Boolean);
    setText(this.#said, missing.length === 0 ? '' : `A lesson needs ${missing.join(' and ')}.`);
    if (missing.length > 0) return undefined;
    const plain = (state: State): State => ({ ...state, authored: undefined, lesson: undefined });
    const authored: Authored = {
      title: this.#title.value.trim() || 'A lesson',
      words: this.#words.value.trim(),
      question: this.#question.value.trim(),
      choices,
      right: Number(this.#right.value) || 0,
      hides: this.#hides.checked,
      told: this.#told.value.trim(),
      shown: this.#shown ? toLink(plain(this.#shown)) : (this.#filled?.shown ?? ''),
    };
    return { ...plain(this.#begins ?? this.#desk.state()), authored };
  }

  #copy(): void {
    const state = this.#made();
    if (state) this.#desk.copy(state, 'The lesson’s link', this.#said);
  }

  #try(): void {
    const state = this.#made();
    if (!state) return;
    // It is the lesson of this form already: the numbers that were kept stay.
    this.#filled = state.authored;
    this.#remember();
    this.#desk.open(state);
  }
}
