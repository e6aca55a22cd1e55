import type { TArray, TObject, TSchema, TUnion } from '@sinclair/typebox';
import { type Kind, kindOf } from '../schemas/kinds.ts';
import type { ReadObject } from './members.ts';

/** What the reader has to know of an object's schema, gathered once, when a module is loaded. */
export interface Fields<Schema extends TObject = TObject> {
  readonly schema: Schema;
  readonly names: ReadonlySet<string>;
  /** Those for which null is a value: the log-sum-exp of a part that had no key, a number that was observed and is not finite. */
  readonly nullable: ReadonlySet<string>;
  /** Those that say of what kind they are. */
  readonly members: readonly Field[];
  readonly byName: ReadonlyMap<string, Field>;
  readonly required: readonly Field[];
  readonly defaulted: readonly Field[];
  /** Every member, undefined: objects that begin so have one hidden class, which makes them quick. */
  readonly empty: ReadObject;
}

export interface Field {
  readonly name: string;
  /** Its place among the members. */
  readonly place: number;
  readonly kind: Kind;
  readonly isRequired: boolean;
  /** Of an object, or of each of several. */
  readonly object?: Fields | undefined;
  /** Of a tagged object, by its tag. */
  readonly variants?: ReadonlyMap<string, Fields> | undefined;
}

export function fieldsOf<Schema extends TObject>(schema: Schema): Fields<Schema> {
  const required = new Set(schema.required);
  const members = Object.entries(schema.properties)
    .flatMap(([name, member]) => fieldOf(name, member, required.has(name)) ?? [])
    .map((field, place) => ({ ...field, place }));
  return {
    schema,
    names: new Set(Object.keys(schema.properties)),
    nullable: new Set(members.filter(({ kind }) => kind.kind === 'log-sum-exp' || kind.kind === 'numbers-or-null').map(({ name }) => name)),
    members,
    byName: new Map(members.map((field) => [field.name, field])),
    required: members.filter(({ isRequired }) => isRequired),
    defaulted: members.filter(({ kind }) => kind.default !== undefined),
    empty: Object.fromEntries(members.map(({ name }) => [name, undefined])),
  };
}

/** The fields that an object has, in the order of the schema: most requests have few of many. */
export function fieldsIn(object: Readonly<Record<string, unknown>>, { byName }: Fields): readonly Field[] {
  const there: Field[] = [];
  let ordered = true;
  for (const name of Object.keys(object)) {
    const field = byName.get(name);
    if (!field || object[name] === undefined) continue;
    ordered &&= field.place > (there.at(-1)?.place ?? -1);
    there.push(field);
  }
  return ordered ? there : there.sort((a, b) => a.place - b.place);
}

function fieldOf(name: string, schema: TSchema, isRequired: boolean): Omit<Field, 'place'> | undefined {
  const kind = kindOf(schema);
  if (!kind) return undefined;
  const field = { name, kind, isRequired };
  if (kind.kind === 'object') return { ...field, object: fieldsOf(schema as TObject) };
  if (kind.kind === 'objects') return { ...field, object: fieldsOf((schema as TArray<TObject>).items) };
  if (kind.kind !== 'tagged') return field;
  const variants = (schema as TUnion<TObject[]>).anyOf.map((variant) => [String(variant.properties['type']?.['const']), fieldsOf(variant)] as const);
  return { ...field, variants: new Map(variants) };
}
