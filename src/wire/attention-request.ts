import type { Window } from '../engine/call.ts';
import type { Position } from '../engine/position.ts';
import { type Floats, floats, type Matrix, type Precision, positionsOf } from '../engine/tensor.ts';
import type { PerPair, TokenAttention } from '../engine/token-attention.ts';
import type { QueryRows } from '../engine/way-in.ts';
import { AlibiOption, AttentionRequest, RopeOption, SinusoidalOption, WindowOption } from '../schemas/attention.ts';
import {
  DEFAULT_INCLUDE,
  DEFAULT_ROPE_BASE,
  DTYPE,
  FARTHEST_POSITION,
  FARTHEST_REACH,
  INCLUDE,
  INVERSE_ROOT,
  type Include,
  MOST_DECIMALS,
  POSITION,
  SIMILARITY,
} from '../schemas/options.ts';
import { checkShapes } from './attention-shapes.ts';
import { count, Faults, given, invalidRequest } from './faults.ts';
import {
  type PerPairRead,
  readArray,
  readBoolean,
  readBooleans,
  readInteger,
  readMatrix,
  readNumber,
  readNumbers,
  readObject,
  readVector,
  readWord,
} from './readers.ts';

const FIELDS: ReadonlySet<string> = new Set(Object.keys(AttentionRequest.properties));
const WINDOW_FIELDS: ReadonlySet<string> = new Set(Object.keys(WindowOption.properties));
const POSITION_FIELDS = {
  rope: new Set(Object.keys(RopeOption.properties)),
  alibi: new Set(Object.keys(AlibiOption.properties)),
  sinusoidal: new Set(Object.keys(SinusoidalOption.properties)),
};

/** A request that has been understood: what to compute, and how to print it. */
export interface AskedAttention {
  readonly lesson: TokenAttention;
  readonly printing: Printing;
  readonly labels?: readonly string[] | undefined;
}

/** How a reply is printed. */
export interface Printing {
  readonly include: readonly Include[];
  readonly decimals?: number | undefined;
  /** One asking row without an axis: `query` is one integer, or `queries` one vector. */
  readonly oneRow: boolean;
  /** There is an axis of heads exactly when `heads` is in the request. */
  readonly headAxis: boolean;
}

/**
 * The lesson that a parsed body asks for. Every member is read first, then the shapes are held against each other.
 * @throws Failure `invalid-request` with all faults found, up to 20
 */
export function readAttentionRequest(body: unknown): AskedAttention {
  const faults = new Faults();
  const members = readObject(body, FIELDS, '', faults);
  if (!members) throw invalidRequest(faults.list);
  const asked = readMembers(members, faults);
  checkCompany(members, asked, faults);
  // How many ask is known where who asks could be read.
  const everyToken = members['query'] === undefined && members['queries'] === undefined;
  const m = everyToken ? asked.tokens?.rows : (asked.query?.positions.length ?? asked.queries?.vectors.rows);
  if (asked.tokens) checkShapes({ ...asked, tokens: asked.tokens, m }, wereRead(members, asked), faults);
  if (!faults.none || !asked.tokens) throw invalidRequest(faults.list);

  const { tokens, query, queries, precision, include, heads, kvHeads } = asked;
  const queryRows: QueryRows = queries
    ? { from: 'queries', vectors: queries.vectors, start: asked.queriesStart }
    : { from: 'tokens', positions: query?.positions ?? positionsOf(tokens) };
  const outputs = include ?? DEFAULT_INCLUDE;
  return {
    lesson: {
      precision,
      tokens,
      queries: queryRows,
      values: asked.values,
      similarity: asked.similarity ?? 'dot',
      scale: asked.scale ?? 1,
      projections: asked.projections,
      heads: heads ?? 1,
      kvHeads: kvHeads ?? heads ?? 1,
      causal: asked.causal ?? false,
      window: asked.window ?? {},
      mask: asked.mask && perPair(asked.mask),
      bias: asked.bias && perPair(asked.bias),
      softcap: asked.softcap,
      sink: asked.sink === undefined ? undefined : forEachHead(asked.sink, heads ?? 1, precision),
      position: asked.position,
      include: new Set(outputs.filter((output) => output !== 'trace')),
    },
    printing: {
      include: outputs,
      decimals: asked.decimals,
      oneRow: query?.oneRow ?? queries?.oneRow ?? false,
      headAxis: heads !== undefined,
    },
    labels: asked.labels,
  };
}

type Members = Readonly<Record<string, unknown>>;

/** Every member, read on its own: undefined where it is absent or at fault. */
export type AskedMembers = ReturnType<typeof readMembers>;

function readMembers(members: Members, faults: Faults) {
  const read = <T>(name: string, reader: (value: unknown, pointer: string) => T | undefined): T | undefined =>
    members[name] === undefined || faults.full ? undefined : reader(members[name], `/${name}`);
  const dtype = read('dtype', (value, at) => readWord(value, DTYPE, at, faults));
  // With a dtype that is refused the numbers are held against the wider one, so that they get no fault of their own.
  const precision: Precision = dtype ?? (members['dtype'] === undefined ? 'float32' : 'float64');
  const matrix = (name: string) => read(name, (value, at) => readMatrix(value, precision, at, faults));
  const vector = (name: string) => read(name, (value, at) => readVector(value, precision, at, faults));
  const integer = (name: string, least: number, most: number) => read(name, (value, at) => readInteger(value, at, faults, least, most));

  if (members['tokens'] === undefined) faults.add('/tokens', 'is required: a matrix, one row a token');
  const tokens = matrix('tokens');
  return {
    precision,
    tokens,
    query: read('query', (value, at) => readQuery(value, tokens?.rows, at, faults)),
    queries: read('queries', (value, at) => readQueries(value, precision, at, faults)),
    queriesStart: integer('queries_start', -FARTHEST_POSITION, FARTHEST_POSITION),
    values: matrix('values'),
    labels: read('labels', (value, at) => readLabels(value, at, faults)),
    similarity: read('similarity', (value, at) => readWord(value, SIMILARITY, at, faults)),
    scale: read('scale', (value, at) => readScale(value, precision, at, faults)),
    projections: {
      query: { weight: matrix('w_query'), bias: vector('b_query') },
      key: { weight: matrix('w_key'), bias: vector('b_key') },
      value: { weight: matrix('w_value'), bias: vector('b_value') },
      output: { weight: matrix('w_output'), bias: vector('b_output') },
    },
    heads: integer('heads', 1, Number.MAX_SAFE_INTEGER),
    kvHeads: integer('kv_heads', 1, Number.MAX_SAFE_INTEGER),
    causal: read('causal', (value, at) => readBoolean(value, at, faults)),
    window: read('window', (value, at) => readWindow(value, at, faults)),
    mask: read('mask', (value, at) => readBooleans(value, at, faults)),
    bias: read('bias', (value, at) => readNumbers(value, precision, at, faults)),
    softcap: read('softcap', (value, at) => readPositive(value, precision, at, faults)),
    sink: read('sink', (value, at) => (Array.isArray(value) ? readVector(value, precision, at, faults) : readNumber(value, precision, at, faults))),
    position: read('position', (value, at) => readPosition(value, precision, at, faults)),
    include: read('include', (value, at) => readInclude(value, at, faults)),
    decimals: integer('decimals', 0, MOST_DECIMALS),
  };
}

/** Whether every member that gives a width was read: where one is at fault, widths can't be held against each other. */
function wereRead(members: Members, { queries, values, projections, heads, kvHeads }: AskedMembers): boolean {
  const { query, key, value, output } = projections;
  if (members['kv_heads'] !== undefined && members['heads'] === undefined) return false;
  const read = {
    queries,
    values,
    heads,
    kv_heads: kvHeads,
    w_query: query.weight,
    b_query: query.bias,
    w_key: key.weight,
    b_key: key.bias,
    w_value: value.weight,
    b_value: value.bias,
    w_output: output.weight,
    b_output: output.bias,
  };
  return Object.entries(read).every(([name, value]) => members[name] === undefined || value !== undefined);
}

/** Members that can't stand together, or not without each other. */
function checkCompany(members: Members, { causal }: AskedMembers, faults: Faults): void {
  const has = (name: string) => members[name] !== undefined;
  if (has('query') && has('queries')) faults.add('/queries', 'can’t be given together with `query`: either tokens ask, or vectors from outside');
  if (has('queries_start') && !has('queries')) faults.add('/queries_start', 'says where `queries` stand, but there are none');
  if (has('kv_heads') && !has('heads')) faults.add('/kv_heads', 'needs `heads`');
  if (!has('queries') || has('queries_start')) return;
  const nowhere = 'needs `queries_start`: vectors from outside stand nowhere among the tokens without it';
  if (causal) faults.add('/causal', nowhere);
  if (has('window')) faults.add('/window', nowhere);
  if (has('position')) faults.add('/position', nowhere);
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
    return { positions: Int32Array.of(one ?? 0), oneRow: true };
  }
  const list = readArray(value, 'position', pointer, faults);
  if (!list) return undefined;
  const positions = new Int32Array(list.length);
  for (let r = 0; r < list.length && !faults.full; r++) positions[r] = position(list[r], `${pointer}/${r}`) ?? 0;
  return { positions, oneRow: false };
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
    if (typeof label !== 'string') faults.add(`${pointer}/${i}`, `must be a string, got ${given(label)}`);
    labels.push(String(label));
  }
  return labels;
}

function readScale(value: unknown, precision: Precision, pointer: string, faults: Faults): number | typeof INVERSE_ROOT | undefined {
  if (value === INVERSE_ROOT) return value;
  if (typeof value !== 'number') return faults.add(pointer, `must be a number or "${INVERSE_ROOT}", got ${given(value)}`);
  return readNumber(value, precision, pointer, faults);
}

function readPositive(value: unknown, precision: Precision, pointer: string, faults: Faults): number | undefined {
  const number = readNumber(value, precision, pointer, faults);
  if (number === undefined || number > 0) return number;
  return faults.add(pointer, `must be greater than 0${precision === 'float32' && value !== 0 ? ' as a float32' : ''}, got ${given(value)}`);
}

function readWindow(value: unknown, pointer: string, faults: Faults): Window | undefined {
  const sides = readObject(value, WINDOW_FIELDS, pointer, faults);
  if (!sides) return undefined;
  if (sides['left'] === undefined && sides['right'] === undefined) return faults.add(pointer, 'needs `left` or `right`, or both');
  const side = (name: string) => (sides[name] === undefined ? undefined : readInteger(sides[name], `${pointer}/${name}`, faults, 0, FARTHEST_REACH));
  return { left: side('left'), right: side('right') };
}

function readPosition(value: unknown, precision: Precision, pointer: string, faults: Faults): Position | undefined {
  const named = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  const known = POSITION.find((candidate) => candidate === named);
  const members = readObject(value, known ? POSITION_FIELDS[known] : new Set([...POSITION_FIELDS.rope, ...POSITION_FIELDS.alibi]), pointer, faults);
  if (!members) return undefined;
  const type = readWord(members['type'], POSITION, `${pointer}/type`, faults);
  if (type === undefined) return undefined;
  if (type === 'sinusoidal') return { type };
  if (type === 'alibi')
    return { type, slopes: members['slopes'] === undefined ? undefined : readVector(members['slopes'], precision, `${pointer}/slopes`, faults) };
  const base = members['base'] === undefined ? DEFAULT_ROPE_BASE : readPositive(members['base'], 'float64', `${pointer}/base`, faults);
  const interleaved = members['interleaved'] === undefined ? false : readBoolean(members['interleaved'], `${pointer}/interleaved`, faults);
  return base === undefined || interleaved === undefined ? undefined : { type, base, interleaved };
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

function perPair<Data>({ data, shape }: PerPairRead<Data>): PerPair<Data> {
  return { data, rank: shape.length === 1 ? 1 : shape.length === 2 ? 2 : 3 };
}

function forEachHead(sink: number | Floats, heads: number, precision: Precision): Floats {
  return typeof sink === 'number' ? floats(precision, heads).fill(sink) : sink;
}
