import { type TSchema, Type } from '@sinclair/typebox';
import { describe, expect, test } from 'vitest';
import { type Kind, ofKind } from '../../src/schemas/kinds.ts';
import { Integer, Matrix, OneOf, PerPair, Positive, TrueOrFalse, Vector } from '../../src/schemas/shapes.ts';
import { fieldsOf } from '../../src/wire/fields.ts';
import { NumberArray } from '../../src/wire/numbers/number-array.ts';
import { fillDefaults, readMembers, readObject } from '../../src/wire/readers.ts';
import { reading, twenty } from './refused.ts';

/** Reads the member `x` by its schema, beside others. */
function member(schema: TSchema, value: unknown, others: Record<string, TSchema> = {}, values: object = {}) {
  const fields = fieldsOf(Type.Object({ ...others, x: Type.Optional(schema) }));
  return reading((faults) => readMembers({ ...values, x: value }, fields, 'float32', '', faults)['x'] as unknown);
}
const kind = (of: Kind): TSchema => ofKind(Type.Unsafe<unknown>({}), of);
const said = (schema: TSchema, value: unknown) => member(schema, value).faults;

describe('each kind of member is read by its reader', () => {
  test.each<[string, TSchema, unknown, unknown]>([
    ['boolean', TrueOrFalse(''), false, false],
    ['integer', Integer({ least: 1, most: 3 }, ''), 3, 3],
    ['number', kind({ kind: 'number' }), -0.1, Math.fround(-0.1)],
    ['number greater than 0', Positive(''), 0.1, Math.fround(0.1)],
    ['number in double precision', Positive('', { double: true }), 0.1, 0.1],
    ['finite', kind({ kind: 'finite' }), 0.1, 0.1],
    ['flag', kind({ kind: 'flag' }), 1, true],
    ['code', kind({ kind: 'code', codes: { 1: 'one' }, names: ['ONE'] }), 1, 'one'],
    ['word', OneOf(['a', 'b']), 'b', 'b'],
    ['words', kind({ kind: 'words', words: ['a', 'b', 'c'], noun: 'letter' }), ['c', 'a'], ['a', 'c']],
    ['labels', kind({ kind: 'labels' }), ['x', ''], ['x', '']],
    ['vector', Vector(''), [0.1], Float32Array.of(0.1)],
    ['matrix', Matrix(''), [[1], [2]], { data: Float32Array.of(1, 2), rows: 2, columns: 1 }],
    [
      'matrix or vector: one vector',
      kind({ kind: 'matrix-or-vector' }),
      [1, 2],
      { matrix: { data: Float32Array.of(1, 2), rows: 1, columns: 2 }, oneRow: true },
    ],
    [
      'matrix or vector: rows',
      kind({ kind: 'matrix-or-vector' }),
      [[1, 2]],
      { matrix: { data: Float32Array.of(1, 2), rows: 1, columns: 2 }, oneRow: false },
    ],
    [
      'matrix or vector: one vector in memory',
      kind({ kind: 'matrix-or-vector' }),
      new NumberArray(Float32Array.of(1, 2), [2], false),
      { matrix: { data: Float32Array.of(1, 2), rows: 1, columns: 2 }, oneRow: true },
    ],
    [
      'matrix or vector: rows in memory',
      kind({ kind: 'matrix-or-vector' }),
      new NumberArray(Float32Array.of(1, 2), [1, 2], false),
      { matrix: { data: Float32Array.of(1, 2), rows: 1, columns: 2 }, oneRow: false },
    ],
    ['number or vector: a number', kind({ kind: 'number-or-vector' }), 0.1, Math.fround(0.1)],
    ['number or vector: a vector', kind({ kind: 'number-or-vector' }), [1], Float32Array.of(1)],
    ['number or word: the word', kind({ kind: 'number-or-word', word: 'auto' }), 'auto', 'auto'],
    ['number or word: a number', kind({ kind: 'number-or-word', word: 'auto' }), 0.1, Math.fround(0.1)],
    ['per pair of booleans', PerPair('boolean', { title: '', description: '' }), [true], { data: Uint8Array.of(1), rank: 1, shape: [1] }],
    ['per pair of numbers', PerPair('number', { title: '', description: '' }), [1], { data: Float32Array.of(1), rank: 1, shape: [1] }],
  ])('%s', (_name, schema, value, read) => {
    expect(member(schema, value)).toEqual({ value: read, faults: [] });
  });

  test.each<[string, TSchema, unknown, [string, string][]]>([
    ['boolean', TrueOrFalse(''), 0, [['/x', 'must be true or false, got 0']]],
    ['integer', Integer({ least: 1, most: 3 }, ''), 0, [['/x', 'must be an integer from 1 to 3, got 0']]],
    ['number', kind({ kind: 'number' }), '', [['/x', 'must be a number, got the string ""']]],
    ['number greater than 0', Positive(''), 0, [['/x', 'must be greater than 0, got 0']]],
    ['finite', kind({ kind: 'finite', least: 2 }), 1, [['/x', 'must be a finite number of at least 2, got 1']]],
    ['flag', kind({ kind: 'flag' }), 2, [['/x', 'must be 0, 1, true or false, got 2']]],
    ['word', OneOf(['a', 'b']), 'c', [['/x', 'must be one of "a", "b", got the string "c"']]],
    [
      'labels',
      kind({ kind: 'labels' }),
      ['a', 1, null],
      [
        ['/x/1', 'must be a string, got 1'],
        ['/x/2', 'must be a string, got null'],
      ],
    ],
    ['no labels', kind({ kind: 'labels' }), [], [['/x', 'is empty; at least one string is required']]],
    ['vector', Vector(''), 1, [['/x', 'must be an array with at least one number, got 1']]],
    ['matrix', Matrix(''), [1], [['/x/0', 'must be a row, an array of numbers, got 1']]],
    ['matrix or vector', kind({ kind: 'matrix-or-vector' }), 1, [['/x', 'must be an array with at least one row of numbers, got 1']]],
    ['an empty matrix or vector', kind({ kind: 'matrix-or-vector' }), [], [['/x', 'is empty; at least one row of numbers is required']]],
    ['matrix or vector, a vector', kind({ kind: 'matrix-or-vector' }), [1, 'y'], [['/x/1', 'must be a number, got the string "y"']]],
    ['number or vector', kind({ kind: 'number-or-vector' }), true, [['/x', 'must be a number, got the boolean true']]],
    ['number or word', kind({ kind: 'number-or-word', word: 'auto' }), 'all', [['/x', 'must be a number or "auto", got the string "all"']]],
    [
      'number or word, beyond the range',
      kind({ kind: 'number-or-word', word: 'auto' }),
      1e39,
      [['/x', 'is outside the range of float32 (±3.4028234663852886e+38), got 1e+39; "dtype": "float64" has room for it']],
    ],
  ])('and refused by it: %s', (_name, schema, value, faults) => {
    expect(said(schema, value)).toEqual(faults);
  });
});

describe('words', () => {
  const letters = kind({ kind: 'words', words: ['a', 'b', 'c'], noun: 'letter' });

  test('come at most once each', () => {
    expect(said(letters, ['b', 'a', 'b', 'd', 'd'])).toEqual([
      ['/x/2', 'names "b" again; each letter can be asked for once'],
      ['/x/3', 'must be one of "a", "b", "c", got the string "d"'],
      ['/x/4', 'must be one of "a", "b", "c", got the string "d"'],
    ]);
    expect(said(letters, [])).toEqual([['/x', 'is empty; at least one letter is required']]);
    expect(member(letters, 'a').value).toBeUndefined();
  });

  test('are not read past the twentieth fault, nor are labels, positions and objects', () => {
    expect(said(letters, twenty('d'))).toHaveLength(20);
    expect(said(kind({ kind: 'labels' }), twenty(1))).toHaveLength(20);
    expect(said(kind({ kind: 'positions', of: 'tokens' }), twenty('y'))).toHaveLength(20);
    expect(said(ofKind(Type.Array(Type.Object({})), { kind: 'objects', noun: 'part' }), twenty(1))).toHaveLength(20);
  });
});

describe('positions', () => {
  const others = { tokens: Matrix('') };
  const tokens = [[1], [2], [3]];
  const read = (value: unknown, values: object = { tokens }) => member(kind({ kind: 'positions', of: 'tokens' }), value, others, values);

  test('are one, or several', () => {
    expect(read(2)).toEqual({ value: { positions: Int32Array.of(2), oneRow: true }, faults: [] });
    expect(read([2, 0])).toEqual({ value: { positions: Int32Array.of(2, 0), oneRow: false }, faults: [] });
  });

  test('lie among the tokens', () => {
    expect(read(3).faults).toEqual([['/x', 'must be the 0-based position of a token, from 0 to 2 for 3 tokens, got 3']]);
    expect(read([0, 4, -1, 1.5, 3.5, '1']).faults).toEqual([
      ['/x/1', 'must be the 0-based position of a token, from 0 to 2 for 3 tokens, got 4'],
      ['/x/2', 'must be an integer of at least 0, got -1'],
      ['/x/3', 'must be an integer of at least 0, got 1.5'],
      ['/x/4', 'must be an integer of at least 0, got 3.5'],
      ['/x/5', 'must be an integer of at least 0, got the string "1"'],
    ]);
    expect(read([]).faults).toEqual([['/x', 'is empty; at least one position is required']]);
  });

  test('have no last one where the tokens are unknown', () => {
    expect(read(7, { tokens: 'y' }).faults).toEqual([['/tokens', 'must be an array with at least one row of numbers, got the string "y"']]);
    expect(read(2 ** 53, { tokens: 'y' }).faults.map(([pointer]) => pointer)).toEqual(['/tokens', '/x']);
  });
});

describe('an object within', () => {
  const Inner = ofKind(Type.Object({ a: Type.Optional(Integer({ least: 0 }, '')), b: Type.Optional(Integer({ least: 0 }, '', { default: 7 })) }), {
    kind: 'object',
    oneOf: 'needs a or b',
  });

  test('comes with its defaults', () => {
    expect(member(Inner, { a: 1 })).toEqual({ value: { a: 1, b: 7 }, faults: [] });
    expect(member(Inner, { b: 2, a: null })).toEqual({ value: { a: undefined, b: 2 }, faults: [] });
  });

  test('needs one of its members where its schema says so', () => {
    expect(member(Inner, {})).toEqual({ value: undefined, faults: [['/x', 'needs a or b']] });
    expect(member(Inner, { a: null })).toEqual({ value: undefined, faults: [['/x', 'needs a or b']] });
    const free = ofKind(Type.Object({ a: Type.Optional(Integer({ least: 0 }, '')) }), { kind: 'object' });
    expect(member(free, {})).toEqual({ value: { a: undefined }, faults: [] });
  });

  test('is undefined where a member of it is at fault', () => {
    expect(member(Inner, { a: -1, b: 2 })).toEqual({ value: undefined, faults: [['/x/a', 'must be an integer of at least 0, got -1']] });
    expect(member(Inner, [])).toEqual({ value: undefined, faults: [['/x', 'must be a JSON object, got an empty array']] });
  });

  test('lists its fields where it is given another', () => {
    expect(member(Inner, { a: 1, c: 1 }).faults).toEqual([['/x/c', 'is not a field here; the fields are a, b']]);
  });
});

describe('a tagged object', () => {
  const Tagged = ofKind(
    Type.Union([
      Type.Object({ type: Type.Literal('round'), radius: Type.Optional(Positive('', { double: true, default: 0.1 })) }),
      Type.Object({ type: Type.Literal('square'), side: Integer({ least: 1 }, '', { what: 'how long' }) }),
    ]),
    { kind: 'tagged' },
  );

  test('is read as its type says', () => {
    expect(member(Tagged, { type: 'round' })).toEqual({ value: { type: 'round', radius: 0.1 }, faults: [] });
    expect(member(Tagged, { type: 'square', side: 2 })).toEqual({ value: { type: 'square', side: 2 }, faults: [] });
    expect(member(Tagged, { type: 'square' })).toEqual({ value: undefined, faults: [['/x/side', 'is required: how long']] });
    expect(member(Tagged, { type: 'round', side: 2 }).faults).toEqual([['/x/side', 'is not a field here; the fields are type, radius']]);
    expect(member(Tagged, { type: 'round', radius: 0 })).toEqual({ value: undefined, faults: [['/x/radius', 'must be greater than 0, got 0']] });
  });

  test('has a type that is one of them', () => {
    const rule = 'must be one of "round", "square"';
    expect(member(Tagged, { type: 'oval' })).toEqual({ value: undefined, faults: [['/x/type', `${rule}, got the string "oval"`]] });
    expect(said(Tagged, {})).toEqual([['/x/type', `${rule}, got nothing`]]);
    expect(said(Tagged, { type: ['round'] })).toEqual([['/x/type', `${rule}, got an array of 1`]]);
    // A member of another type is known; one of none is not.
    expect(said(Tagged, { side: 1, colour: 'red' })).toEqual([
      ['/x/colour', 'is not a field here; the fields are type, radius, side'],
      ['/x/type', `${rule}, got nothing`],
    ]);
  });

  test.each([
    ['an array', [], 'an empty array'],
    ['a word', 'round', 'the string "round"'],
    ['null', null, 'null'],
    ['a number', 1, '1'],
  ])('is no %s', (_name, value, got) => {
    expect(said(Tagged, value)).toEqual([['/x', `must be a JSON object, got ${got}`]]);
  });
});

describe('several objects', () => {
  const Parts = ofKind(Type.Array(Type.Object({ a: Integer({ least: 0 }, '') })), { kind: 'objects', noun: 'part' });

  test('are read each on its own', () => {
    expect(member(Parts, [{ a: 1 }, { a: -1 }, { a: 2 }])).toEqual({
      value: [{ a: 1 }, undefined, { a: 2 }],
      faults: [['/x/1/a', 'must be an integer of at least 0, got -1']],
    });
    expect(said(Parts, [])).toEqual([['/x', 'is empty; at least one part is required']]);
    expect(said(Parts, [{}])).toEqual([['/x/0/a', 'is required']]);
  });

  test('are given only where all could be looked at', () => {
    expect(member(Parts, twenty(1)).value).toBeUndefined();
    expect(member(Parts, twenty(1).slice(0, 20)).value).toHaveLength(20);
  });
});

describe('the members of an object', () => {
  const FIELDS = fieldsOf(
    Type.Object({
      rows: Matrix('', { what: 'a matrix' }),
      count: Integer({ least: 0 }, ''),
      size: Type.Optional(Integer({ least: 0 }, '', { default: 3 })),
    }),
  );
  const read = (parsed: Record<string, unknown>, pointer = '') => reading((faults) => readMembers(parsed, FIELDS, 'float64', pointer, faults));

  test('that are required and absent are told first, with what they are', () => {
    expect(read({ size: -1 }, '/it')).toEqual({
      value: { rows: undefined, count: undefined, size: undefined },
      faults: [
        ['/it/rows', 'is required: a matrix'],
        ['/it/count', 'is required'],
        ['/it/size', 'must be an integer of at least 0, got -1'],
      ],
    });
  });

  test('are all there, in the order of the schema, whatever was given', () => {
    expect(Object.keys(read({ size: 1, count: 2, rows: [[1]] }).value)).toEqual(['rows', 'count', 'size']);
    expect(Object.keys(read({}).value)).toEqual(['rows', 'count', 'size']);
  });

  test('are not read again where they have been read', () => {
    const { value, faults } = reading((list) => readMembers({ rows: [[1]], count: -1 }, FIELDS, 'float64', '', list, { count: 5 }));
    expect(value).toMatchObject({ count: 5 });
    expect(faults).toEqual([]);
  });

  test('are not read past the twentieth fault', () => {
    const parsed = { rows: twenty(1).slice(0, 20), size: -1 };
    expect(read({ ...parsed, count: -1 }).faults).toHaveLength(20);
    expect(read({ ...parsed, count: 1 }).value.count).toBeUndefined();
  });

  test('have their defaults where they are absent, and only there', () => {
    const complete = (size: number | undefined) => fillDefaults({ rows: undefined, count: 1, size }, FIELDS);
    expect(complete(undefined)).toEqual({ rows: undefined, count: 1, size: 3 });
    expect(complete(0)).toMatchObject({ size: 0 });
  });
});

describe('an object', () => {
  const letters = (amount: number) => new Set('abcdefghij'.slice(0, amount));
  const read = (value: unknown, known: ReadonlySet<string>, pointer = '', nullable?: ReadonlySet<string>) =>
    reading((faults) => readObject(value, known, pointer, faults, nullable));

  test.each([
    [null, 'null'],
    [[], 'an empty array'],
    ['a', 'the string "a"'],
    [1, '1'],
  ])('is not %j', (value, got) => {
    expect(read(value, letters(2), '/it')).toEqual({ value: undefined, faults: [['/it', `must be a JSON object, got ${got}`]] });
  });

  test('may have no other members than those that are known, which are listed where they are few', () => {
    expect(read({ a: 1, z: 2, 'y/': null }, letters(8)).faults).toEqual([
      ['/z', 'is not a field of this request; the fields are a, b, c, d, e, f, g, h'],
      ['/y~1', 'is not a field of this request; the fields are a, b, c, d, e, f, g, h'],
    ]);
    expect(read({ z: 2 }, letters(9), '/it').faults).toEqual([['/it/z', 'is not a field here; /docs lists the fields']]);
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`z${i}`, 1]));
    expect(read(many, letters(1)).faults).toHaveLength(20);
  });

  test('has no member that is null, but where null is a value', () => {
    const whole = { a: 1, b: 2 };
    expect(read(whole, letters(2)).value).toBe(whole);
    expect(Object.entries(read({ a: null, b: 2 }, letters(2)).value ?? {})).toEqual([['b', 2]]);
    expect(Object.entries(read({ a: null, b: null }, letters(2), '', new Set('b')).value ?? {})).toEqual([['b', null]]);
  });
});
