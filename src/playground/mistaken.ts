import { fittedBias, fittedMask, type Grid, type GridName, hasRows, off, on, type State, withGrids, withTexts } from './state.ts';

/** What of an answer decides how a mistake changes its request. */
export interface Facts {
  /** What multiplies every score. */
  readonly scale: number;
  readonly heads: number;
  /** The width of one head. */
  readonly width: number;
}

type Makes = (state: State, facts: Facts) => readonly State[];

const scaled = (state: State, ...scales: readonly number[]) => scales.map((scale) => withTexts(state, { scale: on(`${scale}`) }));
const withText = (state: State, name: keyof State['texts'], value: string) => withTexts(state, { [name]: on(value) });
const without = (state: State, ...names: readonly GridName[]) =>
  withGrids(state, Object.fromEntries(names.map((name) => [name, off(state.grids[name].value)])));
const masked = (state: State, may: (row: number, token: number, may: boolean) => boolean) => [
  { ...state, mask: on(fittedMask(state).map((row, i) => row.map((one, j) => may(i, j, one)))) },
];
const transposed = (cells: Grid): Grid => (cells[0] ?? []).map((_, c) => cells.map((row) => row[c] ?? '0'));

/** All of some things together, and each alone. */
function groups<Name>(names: readonly Name[]): (readonly Name[])[] {
  return names.length < 2 ? names.map((name) => [name]) : [names, ...names.map((name) => [name])];
}

const isOn = (state: State) => (name: GridName) => state.grids[name].on;
const WEIGHTS = ['w_query', 'w_key', 'w_value', 'w_output'] as const;
const BIASES = ['b_query', 'b_key', 'b_value', 'b_output'] as const;

/** The mistakes that some request makes of right code, and the states that ask so; the others are in the code alone. */
const MAKES: Readonly<Record<string, Makes>> = {
  'scale-missing': (state) => scaled(state, 1),
  'scale-unwanted': (state, { scale, width }) => scaled(state, scale / Math.sqrt(width), 1 / Math.sqrt(width)),
  'scale-by-d': (state, { width }) => scaled(state, 1 / width),
  'scale-twice': (state, { scale }) => scaled(state, scale ** 2),
  'scale-by-model-width': (state, { heads, width }) => scaled(state, 1 / Math.sqrt(heads * width), 1 / Math.sqrt(state.dimensions.length)),
  'mask-inverted': (state) => masked(state, (_row, _token, may) => !may),
  'mask-missing': (state) => [{ ...state, mask: off(state.mask.value) }],
  'mask-transposed': (state) => masked(state, (row, token) => fittedMask(state)[token]?.[row] ?? true),
  'mask-added': (state) => {
    const mask = fittedMask(state);
    const bias = fittedBias(state).map((row, i) => row.map((number, j) => `${Number(number) + (mask[i]?.[j] ? 1 : 0)}`));
    return [withGrids({ ...state, mask: off(state.mask.value) }, { bias: on(bias) })];
  },
  'causal-missing': (state) => [{ ...state, causal: false }],
  'causal-strict': (state) => masked(state, (row, token, may) => may && token !== row),
  'window-off-by-one': (state) =>
    [-1, 1].flatMap((by) => {
      const { left, right } = state.window.value;
      const moved = (side: string) => (side.trim() === '' ? side : `${Number(side) + by}`);
      const windows = [
        { left: moved(left), right },
        { left, right: moved(right) },
        { left: moved(left), right: moved(right) },
      ];
      return windows.map((window) => ({ ...state, window: on(window) }));
    }),
  'softcap-missing': (state) => [withTexts(state, { softcap: off(state.texts.softcap.value) })],
  'sink-missing': (state) => [withTexts(state, { sink: off(state.texts.sink.value) })],
  'bias-missing': (state) => [without(state, 'bias')],
  'bias-scaled': (state, { scale }) => [
    withGrids(state, { bias: on(fittedBias(state).map((row) => row.map((number) => `${Number(number) * scale}`))) }),
  ],
  'position-missing': (state) => [{ ...state, position: { ...state.position, type: '' } }],
  'rope-pairing': (state) => [{ ...state, position: { ...state.position, interleaved: !state.position.interleaved } }],
  'position-offset': (state) => startingElsewhere(state),
  'causal-other-corner': (state) => startingElsewhere(state),
  'projection-transposed': (state) =>
    groups(WEIGHTS.filter(isOn(state))).map((names) =>
      withGrids(state, Object.fromEntries(names.map((name) => [name, on(transposed(state.grids[name].value))]))),
    ),
  'query-key-swapped': (state) => {
    const { w_query, w_key, b_query, b_key } = state.grids;
    const exchanged = withGrids(state, { w_query: w_key, w_key: w_query });
    return [withGrids(exchanged, { b_query: b_key, b_key: b_query }), exchanged];
  },
  'value-projection-missing': (state) => [
    without(state, 'w_value', 'b_value'),
    without(state, 'values'),
    without(state, 'values', 'w_value', 'b_value'),
  ],
  'output-projection-missing': (state) => [without(state, 'w_output', 'b_output'), without(state, 'w_output')],
  'projection-bias-missing': (state) => groups(BIASES.filter(isOn(state))).map((names) => without(state, ...names)),
  'query-off-by-one': (state) =>
    hasRows(state) ? [] : state.tokens.map((_, query) => ({ ...state, query })).filter(({ query }) => query !== state.query),
  'values-for-keys': (state) => {
    const { w_key, b_key, w_value, b_value } = state.grids;
    const summed = withGrids(state, { w_value: w_key, b_value: b_key });
    const compared = withGrids(state, { w_key: w_value, b_key: b_value });
    return [without(summed, 'values'), summed, compared, withGrids(compared, { w_value: w_key, b_value: b_key })];
  },
};

function startingElsewhere(state: State): State[] {
  const start = Number(state.texts.queries_start.value);
  const others = [start + 1, start - 1, 0, state.tokens.length - state.grids.queries.value.length];
  return state.grids.queries.on
    ? [...new Set(others)].filter((other) => other !== start).map((other) => withText(state, 'queries_start', `${other}`))
    : [];
}

/** The states whose right answer may be what this mistake gives. */
export function mistakenStates(code: string, state: State, facts: Facts): readonly State[] {
  return MAKES[code]?.(state, facts) ?? [];
}
