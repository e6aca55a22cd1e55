import { type TSchema, Type } from '@sinclair/typebox';
import { describe, expect, test } from 'vitest';
import { type Kind, kindOf, ofKind } from '../../src/schemas/kinds.ts';
import {
  FullyMasked,
  Integer,
  Matrix,
  Nested,
  NumberOrNull,
  named,
  OneOf,
  PerPair,
  Positive,
  TrueOrFalse,
  Vector,
} from '../../src/schemas/shapes.ts';

/** A schema as the document shows it. */
const shown = (schema: object): unknown => JSON.parse(JSON.stringify(schema));
const description = 'words';

describe('a schema says twice what it is: to the document, and to the reader', () => {
  const numbers = { type: 'array', minItems: 1, items: { type: 'number' } };

  test.each<[string, TSchema, object, Kind]>([
    ['a vector', Vector(description, { onePer: 'head' }), { ...numbers, description }, { kind: 'vector', onePer: 'head' }],
    ['a matrix', Matrix(description), { type: 'array', minItems: 1, items: numbers, description }, { kind: 'matrix' }],
    ['a boolean', TrueOrFalse(description, { default: false }), { type: 'boolean', description }, { kind: 'boolean', default: false }],
    [
      'an integer of a range',
      Integer({ least: 1, most: 5 }, description),
      { type: 'integer', minimum: 1, maximum: 5, description },
      { kind: 'integer', least: 1, most: 5 },
    ],
    [
      'an integer without an end, as far as doubles count one by one',
      Integer({ least: 0 }, description, { what: 'how many' }),
      { type: 'integer', minimum: 0, maximum: 9_007_199_254_740_991, description },
      { kind: 'integer', least: 0, most: 9_007_199_254_740_991, what: 'how many' },
    ],
    [
      'a number greater than 0',
      Positive(description, { double: true }),
      { type: 'number', exclusiveMinimum: 0, description },
      { kind: 'number', positive: true, double: true },
    ],
    [
      'a word',
      OneOf(['a', 'b'], { title: 'Letter', description }, { default: 'a' }),
      { type: 'string', enum: ['a', 'b'], title: 'Letter', description },
      { kind: 'word', words: ['a', 'b'], default: 'a' },
    ],
    ['a word without more', OneOf(['a']), { type: 'string', enum: ['a'] }, { kind: 'word', words: ['a'] }],
  ])('%s', (_name, schema, document, kind) => {
    expect(shown(schema)).toEqual(document);
    expect(kindOf(schema)).toEqual(kind);
  });

  test('a mask or bias has one axis, two or three', () => {
    const schema = PerPair('boolean', named('Mask', description));
    const row = { type: 'array', minItems: 1, items: { type: 'boolean' } };
    const rows = { type: 'array', minItems: 1, items: row };
    expect(shown(schema)).toEqual({
      title: 'Mask',
      description,
      anyOf: [
        { ...row, description: '[n]: the same for every query row' },
        { ...rows, description: '[m, n]: row r belongs to the r-th query row' },
        { type: 'array', minItems: 1, items: rows, description: '[h, m, n]: needs `heads`' },
      ],
    });
    expect(kindOf(schema)).toEqual({ kind: 'per-pair', of: 'boolean' });
    expect(kindOf(PerPair('number', named('Bias', description)))).toEqual({ kind: 'per-pair', of: 'number' });
  });
});

test('a schema that does not say its kind has none', () => {
  expect(kindOf(Type.String())).toBeUndefined();
  const schema = Type.String();
  expect(ofKind(schema, { kind: 'labels' })).toBe(schema);
});

test('what is nested has as many axes as it may have', () => {
  expect(shown(Nested([0, 2], Type.Number(), named('Lse', description)))).toEqual({
    title: 'Lse',
    description,
    anyOf: [{ type: 'number' }, { type: 'array', minItems: 1, items: { type: 'array', minItems: 1, items: { type: 'number' } } }],
  });
});

test('what JSON lacks is null', () => {
  expect(shown(NumberOrNull)).toEqual({ type: ['number', 'null'] });
});

test('rows without a key are indices, or pairs', () => {
  const index = { type: 'integer', minimum: 0 };
  expect(shown(FullyMasked)).toMatchObject({
    title: 'FullyMasked',
    type: 'array',
    minItems: 1,
    items: { anyOf: [index, { type: 'array', items: index, minItems: 2, maxItems: 2 }] },
  });
});
