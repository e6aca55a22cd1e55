import type { Asking, Lesson, PerPair } from '../engine/lesson.ts';
import type { Matrix, Precision } from '../engine/tensor.ts';
import { AttentionRequest } from '../schemas/attention.ts';
import { DEFAULT_INCLUDE, DTYPE, INCLUDE, INVERSE_ROOT, type Include, MOST_DECIMALS, SIMILARITY } from '../schemas/options.ts';
import { count, Faults, given, InvalidRequest } from './faults.ts';
import { readArray, readBoolean, readBooleans, readInteger, readMatrix, readNumber, readObject, readVector, readWord } from './readers.ts';

const FIELDS: ReadonlySet<string> = new Set(Object.keys(AttentionRequest.properties));

/** A request that has been understood: what to compute, and how to print it. */
export interface AskedAttention {
  readonly lesson: Lesson;
  readonly printing: Printing;
  readonly labels?: readonly string[] | undefined;
}

/** How a reply is printed. */
export interface Printing {
  readonly include: readonly Include[];
  readonly decimals?: number | undefined;
  /** One asking row without an axis: `query` is one integer, or `queries` one vector. */
  readonly oneRow: boolean;
}

/**
 * The lesson that a parsed body asks for. Every member is read first, then the shapes are held against each other.
 * @throws InvalidRequest with all faults found, up to 20
 */
export function readAttentionRequest(body: unknown): AskedAttention {
  const faults = new Faults();
  const members = readObject(body, FIELDS, '', faults) ?? {};
  const read = <T>(name: string, reader: (value: unknown, pointer: string) => T | undefined): T | undefined =>
    members[name] === undefined || faults.full ? undefined : reader(members[name], `/${name}`);

  const dtype = read('dtype', (value, at) => readWord(value, DTYPE, at, faults));
  // With a dtype that is refused the numbers are held against the wider one, so that they get no fault of their own.
  const precision: Precision = dtype ?? (members['dtype'] === undefined ? 'float32' : 'float64');
  if (members['tokens'] === undefined && body !== null && typeof body === 'object' && !Array.isArray(body))
    faults.add('/tokens', 'is required: a matrix, one row a token');
  const tokens = read('tokens', (value, at) => readMatrix(value, precision, at, faults));
  const query = read('query', (value, at) => readQuery(value, tokens?.rows, at, faults));
  const queries = read('queries', (value, at) => readQueries(value, precision, at, faults));
  const values = read('values', (value, at) => readMatrix(value, precision, at, faults));
  const labels = read('labels', (value, at) => readLabels(value, at, faults));
  const similarity = read('similarity', (value, at) => readWord(value, SIMILARITY, at, faults));
  const scale = read('scale', (value, at) => readScale(value, precision, at, faults));
  const causal = read('causal', (value, at) => readBoolean(value, at, faults));
  const mask = read('mask', (value, at) => readBooleans(value, at, faults));
  const include = read('include', (value, at) => readInclude(value, at, faults));
  const decimals = read('decimals', (value, at) => readInteger(value, at, faults, 0, MOST_DECIMALS));

  if (members['query'] !== undefined && members['queries'] !== undefined)
    faults.add('/queries', 'can’t be given together with `query`: either tokens ask, or vectors from outside');
  if (causal && members['queries'] !== undefined)
    faults.add('/causal', 'can’t be used with `queries`: vectors from outside have no position among the tokens');
  if (tokens) {
    holdAgainstTokens(tokens, { queries, values, labels }, faults);
    const m = query?.positions.length ?? queries?.vectors.rows ?? tokens.rows;
    if (mask && (query || queries || (members['query'] === undefined && members['queries'] === undefined)))
      checkPerPair('mask', mask.shape, m, tokens.rows, faults);
  }
  if (!faults.none || !tokens) throw new InvalidRequest(faults.list);

  const asking: Asking = queries
    ? { from: 'queries', vectors: queries.vectors }
    : { from: 'tokens', positions: query?.positions ?? Int32Array.from({ length: tokens.rows }, (_, i) => i) };
  const outputs = include ?? DEFAULT_INCLUDE;
  return {
    lesson: {
      precision,
      tokens,
      asking,
      values,
      similarity: similarity ?? 'dot',
      scale: scale ?? 1,
      causal: causal ?? false,
      mask: mask && perPair(mask),
      include: new Set(outputs),
    },
    printing: { include: outputs, decimals, oneRow: query?.oneRow ?? queries?.oneRow ?? false },
    labels,
  };
}

function readQuery(value: unknown, n: number | undefined, pointer: string, faults: Faults): { positions: Int32Array; oneRow: boolean } | undefined {
  const position = (one: unknown, at: string): number | undefined => {
    const last = n === undefined ? Number.MAX_SAFE_INTEGER : n - 1;
    if (typeof one === 'number' && Number.isInteger(one) && one > last) {
      return faults.add(at, `must be the 0-based position of a token, from 0 to ${last} for ${count(last + 1, 'token')}, got ${one}`);
    }
    return readInteger(one, at, faults, 0, Number.MAX_SAFE_INTEGER);
  };
  if (!Array.isArray(value)) {
    const one = position(value, pointer);
    return one === undefined ? undefined : { positions: Int32Array.of(one), oneRow: true };
  }
  const list = readArray(value, 'position', pointer, faults);
  if (!list) return undefined;
  const positions = new Int32Array(list.length);
  for (let r = 0; r < list.length && !faults.full; r++) positions[r] = position(list[r], `${pointer}/${r}`) ?? -1;
  return positions.includes(-1) ? undefined : { positions, oneRow: false };
}

function readQueries(value: unknown, precision: Precision, pointer: string, faults: Faults): { vectors: Matrix; oneRow: boolean } | undefined {
  if (Array.isArray(value) && value.length > 0 && !Array.isArray(value[0])) {
    const vector = readVector(value, precision, pointer, faults);
    return vector && { vectors: { data: vector, rows: 1, columns: vector.length }, oneRow: true };
  }
  const vectors = readMatrix(value, precision, pointer, faults);
  return vectors && { vectors, oneRow: false };
}

function readLabels(value: unknown, pointer: string, faults: Faults): string[] | undefined {
  const list = readArray(value, 'string', pointer, faults);
  if (!list) return undefined;
  const labels: string[] = [];
  for (let i = 0; i < list.length && !faults.full; i++) {
    const label = list[i];
    if (typeof label === 'string') labels.push(label);
    else faults.add(`${pointer}/${i}`, `must be a string, got ${given(label)}`);
  }
  return labels.length === list.length ? labels : undefined;
}

function readScale(value: unknown, precision: Precision, pointer: string, faults: Faults): number | typeof INVERSE_ROOT | undefined {
  if (value === INVERSE_ROOT) return value;
  if (typeof value !== 'number') return faults.add(pointer, `must be a number or "${INVERSE_ROOT}", got ${given(value)}`);
  return readNumber(value, precision, pointer, faults);
}

/** The outputs asked for, in the order of the reply. */
function readInclude(value: unknown, pointer: string, faults: Faults): readonly Include[] | undefined {
  const list = readArray(value, 'output', pointer, faults);
  if (!list) return undefined;
  const asked = new Set<Include>();
  for (let i = 0; i < list.length && !faults.full; i++) {
    const output = readWord(list[i], INCLUDE, `${pointer}/${i}`, faults);
    if (output !== undefined && asked.has(output)) faults.add(`${pointer}/${i}`, `names "${output}" again; each output can be asked for once`);
    if (output !== undefined) asked.add(output);
  }
  return INCLUDE.filter((output) => asked.has(output));
}

function holdAgainstTokens(
  tokens: Matrix,
  {
    queries,
    values,
    labels,
  }: { queries: { vectors: Matrix; oneRow: boolean } | undefined; values: Matrix | undefined; labels: readonly string[] | undefined },
  faults: Faults,
): void {
  if (queries && queries.vectors.columns !== tokens.columns) {
    faults.add(
      '/queries',
      `has vectors of ${count(queries.vectors.columns, 'number')}, but the tokens have ${tokens.columns}; a query and a key must be equally wide`,
    );
  }
  if (values && values.rows !== tokens.rows)
    faults.add('/values', `has ${count(values.rows, 'row')}, but there are ${count(tokens.rows, 'token')}; one row a token is required`);
  if (labels && labels.length !== tokens.rows)
    faults.add('/labels', `has ${count(labels.length, 'label')}, but there are ${count(tokens.rows, 'token')}; one label a token is required`);
}

function checkPerPair(field: string, shape: readonly number[], m: number, n: number, faults: Faults): void {
  const keys = shape.at(-1) ?? 0;
  const rows = shape.length === 2 ? (shape[0] ?? 0) : m;
  if (keys !== n) faults.add(`/${field}`, `covers ${count(keys, 'key')}, but there are ${count(n, 'token')}; its last axis must be ${n} long`);
  if (rows !== m)
    faults.add(
      `/${field}`,
      `has ${count(rows, 'row')}, but there ${m === 1 ? 'is' : 'are'} ${count(m, 'asking row')}; row r belongs to the r-th asking row`,
    );
}

function perPair({ data, shape }: { data: Uint8Array; shape: readonly number[] }): PerPair<Uint8Array> {
  return { data, rank: shape.length === 1 ? 1 : 2 };
}
