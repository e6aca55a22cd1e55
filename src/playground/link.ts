import { lessonParts, readLesson } from './authored.ts';
import { clamped, fittedBias, fittedMask, GRIDS, type Grid, on, POSITIONS, START, type State, type Switch, TEXTS } from './state.ts';

/*
 * The state in the address, after the #, so that it is never sent to a server: #tokens=0.2,0.1;0.9,0.1&ask=1&causal
 * A person can read it, and change it by hand. What is as at the start is left out.
 */

/** The part of the address after the #. */
export function toLink(state: State): string {
  const { position } = state;
  const parts = new Map<string, string>();
  if (state.lesson) parts.set('lesson', state.lesson);
  for (const [name, value] of state.authored ? lessonParts(state.authored) : [])
    parts.set(name, typeof value === 'string' ? text(value) : row(value));
  parts.set('labels', row(state.labels));
  parts.set('dimensions', row(state.dimensions));
  parts.set('tokens', grid(state.tokens));
  parts.set('ask', `${state.query}`);
  if (state.everyone) parts.set('all', '');
  if (state.cosine) parts.set('cosine', '');
  if (state.causal) parts.set('causal', '');
  if (state.window.on) parts.set('window', row([state.window.value.left, state.window.value.right]));
  if (state.mask.on)
    parts.set(
      'mask',
      fittedMask(state)
        .map((attends) => attends.map(Number).join(''))
        .join(','),
    );
  if (state.heads.on) parts.set('heads', row([state.heads.value.query, state.heads.value.key]));
  if (state.head) parts.set('head', `${state.head}`);
  for (const name of TEXTS) if (state.texts[name].on) parts.set(name, text(state.texts[name].value));
  for (const name of GRIDS) if (state.grids[name].on) parts.set(name, grid(name === 'bias' ? fittedBias(state) : state.grids[name].value));
  if (position.type) parts.set('position', position.type);
  if (position.base) parts.set('base', text(position.base));
  if (position.interleaved) parts.set('interleaved', '');
  if (position.slopes) parts.set('slopes', text(position.slopes));
  if (state.dtype !== 'float32') parts.set('dtype', state.dtype);
  return [...parts].map(([name, value]) => (value === '' ? name : `${name}=${value}`)).join('&');
}

/** The state that a link carries; undefined where it carries none. What can't be read of it stays as at the start. */
export function fromLink(hash: string): State | undefined {
  const parts = new Map(
    hash
      .replace(/^#/, '')
      .split('&')
      .map((part): [string, string] => {
        const at = part.indexOf('=');
        return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
      }),
  );
  const tokens = readGrid(parts.get('tokens'));
  if (!tokens) return undefined;
  const width = Math.max(...tokens.map((cells) => cells.length));
  const [left = '', right = ''] = readRow(parts.get('window')) ?? [];
  const [query = '', key = ''] = readRow(parts.get('heads')) ?? [];
  const mask = parts
    .get('mask')
    ?.split(',')
    .map((attends) => [...attends].map((bit) => bit !== '0'));
  return clamped({
    ...START,
    lesson: parts.get('lesson'),
    authored: readLesson((name) => (parts.has(name) ? plain(parts.get(name) ?? '') : undefined), readRow(parts.get('choices')) ?? []),
    tokens,
    labels: readRow(parts.get('labels')) ?? tokens.map((_, i) => `t${i}`),
    dimensions: readRow(parts.get('dimensions')) ?? Array.from({ length: width }, (_, i) => `d${i}`),
    query: wholeNumber(parts.get('ask')),
    everyone: parts.has('all'),
    cosine: parts.has('cosine'),
    causal: parts.has('causal'),
    window: parts.has('window') ? on({ left, right }) : START.window,
    mask: mask ? on(mask) : START.mask,
    heads: parts.has('heads') ? on({ query, key }) : START.heads,
    head: wholeNumber(parts.get('head')),
    position: {
      type: POSITIONS.find((type) => type === parts.get('position')) ?? '',
      base: plain(parts.get('base') ?? ''),
      interleaved: parts.has('interleaved'),
      slopes: plain(parts.get('slopes') ?? ''),
    },
    dtype: parts.get('dtype') === 'float64' ? 'float64' : 'float32',
    texts: switches(TEXTS, START.texts, (name) => (parts.has(name) ? plain(parts.get(name) ?? '') : undefined)),
    grids: switches(GRIDS, START.grids, (name) => readGrid(parts.get(name))),
  });
}

/** Those of which something can be read are on. */
function switches<Name extends string, Value>(
  names: readonly Name[],
  start: Readonly<Record<Name, Switch<Value>>>,
  read: (name: Name) => Value | undefined,
): Record<Name, Switch<Value>> {
  const found = names.flatMap((name) => {
    const value = read(name);
    return value === undefined ? [] : [[name, on(value)] as const];
  });
  return { ...start, ...Object.fromEntries(found) };
}

/** Everything but letters, digits and a few signs is escaped, the separators among them. */
function text(value: string): string {
  return encodeURIComponent(value).replaceAll('%2F', '/');
}

function row(cells: readonly string[]): string {
  return cells.map(text).join(',');
}

function grid(cells: Grid): string {
  return cells.map(row).join(';');
}

function readGrid(value: string | undefined): string[][] | undefined {
  return value === undefined ? undefined : value.split(';').map((cells) => cells.split(',').map(plain));
}

function readRow(value: string | undefined): string[] | undefined {
  return value === undefined ? undefined : value.split(',').map(plain);
}

function plain(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function wholeNumber(value: string | undefined): number {
  return /^\d{1,6}$/.test(value ?? '') ? Number(value) : 0;
}
