import { clamped, GRIDS, type Grid, on, POSITIONS, START, type State, TEXTS, withGrids, withTexts } from './state.ts';

/** A request as a state, and a sentence for each thing of it that this page can't show. */
export interface Opened {
  readonly state: State;
  readonly notes: readonly string[];
}

type Members = Readonly<Record<string, unknown>>;

/** Members that say how a reply is printed; the page asks for what it draws. */
const PRINTING = ['include', 'decimals'];

/**
 * Reads the body of a request, or this page's own JSON download, which holds one. Numbers become what is typed; what is no number stays as it is,
 * and the service says what is wrong with it.
 * @returns undefined where the text is no JSON object with tokens
 */
export function readRequest(text: string): Opened | undefined {
  const whole = membersOf(text);
  const inner = whole?.['request'];
  const request = isMembers(inner) ? inner : whole;
  if (!request || !Array.isArray(request['tokens'])) return undefined;
  // null is as if the member were absent.
  const given: Members = Object.fromEntries(Object.entries(request).filter(([name, value]) => value !== null && !PRINTING.includes(name)));
  const read = new Set<string>();
  const take = (name: string): unknown => {
    read.add(name);
    return given[name];
  };
  const state = clamped(withPairs(plainState(take), take));
  const { query, mask, bias } = given;
  const notes = Object.keys(given)
    .filter((name) => !read.has(name))
    .map((name) => `This page has no place for “${name}”: it is left out.`);
  if (Array.isArray(query)) notes.push('It asks for some tokens only: here every token is a query, and those are among the rows.');
  for (const [name, value] of Object.entries({ mask, bias })) {
    if (depth(value) > 2) notes.push(`It has a ${name} for each head: this page has one for all heads, so that is left out.`);
  }
  return { state, notes };
}

function plainState(take: (name: string) => unknown): State {
  const tokens = gridOf(take('tokens'));
  const width = Math.max(1, ...tokens.map((row) => row.length));
  const labels = take('labels');
  const query = take('query');
  const heads = take('heads');
  const keyHeads = take('kv_heads');
  const window = take('window') as Members | undefined;
  const position = take('position') as Members | undefined;
  const state: State = {
    ...START,
    lesson: undefined,
    tokens,
    labels: Array.isArray(labels) ? labels.map(textOf) : tokens.map((_, i) => `t${i}`),
    dimensions: Array.from({ length: width }, (_, i) => `d${i}`),
    everyone: typeof query !== 'number',
    query: typeof query === 'number' ? query : 0,
    cosine: take('similarity') === 'cosine',
    causal: take('causal') === true,
    window: window ? on({ left: textOf(window['left'] ?? ''), right: textOf(window['right'] ?? '') }) : START.window,
    heads: heads === undefined ? START.heads : on({ query: textOf(heads), key: textOf(keyHeads ?? '') }),
    position: positionOf(position),
    dtype: take('dtype') === 'float64' ? 'float64' : 'float32',
  };
  const texts = TEXTS.flatMap((name) => {
    const value = take(name);
    return value === undefined ? [] : [[name, on(textOf(value))]];
  });
  const grids = GRIDS.filter((name) => name !== 'bias').flatMap((name) => {
    const value = take(name);
    return value === undefined ? [] : [[name, on(gridOf(value))]];
  });
  return withGrids(withTexts(state, Object.fromEntries(texts)), Object.fromEntries(grids));
}

/** Mask and bias: [n] is the same for every query row. One a head is left out. */
function withPairs(state: State, take: (name: string) => unknown): State {
  const rows = <Value>(value: unknown, read: (cell: unknown) => Value): Value[][] => {
    const all = value as unknown[];
    const rowsOf = depth(value) === 1 ? Array.from({ length: Math.max(state.tokens.length, state.grids.queries.value.length) }, () => all) : all;
    const placed = depth(value) === 2 && !state.grids.queries.on ? atQueries(take('query'), state, all) : rowsOf;
    return placed.map((row) => (Array.isArray(row) ? row.map(read) : []));
  };
  const [mask, bias] = [take('mask'), take('bias')];
  const masked = within(mask) ? { ...state, mask: on(rows(mask, (cell) => cell === true)) } : state;
  return within(bias) ? withGrids(masked, { bias: on(rows(bias, textOf)) }) : masked;
}

/** The rows of one query, or of several, stand where these tokens do. */
function atQueries(query: unknown, state: State, rows: readonly unknown[]): readonly unknown[] {
  const asked: unknown[] | undefined = Array.isArray(query) ? query : typeof query === 'number' ? [query] : undefined;
  return asked === undefined ? rows : state.tokens.map((_, token) => rows[asked.indexOf(token)]);
}

function within(value: unknown): boolean {
  return depth(value) === 1 || depth(value) === 2;
}

function depth(value: unknown): number {
  return Array.isArray(value) ? 1 + depth(value[0]) : 0;
}

function positionOf(position: Members | undefined): State['position'] {
  const { type, base = '', interleaved, slopes = '' } = position ?? {};
  return { type: POSITIONS.find((one) => one === type) ?? '', base: textOf(base), interleaved: interleaved === true, slopes: textOf(slopes) };
}

/** Rows of numbers; one vector is one row. */
function gridOf(value: unknown): Grid {
  if (!Array.isArray(value)) return [[textOf(value)]];
  const rows = Array.isArray(value[0]) ? value : [value];
  return rows.map((row) => (Array.isArray(row) ? row.map(textOf) : [textOf(row)]));
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  return typeof value === 'string' ? value : typeof value === 'number' ? `${value}` : JSON.stringify(value);
}

function membersOf(text: string): Members | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isMembers(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
