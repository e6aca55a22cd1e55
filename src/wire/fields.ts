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
  readonly required: readonly Field[];
  readonly defaulted: readonly Field[];
  /** Those that are as wide as something is. */
  readonly wide: readonly Field[];
  /** Those whose shape, or a shape within, is held against tokens, query rows or heads. */
  readonly shaped: readonly Field[];
  /** Those that exclude or need another. */
  readonly ruled: readonly Field[];
  /** Every member, undefined: objects that begin so have one hidden class, which makes them quick. */
  readonly empty: ReadObject;
}

export interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly isRequired: boolean;
  /** Of an object, or of each of several. */
  readonly object?: Fields | undefined;
  /** Of a tagged object, by its tag. */
  readonly variants?: ReadonlyMap<string, Fields> | undefined;
}

export function fieldsOf<Schema extends TObject>(schema: Schema): Fields<Schema> {
  const required = new Set(schema.required);
  const members = Object.entries(schema.properties).flatMap(([name, member]) => fieldOf(name, member, required.has(name)) ?? []);
  return {
    schema,
    names: new Set(Object.keys(schema.properties)),
    nullable: new Set(members.filter(({ kind }) => kind.kind === 'log-sum-exp' || kind.kind === 'numbers-or-null').map(({ name }) => name)),
    members,
    required: members.filter(({ isRequired }) => isRequired),
    defaulted: members.filter(({ kind }) => kind.default !== undefined),
    wide: members.filter(({ kind: { kind } }) => kind === 'vector' || kind === 'matrix' || kind === 'matrix-or-vector'),
    shaped: members.filter(({ kind }) => kind.onePer ?? (kind.kind === 'per-pair' || kind.kind === 'tagged')),
    ruled: members.filter(({ kind }) => kind.excludes ?? kind.needs),
    empty: Object.fromEntries(members.map(({ name }) => [name, undefined])),
  };
}

function fieldOf(name: string, schema: TSchema, isRequired: boolean): Field | undefined {
  const kind = kindOf(schema);
  if (!kind) return undefined;
  const field = { name, kind, isRequired };
  if (kind.kind === 'object') return { ...field, object: fieldsOf(schema as TObject) };
  if (kind.kind === 'objects') return { ...field, object: fieldsOf((schema as TArray<TObject>).items) };
  if (kind.kind !== 'tagged') return field;
  const variants = (schema as TUnion<TObject[]>).anyOf.map((variant) => [String(variant.properties['type']?.['const']), fieldsOf(variant)] as const);
  return { ...field, variants: new Map(variants) };
}
