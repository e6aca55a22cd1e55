import { type TSchema, Type } from '@sinclair/typebox';
import { ofKind, type Rules } from './kinds.ts';

/**
 * A schema's name and words. What has a name stands among the document's components under it, so that a generated
 * client's types have it too, and not one that its generator made up.
 */
export const named = <Name extends string>(title: Name, description: string) => ({ title, description });

type Words = { title?: string; description?: string };

export const Vector = <const Rule extends Rules>(description: string, rules: Rule = {} as Rule) =>
  ofKind(Type.Array(Type.Number(), { minItems: 1, description }), { kind: 'vector', ...rules });

export const Matrix = <const Rule extends Rules>(description: string, rules: Rule = {} as Rule) =>
  ofKind(Type.Array(Type.Array(Type.Number(), { minItems: 1 }), { minItems: 1, description }), { kind: 'matrix', ...rules });

export const TrueOrFalse = <const Rule extends Rules>(description: string, rules: Rule = {} as Rule) =>
  ofKind(Type.Boolean({ description }), { kind: 'boolean', ...rules });

/** An integer from `least` to `most`; as far as doubles count one by one where no most is said. */
export const Integer = <const Rule extends Rules>(
  { least, most = Number.MAX_SAFE_INTEGER }: { least: number; most?: number },
  description: string,
  rules: Rule = {} as Rule,
) => ofKind(Type.Integer({ minimum: least, maximum: most, description }), { kind: 'integer', least, most, ...rules });

/** A number greater than 0. */
export const Positive = <const Rule extends Rules & { double?: boolean }>(description: string, rules: Rule = {} as Rule) =>
  ofKind(Type.Number({ exclusiveMinimum: 0, description }), { kind: 'number', positive: true, ...rules });

/** One of a few words. */
export const OneOf = <Word extends string, const Rule extends Rules>(
  words: readonly Word[],
  options: Words & { examples?: Word[] } = {},
  rules: Rule = {} as Rule,
) => ofKind(Type.Unsafe<Word>({ type: 'string', enum: [...words], ...options }), { kind: 'word', words, ...rules });

/** [n], [m, n] or [h, m, n] of booleans or of numbers. */
export const PerPair = <Of extends 'boolean' | 'number'>(of: Of, options: { title: string; description: string }) => {
  const element = Type.Unsafe<Of extends 'boolean' ? boolean : number>({ type: of });
  const keys = Type.Array(element, { minItems: 1, description: '[n]: the same for every query row' });
  const rows = Type.Array(Type.Array(element, { minItems: 1 }), { minItems: 1, description: '[m, n]: row r belongs to the r-th query row' });
  const heads = Type.Array(Type.Array(Type.Array(element, { minItems: 1 }), { minItems: 1 }), {
    minItems: 1,
    description: '[h, m, n]: needs `heads`',
  });
  return ofKind(Type.Union([keys, rows, heads], options), { kind: 'per-pair', of });
};

/** Arrays in arrays, as deep as there are axes. */
export type Nested<Element> = { 0: Element; 1: Element[]; 2: Element[][]; 3: Element[][][] };

/** Elements under as many axes as there may be. */
export const Nested = <Depth extends 0 | 1 | 2 | 3, Element extends TSchema>(
  depths: readonly Depth[],
  element: Element,
  options: { title: string; description: string },
) => {
  const under = (depth: number): TSchema => (depth === 0 ? element : Type.Array(under(depth - 1), { minItems: 1 }));
  return Type.Unsafe<Nested<Element['static']>[Depth]>({ anyOf: depths.map(under), ...options });
};

export const NumberOrNull = Type.Unsafe<number | null>({ type: ['number', 'null'] });

/** Rows that have every key excluded. */
export const FullyMasked = Type.Unsafe<(number | [head: number, row: number])[]>({
  type: 'array',
  minItems: 1,
  items: {
    anyOf: [
      { type: 'integer', minimum: 0 },
      { type: 'array', items: { type: 'integer', minimum: 0 }, minItems: 2, maxItems: 2 },
    ],
  },
  ...named(
    'FullyMasked',
    'The query rows that have every key excluded, or pairs [head, row] where there is an axis of heads. Absent where there is none.',
  ),
});
