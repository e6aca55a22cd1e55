import type { TSchema } from '@sinclair/typebox';

/**
 * Under this symbol a schema says of what kind its value is, and by what rules it is read; `wire/readers.ts` has a reader
 * for each kind. JSON has no symbols, so the document does not show it.
 */
export const KIND: unique symbol = Symbol('kind');

/** What holds for a member beside its own value. */
export interface Rules {
  /** What its absence means. */
  readonly default?: unknown;
  /** What is missing where it is required and absent. */
  readonly what?: string;
  /** It has one row, label or number for each token or head. */
  readonly onePer?: 'token' | 'head';
  /** It can't stand beside that member. */
  readonly excludes?: { readonly member: string; readonly because: string };
  /** It can't stand without that member; where `beside` is said, that holds only beside that one. */
  readonly needs?: { readonly member: string; readonly because: string; readonly beside?: string };
}

/** The kinds, and what the reader of each has to know. */
interface Kinds {
  boolean: object;
  integer: { readonly least: number; readonly most: number };
  /** `positive`: greater than 0. `double`: double precision, whatever the arithmetic of the request is. */
  number: { readonly positive?: boolean; readonly double?: boolean };
  /** A number of double precision that is not infinite. */
  finite: { readonly least?: number };
  /** 0, 1, true or false. */
  flag: object;
  /** A number that stands for a word; `names` are what the words are called where the numbers come from. */
  code: { readonly codes: Readonly<Record<number, string>>; readonly names: readonly string[] };
  word: { readonly words: readonly string[] };
  /** Several words, each at most once, given back in the order of `words`. */
  words: { readonly words: readonly string[]; readonly noun: string };
  labels: object;
  vector: object;
  matrix: object;
  'matrix-or-vector': object;
  'number-or-vector': object;
  'number-or-word': { readonly word: string };
  /** One 0-based position of a row of the matrix `of`, or several. */
  positions: { readonly of: string };
  /** [n], [m, n] or [h, m, n]. */
  'per-pair': { readonly of: 'boolean' | 'number' };
  /** An object; `oneOf` says what is missing where it has no member. */
  object: { readonly oneOf?: string };
  /** One of several objects: its `type` says which. */
  tagged: object;
  objects: { readonly noun: string };
  /** A log-sum-exp for each row, and head, of the rows `of`; null for one that had no key. */
  'log-sum-exp': { readonly of: string };
  /** Numbers in arrays up to three deep; null for one that is not finite. */
  'numbers-or-null': object;
}

export type KindName = keyof Kinds;
export type Kind<Name extends KindName = KindName> = { readonly [N in Name]: { readonly kind: N } & Kinds[N] & Rules }[Name];

/** A schema that says how its value is read. */
export type OfKind<Schema extends TSchema, Of extends Kind> = Schema & { readonly [KIND]: Of };

export function ofKind<Schema extends TSchema, const Of extends Kind>(schema: Schema, kind: Of): OfKind<Schema, Of> {
  return Object.assign(schema, { [KIND]: kind });
}

/** The kind of a schema, where it says one. */
export function kindOf(schema: TSchema): Kind | undefined {
  return (schema as { readonly [KIND]?: Kind })[KIND];
}
