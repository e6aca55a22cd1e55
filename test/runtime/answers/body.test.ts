import { expect, test } from 'vitest';
import { readJsonBody } from '../../../src/runtime/answers/body.ts';

const pieces = (...texts: string[]) => texts.map((text) => Buffer.from(text));

test('a body is JSON as a whole, however many pieces it came in', () => {
  expect(readJsonBody(pieces('{"a":[1,2]}'), undefined, [])).toEqual({ a: [1, 2] });
  expect(readJsonBody(pieces('{"a":[1', '2],"b"', ':null}'), undefined, [])).toEqual({ a: [12], b: null });
});

test('a first piece that is JSON on its own is not all of the body', () => {
  expect(readJsonBody(pieces('1', '23'), undefined, [])).toBe(123);
});

test('no piece is no JSON', () => {
  expect(() => readJsonBody([], undefined, [])).toThrow(expect.objectContaining({ code: 'malformed-json' }));
});
