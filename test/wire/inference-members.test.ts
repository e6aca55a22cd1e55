import { describe, expect, test } from 'vitest';
import { quoted, readNamed, readParameters } from '../../src/wire/inference-members.ts';
import { refusal } from './refused.ts';

describe('the members of an object', () => {
  const read = (value: unknown) => readNamed(value, ['a', 'b'], 'the thing');

  test('are those that are not null', () => {
    expect(Object.entries(read({ a: 1, b: null }))).toEqual([['a', 1]]);
    expect(Object.getPrototypeOf(read({}))).toBeNull();
  });

  test('are refused by name where they are not known, null or not', () => {
    const rule = (name: string) => `the thing can’t have ${name}; it has a, b`;
    expect(refusal(() => read({ a: 1, c: 2 }))).toBe(rule('"c"'));
    expect(refusal(() => read({ c: null }))).toBe(rule('"c"'));
    expect(refusal(() => read(JSON.parse('{"__proto__":1}')))).toBe(rule('"__proto__"'));
  });

  test.each([
    [null, 'null'],
    [[1], 'an array of 1'],
    ['a', 'the string "a"'],
    [undefined, 'nothing'],
  ])('are not those of %j', (value, got) => {
    expect(refusal(() => read(value))).toBe(`the thing must be a JSON object, got ${got}`);
  });
});

describe('parameters', () => {
  const read = (value: unknown) => readParameters(value, ['scale'], 'parameters');

  test.each([[undefined], [null], [[]]])('may be %j', (value) => {
    expect(read(value)).toEqual({});
  });

  test('of other servers are taken, and change nothing', () => {
    expect(
      Object.keys(
        read({
          timeout: 1,
          priority: 1,
          sequence_id: 1,
          sequence_start: true,
          sequence_end: true,
          content_type: 'x',
          headers: {},
          classification: 0,
        }),
      ),
    ).toHaveLength(8);
    expect(read({ scale: 2 })['scale']).toBe(2);
    expect(read({ classification: null })).not.toHaveProperty('classification');
  });

  test('are refused by name where they are not known', () => {
    expect(refusal(() => read({ scal: 1 }))).toBe(
      'parameters can’t have "scal"; it has scale, timeout, priority, sequence_id, sequence_start, sequence_end, content_type, headers, classification',
    );
    expect(refusal(() => read([1]))).toBe('parameters must be a JSON object, got an array of 1');
    expect(refusal(() => read('x'))).toBe('parameters must be a JSON object, got the string "x"');
    expect(refusal(() => read({ classification: 3 }))).toBe('classification in parameters must be 0, since this model does not classify, got 3');
  });

  test.each(['shared_memory_region', 'shared_memory_byte_size', 'shared_memory_offset'])('that name shared memory are refused: %s', (name) => {
    expect(refusal(() => read({ scale: 1, [name]: 1 }))).toBe(
      `parameters have ${name}, but this server shares no memory with its clients; send and take tensors in the body`,
    );
  });
});

test('a name that a client chose is quoted, and cut short after 60 characters', () => {
  expect(quoted('a"b')).toBe('"a\\"b"');
  expect(quoted('x'.repeat(60))).toBe(`"${'x'.repeat(60)}"`);
  expect(quoted('x'.repeat(61))).toBe(`"${'x'.repeat(60)}…"`);
  expect(quoted(`${'x'.repeat(59)}😀`)).toBe(`"${'x'.repeat(59)}\uFFFD…"`);
});
