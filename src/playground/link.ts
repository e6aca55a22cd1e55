import { clamped, fittedMask, type Grid, on, PROJECTIONS, START, type State } from './state.ts';

/*
 * The state in the address, after the #, so that it is never sent to a server: #tokens=0.2,0.1;0.9,0.1&ask=1&causal
 * A person can read it, and change it by hand. What is as at the start is left out.
 */

/** The part of the address after the #. */
export function toLink(state: State): string {
  const parts = new Map<string, string>();
  if (state.lesson) parts.set('lesson', state.lesson);
  parts.set('labels', row(state.labels));
  parts.set('dimensions', row(state.dimensions));
  parts.set('tokens', grid(state.tokens));
  parts.set('ask', `${state.query}`);
  if (state.everyone) parts.set('all', '');
  if (state.queries.on) parts.set('queries', grid(state.queries.value));
  if (state.queriesStart.on) parts.set('queries_start', text(state.queriesStart.value));
  if (state.cosine) parts.set('cosine', '');
  if (state.scale.on) parts.set('scale', text(state.scale.value));
  if (state.causal) parts.set('causal', '');
  if (state.window.on) parts.set('window', row([state.window.value.left, state.window.value.right]));
  if (state.mask.on)
    parts.set(
      'mask',
      fittedMask(state)
        .map((attends) => attends.map(Number).join(''))
        .join(','),
    );
  if (state.softcap.on) parts.set('softcap', text(state.softcap.value));
  if (state.sink.on) parts.set('sink', text(state.sink.value));
  if (state.heads.on) parts.set('heads', row([state.heads.value.query, state.heads.value.key]));
  if (state.head) parts.set('head', `${state.head}`);
  for (const name of PROJECTIONS) if (state.projections[name].on) parts.set(name, grid(state.projections[name].value));
  if (state.position) parts.set('position', state.position);
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
  const single = (name: string, otherwise: State['sink']) => (parts.has(name) ? on(plain(parts.get(name) ?? '')) : otherwise);
  const [left = '', right = ''] = readRow(parts.get('window')) ?? [];
  const [query = '', key = ''] = readRow(parts.get('heads')) ?? [];
  const mask = parts
    .get('mask')
    ?.split(',')
    .map((attends) => [...attends].map((bit) => bit !== '0'));
  const queries = readGrid(parts.get('queries'));
  const position = parts.get('position');
  return clamped({
    ...START,
    lesson: parts.get('lesson'),
    tokens,
    labels: readRow(parts.get('labels')) ?? tokens.map((_, i) => `t${i}`),
    dimensions: readRow(parts.get('dimensions')) ?? Array.from({ length: width }, (_, i) => `d${i}`),
    query: wholeNumber(parts.get('ask')),
    everyone: parts.has('all'),
    queries: queries ? on(queries) : START.queries,
    queriesStart: single('queries_start', START.queriesStart),
    cosine: parts.has('cosine'),
    scale: single('scale', START.scale),
    causal: parts.has('causal'),
    window: parts.has('window') ? on({ left, right }) : START.window,
    mask: mask ? on(mask) : START.mask,
    softcap: single('softcap', START.softcap),
    sink: single('sink', START.sink),
    heads: parts.has('heads') ? on({ query, key }) : START.heads,
    head: wholeNumber(parts.get('head')),
    projections: readProjections(parts),
    position: position === 'rope' || position === 'alibi' || position === 'sinusoidal' ? position : '',
    dtype: parts.get('dtype') === 'float64' ? 'float64' : 'float32',
  });
}

function readProjections(parts: ReadonlyMap<string, string>): State['projections'] {
  const read = (name: keyof State['projections']) => {
    const cells = readGrid(parts.get(name));
    return cells ? on(cells) : START.projections[name];
  };
  return { w_query: read('w_query'), w_key: read('w_key'), w_value: read('w_value'), w_output: read('w_output') };
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
