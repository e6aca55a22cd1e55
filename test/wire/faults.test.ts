import { describe, expect, test } from 'vitest';
import { count, Faults, given, invalidRequest, pointerTo } from '../../src/wire/faults.ts';

describe('faults', () => {
  test('are collected up to twenty', () => {
    const faults = new Faults();
    expect([faults.none, faults.full]).toEqual([true, false]);
    for (let i = 0; i < 19; i++) faults.add(`/${i}`, 'is wrong');
    expect([faults.none, faults.full]).toEqual([false, false]);
    faults.add('/19', 'is wrong');
    expect(faults.full).toBe(true);
    faults.add('/20', 'is wrong');
    expect(faults.list).toHaveLength(20);
    expect(faults.list.at(-1)).toEqual({ pointer: '/19', detail: 'is wrong' });
  });

  test('become one failure, which says the first and how many more there are', () => {
    const failure = invalidRequest([
      { pointer: '/a', detail: 'is wrong' },
      { pointer: '/b', detail: 'is too' },
      { pointer: '/c', detail: 'is too' },
    ]);
    expect(failure).toMatchObject({ code: 'invalid-request', message: '/a is wrong (and 2 more)' });
    expect(failure.faults?.map(({ pointer }) => pointer)).toEqual(['/a', '/b', '/c']);
    expect(invalidRequest([{ pointer: '', detail: 'is wrong' }]).message).toBe('the body is wrong');
    expect(invalidRequest([]).message).toBe('the body is invalid');
  });
});

describe('a pointer', () => {
  test('escapes what JSON pointers escape, every time', () => {
    expect(pointerTo('/window', 'a/b~c/~')).toBe('/window/a~1b~0c~1~0');
  });

  test('cuts a name short after 1000 characters', () => {
    expect(pointerTo('', 'x'.repeat(1000))).toBe(`/${'x'.repeat(1000)}`);
    expect(pointerTo('', 'x'.repeat(1001))).toBe(`/${'x'.repeat(1000)}…`);
  });
});

describe('what was given', () => {
  test.each<[unknown, string]>([
    [null, 'null'],
    [undefined, 'nothing'],
    [[], 'an empty array'],
    [[1, 2], 'an array of 2'],
    [{}, 'an object'],
    [0.5, '0.5'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [true, 'the boolean true'],
    ['a"b', 'the string "a\\"b"'],
    ['x'.repeat(60), `the string "${'x'.repeat(60)}"`],
    ['x'.repeat(61), `the string "${'x'.repeat(60)}…"`],
    // A pair of surrogates that would be cut in two.
    [`${'x'.repeat(59)}😀`, `the string "${'x'.repeat(59)}\uFFFD…"`],
  ])('%j is %s', (value, words) => {
    expect(given(value)).toBe(words);
  });
});

test('what is counted is in the singular for 1 alone', () => {
  expect([0, 1, 2].map((amount) => count(amount, 'row'))).toEqual(['0 rows', '1 row', '2 rows']);
});
