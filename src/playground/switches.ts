import { el } from './element.ts';
import type { Edit } from './scene.ts';
import { fittedMask, on, type ProjectionName, type State, turnProjection, turnQueries } from './state.ts';

/** A text or a choice beside a switch. */
interface Field {
  readonly label: string;
  readonly pointer: string;
  readonly get: (state: State) => string;
  readonly set: (state: State, text: string) => State;
  readonly placeholder?: string;
  readonly choices?: readonly (readonly [value: string, words: string])[];
}

/** One option of the request: a switch, what it does in a few words, and its fields. */
interface Option {
  readonly label: string;
  readonly hint: string;
  readonly pointer: string;
  readonly isOn: (state: State) => boolean;
  readonly turn: (state: State, turned: boolean) => State;
  readonly fields?: readonly Field[];
}

type TextSwitch = 'scale' | 'softcap' | 'sink' | 'queriesStart';

const textField = (of: TextSwitch, label: string, pointer: string): Field => ({
  label,
  pointer,
  get: (state) => state[of].value,
  set: (state, text) => ({ ...state, [of]: on(text) }),
});
const textSwitch = (of: TextSwitch) => ({
  isOn: (state: State) => state[of].on,
  turn: (state: State, turned: boolean): State => ({ ...state, [of]: { ...state[of], on: turned } }),
});
const projection = (name: ProjectionName, hint: string): Option => ({
  label: name,
  hint,
  pointer: `/${name}`,
  isOn: (state) => state.projections[name].on,
  turn: (state, turned) => turnProjection(state, name, turned),
});
const side = (of: 'left' | 'right'): Field => ({
  placeholder: of,
  label: of,
  pointer: `/window/${of}`,
  get: (state) => state.window.value[of],
  set: (state, text) => ({ ...state, window: on({ ...state.window.value, [of]: text }) }),
});
const headCount = (of: 'query' | 'key', label: string, pointer: string): Field => ({
  placeholder: of === 'key' ? 'keys' : 'heads',
  label,
  pointer,
  get: (state) => state.heads.value[of],
  set: (state, text) => ({ ...state, heads: on({ ...state.heads.value, [of]: text }) }),
});

/** Texts of so many characters are shown whole, and no field is narrower than for so few. */
const LONGEST_FIELD = 16;
const SHORTEST_FIELD = 4;

/** The switches in groups, in the order in which they act. */
const GROUPS: readonly (readonly [title: string, options: readonly Option[]])[] = [
  [
    'Queries',
    [
      {
        label: 'Every token is a query',
        hint: 'one row each',
        pointer: '/query',
        isOn: (state) => state.everyone,
        turn: (state, turned) => ({ ...state, everyone: turned }),
      },
      { label: 'Cross-attention', hint: 'query vectors from outside', pointer: '/queries', isOn: (state) => state.queries.on, turn: turnQueries },
      {
        label: 'Queries have positions',
        hint: 'that of the first query',
        pointer: '/queries_start',
        ...textSwitch('queriesStart'),
        fields: [textField('queriesStart', 'position of the first query', '/queries_start')],
      },
    ],
  ],
  [
    'Projections and heads',
    [
      projection('w_query', 'projects to queries'),
      projection('w_key', 'projects to keys'),
      projection('w_value', 'projects to values'),
      projection('w_output', 'projects the context'),
      {
        label: 'Heads',
        hint: 'and key heads, where fewer',
        pointer: '/heads',
        isOn: (state) => state.heads.on,
        turn: (state, turned) => ({ ...state, heads: { ...state.heads, on: turned } }),
        fields: [headCount('query', 'heads', '/heads'), headCount('key', 'key heads', '/kv_heads')],
      },
    ],
  ],
  [
    'Scores',
    [
      {
        label: 'Cosine',
        hint: 'lengths divided out',
        pointer: '/similarity',
        isOn: (state) => state.cosine,
        turn: (state, turned) => ({ ...state, cosine: turned }),
      },
      {
        label: 'Scale',
        hint: 'multiplies every score',
        pointer: '/scale',
        ...textSwitch('scale'),
        fields: [textField('scale', 'scale: a number, or 1/sqrt(d_k)', '/scale')],
      },
      {
        label: 'Softcap',
        hint: 'c · tanh(score / c)',
        pointer: '/softcap',
        ...textSwitch('softcap'),
        fields: [textField('softcap', 'cap', '/softcap')],
      },
      {
        label: 'Positions',
        hint: 'the order counts',
        pointer: '/position',
        isOn: (state) => state.position !== '',
        turn: (state, turned) => ({ ...state, position: turned ? 'rope' : '' }),
        fields: [
          {
            label: 'kind of positions',
            pointer: '/position/type',
            get: (state) => state.position,
            set: (state, text) => ({ ...state, position: text as State['position'] }),
            choices: [
              ['', 'none'],
              ['rope', 'rope'],
              ['alibi', 'alibi'],
              ['sinusoidal', 'sinusoidal'],
            ],
          },
        ],
      },
    ],
  ],
  [
    'Keys that take part',
    [
      {
        label: 'Causal',
        hint: 'no key after the query',
        pointer: '/causal',
        isOn: (state) => state.causal,
        turn: (state, turned) => ({ ...state, causal: turned }),
      },
      {
        label: 'Window',
        hint: 'only keys so near',
        pointer: '/window',
        isOn: (state) => state.window.on,
        turn: (state, turned) => ({ ...state, window: { ...state.window, on: turned } }),
        fields: [side('left'), side('right')],
      },
      {
        label: 'Mask',
        hint: 'paint it on stage 4',
        pointer: '/mask',
        isOn: (state) => state.mask.on,
        turn: (state, turned) => ({ ...state, mask: { on: turned, value: fittedMask(state) } }),
      },
    ],
  ],
  [
    'Softmax and arithmetic',
    [
      {
        label: 'Sink',
        hint: 'takes weight, has no value',
        pointer: '/sink',
        ...textSwitch('sink'),
        fields: [textField('sink', 'the sink’s logit', '/sink')],
      },
      {
        label: 'float64',
        hint: 'double precision',
        pointer: '/dtype',
        isOn: (state) => state.dtype === 'float64',
        turn: (state, turned) => ({ ...state, dtype: turned ? 'float64' : 'float32' }),
      },
    ],
  ],
];

/** The panel of switches; `edit` gets each change and the words for it. */
export class Switches {
  readonly #shown: ((state: State) => void)[] = [];

  constructor(root: HTMLElement, edit: Edit) {
    for (const [title, options] of GROUPS)
      root.append(el('fieldset', {}, el('legend', {}, title), ...options.map((option) => this.#row(option, edit))));
  }

  show(state: State): void {
    for (const show of this.#shown) show(state);
  }

  #row(option: Option, edit: Edit): HTMLElement {
    const box = el('input', { type: 'checkbox', role: 'switch' });
    box.addEventListener('change', () => edit((state) => option.turn(state, box.checked), `${option.label} turned ${box.checked ? 'on' : 'off'}`));
    const words = el('span', {}, option.label, el('small', {}, option.hint));
    const fields = (option.fields ?? []).map((field) => this.#field(field, option.label, edit));
    const row = el(
      'div',
      { class: 'switch', 'data-pointer': option.pointer },
      el('label', {}, box, words),
      el('span', { class: 'fields' }, ...fields),
    );
    this.#shown.push((state) => {
      box.checked = option.isOn(state);
      row.classList.toggle('on', box.checked);
    });
    return row;
  }

  #field(field: Field, label: string, edit: Edit): HTMLElement {
    const { choices } = field;
    const attributes = { 'aria-label': `${label}: ${field.label}`, 'data-pointer': field.pointer };
    const control = choices
      ? el('select', attributes, ...choices.map(([value, words]) => el('option', { value }, words)))
      : el('input', {
          ...attributes,
          autocomplete: 'off',
          spellcheck: 'false',
          title: field.label,
          placeholder: field.placeholder,
        });
    control.addEventListener('input', () => edit((state) => field.set(state, control.value), `${label} set`, field.pointer));
    this.#shown.push((state) => {
      if (control.value !== field.get(state)) control.value = field.get(state);
      control.style.setProperty('--characters', `${Math.max(SHORTEST_FIELD, Math.min(control.value.length, LONGEST_FIELD))}`);
    });
    return control;
  }
}
