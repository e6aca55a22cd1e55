import type { TObject } from '@sinclair/typebox';
import type { Precision } from '../engine/tensor.ts';
import type { Kind, KindName } from '../schemas/kinds.ts';
import { readArray, readMatrix, readVector } from './arrays.ts';
import { count, type Faults, given, pointerTo } from './faults.ts';
import { type Field, type Fields, fieldsIn } from './fields.ts';
import { readLogSumExps } from './log-sum-exps.ts';
import type { Complete, Members, Positions, ReadObject, Rows, Values } from './members.ts';
import { readNestedNumbers } from './nested-numbers.ts';
import { NumberArray } from './numbers/number-array.ts';
import { readBooleans, readNumbers } from './per-pair.ts';
import { readBoolean, readCode, readFinite, readFlag, readInteger, readNumber, readPositive, readWord } from './scalars.ts';

/*
 * The reader of each kind of member, and the reader of objects, which takes each member by the kind that its schema says.
 * Nothing is coerced: a value of the parsed body goes in, and a typed value comes out, or undefined with its faults noted.
 */

/** Where a value stands, and what is known there. */
interface Place {
  readonly field: Field;
  readonly pointer: string;
  readonly precision: Precision;
  readonly faults: Faults;
  /** The members of the same object that have been read so far. */
  readonly siblings: ReadObject;
}

type Reader<Name extends KindName> = (value: unknown, kind: Kind<Name>, place: Place) => Values[Name] | undefined;

const READERS: { readonly [Name in KindName]: Reader<Name> } = {
  boolean: (value, _, { pointer, faults }) => readBoolean(value, pointer, faults),
  integer: (value, { least, most }, { pointer, faults }) => readInteger(value, pointer, faults, least, most),
  number: (value, { positive, double }, { pointer, precision, faults }) =>
    (positive ? readPositive : readNumber)(value, double ? 'float64' : precision, pointer, faults),
  finite: (value, { least }, { pointer, faults }) => readFinite(value, pointer, faults, least),
  flag: (value, _, { pointer, faults }) => readFlag(value, pointer, faults),
  code: (value, { codes, names }, { pointer, faults }) => readCode(value, codes, names, pointer, faults),
  word: (value, { words }, { pointer, faults }) => readWord(value, words, pointer, faults),
  words: readWords,
  labels: readLabels,
  vector: (value, _, { pointer, precision, faults }) => readVector(value, precision, pointer, faults),
  matrix: (value, _, { pointer, precision, faults }) => readMatrix(value, precision, pointer, faults),
  'matrix-or-vector': readRows,
  'number-or-vector': (value, _, { pointer, precision, faults }) => (isArray(value) ? readVector : readNumber)(value, precision, pointer, faults),
  'number-or-word': readNumberOrWord,
  positions: readPositions,
  'per-pair': (value, { of }, { pointer, precision, faults }) =>
    of === 'boolean' ? readBooleans(value, pointer, faults) : readNumbers(value, precision, pointer, faults),
  object: (value, { oneOf }, place) => readWhole(value, place.field.object as Fields, place.pointer, place, oneOf),
  tagged: readTagged,
  objects: readObjects,
  'numbers-or-null': (value, _, { pointer, faults }) => readNestedNumbers(value, pointer, faults),
  'log-sum-exp': (value, { of }, { pointer, faults, siblings }) => readLogSumExps(value, siblings[of] as Rows | undefined, pointer, faults),
};

function readWords(value: unknown, { words, noun }: Kind<'words'>, { pointer, faults }: Place): string[] | undefined {
  const list = readArray(value, noun, pointer, faults);
  if (!list) return undefined;
  const named = new Set<string>();
  for (let i = 0; i < list.length && !faults.full; i++) {
    const word = readWord(list[i], words, `${pointer}/${i}`, faults);
    if (word === undefined) continue;
    if (named.has(word)) faults.add(`${pointer}/${i}`, `names "${word}" again; each ${noun} can be asked for once`);
    named.add(word);
  }
  return words.filter((word) => named.has(word));
}

function readLabels(value: unknown, _: Kind<'labels'>, { pointer, faults }: Place): string[] | undefined {
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

function readRows(value: unknown, _: Kind<'matrix-or-vector'>, { pointer, precision, faults }: Place): Rows | undefined {
  const isVector = value instanceof NumberArray ? value.shape.length === 1 : Array.isArray(value) && value.length > 0 && !Array.isArray(value[0]);
  if (isVector) {
    const data = readVector(value, precision, pointer, faults);
    return data && { matrix: { data, rows: 1, columns: data.length }, oneRow: true };
  }
  const matrix = readMatrix(value, precision, pointer, faults);
  return matrix && { matrix, oneRow: false };
}

function isArray(value: unknown): boolean {
  return Array.isArray(value) || value instanceof NumberArray;
}

function readNumberOrWord(value: unknown, { word }: Kind<'number-or-word'>, { pointer, precision, faults }: Place): number | string | undefined {
  if (value === word) return word;
  if (typeof value !== 'number') return faults.add(pointer, `must be a number or "${word}", got ${given(value)}`);
  return readNumber(value, precision, pointer, faults);
}

function readPositions(value: unknown, { of }: Kind<'positions'>, { pointer, faults, siblings }: Place): Positions | undefined {
  const rows = (siblings[of] as Values['matrix'] | undefined)?.rows;
  const last = rows === undefined ? Number.MAX_SAFE_INTEGER : rows - 1;
  const position = (one: unknown, at: string): number | undefined => {
    if (typeof one === 'number' && Number.isInteger(one) && one > last) {
      return faults.add(at, `must be the 0-based position of a token, from 0 to ${last} for ${count(last + 1, 'token')}, got ${one}`);
    }
    return readInteger(one, at, faults, 0, Number.MAX_SAFE_INTEGER);
  };
  if (!Array.isArray(value)) return { positions: Int32Array.of(position(value, pointer) ?? 0), oneRow: true };
  const list = readArray(value, 'position', pointer, faults);
  if (!list) return undefined;
  const positions = new Int32Array(list.length);
  for (let r = 0; r < list.length && !faults.full; r++) positions[r] = position(list[r], `${pointer}/${r}`) ?? 0;
  return { positions, oneRow: false };
}

function readTagged(value: unknown, _: Kind<'tagged'>, place: Place): ReadObject | undefined {
  const variants = place.field.variants as ReadonlyMap<string, Fields>;
  const tag = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  const variant = typeof tag === 'string' ? variants.get(tag) : undefined;
  if (variant) {
    const members = readWhole(value, variant, place.pointer, place);
    return members && { ...members, type: tag };
  }
  const names = new Set([...variants.values()].flatMap((one) => [...one.names]));
  const parsed = readObject(value, names, place.pointer, place.faults);
  if (parsed) readWord(parsed['type'], [...variants.keys()], `${place.pointer}/type`, place.faults);
  return undefined;
}

function readObjects(value: unknown, { noun }: Kind<'objects'>, place: Place): (ReadObject | undefined)[] | undefined {
  const { pointer, faults, field } = place;
  const list = readArray(value, noun, pointer, faults);
  if (!list) return undefined;
  const objects: (ReadObject | undefined)[] = [];
  for (let i = 0; i < list.length && !faults.full; i++) objects.push(readWhole(list[i], field.object as Fields, `${pointer}/${i}`, place));
  return objects.length === list.length ? objects : undefined;
}

/** An object with its defaults, where all of its members could be read. */
function readWhole(value: unknown, fields: Fields, pointer: string, { precision, faults }: Place, oneOf?: string): ReadObject | undefined {
  const parsed = readObject(value, fields.names, pointer, faults, fields.nullable);
  if (!parsed) return undefined;
  if (oneOf !== undefined && fields.members.every(({ name }) => parsed[name] === undefined)) return faults.add(pointer, oneOf);
  const read: ReadObject = readMembers(parsed, fields, precision, pointer, faults);
  const whole = fields.members.every(({ name, isRequired }) => read[name] !== undefined || (parsed[name] === undefined && !isRequired));
  return whole ? fillDefaults(read, fields) : undefined;
}

/**
 * The members of an object, each by its kind, in the order of the schema: undefined where one is absent or at fault.
 * @param first what has been read before the others, and is not read again
 * @param given the fields that are there, where that is known already
 */
export function readMembers<Schema extends TObject>(
  parsed: Parsed,
  fields: Fields<Schema>,
  precision: Precision,
  pointer: string,
  faults: Faults,
  first: Partial<Members<Schema>> = {},
  given = fieldsIn(parsed, fields),
): Members<Schema> {
  for (const { name, kind } of fields.required) {
    if (parsed[name] === undefined) faults.add(`${pointer}/${name}`, `is required${kind.what === undefined ? '' : `: ${kind.what}`}`);
  }
  const siblings: Record<string, unknown> = { ...fields.empty, ...first };
  for (const field of given) {
    const { name, kind } = field;
    if (faults.full || Object.hasOwn(first, name)) continue;
    siblings[name] = readByKind(parsed[name], kind, { field, pointer: `${pointer}/${name}`, precision, faults, siblings });
  }
  // The type of each follows from its kind, by which it was read.
  return siblings as Members<Schema>;
}

function readByKind<Name extends KindName>(value: unknown, kind: Kind<Name>, place: Place): Values[Name] | undefined {
  const reader: Reader<Name> = READERS[kind.kind as Name];
  return reader(value, kind, place);
}

/** Gives members without a fault the defaults of those that are absent: they are the same object from then on. */
export function fillDefaults<Schema extends TObject>(read: Members<Schema>, { defaulted }: Fields<Schema>): Complete<Schema> {
  const complete = read as Record<string, unknown>;
  for (const { name, kind } of defaulted) complete[name] ??= kind.default;
  return complete as Complete<Schema>;
}

/** The members of an object of the body as they were parsed. Only names of fields are looked up in it. */
export type Parsed = Readonly<Record<string, unknown>>;

const MOST_FIELDS_LISTED = 8;

const NONE: ReadonlySet<string> = new Set();

/**
 * An object whose members can be read by their names, with a fault for each that is not among `known`. A member that is
 * null is absent, but for those of `nullable`, where null is a value.
 */
export function readObject(value: unknown, known: ReadonlySet<string>, pointer: string, faults: Faults, nullable = NONE): Parsed | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return faults.add(pointer, `must be a JSON object, got ${given(value)}`);
  const parsed = value as Parsed;
  let hasNull = false;
  for (const name of Object.keys(parsed)) {
    if (known.has(name)) hasNull ||= parsed[name] === null;
    else
      faults.add(
        pointerTo(pointer, name),
        `is not a field ${pointer === '' ? 'of this request' : 'here'}${known.size > MOST_FIELDS_LISTED ? '; /docs lists the fields' : `; the fields are ${[...known].join(', ')}`}`,
      );
    if (faults.full) break;
  }
  if (!hasNull) return parsed;
  return Object.fromEntries(Object.entries(parsed).filter(([name, member]) => member !== null || nullable.has(name)));
}
