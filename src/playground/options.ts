import { fittedMask, type GridName, on, POSITIONS, queryWidth, SCALE_BY_WIDTH, type State, type TextName, turnGrid, withTexts } from './state.ts';

/** A text or a choice beside a switch. */
export interface Field {
  readonly label: string;
  readonly pointer: string;
  readonly get: (state: State) => string;
  readonly set: (state: State, text: string) => State;
  readonly placeholder?: string;
  readonly choices?: readonly (readonly [value: string, words: string])[];
  /** The least of whole numbers; any number will do, where it is left out. */
  readonly least?: number;
  /** The number that its text stands for, where that is none. */
  readonly standsFor?: (state: State) => number | undefined;
  /** Where it has a meaning; always, where it is left out. */
  readonly isMeant?: (state: State) => boolean;
}

/** One option of the request: a switch, what it does in a few words, and its fields. */
export interface Option {
  readonly label: string;
  readonly hint: string;
  readonly pointer: string;
  readonly isOn: (state: State) => boolean;
  readonly turn: (state: State, turned: boolean) => State;
  readonly fields?: readonly Field[];
}

const text = (of: TextName, label: string, hint: string, field: string, more: Pick<Field, 'least' | 'standsFor'> = {}): Option => ({
  label,
  hint,
  pointer: `/${of}`,
  isOn: (state) => state.texts[of].on,
  turn: (state, turned) => withTexts(state, { [of]: { ...state.texts[of], on: turned } }),
  fields: [
    {
      ...more,
      label: field,
      pointer: `/${of}`,
      get: (state) => state.texts[of].value,
      set: (state, value) => withTexts(state, { [of]: on(value) }),
    },
  ],
});

const grid = (of: GridName, label: string, hint: string): Option => ({
  label,
  hint,
  pointer: `/${of}`,
  isOn: (state) => state.grids[of].on,
  turn: (state, turned) => turnGrid(state, of, turned),
});

const flag = (of: 'everyone' | 'cosine' | 'causal', label: string, hint: string, pointer: string): Option => ({
  label,
  hint,
  pointer,
  isOn: (state) => state[of],
  turn: (state, turned) => ({ ...state, [of]: turned }),
});

const side = (of: 'left' | 'right'): Field => ({
  least: 0,
  placeholder: of,
  label: of,
  pointer: `/window/${of}`,
  get: (state) => state.window.value[of],
  set: (state, value) => ({ ...state, window: on({ ...state.window.value, [of]: value }) }),
});

const headCount = (of: 'query' | 'key', label: string, pointer: string): Field => ({
  placeholder: of === 'key' ? 'keys' : 'heads',
  least: 1,
  label,
  pointer,
  get: (state) => state.heads.value[of],
  set: (state, value) => ({ ...state, heads: on({ ...state.heads.value, [of]: value }) }),
});

const ofPosition = (of: 'base' | 'slopes', type: 'rope' | 'alibi', label: string, placeholder: string): Field => ({
  label,
  placeholder,
  pointer: `/position/${of}`,
  get: (state) => state.position[of],
  set: (state, value) => ({ ...state, position: { ...state.position, [of]: value } }),
  isMeant: (state) => state.position.type === type,
});

/** Every option of the request in groups, in the order in which they act. An option is a row here. */
export const OPTIONS: readonly (readonly [title: string, options: readonly Option[]])[] = [
  [
    'Queries',
    [
      flag('everyone', 'Every token is a query', 'one row each', '/query'),
      grid('queries', 'Cross-attention', 'query vectors from outside'),
      text('queries_start', 'Queries have positions', 'that of the first query', 'position of the first query', { least: 0 }),
    ],
  ],
  [
    'Projections and heads',
    [
      grid('values', 'Values of their own', 'not the tokens themselves'),
      grid('w_query', 'w_query', 'projects to queries'),
      grid('b_query', 'b_query', 'is added to each query'),
      grid('w_key', 'w_key', 'projects to keys'),
      grid('b_key', 'b_key', 'is added to each key'),
      grid('w_value', 'w_value', 'projects to values'),
      grid('b_value', 'b_value', 'is added to each value'),
      grid('w_output', 'w_output', 'projects the context vector'),
      grid('b_output', 'b_output', 'is added to each context vector'),
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
      flag('cosine', 'Cosine', 'lengths divided out', '/similarity'),
      text('scale', 'Scale', 'multiplies every score', 'scale: a number, or 1/sqrt(d_k)', {
        standsFor: (state) => (state.texts.scale.value === SCALE_BY_WIDTH ? 1 / Math.sqrt(queryWidth(state)) : undefined),
      }),
      text('softcap', 'Softcap', 'c · tanh(score / c)', 'cap'),
      grid('bias', 'Bias', 'a number added to each score'),
      {
        label: 'Positions',
        hint: 'the order counts',
        pointer: '/position',
        isOn: (state) => state.position.type !== '',
        turn: (state, turned) => ({ ...state, position: { ...state.position, type: turned ? 'rope' : '' } }),
        fields: [
          {
            label: 'kind of positions',
            pointer: '/position/type',
            get: (state) => state.position.type,
            set: (state, value) => ({ ...state, position: { ...state.position, type: value as State['position']['type'] } }),
            choices: [['', 'none'], ...POSITIONS.map((type) => [type, type] as const)],
          },
          ofPosition('base', 'rope', 'base of the angles; 10000 where it is empty', 'base'),
          {
            label: 'pairs that are rotated',
            pointer: '/position/interleaved',
            get: ({ position }) => (position.interleaved ? 'next' : 'half'),
            set: (state, value) => ({ ...state, position: { ...state.position, interleaved: value === 'next' } }),
            choices: [
              ['half', 'pairs i, i + d/2'],
              ['next', 'pairs 2i, 2i + 1'],
            ],
            isMeant: ({ position }) => position.type === 'rope',
          },
          ofPosition('slopes', 'alibi', 'slopes, one a head; 2^(−8(g+1)/h) where it is empty', 'slopes'),
        ],
      },
    ],
  ],
  [
    'Keys that take part',
    [
      flag('causal', 'Causal', 'no key after the query', '/causal'),
      {
        label: 'Window',
        hint: 'so many keys before and after',
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
      text('sink', 'Sink', 'takes weight, has no value', 'the sink’s logit, or one a head'),
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
