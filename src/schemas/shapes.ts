import { type TSchema, Type } from '@sinclair/typebox';

/**
 * A schema's name and words. What has a name stands among the document's components under it, so that a generated
 * client's types have it too, and not one that its generator made up.
 */
export const named = <Name extends string>(title: Name, description: string) => ({ title, description });

export const Vector = (description: string) => Type.Array(Type.Number(), { minItems: 1, description });
export const Matrix = (description: string) => Type.Array(Type.Array(Type.Number(), { minItems: 1 }), { minItems: 1, description });

/** One of a few words. */
export const OneOf = <Word extends string>(words: readonly Word[], options: { title?: string; description?: string; examples?: Word[] } = {}) =>
  Type.Unsafe<Word>({ type: 'string', enum: [...words], ...options });

/** [n], [m, n] or [h, m, n] of one kind of element. */
export const PerPair = <Element extends TSchema>(element: Element, options: { title: string; description: string }) => {
  const keys = Type.Array(element, { minItems: 1, description: '[n]: the same for every asking row' });
  const rows = Type.Array(Type.Array(element, { minItems: 1 }), { minItems: 1, description: '[m, n]: row r belongs to the r-th asking row' });
  const heads = Type.Array(Type.Array(Type.Array(element, { minItems: 1 }), { minItems: 1 }), {
    minItems: 1,
    description: '[h, m, n]: needs `heads`',
  });
  return Type.Union([keys, rows, heads], options);
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
    'The asking rows that have every key excluded, or pairs [head, row] where there is an axis of heads. Absent where there is none.',
  ),
});
