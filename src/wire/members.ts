import type { Static, TArray, TObject, TOptional, TSchema, TUnion } from '@sinclair/typebox';
import type { Floats, Matrix } from '../engine/tensor.ts';
import type { PerPair, TokenAttention } from '../engine/token-attention.ts';
import type { AttentionRequest } from '../schemas/attention.ts';
import type { KIND, Kind } from '../schemas/kinds.ts';
import type { Include } from '../schemas/options.ts';

/*
 * What the readers give: the type of a member follows from the kind that its schema says.
 */

/** Rows of numbers; `oneRow` where they came as one vector. */
export interface Rows {
  readonly matrix: Matrix;
  readonly oneRow: boolean;
}

/** Positions of tokens; `oneRow` where one came without an array. */
export interface Positions {
  readonly positions: Int32Array;
  readonly oneRow: boolean;
}

/** Elements for [n], [m, n] or [h, m, n], flat, and that shape. */
export interface ShapedPerPair<Data> extends PerPair<Data> {
  readonly shape: readonly number[];
}

/** Log-sum-exps, those of a head side by side; `heads` where they came with that axis. */
export interface LogSumExps {
  readonly data: Float64Array;
  readonly heads: number | undefined;
}

/** Numbers that came in arrays, NaN for null, and the length of each axis. */
export interface NestedNumbers {
  readonly data: Float64Array;
  readonly shape: readonly number[];
}

/** What the reader of each kind gives. */
export interface Values {
  boolean: boolean;
  integer: number;
  number: number;
  finite: number;
  flag: boolean;
  code: string;
  word: string;
  words: readonly string[];
  labels: readonly string[];
  vector: Floats;
  matrix: Matrix;
  'matrix-or-vector': Rows;
  'number-or-vector': number | Floats;
  'number-or-word': number | string;
  positions: Positions;
  'per-pair': ShapedPerPair<Uint8Array | Floats>;
  object: ReadObject;
  tagged: ReadObject;
  objects: readonly (ReadObject | undefined)[];
  'log-sum-exp': LogSumExps;
  'numbers-or-null': NestedNumbers;
}

/** An object that has been read, its defaults filled in. */
export type ReadObject = Readonly<Record<string, unknown>>;

/** What a schema's value is once it has been read. */
type ValueOf<Schema extends TSchema> = Schema extends { readonly [KIND]: infer Of extends Kind } ? ValueOfKind<Schema, Of> : Static<Schema>;

type ValueOfKind<Schema extends TSchema, Of extends Kind> = Of['kind'] extends 'word' | 'words' | 'number-or-word' | 'integer'
  ? Static<Schema>
  : Of extends { readonly kind: 'code'; readonly codes: Readonly<Record<number, infer Word>> }
    ? Word
    : Of extends { readonly kind: 'per-pair'; readonly of: infer Element }
      ? ShapedPerPair<Element extends 'boolean' ? Uint8Array : Floats>
      : Schema extends TObject
        ? Complete<Schema>
        : Schema extends TArray<infer Item extends TObject>
          ? readonly (Complete<Item> | undefined)[]
          : Schema extends TUnion<infer Variants extends TObject[]>
            ? CompleteOneOf<Variants[number]>
            : Values[Of['kind']];

type CompleteOneOf<Variant> = Variant extends TObject ? Complete<Variant> : never;

/** Every member as it was read: undefined where it is absent or at fault. */
export type Members<Schema extends TObject> = {
  readonly [Name in keyof Schema['properties']]: ValueOf<Schema['properties'][Name]> | undefined;
};

/** Every member where none is at fault: undefined only where it may be absent and has no default. */
export type Complete<Schema extends TObject> = {
  readonly [Name in keyof Schema['properties']]: ValueOf<Schema['properties'][Name]> | Absent<Schema['properties'][Name]>;
};

type Absent<Schema extends TSchema> = Schema extends { readonly [KIND]: { readonly default: unknown } }
  ? never
  : Schema extends TOptional<TSchema>
    ? undefined
    : never;

/** The members of `POST /attention`. */
export type AttentionMembers = Members<typeof AttentionRequest>;

/** A request that has been understood: what to compute, and how to print it. */
export interface AttentionOrder {
  readonly attention: TokenAttention;
  readonly printing: Printing;
  readonly labels?: readonly string[] | undefined;
}

/** How a reply is printed. */
export interface Printing {
  readonly include: readonly Include[];
  readonly decimals?: number | undefined;
  /** One query row without an axis: `query` is one integer, or `queries` one vector. */
  readonly oneRow: boolean;
  /** There is an axis of heads exactly when `heads` is in the request. */
  readonly headAxis: boolean;
}
